"""`asc-linker emulator`: what it prints, what it serves, and how it says that it cannot."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
import requests

from asc_linker.emulator import ThrowawayKey, World
from asc_linker.emulator.__main__ import _parser, main
from asc_linker.emulator.bad_days import BAD_DAYS

ROOT = Path(__file__).parents[2]
MODULE = (sys.executable, "-m", "asc_linker.emulator")
PROGRAM = (sys.executable, "-m", "asc_linker", "emulator")


def run(*arguments: str, door: tuple[str, ...] = MODULE, **more: str) -> Any:
    return subprocess.run(
        (*door, *arguments),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | more,
        timeout=20,
        check=False,
    )


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What the command says when it cannot start, all in one line; in this process."""

    def start(*arguments: str) -> str:
        assert main(arguments) == 2
        said = capsys.readouterr()
        assert said.out == ""
        [line] = said.err.splitlines()
        return line

    return start


@contextmanager
def serving(*arguments: str) -> Iterator[dict[str, str]]:
    """The lines that the command prints once it serves, by what stands before their colon."""
    with subprocess.Popen((*MODULE, *arguments), cwd=ROOT, stdout=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        said: dict[str, str] = {}
        while "world" not in said:
            name, _, value = it.stdout.readline().strip().partition(": ")
            said[name] = value
        try:
            yield said
        finally:
            it.terminate()


@pytest.mark.parametrize("door", [MODULE, PROGRAM], ids=["module", "program"])
def test_it_says_where_it_serves_with_which_key_and_what(
    tmp_path: Path, door: tuple[str, ...]
) -> None:
    key_file = tmp_path / "AuthKey.p8"
    first = run("--write-key", str(key_file), "--for-seconds", "0", door=door)
    second = run("--write-key", str(key_file), "--for-seconds", "0", door=door)

    key = ThrowawayKey.from_pem(key_file.read_text())
    assert (first.returncode, first.stderr) == (0, "")
    assert re.search(r"http://127\.0\.0\.1:\d+$", first.stdout, re.MULTILINE)
    assert f"key id: {key.key_id}\nissuer id: {key.issuer_id}\n" in first.stdout
    assert f"private key: {key_file}\n" in first.stdout
    assert "world: the built-in example; 1 app (com.example.notes)" in first.stdout
    assert f"key id: {key.key_id}\n" in second.stdout
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_links_of_another_origin_are_told() -> None:
    said = run("--origin", "https://asc.example", "--for-seconds", "0").stdout

    assert "origin of links: https://asc.example\n" in said
    assert "origin of links" not in run("--for-seconds", "0").stdout


@pytest.mark.parametrize("world", ['{"apps": 1}', None])
def test_a_world_that_cannot_be_served_is_one_line_and_two(
    tmp_path: Path, refused: Callable[..., str], world: str | None
) -> None:
    file = tmp_path / "world.json"
    if world is not None:
        file.write_text(world)

    assert str(file) in refused("--world", str(file))


@pytest.mark.parametrize("option", ["--write-key", "--ca-file"])
def test_a_file_that_holds_something_else_is_left_alone(
    tmp_path: Path, refused: Callable[..., str], option: str
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")

    assert str(file) in refused(option, str(file), "--tls")
    assert file.read_text() == "mine"


def test_a_port_that_is_in_use_is_told_with_what_to_do(refused: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = refused("--port", str(taken.getsockname()[1]))

    assert "is in use" in line
    assert "--port" in line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--ca-file", "ca.pem"), "--tls"),
        (("--origin", "example.com"), "--origin example.com is not like https://"),
        (("--host", "192.0.2.1"), "cannot listen on 192.0.2.1"),
    ],
)
def test_what_cannot_be_is_told_by_option(
    refused: Callable[..., str], arguments: tuple[str, ...], says: str
) -> None:
    assert says in refused(*arguments)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_well_when_it_is_told_to(number: signal.Signals) -> None:
    with subprocess.Popen(MODULE, cwd=ROOT, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        assert served.stdout.readline().startswith("App Store Connect, emulated: http://127.0.0.1:")
        os.kill(served.pid, number)
        assert served.wait(10) == 0


@pytest.mark.parametrize("door", [MODULE, PROGRAM], ids=["module", "program"])
def test_a_world_to_start_from_is_written_once(
    tmp_path: Path, refused: Callable[..., str], door: tuple[str, ...]
) -> None:
    file = tmp_path / "world.json"
    assert run("init", str(file), "--apps", "100", door=door).returncode == 0

    assert len(file.read_text().splitlines()) < 50
    assert len(World.from_json(file.read_text()).apps) == 100
    assert str(file) in refused("init", str(file))


def test_it_says_how_many_apps_there_are(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    main(["init", str(file), "--apps", "100"])
    served = run("--world", str(file), "--for-seconds", "0")

    assert "100 apps (com.example.notes1, " in served.stdout


def test_where_to_listen_can_be_said_by_an_image() -> None:
    served = run("--for-seconds", "0", door=PROGRAM, ASC_LINKER_EMULATOR_HOST="0.0.0.0")

    assert "http://0.0.0.0:" in served.stdout


def test_both_doors_have_the_same_options_and_bad_days() -> None:
    from asc_linker.cli import emulator

    ours = {flag for action in _parser("x")._actions for flag in action.option_strings}
    theirs = {flag for option in emulator.params for flag in option.opts}
    [bad_day] = [each for each in emulator.params if each.name == "bad_days"]

    assert ours - {"-h", "--help"} == theirs
    assert isinstance(bad_day.type, click.Choice)
    assert list(bad_day.type.choices) == list(BAD_DAYS)


def test_a_world_is_saved_where_asked(tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    with serving("--save", str(saved)) as said:
        url = said["App Store Connect, emulated"]
        world = requests.get(f"{url}/_emulator/world", timeout=10).json()

    assert world["apps"][0]["bundleId"] == "com.example.notes"
    assert not saved.exists()
    assert json.dumps(world)


def test_it_speaks_tls_with_a_certificate_for_apples_name_and_its_own(tmp_path: Path) -> None:
    bundle = str(tmp_path / "ca.pem")
    with serving("--tls", "--ca-file", bundle) as said:
        url = said["App Store Connect, emulated"]
        proxy = {"https": said["proxy for Apple's own address"]}
        with requests.Session() as session:
            session.trust_env = False
            direct = session.get(f"{url}/_emulator/health", verify=bundle, timeout=10)
            plain = session.get(f"{proxy['https']}/_emulator/health", timeout=10)
            through = session.get(
                "https://api.appstoreconnect.apple.com/_emulator/health",
                verify=bundle,
                proxies=proxy,
                timeout=10,
            )

    assert said["CA file"] == bundle
    assert [each.json()["status"] for each in (direct, plain, through)] == ["ready"] * 3
