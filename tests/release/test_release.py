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


# ---------------------------------------------------------------- the version, everywhere


PAGE = """Use `asc-linker/asc-linker@v0.3.0`, `asc-linker/asc-linker/macos@v0.3.0`,
`asc-linker/asc-linker/.github/workflows/attach.yml@v0.3.0`,
`ghcr.io/asc-linker/asc-linker:0.3.0`,
`pipx run --spec asc-linker==0.3.0 asc-linker attach`, `gem "fastlane-plugin-asc_linker", "0.3.0"`,
`import_from_git(url: "https://github.com/asc-linker/asc-linker", version: "v0.3.0")`.
Version 0.3.0 of the app is none of ours, nor is other/asc-linker==9.9.9.
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What names a version of ours, and the tool that sets it."""
    shutil.copytree(TOOLS, tmp_path / "tools" / "release")
    files = {
        "pyproject.toml": PROJECT.replace("0.3.1", "0.3.0"),
        "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n- Use asc-linker==0.2.0.\n",
        "docs/page.md": PAGE,
        "examples/release.yml": "uses: asc-linker/asc-linker@v0.3.0\n",
        "fastlane/lib/version.rb": "    VERSION = '0.3.0'.freeze\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def version(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, project / "tools" / "release" / "version.py", *arguments)


def test_a_new_version_is_set_wherever_a_snippet_names_ours(project: Path) -> None:
    told = version(project, "0.3.1", "2026-11-30")

    assert (told.returncode, told.stderr) == (0, "")
    ours, rest = PAGE.split("Version 0.3.0")
    page = (project / "docs" / "page.md").read_text(encoding="utf-8")
    assert page == ours.replace("0.3.0", "0.3.1") + "Version 0.3.0" + rest
    assert "@v0.3.1" in (project / "examples" / "release.yml").read_text(encoding="utf-8")
    assert "'0.3.1'" in (project / "fastlane" / "lib" / "version.rb").read_text(encoding="utf-8")
    assert (project / "CHANGELOG.md").read_text(encoding="utf-8") == (
        "# Changelog\n\n## [Unreleased]\n\n## [0.3.1] - 2026-11-30\n\n- Use asc-linker==0.2.0.\n"
    )
    assert run(sys.executable, TOOLS / "notes.py", "v0.3.1", cwd=project).returncode == 0


def test_setting_the_version_twice_is_setting_it_once(project: Path) -> None:
    version(project, "0.3.1", "2026-11-30")
    once = [path.read_text(encoding="utf-8") for path in sorted(project.rglob("*.[mty]*"))]

    version(project, "0.3.1", "2026-11-30")

    twice = [path.read_text(encoding="utf-8") for path in sorted(project.rglob("*.[mty]*"))]
    assert twice == once


def test_a_snippet_that_names_another_version_is_told_with_its_place(project: Path) -> None:
    (project / "examples" / "release.yml").write_text(
        "steps:\n  - uses: asc-linker/asc-linker@v0.2.9\n", encoding="utf-8"
    )
    (project / "docs" / "page.md").write_text("Nothing.\n", encoding="utf-8")

    told = version(project)

    assert told.returncode == 1
    assert told.stderr == (
        "examples/release.yml:2: asc-linker/asc-linker@v0.2.9, but pyproject.toml says 0.3.0\n"
    )


@pytest.mark.parametrize("wrong", ["v0.3.1", "0.3", "0.3.1-rc.1"])
def test_what_is_no_version_is_not_set(project: Path, wrong: str) -> None:
    assert version(project, wrong, "2026-11-30").returncode == 1
    assert "@v0.3.0" in (project / "examples" / "release.yml").read_text(encoding="utf-8")


def test_the_snippets_of_this_repository_name_its_version() -> None:
    told = version(ROOT)

    assert (told.returncode, told.stderr) == (0, "")


# ------------------------------------------------------------------- commit, tag, major


class Repository:
    """A clone of a repository that holds what the tools need, and the remote it came from."""

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

    def git(self, *arguments: str, cwd: Path | None = None, given: str | None = None) -> str:
        done = run(
            "git", *arguments, cwd=cwd or self.clone, environment=self.environment, given=given
        )
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

    def run(self, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        script = self.clone / "tools" / "release" / tool
        return run(script, *arguments, environment={"GIT_CONFIG_GLOBAL": os.devnull})

    def prepared(self, tag: str, digest: str = DIGEST) -> str:
        """The commit that the preparation has made."""
        done = self.run("commit.sh", tag, digest)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def sign(self, tag: str, commit: str) -> None:
        """What a maintainer does: `git tag -s`, here with a signature that nobody looks into."""
        signature = "-----BEGIN SSH SIGNATURE-----\nbm9uZQ==\n-----END SSH SIGNATURE-----\n"
        who = "A maintainer <maintainer@example.com> 1795000000 +0000"
        text = f"object {commit}\ntype commit\ntag {tag}\ntagger {who}\n\n{tag}\n{signature}"
        made = self.git("mktag", given=text)
        self.push(tag, made)

    def push(self, tag: str, what: str) -> None:
        self.git("push", "--quiet", "origin", f"{what}:refs/tags/{tag}")

    def check_out(self, commit: str) -> None:
        """As actions/checkout does for a tag: the commit, detached."""
        self.git("checkout", "--quiet", "--detach", commit)

    @property
    def tags(self) -> dict[str, str]:
        """Each tag, and the commit it leads to."""
        lines = self.git("ls-remote", "--tags", "origin").splitlines()
        found = {name.removeprefix("refs/tags/"): sha for sha, name in map(str.split, lines)}
        return {name: found.get(f"{name}^{{}}", found[name]) for name in found if "^" not in name}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_the_release_is_one_commit_on_top_that_names_the_image(repository: Repository) -> None:
    base = repository.git("rev-parse", "HEAD")

    commit = repository.prepared("v0.3.1")

    pushed = repository.git("rev-parse", "release/v0.3.1", cwd=repository.remote)
    assert pushed == commit
    assert repository.git("rev-parse", f"{commit}^", cwd=repository.remote) == base
    changed = repository.git("diff", "--name-only", base, commit, cwd=repository.remote)
    assert changed == "action.yml"
    assert DIGEST in repository.git("show", f"{commit}:action.yml", cwd=repository.remote)
    assert repository.git("rev-parse", "main", cwd=repository.remote) == base
    assert repository.git("status", "--porcelain") == ""
    assert repository.tags == {}


def test_preparing_twice_is_preparing_once(repository: Repository) -> None:
    assert repository.prepared("v0.3.1") == repository.prepared("v0.3.1")


def test_another_image_takes_the_place_of_the_one_that_was_prepared(repository: Repository) -> None:
    first = repository.prepared("v0.3.1")

    second = repository.prepared("v0.3.1", OTHER)

    assert first != second
    assert repository.git("rev-parse", "release/v0.3.1", cwd=repository.remote) == second


def test_a_release_that_is_out_is_not_prepared_again(repository: Repository) -> None:
    commit = repository.prepared("v0.3.1")
    repository.sign("v0.3.1", commit)

    again = repository.run("commit.sh", "v0.3.1", OTHER)

    assert again.returncode == 1
    assert "v0.3.1 is out" in again.stderr
    assert repository.git("rev-parse", "release/v0.3.1", cwd=repository.remote) == commit


def test_nothing_is_committed_without_a_digest(repository: Repository) -> None:
    assert repository.run("commit.sh", "v0.3.1", "").returncode != 0
    assert repository.git("branch", "--list", "release/*", cwd=repository.remote) == ""


def test_a_signed_tag_of_the_prepared_commit_gives_the_images_digest(
    repository: Repository,
) -> None:
    commit = repository.prepared("v0.3.1")
    repository.sign("v0.3.1", commit)
    repository.check_out(commit)

    told = repository.run("tagged.sh", "v0.3.1")

    assert (told.returncode, told.stdout) == (0, f"{DIGEST}\n"), told.stderr


def test_the_tag_that_a_checkout_made_of_the_commit_alone_does_not_hide_the_signed_one(
    repository: Repository,
) -> None:
    commit = repository.prepared("v0.3.1")
    repository.sign("v0.3.1", commit)
    repository.check_out(commit)
    repository.git("tag", "--force", "v0.3.1", commit)

    assert repository.run("tagged.sh", "v0.3.1").returncode == 0


def refused(repository: Repository, commit: str) -> str:
    repository.check_out(commit)
    told = repository.run("tagged.sh", "v0.3.1")
    assert (told.returncode, told.stdout) == (1, "")
    return told.stderr


def test_a_tag_without_a_signature_is_refused(repository: Repository) -> None:
    commit = repository.prepared("v0.3.1")
    repository.push("v0.3.1", commit)

    assert "is not annotated" in refused(repository, commit)

    repository.git("push", "--quiet", "--delete", "origin", "v0.3.1")
    repository.git("tag", "--annotate", "--force", "-m", "Release", "v0.3.1", commit)
    repository.push("v0.3.1", "v0.3.1")
    assert "is not signed" in refused(repository, commit)


def test_a_tag_that_was_moved_after_the_checkout_is_refused(repository: Repository) -> None:
    commit = repository.prepared("v0.3.1")
    repository.sign("v0.3.1", repository.git("rev-parse", "main"))

    assert "somebody moved it" in refused(repository, commit)


def test_a_commit_that_names_no_image_is_refused(repository: Repository) -> None:
    repository.commit("Second")
    commit = repository.git("rev-parse", "main")
    repository.sign("v0.3.1", commit)

    assert "names no image by digest" in refused(repository, commit)


def test_a_commit_that_changes_more_than_the_name_of_the_image_is_refused(
    repository: Repository,
) -> None:
    commit = repository.prepared("v0.3.1")
    repository.check_out(commit)
    action = repository.clone / "action.yml"
    action.write_text(action.read_text(encoding="utf-8").replace("blue", "red"), encoding="utf-8")
    repository.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    commit = repository.git("rev-parse", "HEAD")
    repository.sign("v0.3.1", commit)

    assert "changes more than" in refused(repository, commit)


def released(repository: Repository, tag: str) -> str:
    commit = repository.prepared(tag)
    repository.sign(tag, commit)
    repository.check_out(commit)
    assert repository.run("follow.sh", tag).returncode == 0
    repository.git("checkout", "--quiet", "main")
    return commit


def test_the_major_tag_follows_the_newest_release_only(repository: Repository) -> None:
    newest = released(repository, "v0.10.0")
    repository.commit("Mend the older line")

    mended = released(repository, "v0.9.4")

    assert repository.tags == {"v0": newest, "v0.10.0": newest, "v0.9.4": mended}


def test_a_releases_own_tag_stays_as_its_maintainer_signed_it(repository: Repository) -> None:
    released(repository, "v0.3.1")

    kept = repository.git("cat-file", "tag", "v0.3.1", cwd=repository.remote)

    assert "-----BEGIN SSH SIGNATURE-----" in kept


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
    _, build, action, command = calls(tmp_path)
    for option in ("--sbom=true", "--provenance=mode=max", "push-by-digest=true"):
        assert option in build
    assert action == "run --rm -e INPUT_DEMO=true example.com/image@sha256:built"
    assert command == "run --rm --entrypoint asc-linker example.com/image@sha256:built --version"


def test_the_images_of_several_processors_become_one(image: list[str], tmp_path: Path) -> None:
    joined = run(*image, "join", "example.com/image", "build-1234", "sha256:a", "sha256:b")

    assert joined.stdout == "sha256:joined\n", joined.stderr
    assert calls(tmp_path)[0] == (
        "buildx imagetools create --tag example.com/image:build-1234"
        " example.com/image@sha256:a example.com/image@sha256:b"
    )


def test_the_names_of_an_image_follow_the_tags(
    image: list[str], repository: Repository, tmp_path: Path
) -> None:
    repository.push("v0.10.0", "HEAD")
    for tag in ("v0.10.0", "v0.9.4"):
        named = run(*image, "name", "example.com/image", tag, "sha256:joined")
        assert named.returncode == 0, named.stderr
    newest, _, older, _ = calls(tmp_path)

    names = (f"--tag example.com/image:{name}" for name in ("0.10.0", "0", "latest"))
    part = "example.com/image@sha256:joined"
    assert newest == f"buildx imagetools create {' '.join(names)} {part}"
    assert older == f"buildx imagetools create --tag example.com/image:0.9.4 {part}"


def test_a_name_that_leads_to_another_image_fails_the_release(image: list[str]) -> None:
    named = run(*image, "name", "example.com/image", "v0.9.4", "sha256:other")

    assert named.returncode == 1
    assert "has not become sha256:other" in named.stderr
