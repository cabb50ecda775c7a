"""Where the API key is found: one tool's, whole, and never a mixture that cannot work."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.command_line import JOB, Shell, variables

from asc_linker.emulator import Emulator, ThrowawayKey
from asc_linker.inputs.credential_sources import Found, altool_folders, find_credentials

NONE: dict[str, str | None] = {
    "ASC_LINKER_API_KEY_ID": None,
    "ASC_LINKER_ISSUER_ID": None,
    "ASC_LINKER_API_PRIVATE_KEY": None,
}


def find(environment: dict[str, str], folders: tuple[Path, ...] = (), **given: str) -> Found:
    ours = {name.replace("_", "-"): value for name, value in given.items()}
    return find_credentials(ours, {name: f"--{name}" for name in ours}, environment, folders)


def json_key(key: ThrowawayKey, folder: Path) -> str:
    file = folder / "key.json"
    whole = {"key_id": key.key_id, "issuer_id": key.issuer_id, "key": key.private_key}
    file.write_text(json.dumps(whole), encoding="utf-8")
    return str(file)


def p8(key: ThrowawayKey, folder: Path, name: str = "secret.p8") -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(key.private_key, encoding="utf-8")
    return str(folder / name)


@pytest.mark.parametrize(
    ("key_id", "issuer_id", "text"),
    [
        (
            "APP_STORE_CONNECT_API_KEY_KEY_ID",
            "APP_STORE_CONNECT_API_KEY_ISSUER_ID",
            "APP_STORE_CONNECT_API_KEY_KEY",
        ),
        (
            "SPACESHIP_CONNECT_API_KEY_ID",
            "SPACESHIP_CONNECT_API_ISSUER_ID",
            "SPACESHIP_CONNECT_API_KEY",
        ),
        (
            "APP_STORE_CONNECT_KEY_IDENTIFIER",
            "APP_STORE_CONNECT_ISSUER_ID",
            "APP_STORE_CONNECT_PRIVATE_KEY",
        ),
        ("ASC_KEY_ID", "ASC_ISSUER_ID", "ASC_PRIVATE_KEY"),
    ],
)
def test_the_names_of_other_tools_are_enough(
    shell: Shell, key: ThrowawayKey, key_id: str, issuer_id: str, text: str
) -> None:
    theirs = {key_id: key.key_id, issuer_id: key.issuer_id, text: key.private_key}

    assert shell.run("show", *JOB, **NONE, **theirs).exit_code == 0


@pytest.mark.parametrize(
    "file",
    [
        "APP_STORE_CONNECT_API_KEY_KEY_FILEPATH",
        "SPACESHIP_CONNECT_API_KEY_FILEPATH",
        "ASC_PRIVATE_KEY_PATH",
    ],
)
def test_a_tools_key_may_be_in_a_file(key: ThrowawayKey, tmp_path: Path, file: str) -> None:
    ids = {
        "APP_STORE_CONNECT_API_KEY_KEY_ID": "AAAAAAAAAA",
        "SPACESHIP_CONNECT_API_KEY_ID": "BBBBBBBBBB",
        "ASC_KEY_ID": "CCCCCCCCCC",
    }
    found = find({**ids, file: p8(key, tmp_path)})

    assert found.inputs["api-private-key"] == key.private_key
    assert found.origins["api-private-key"] == file
    assert ids[found.origins["api-key-id"]] == found.inputs["api-key-id"]


def test_base64_needs_no_word_that_it_is(shell: Shell, key: ThrowawayKey) -> None:
    encoded = base64.b64encode(key.private_key.encode()).decode()
    theirs = {"ASC_KEY_ID": key.key_id, "ASC_ISSUER_ID": key.issuer_id}

    assert shell.run("show", *JOB, **NONE, **theirs, ASC_PRIVATE_KEY_B64=encoded).exit_code == 0


@pytest.mark.parametrize("name", ["APP_STORE_CONNECT_API_KEY_PATH", "DELIVER_API_KEY_PATH"])
def test_a_json_key_file_of_fastlane_is_enough(
    shell: Shell, key: ThrowawayKey, tmp_path: Path, name: str
) -> None:
    assert shell.run("show", *JOB, **NONE, **{name: json_key(key, tmp_path)}).exit_code == 0


def test_files_are_named_by_flag_and_by_variable(
    shell: Shell, key: ThrowawayKey, tmp_path: Path
) -> None:
    none: dict[str, str | None] = {**NONE, "ASC_LINKER_API_PRIVATE_KEY": "stale"}
    whole = json_key(key, tmp_path)
    ids = ("--api-key-id", key.key_id, "--issuer-id", key.issuer_id or "")

    by_flag = shell.run("show", *JOB, "--api-key-json-file", whole, **none)
    by_variable = shell.run("show", *JOB, **NONE, ASC_LINKER_API_KEY_JSON_FILE=whole)
    p8_by_flag = shell.run("show", *JOB, *ids, "--api-private-key-file", p8(key, tmp_path), **none)

    assert [by_flag.exit_code, by_variable.exit_code, p8_by_flag.exit_code] == [0, 0, 0]


@pytest.mark.parametrize(
    "folder", ["private_keys", ".private_keys", ".appstoreconnect/private_keys", "elsewhere"]
)
def test_an_id_finds_its_key_in_the_folders_of_altool(
    shell: Shell, key: ThrowawayKey, tmp_path: Path, folder: str
) -> None:
    p8(key, tmp_path / folder, f"AuthKey_{key.key_id}.p8")
    ids = {"ASC_LINKER_API_KEY_ID": key.key_id, "ASC_LINKER_ISSUER_ID": key.issuer_id}

    done = shell.run("show", *JOB, **{**NONE, **ids}, API_PRIVATE_KEYS_DIR=f"{tmp_path}/elsewhere")

    assert done.exit_code == 0


def test_the_folders_are_searched_in_altools_order() -> None:
    home = Path("home")

    assert altool_folders({"API_PRIVATE_KEYS_DIR": "named"}, home) == (
        Path("named"),
        Path("private_keys"),
        home / "private_keys",
        home / ".private_keys",
        home / ".appstoreconnect" / "private_keys",
    )


def test_an_id_that_is_none_opens_no_file(tmp_path: Path, key: ThrowawayKey) -> None:
    p8(key, tmp_path / "AuthKey_..", "x.p8")

    found = find({}, (tmp_path,), api_key_id="../x")

    assert "api-private-key" not in found.inputs


def test_the_name_of_a_key_file_tells_its_id(
    shell: Shell, key: ThrowawayKey, tmp_path: Path
) -> None:
    file = p8(key, tmp_path, f"AuthKey_{key.key_id}.p8")
    environment = {**NONE, "ASC_LINKER_ISSUER_ID": key.issuer_id}

    assert shell.run("show", *JOB, "--api-private-key-file", file, **environment).exit_code == 0


def test_an_individual_key_does_not_take_the_issuer_another_tool_left_behind(
    serve: Callable[..., Emulator], tmp_path: Path
) -> None:
    individual = ThrowawayKey.generate(issuer_id=None)
    apple = serve(keys=[individual])
    shell = Shell(tmp_path, variables(apple, individual))
    stray = {"ASC_ISSUER_ID": "57246542-96fe-1a63-e053-0824d011072a"}

    assert shell.run("show", *JOB, **stray).exit_code == 0


def test_a_tool_with_a_whole_key_comes_before_one_with_half_of_it() -> None:
    found = find(
        {
            "APP_STORE_CONNECT_PRIVATE_KEY": "half a key",
            "APP_STORE_CONNECT_ISSUER_ID": "an issuer",
            "ASC_KEY_ID": "AAAAAAAAAA",
            "ASC_PRIVATE_KEY": "a key",
        }
    )

    assert found.inputs == {"api-key-id": "AAAAAAAAAA", "api-private-key": "a key"}
    assert found.unused == ("APP_STORE_CONNECT_ISSUER_ID", "APP_STORE_CONNECT_PRIVATE_KEY")


def test_half_a_key_is_taken_when_there_is_no_whole_one() -> None:
    assert find({"ASC_PRIVATE_KEY": "a key"}).inputs == {"api-private-key": "a key"}
    assert find({"ASC_KEY_ID": "AAAAAAAAAA"}).inputs == {"api-key-id": "AAAAAAAAAA"}


def test_of_two_tools_the_first_is_taken() -> None:
    found = find(
        {
            "ASC_KEY_ID": "BBBBBBBBBB",
            "ASC_PRIVATE_KEY": "b",
            "SPACESHIP_CONNECT_API_KEY_ID": "AAAAAAAAAA",
            "SPACESHIP_CONNECT_API_KEY": "a",
        }
    )

    assert found.inputs == {"api-key-id": "AAAAAAAAAA", "api-private-key": "a"}


def test_an_id_of_ours_picks_the_tool_that_has_its_key() -> None:
    found = find(
        {
            "SPACESHIP_CONNECT_API_KEY_ID": "AAAAAAAAAA",
            "SPACESHIP_CONNECT_API_KEY": "a",
            "ASC_KEY_ID": "BBBBBBBBBB",
            "ASC_ISSUER_ID": "issuer of b",
            "ASC_PRIVATE_KEY": "b",
        },
        api_key_id="BBBBBBBBBB",
    )

    assert found.inputs == {
        "api-key-id": "BBBBBBBBBB",
        "issuer-id": "issuer of b",
        "api-private-key": "b",
    }


def test_an_id_of_ours_completes_a_tools_key_that_has_none() -> None:
    found = find({"ASC_PRIVATE_KEY": "b"}, api_key_id="BBBBBBBBBB", issuer_id="ours")

    assert found.inputs["api-private-key"] == "b"
    assert found.inputs["issuer-id"] == "ours"


def test_a_key_of_ours_takes_nothing_from_others() -> None:
    found = find({"ASC_KEY_ID": "AAAAAAAAAA", "ASC_ISSUER_ID": "x"}, api_private_key="ours")

    assert found.inputs == {"api-private-key": "ours"}


def test_a_file_that_cannot_be_read_is_named_with_all_other_faults(
    shell: Shell, tmp_path: Path
) -> None:
    missing = str(tmp_path / "gone.p8")

    done = shell.run("attach", "--api-private-key-file", missing, "--json", **NONE)

    assert done.exit_code == 2
    message = done.report["error"]["message"]
    assert f"`api-private-key-file` is `{missing}`, which cannot be read: No such file" in message
    assert "`bundle-id`" in message
    assert "`api-private-key` is empty" not in message


def test_an_empty_file_and_a_folder_are_no_key(tmp_path: Path) -> None:
    (tmp_path / "empty.p8").touch()

    assert "which is empty" in find({"ASC_PRIVATE_KEY_PATH": str(tmp_path / "empty.p8")}).fault
    assert "cannot be read" in find({"ASC_PRIVATE_KEY_PATH": str(tmp_path)}).fault


def test_a_file_that_is_no_text_is_no_key(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "AuthKey_2X9R4HXF34.p8"
    file.write_bytes(b"\xff\x00\xfe" * 10_000)

    done = shell.run("show", *JOB, "--api-private-key-file", str(file), **NONE)

    assert done.exit_code == 2
    assert "is far too long" in done.stderr


def test_without_any_key_it_says_where_keys_are_looked_for(shell: Shell) -> None:
    done = shell.run("show", *JOB, **NONE)

    assert done.exit_code == 2
    assert "ASC_LINKER_API_PRIVATE_KEY" in done.stderr
    assert "`asc-linker doctor`" in done.stderr


def test_a_found_key_does_not_show_in_a_representation() -> None:
    assert "a key" not in repr(find({"ASC_PRIVATE_KEY": "a key"}))
