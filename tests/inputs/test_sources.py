"""Inputs come from flags, variables and the CI; a key is one tool's, and its parts say whose."""

from __future__ import annotations

from pathlib import Path

import pytest
from inputs.jobs import KEY

from asc_linker.inputs.credential_sources import Found
from asc_linker.inputs.sources import gather
from asc_linker.inputs.tag import pushed_tag

HERE = Path("nowhere")


@pytest.mark.parametrize(
    "ci",
    [
        {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1.4.2"},
        {"CI_COMMIT_TAG": "v1.4.2"},
        {"BITRISE_GIT_TAG": "v1.4.2"},
        {"CIRCLE_TAG": "v1.4.2"},
        {"CM_TAG": "v1.4.2"},
        {"TAG_NAME": "v1.4.2"},
        {"BUILD_SOURCEBRANCH": "refs/tags/v1.4.2"},
    ],
    ids=lambda ci: next(iter(ci)),
)
def test_a_ci_says_which_tag_was_pushed(ci: dict[str, str]) -> None:
    assert pushed_tag(ci) == "v1.4.2"


@pytest.mark.parametrize(
    "ci",
    [
        {},
        {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "v1.4.2"},
        {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main", "TAG_NAME": "v9"},
        {"BUILD_SOURCEBRANCH": "refs/heads/v1.4.2"},
        {"CI_COMMIT_TAG": " "},
    ],
)
def test_a_branch_is_no_tag_whatever_else_is_called_one(ci: dict[str, str]) -> None:
    assert pushed_tag(ci) == ""


def test_flags_win_over_variables_which_win_over_the_ci() -> None:
    environment = {
        "ASC_LINKER_TAG": "v2",
        "ASC_LINKER_BUNDLE_ID": "by.variable",
        "ASC_LINKER_TARGETS": "by variable",
        "CI_COMMIT_TAG": "v3",
    }

    inputs, _ = gather(["bundle-id", "tag", "targets"], {"bundle_id": "by.flag"}, environment, HERE)

    assert inputs == {"bundle-id": "by.flag", "tag": "v2", "targets": "by variable"}


def found(flags: dict[str, str | None], environment: dict[str, str]) -> Found:
    return gather([], flags, environment, HERE)[1]


def test_a_key_of_ones_own_has_no_other_source() -> None:
    environment = {"ASC_LINKER_API_PRIVATE_KEY": "key"}

    assert found({"api_key_id": "id"}, environment).sources == {}


def test_a_tools_key_is_known_by_its_variables() -> None:
    environment = {"ASC_KEY_ID": "id", "ASC_PRIVATE_KEY": "key"}

    assert found({}, environment).sources == {
        "api-key-id": "the variable ASC_KEY_ID",
        "api-private-key": "the variable ASC_PRIVATE_KEY",
    }


def test_a_key_in_a_file_is_known_by_what_named_the_file(tmp_path: Path) -> None:
    file = tmp_path / f"AuthKey_{KEY.key_id}.p8"
    file.write_text(KEY.private_key, encoding="utf-8")
    by_id = {"api-key-id": f"the name of {file.name}"}

    assert found({"api_private_key_file": str(file)}, {}).sources == by_id | {
        "api-private-key": "--api-private-key-file"
    }
    assert found({}, {"ASC_LINKER_API_PRIVATE_KEY_FILE": str(file)}).sources == by_id | {
        "api-private-key": "the variable ASC_LINKER_API_PRIVATE_KEY_FILE"
    }
    assert found({}, {"ASC_PRIVATE_KEY_PATH": str(file)}).sources == by_id | {
        "api-private-key": "the variable ASC_PRIVATE_KEY_PATH"
    }
    folder = {"API_PRIVATE_KEYS_DIR": str(tmp_path)}
    assert found({"api_key_id": KEY.key_id}, folder).sources == {
        "api-private-key": f"the file {file}"
    }


@pytest.mark.parametrize("name", ["ASC_PRIVATE_KEY_PATH", "ASC_LINKER_API_PRIVATE_KEY_FILE"])
def test_a_key_in_the_place_of_its_path_is_not_shown(name: str) -> None:
    fault = found({}, {name: KEY.private_key}).fault

    assert "is something that looks like a key, and is not shown, which cannot be read" in fault
    assert KEY.private_key.splitlines()[1][:12] not in fault
