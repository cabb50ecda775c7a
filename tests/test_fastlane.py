"""What fastlane/ says of itself, and of the product around it: no Ruby runs here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from asc_linker.inputs.table import INPUTS

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


def ruby_hash(name: str) -> dict[str, str]:
    """A hash of the action, from inputs to the options that give them."""
    pattern = rf"^ +{name} = \{{(.*?)\}}\.freeze$"
    (block,) = re.findall(pattern, text(ACTION), re.DOTALL | re.MULTILINE)
    return dict(re.findall(r"'([a-z-]+)' => [:']([a-z_]+(?:\[:[a-z_]+\])?)", block))


def options_of_inputs() -> dict[str, str]:
    tables = (ruby_hash(f"{name}_OPTIONS") for name in ("TARGET", "RUN", "OTHER"))
    return {name: option for table in tables for name, option in table.items()}


def options() -> list[str]:
    return re.findall(r"ConfigItem\.new\(key: :(\w+),", text(ACTION))


def own_variable(option: str) -> str:
    return f"FL_ASC_ATTACH_BUILD_{option.upper()}"


def rows_of_the_readme() -> dict[str, list[str]]:
    """The README's table of options: for each, its meaning, its default and its variables."""
    (table,) = re.findall(
        r"^\| option \|.*?\n\n", text(FASTLANE / "README.md"), re.DOTALL | re.MULTILINE
    )
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in rows}


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


def test_every_input_has_an_option() -> None:
    # The two files are ways to give the key, of the command line alone.
    named = set(options_of_inputs()) - {"api-private-key-file", "api-key-json-file"}

    assert {entry.name for entry in INPUTS} <= named


def test_a_message_names_only_options_that_there_are() -> None:
    named = {option.partition("[")[0] for option in options_of_inputs().values()}

    assert named <= set(options())


def test_the_report_that_the_ruby_tests_read_is_the_one_that_the_command_writes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "asc_linker.cli", "attach", "--json"],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    (written,) = json.loads(done.stdout)
    read = json.loads(text(FASTLANE / "test" / "reports.json"))["failed"]

    assert list(written) == list(read)
    assert list(written["error"]) == list(read["error"])
    assert written["schema"] == read["schema"]


def test_the_readme_has_a_row_for_each_option() -> None:
    rows = rows_of_the_readme()

    assert sorted(rows) == sorted(options())
    assert {len(cells) for cells in rows.values()} == {3}


def test_the_readmes_defaults_are_those_of_the_inputs() -> None:
    rows, named = rows_of_the_readme(), options_of_inputs()
    defaults = {entry.name: entry.default for entry in INPUTS if entry.default}

    assert {name: rows[named[name]][1].strip("`") for name in defaults} == defaults


def test_the_readmes_variables_are_those_of_the_options() -> None:
    # These have words of their own, so the command reads them by itself.
    passed_on = {
        f"ASC_LINKER_{name}"
        for name in ("DRY_RUN", "DEMO", "PACKAGE", "USES_NON_EXEMPT_ENCRYPTION")
    }
    items = re.findall(r"key: :(\w+),\s+env_names?: \[?(\".+?\")\]?,\n", text(ACTION))

    told = {
        option: {*re.findall(r"`(\w+)`", cells[2])} - passed_on | {own_variable(option)}
        for option, cells in rows_of_the_readme().items()
    }
    assert told == {option: {*re.findall(r'"(\w+)"', names)} for option, names in items}


def test_the_readme_promises_the_fastlane_versions_that_the_tests_are_run_with() -> None:
    listed = text(FASTLANE / "test" / "fastlane_versions").split()

    assert f"CI runs the action with fastlane {' and '.join(listed)}," in text(
        FASTLANE / "README.md"
    )
