"""What the release workflow does, played on a repository and a registry of the tests' own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from runner_environment import ROOT

TOOLS = ROOT / "tools" / "release"
DIGEST = "sha256:" + "0123456789abcdef" * 4
OTHER = "sha256:" + "f" * 64
PROJECT = '[project]\nname = "asc-linker"\nversion = "0.3.1"\n'
CHANGELOG = """# Changelog

## [Unreleased]

## [0.3.1] - 2026-11-30

### Fixed

- A build Apple marks INVALID now ends the wait at once.

## [0.3.0] - 2026-11-01

- Older.

[0.3.1]: https://github.com/asc-linker/asc-linker/releases/tag/v0.3.1
"""


def run(
    *command: str | Path,
    cwd: Path = ROOT,
    environment: dict[str, str] | None = None,
    given: str | None = None,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | (environment or {}),
        input=given,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


# ------------------------------------------------------------------- tag and changelog


def notes(
    folder: Path, tag: str, project: str = PROJECT, changelog: str = CHANGELOG
) -> subprocess.CompletedProcess[str]:
    (folder / "pyproject.toml").write_text(project, encoding="utf-8")
    (folder / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    return run(sys.executable, TOOLS / "notes.py", tag, cwd=folder)


def test_a_release_says_what_its_section_of_the_changelog_says(tmp_path: Path) -> None:
    told = notes(tmp_path, "v0.3.1")

    assert told.returncode == 0
    assert told.stdout == (
        "### Fixed\n\n- A build Apple marks INVALID now ends the wait at once.\n"
    )


def test_the_last_section_ends_where_the_links_begin(tmp_path: Path) -> None:
    told = notes(tmp_path, "v0.3.0", project=PROJECT.replace("0.3.1", "0.3.0"))

    assert told.stdout == "- Older.\n"


@pytest.mark.parametrize(
    ("tag", "project", "changelog", "said"),
    [
        ("v0.3.2", PROJECT, CHANGELOG, "pyproject.toml says 0.3.1"),
        ("v0.3.1-rc.1", PROJECT, CHANGELOG, "is no tag of a release"),
        ("0.3.1", PROJECT, CHANGELOG, "is no tag of a release"),
        ("v0.3.1", PROJECT, CHANGELOG.replace("[0.3.1] -", "[0.3.2] -"), "has no section"),
        ("v0.3.1", PROJECT, CHANGELOG.replace(" - 2026-11-30", ""), "has no section"),
        ("v0.3.1", PROJECT, CHANGELOG + "\n## [0.3.1] - 2026-12-01\n\n- x\n", "has 2 sections"),
        ("v0.3.1", PROJECT, "## [0.3.1] - 2026-11-30\n\n## [0.3.0] - 2026-11-01\n", "says nothing"),
    ],
)
def test_a_release_is_refused_while_tag_version_and_changelog_disagree(
    tmp_path: Path, tag: str, project: str, changelog: str, said: str
) -> None:
    told = notes(tmp_path, tag, project, changelog)

    assert told.returncode == 1
    assert told.stdout == ""
    assert said in told.stderr


# ------------------------------------------------------------------ the image by digest


def pin(action: str, digest: str = DIGEST) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, TOOLS / "pin_image.py", digest, given=action)


def test_a_release_names_its_image_by_digest_and_changes_nothing_else() -> None:
    before = (ROOT / "action.yml").read_text(encoding="utf-8")
    after = pin(before).stdout

    assert YAML(typ="safe").load(after)["runs"] == {
        "using": "docker",
        "image": f"docker://ghcr.io/asc-linker/asc-linker@{DIGEST}",
    }
    changed = set(after.splitlines()) ^ set(before.splitlines())
    assert len(changed) == 2
    assert len(after.splitlines()) == len(before.splitlines())


def test_naming_the_same_image_again_changes_nothing() -> None:
    once = pin((ROOT / "action.yml").read_text(encoding="utf-8")).stdout

    assert pin(once).stdout == once


@pytest.mark.parametrize("digest", ["", "latest", "sha256:1234", DIGEST.upper(), f"{DIGEST}\n"])
def test_what_is_no_digest_is_refused(digest: str) -> None:
    told = pin((ROOT / "action.yml").read_text(encoding="utf-8"), digest)

    assert (told.returncode, told.stdout) == (1, "")
    assert "is no digest" in told.stderr


def test_an_action_that_names_another_image_is_refused() -> None:
    other = pin((ROOT / "action.yml").read_text(encoding="utf-8"), OTHER).stdout

    for action in (other, "runs:\n  using: node24\n"):
        assert pin(action).returncode == 1


# ------------------------------------------------------------------------------ tags


class Repository:
    """A clone of a repository that holds what cut.sh needs, and the remote it came from."""

    def __init__(self, folder: Path) -> None:
        self.remote = folder / "remote.git"
        self.clone = folder / "clone"
        self.git("init", "--quiet", "--bare", str(self.remote), cwd=folder)
        self.git("init", "--quiet", "--initial-branch=main", str(self.clone), cwd=folder)
        shutil.copy(ROOT / "action.yml", self.clone)
        shutil.copytree(
            TOOLS, self.clone / "tools" / "release", ignore=shutil.ignore_patterns("__pycache__")
        )
        self.git("remote", "add", "origin", str(self.remote))
        self.commit("First")

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        done = run("git", *arguments, cwd=cwd or self.clone, environment=self.environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def environment(self) -> dict[str, str]:
        who = {"NAME": "A maintainer", "EMAIL": "maintainer@example.com"}
        given = {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in who.items()}
        return {**given, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def commit(self, subject: str) -> str:
        self.git("add", ".")
        self.git("commit", "--quiet", "--allow-empty", "-m", subject)
        self.git("push", "--quiet", "origin", "main")
        return self.git("rev-parse", "HEAD")

    def tag(self, name: str, *options: str) -> None:
        """What a maintainer does; the workflow then works on the tagged commit."""
        self.git("tag", *options, name)
        self.git("push", "--quiet", "origin", name)

    def cut(self, tag: str, digest: str = DIGEST) -> subprocess.CompletedProcess[str]:
        script = self.clone / "tools" / "release" / "cut.sh"
        return run(script, tag, digest, environment={"GIT_CONFIG_GLOBAL": os.devnull})

    @property
    def tags(self) -> dict[str, str]:
        lines = self.git("ls-remote", "--tags", "origin").splitlines()
        return {name.removeprefix("refs/tags/"): sha for sha, name in map(str.split, lines)}

    def released_action(self, tag: str) -> str:
        return self.git("show", f"{tag}:action.yml", cwd=self.remote)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.mark.parametrize("options", [(), ("-a", "-m", "Release")], ids=["plain", "annotated"])
def test_the_release_is_one_commit_on_top_of_the_tagged_one(
    repository: Repository, options: tuple[str, ...]
) -> None:
    tagged = repository.git("rev-parse", "HEAD")
    repository.tag("v0.3.1", *options)

    cut = repository.cut("v0.3.1")

    assert cut.returncode == 0, cut.stderr
    release = cut.stdout.strip()
    assert repository.tags == {"v0": release, "v0.3.1": release}
    assert repository.git("rev-parse", f"{release}^", cwd=repository.remote) == tagged
    changed = repository.git("diff", "--name-only", tagged, release, cwd=repository.remote)
    assert changed == "action.yml"
    assert DIGEST in repository.released_action("v0")
    assert repository.git("rev-parse", "main", cwd=repository.remote) == tagged


def test_the_clone_stays_as_it_was(repository: Repository) -> None:
    repository.tag("v0.3.1")

    repository.cut("v0.3.1")

    assert repository.git("status", "--porcelain") == ""


def test_cutting_twice_is_cutting_once(repository: Repository) -> None:
    repository.tag("v0.3.1")
    first = repository.cut("v0.3.1")
    tags = repository.tags

    second = repository.cut("v0.3.1")

    assert second.returncode == 0
    assert second.stdout == first.stdout
    assert repository.tags == tags


def test_the_major_tag_follows_the_newest_release_only(repository: Repository) -> None:
    repository.tag("v0.10.0")
    newest = repository.cut("v0.10.0").stdout.strip()
    repository.commit("Mend the older line")
    repository.tag("v0.9.4")

    mended = repository.cut("v0.9.4").stdout.strip()

    assert repository.tags == {"v0": newest, "v0.10.0": newest, "v0.9.4": mended}


def test_a_tag_that_somebody_moved_is_left_alone(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.commit("Second")
    repository.tag("v0.3.1")
    before = repository.tags
    repository.git("checkout", "--quiet", first)

    cut = repository.cut("v0.3.1")

    assert cut.returncode == 1
    assert "somebody moved it" in cut.stderr
    assert repository.tags == before


def test_another_image_for_a_release_that_is_out_is_refused(repository: Repository) -> None:
    repository.tag("v0.3.1")
    repository.cut("v0.3.1")
    before = repository.tags

    assert repository.cut("v0.3.1", OTHER).returncode == 1
    assert repository.tags == before


def test_nothing_moves_without_a_digest(repository: Repository) -> None:
    repository.tag("v0.3.1")
    before = repository.tags

    assert repository.cut("v0.3.1", "").returncode != 0
    assert repository.tags == before


# ------------------------------------------------------------------------------ image

# Stands in for docker: keeps the arguments, answers as buildx does.
DOCKER = """#!/bin/bash
printf '%s\\n' "$*" >>"$DOCKER_CALLS"
case "$*" in
  "buildx build "*)
    while [ "$1" != --metadata-file ]; do shift; done
    echo '{"containerimage.digest": "sha256:built"}' >"$2" ;;
  "buildx imagetools inspect "*) echo sha256:joined ;;
  *) echo 'noise of docker' ;;
esac
"""


@pytest.fixture
def image(repository: Repository, tmp_path: Path) -> list[str]:
    """How to call image.sh with the stand-in."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "docker").write_text(DOCKER, encoding="utf-8")
    (tools / "docker").chmod(0o755)
    path = f"PATH={tools}{os.pathsep}{os.environ['PATH']}"
    script = repository.clone / "tools" / "release" / "image.sh"
    return ["env", path, f"DOCKER_CALLS={tmp_path / 'calls'}", str(script)]


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text(encoding="utf-8").splitlines()


def test_an_image_is_pushed_by_digest_with_its_provenance_and_tried(
    image: list[str], tmp_path: Path
) -> None:
    built = run(*image, "build", "example.com/image")

    assert built.returncode == 0, built.stderr
    assert built.stdout.splitlines()[-1] == "sha256:built"
    _, build, tried = calls(tmp_path)
    for option in ("--sbom=true", "--provenance=mode=max", "push-by-digest=true"):
        assert option in build
    assert tried == "run --rm -e INPUT_DEMO=true example.com/image@sha256:built"


def test_the_names_of_an_image_follow_the_tags(
    image: list[str], repository: Repository, tmp_path: Path
) -> None:
    repository.tag("v0.10.0")
    for tag in ("v0.10.0", "v0.9.4"):
        joined = run(*image, "join", "example.com/image", tag, "sha256:a", "sha256:b")
        assert joined.stdout == "sha256:joined\n", joined.stderr
    newest, _, older, _ = calls(tmp_path)

    parts = "example.com/image@sha256:a example.com/image@sha256:b"
    names = (f"--tag example.com/image:{name}" for name in ("0.10.0", "0", "latest"))
    assert newest == f"buildx imagetools create {' '.join(names)} {parts}"
    assert older == f"buildx imagetools create --tag example.com/image:0.9.4 {parts}"
