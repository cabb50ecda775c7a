"""doctor: what is wrong with a key, in one screen and a few reads."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli.command_line import APP, Done, Shell, variables

from asc_linker.emulator import Emulator, ThrowawayKey

NOTES = ("--bundle-id", "com.example.notes")


def verdicts(done: Done) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in done.report["checks"]}


def sentence(done: Done, name: str) -> str:
    (only,) = [check["sentence"] for check in done.report["checks"] if check["name"] == name]
    return str(only)


@pytest.fixture
def doctor(tmp_path: Path) -> Callable[..., Done]:
    def run(apple: Emulator, key: ThrowawayKey, *arguments: str, **changes: str | None) -> Done:
        return Shell(tmp_path, variables(apple, key)).run("doctor", "--json", *arguments, **changes)

    return run


def test_every_check_has_the_id_of_a_section_and_a_verdict_of_ours(
    doctor: Callable[..., Done], apple: Emulator, key: ThrowawayKey
) -> None:
    done = doctor(apple, key, *NOTES)

    assert done.report["schema"] == 1
    for check in done.report["checks"]:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", check["id"])
        assert check["verdict"] in ("ok", "refused", "Apple decides")


@pytest.mark.skipif(sys.platform == "win32", reason="signals as Unix has them")
def test_a_signal_ends_an_examination_with_what_was_found_out(
    serve: Callable[..., Emulator], key: ThrowawayKey, tmp_path: Path
) -> None:
    apple = serve()
    shell = Shell(tmp_path, variables(apple, key))
    ended = threading.Event()
    apple.on("GET /v1/apps", answer=lambda _: ended.wait(timeout=60) and None, times=None)

    with shell.start(["doctor", "--json", "--verbose"], {}, subprocess.PIPE) as process:
        while not apple.requests and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=60)
    ended.set()

    (report,) = json.loads(stdout)
    assert process.returncode == report["error"]["exit-code"] == 143
    assert [check["name"] for check in report["checks"]][:2] == ["Key", "Key id"]
    assert b"Traceback" not in stderr


def test_a_key_that_works_passes_with_one_read(
    doctor: Callable[..., Done], apple: Emulator, key: ThrowawayKey
) -> None:
    done = doctor(apple, key)

    assert (done.exit_code, done.report["outcome"]) == (0, "passed")
    assert [app["bundle-id"] for app in done.report["apps"]] == ["com.example.notes"]
    assert len(apple.requests) == 1
    assert "The key works." in done.stderr


def test_the_role_is_said_to_be_unknown(
    doctor: Callable[..., Done], apple: Emulator, key: ThrowawayKey
) -> None:
    done = doctor(apple, key)

    assert verdicts(done)["Role"] == "Apple decides"
    assert "App Manager" in sentence(done, "Role")


def test_it_says_where_each_part_of_the_key_came_from(
    doctor: Callable[..., Done], apple: Emulator, key: ThrowawayKey
) -> None:
    done = doctor(apple, key, "--issuer-id", key.issuer_id or "", ASC_KEY_ID="BBBBBBBBBB")

    assert "ASC_LINKER_API_PRIVATE_KEY" in sentence(done, "Key")
    assert "ASC_LINKER_API_KEY_ID" in sentence(done, "Key id")
    assert "--issuer-id" in sentence(done, "Key id")
    assert sentence(done, "Not used").startswith("ASC_KEY_ID.")


def test_an_app_is_looked_for_and_its_versions_are_read(
    doctor: Callable[..., Done], apple: Emulator, key: ThrowawayKey
) -> None:
    by_bundle_id = doctor(apple, key, *NOTES)
    requests = len(apple.requests)
    by_id = doctor(apple, key, "--app-id", "6446000001")

    for done in (by_bundle_id, by_id):
        assert (verdicts(done)["App"], verdicts(done)["Versions"]) == ("ok", "ok")
    assert requests == 2
    assert len(apple.requests) == 4


@pytest.mark.parametrize(
    "app", [("--bundle-id", "com.example.other"), ("--app-id", "1")], ids=["bundle id", "id"]
)
def test_an_app_that_is_not_visible_is_told_with_those_that_are(
    doctor: Callable[..., Done], apple: Emulator, key: ThrowawayKey, app: tuple[str, str]
) -> None:
    done = doctor(apple, key, *app)

    assert done.exit_code == 4
    assert app[1] in done.report["error"]["message"]
    assert "com.example.notes" in done.report["error"]["hint"]
    assert verdicts(done)["Accepted"] == "ok"


def test_a_key_that_sees_no_app_is_told(
    doctor: Callable[..., Done], serve: Callable[..., Emulator], key: ThrowawayKey
) -> None:
    apple = serve(keys=[key.as_known_to_apple("ADMIN", "1")])

    assert doctor(apple, key).exit_code == 4


def test_a_key_that_apple_does_not_know_is_refused(
    doctor: Callable[..., Done], apple: Emulator
) -> None:
    done = doctor(apple, ThrowawayKey.generate())

    assert done.exit_code == 3
    assert verdicts(done) == {
        "Key": "ok",
        "Key id": "ok",
        "Clock": "ok",
        "Accepted": "refused",
        "Kind": "Apple decides",
    }
    assert "`issuer-id`" in done.report["error"]["hint"]


def test_an_individual_key_with_an_issuer_is_recognised(
    doctor: Callable[..., Done], serve: Callable[..., Emulator]
) -> None:
    individual = ThrowawayKey.generate(issuer_id=None)
    apple = serve(keys=[individual])

    done = doctor(apple, individual, "--issuer-id", "57246542-96fe-1a63-e053-0824d011072a")

    assert done.exit_code == 3
    assert verdicts(done)["Kind"] == "refused"
    assert done.report["error"]["hint"].startswith("Leave out `issuer-id`")


def test_a_team_key_without_its_issuer_is_told_what_it_may_lack(
    doctor: Callable[..., Done], apple: Emulator, key: ThrowawayKey
) -> None:
    stray = "57246542-96fe-1a63-e053-0824d011072a"
    done = doctor(apple, key, ASC_LINKER_ISSUER_ID=None, ASC_ISSUER_ID=stray)

    assert done.exit_code == 3
    assert "give `issuer-id`" in done.report["error"]["hint"]
    assert "ASC_ISSUER_ID" in sentence(done, "Not used")


def test_a_missing_agreement_is_named(
    doctor: Callable[..., Done], serve: Callable[..., Emulator], key: ThrowawayKey
) -> None:
    done = doctor(serve(agreementMissing=True), key)

    assert done.exit_code == 3
    assert verdicts(done)["Accepted"] == "ok"
    assert "agreement" in sentence(done, "Permission")
    assert "Account Holder" in done.report["error"]["hint"]


@pytest.mark.parametrize(("ahead_s", "exit_code"), [(35, 0), (-3600, 3), (3600, 3)])
def test_a_wrong_clock_is_told_by_apples_own(
    doctor: Callable[..., Done],
    serve: Callable[..., Emulator],
    key: ThrowawayKey,
    ahead_s: int,
    exit_code: int,
) -> None:
    done = doctor(serve(now=lambda: time.time() + ahead_s), key)

    assert done.exit_code == exit_code
    assert verdicts(done)["Clock"] == "refused"
    assert "clock" in sentence(done, "Clock")
    assert ("ahead" if ahead_s < 0 else "behind") in sentence(done, "Clock")


def test_versions_that_may_not_be_read_are_a_matter_of_permission(
    doctor: Callable[..., Done], apple: Emulator, key: ThrowawayKey
) -> None:
    apple.on("GET /v1/apps/*/appStoreVersions", status=403, times=None)

    done = doctor(apple, key, *NOTES)

    assert done.exit_code == 3
    assert (verdicts(done)["App"], verdicts(done)["Permission"]) == ("ok", "refused")


def test_an_apple_that_cannot_be_reached_is_told(
    doctor: Callable[..., Done], apple: Emulator, key: ThrowawayKey
) -> None:
    apple.close()

    done = doctor(apple, key)

    assert done.exit_code == 7
    assert verdicts(done)["Clock"] == "Apple decides"
    assert verdicts(done)["App Store Connect"] == "refused"


def test_what_is_wrong_without_asking_apple_is_told_without_asking(
    doctor: Callable[..., Done], apple: Emulator, key: ThrowawayKey
) -> None:
    done = doctor(apple, key, "--api-key-id", "short", ASC_LINKER_API_PRIVATE_KEY="rubbish")

    assert done.exit_code == 2
    assert "`api-key-id`" in done.report["error"]["message"]
    assert "`api-private-key`" in done.report["error"]["message"]
    assert not apple.requests


def test_no_key_at_all_is_told_with_the_places_that_were_searched(
    doctor: Callable[..., Done], apple: Emulator, key: ThrowawayKey, tmp_path: Path
) -> None:
    nothing = doctor(apple, key, ASC_LINKER_API_PRIVATE_KEY=None)
    unreadable = doctor(apple, key, ASC_LINKER_API_PRIVATE_KEY=None, ASC_PRIVATE_KEY_PATH="gone")

    assert nothing.exit_code == 2
    assert "altool" in nothing.report["error"]["hint"]
    assert unreadable.exit_code == 2


def test_many_apps_are_not_all_listed(
    doctor: Callable[..., Done], serve: Callable[..., Emulator], key: ThrowawayKey
) -> None:
    others: list[dict[str, Any]] = [{"bundleId": f"com.example.n{n:02}"} for n in range(12)]
    apple = serve()
    apple.world.apps.extend(type(apple.world).from_json({"apps": others}).apps)

    done = doctor(apple, key)

    assert "com.example.n09 and 3 more" in sentence(done, "Apps")
    assert len(done.report["apps"]) == 13
    assert APP["bundleId"] not in sentence(done, "Role")


def test_verbose_tells_the_requests_and_no_token(
    doctor: Callable[..., Done], apple: Emulator, key: ThrowawayKey
) -> None:
    done = doctor(apple, key, "--verbose")

    assert "GET /v1/apps → 200" in done.stderr
    assert "eyJ" not in done.stderr
