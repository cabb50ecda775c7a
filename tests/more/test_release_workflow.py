"""A whole release, played: prepared, tagged by its maintainer, published.

The scripts are the real ones, on a repository of the tests' own. Docker, GitHub, the registries and
what builds the packages are stand-ins that note what they were asked for.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from release.test_release import CHANGELOG, DIGEST, OTHER, PROJECT, Repository
from runner_environment import ROOT
from workflow_player import Done, Played, Player, Use, load

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")

WORKFLOWS = ROOT / ".github" / "workflows"
IMAGE = "ghcr.io/asc-linker/asc-linker"
TAG = "v0.3.1"

NOTED = 'printf \'%s\\n\' "${0##*/} $*" >>"$CALLS"\n'
DOCKER = f"""#!/bin/bash
{NOTED}
case "$*" in
  "buildx build "*)
    while [ "$1" != --metadata-file ]; do shift; done
    echo '{{"containerimage.digest": "{DIGEST}"}}' >"$2" ;;
  "buildx imagetools inspect "*) echo {DIGEST} ;;
  "login "*) [ "$(cat)" = token ] ;;
esac
"""
# `release view` finds nothing; the provenance is as $PROVENANCE says.
GH = f"""#!/bin/bash
{NOTED}
case "$1 $2" in
  "release view") exit 1 ;;
  "attestation verify") exit "${{PROVENANCE:-0}}" ;;
esac
"""
GEM = f"""#!/bin/bash
{NOTED}
case "$1" in
  build) touch fastlane-plugin-asc_linker-0.3.1.gem ;;
  list) echo "fastlane-plugin-asc_linker (${{PUBLISHED:-0.3.1.rc1, 0.3.0}})" ;;
esac
"""
# Makes an environment with a uv of ours; whatever else Python is asked for is done.
PYTHON = f"""#!/bin/bash
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p "$3/bin"
  for name in python uv; do ln -s "$TOOLS/note" "$3/bin/$name"; done
  exit
fi
exec {sys.executable} "$@"
"""
BUILD = """#!/bin/bash
mkdir -p "$1"
touch "$1/asc_linker-0.3.1-py3-none-any.whl" "$1/asc_linker-0.3.1.tar.gz"
"""


@dataclass
class Stage:
    folder: Path
    repository: Repository
    uses: list[Use] = field(default_factory=list)

    def __post_init__(self) -> None:
        clone = self.repository.clone
        files = {
            "pyproject.toml": PROJECT,
            "CHANGELOG.md": CHANGELOG,
            "README.md": f"uses: asc-linker/asc-linker@{TAG}\n",
            "requirements/lock.txt": "uv==1.0\n",
            "fastlane/fastlane-plugin-asc_linker.gemspec": "",
        }
        for name, text in files.items():
            (clone / name).parent.mkdir(exist_ok=True)
            (clone / name).write_text(text, encoding="utf-8")
        # It builds the real packages, and runs all tests.
        (clone / "tools" / "release" / "build.sh").write_text(BUILD, encoding="utf-8")
        self.repository.commit("Set the version to 0.3.1")
        self.base = self.repository.git("rev-parse", "HEAD")
        stand_ins = {
            "docker": DOCKER,
            "gem": GEM,
            "gh": GH,
            "note": f"#!/bin/bash\n{NOTED}",
            "python3": PYTHON,
        }
        self.tools = self.folder / "bin"
        self.tools.mkdir()
        for name, text in stand_ins.items():
            (self.tools / name).write_text(text, encoding="utf-8")
            (self.tools / name).chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text(encoding="utf-8").splitlines()

    def called(self, start: str) -> list[str]:
        return [call for call in self.calls if call.startswith(start)]

    def play(self, workflow: str, ref: str, **environment: str) -> Played:
        github = {
            "actor": "maintainer",
            "ref_name": ref,
            "repository": "asc-linker/asc-linker",
            "sha": self.repository.git("rev-parse", "HEAD"),
            "token": "token",
        }
        environment |= {
            "CALLS": str(self.folder / "calls"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PATH": f"{self.tools}{os.pathsep}{os.environ['PATH']}",
            "TOOLS": str(self.tools),
        }
        folder = self.folder / f"{workflow}-{len(list(self.folder.iterdir()))}"
        player = Player(folder, self._use, self.repository.clone, github, environment)
        return player.play(load(WORKFLOWS / workflow))

    def _use(self, use: Use) -> Done:
        self.uses.append(use)
        return Done()

    def prepared(self) -> str:
        """The commit that the preparation leaves behind."""
        played = self.play("prepare.yml", "main")
        assert {*played.results.values()} == {"success"}, played.logs
        return self.repository.git("rev-parse", f"release/{TAG}", cwd=self.repository.remote)

    def tagged(self, commit: str) -> None:
        self.repository.git("fetch", "--quiet", "origin", f"release/{TAG}")
        self.repository.sign(TAG, commit)
        self.repository.check_out(commit)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, Repository(tmp_path))


@dataclass(frozen=True)
class Release:
    """What is left of a whole release: the stage, and both workflows after their last job."""

    stage: Stage
    commit: str
    prepared: Played
    published: Played


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("release")
    stage = Stage(folder, Repository(folder))
    prepared = stage.play("prepare.yml", "main")
    commit = stage.repository.git("rev-parse", f"release/{TAG}", cwd=stage.repository.remote)
    stage.tagged(commit)
    return Release(stage, commit, prepared, stage.play("release.yml", TAG))


def test_a_release_is_prepared_tagged_and_published(release: Release) -> None:
    stage = release.stage

    assert {*release.published.results.values()} == {"success"}, release.published.logs
    assert stage.repository.tags == {TAG: release.commit, "v0": release.commit}
    assert DIGEST in stage.repository.git("show", f"{TAG}:action.yml", cwd=stage.repository.remote)
    (published,) = stage.called("uv publish")
    assert published.split()[-2:] == [
        "dist/asc_linker-0.3.1-py3-none-any.whl",
        "dist/asc_linker-0.3.1.tar.gz",
    ]
    assert stage.called("gem push") == ["gem push gem/fastlane-plugin-asc_linker-0.3.1.gem"]
    (out,) = stage.called("gh release create")
    assert "--verify-tag" in out
    assert out.split("packages/")[1:] == [
        "asc_linker-0.3.1-py3-none-any.whl ",
        "asc_linker-0.3.1.tar.gz ",
        "fastlane-plugin-asc_linker-0.3.1.gem",
    ]


def test_the_maintainer_is_told_which_commit_to_tag(release: Release) -> None:
    assert f"git tag -s {TAG} -m {TAG} {release.commit}" in release.prepared.logs["commit"]


def test_both_processors_are_joined_and_what_is_signed_is_what_is_named(release: Release) -> None:
    stage = release.stage

    joined, named = stage.called("docker buildx imagetools create")
    assert joined.endswith(f"{IMAGE}:build-{stage.base} {IMAGE}@{DIGEST} {IMAGE}@{DIGEST}")
    assert named.endswith(
        f"--tag {IMAGE}:0.3.1 --tag {IMAGE}:0 --tag {IMAGE}:latest {IMAGE}@{DIGEST}"
    )
    signed = [use for use in stage.uses if use.action == "actions/attest"]
    assert signed[0].given["subject-digest"] == DIGEST


def test_the_images_provenance_has_to_be_of_the_commit_below_the_tag(release: Release) -> None:
    (verified,) = release.stage.called("gh attestation verify")

    assert f"oci://{IMAGE}@{DIGEST}" in verified
    assert f"--source-digest {release.stage.base}" in verified
    assert "--signer-workflow asc-linker/asc-linker/.github/workflows/prepare.yml" in verified


def nothing_is_published(stage: Stage, played: Played) -> None:
    assert played.results["check"] == "failure"
    assert {result for job, result in played.results.items() if job != "check"} == {"skipped"}
    assert stage.called("uv publish") == stage.called("gem push") == []
    assert "v0" not in stage.repository.tags


def test_an_image_of_other_provenance_publishes_nothing(stage: Stage) -> None:
    stage.tagged(stage.prepared())

    nothing_is_published(stage, stage.play("release.yml", TAG, PROVENANCE="1"))


def test_a_tag_on_what_was_not_prepared_publishes_nothing(stage: Stage) -> None:
    stage.repository.sign(TAG, stage.base)

    nothing_is_published(stage, stage.play("release.yml", TAG))


def test_a_snippet_that_names_another_version_stops_the_preparation(stage: Stage) -> None:
    readme = stage.repository.clone / "README.md"
    readme.write_text("uses: asc-linker/asc-linker@v0.3.0\n", encoding="utf-8")
    stage.repository.commit("Forget the README")

    played = stage.play("prepare.yml", "main")

    assert played.results["check"] == "failure"
    assert "README.md:1: asc-linker/asc-linker@v0.3.0" in played.logs["check"]
    assert stage.repository.git("branch", "--list", "release/*", cwd=stage.repository.remote) == ""


def test_the_workflow_can_be_run_again(stage: Stage) -> None:
    commit = stage.prepared()
    stage.tagged(commit)
    stage.play("release.yml", TAG)

    again = stage.play("release.yml", TAG, PUBLISHED="0.3.1, 0.3.0")

    assert {*again.results.values()} == {"success"}, again.logs
    assert len(stage.called("gem push")) == 1
    assert stage.repository.tags == {TAG: commit, "v0": commit}


def test_a_release_that_is_out_is_not_prepared_with_another_image(stage: Stage) -> None:
    commit = stage.prepared()
    stage.tagged(commit)
    (stage.tools / "docker").write_text(DOCKER.replace(DIGEST, OTHER), encoding="utf-8")

    played = stage.play("prepare.yml", "main")

    assert played.results["commit"] == "failure"
    assert "is out" in played.logs["commit"]
