"""What fastlane/ says of itself, and of the product around it: no Ruby runs here."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
FASTLANE = ROOT / "fastlane"
ACTION = FASTLANE / "actions" / "asc_attach_build.rb"
PLUGIN = FASTLANE / "lib" / "fastlane" / "plugin"
# What is needed to work on the gem, but not to use it.
NOT_IN_THE_GEM = {".rubocop.yml", "Fastfile", "fastlane-plugin-asc_linker.gemspec"}


def version_of_asc_linker() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def version_of_the_gem() -> str:
    (version,) = re.findall(r"VERSION = '(.+)'", text(PLUGIN / "asc_linker" / "version.rb"))
    return str(version)


def as_rubygems_spells_it(version: str) -> str:
    return re.sub(r"(?<=\d)(a|b|rc)(?=\d)", r".\1", version)


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def listed_files() -> list[str]:
    (block,) = re.findall(
        r"spec\.files = \[(.*?)\]", text(FASTLANE / "fastlane-plugin-asc_linker.gemspec"), re.DOTALL
    )
    return re.findall(r"'(.+?)'", block)


def test_a_candidate_is_spelt_as_rubygems_orders_it() -> None:
    assert as_rubygems_spells_it("0.1.0rc1") == "0.1.0.rc1"
    assert as_rubygems_spells_it("1.10.2") == "1.10.2"


def test_the_gem_has_the_version_of_asc_linker() -> None:
    assert version_of_the_gem() == as_rubygems_spells_it(version_of_asc_linker())


def test_the_gem_lists_by_name_all_that_is_not_for_working_on_it() -> None:
    there = {
        path.relative_to(FASTLANE).as_posix()
        for path in FASTLANE.rglob("*")
        if path.is_file() and "test" not in path.relative_to(FASTLANE).parts
    }

    assert listed_files() == sorted(there - NOT_IN_THE_GEM)


def test_the_gem_has_the_license_of_the_product() -> None:
    assert text(FASTLANE / "LICENSE") == text(ROOT / "LICENSE")


def test_the_action_lies_where_import_from_git_reads_it() -> None:
    # fastlane checks out the Fastfile and the folder `actions` beside it, and nothing else.
    assert [path.name for path in (FASTLANE / "actions").iterdir()] == [ACTION.name]
    assert not re.search(r"require_relative|__dir__|__FILE__", text(ACTION))


def test_the_readme_installs_this_version_in_every_way() -> None:
    readme, version = text(FASTLANE / "README.md"), version_of_asc_linker()

    assert "`fastlane add_plugin asc_linker`" in readme
    assert re.findall(r"pipx install asc-linker==(\S+)`", readme) == [version]
    assert re.findall(r'import_from_git\(url: "[^"]+", version: "([^"]+)"\)', readme) == [version]
