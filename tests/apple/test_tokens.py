"""The token on its way: who gets it, who does not, and what a refusal leads to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING

import pytest
from apple.conftest import credentials_of
from scripted_server import ScriptedServer

from asc_linker.apple.access import Access
from asc_linker.apple.client import connect as connect_to
from asc_linker.apple.model import AppId, BuildId, Platform, VersionId
from asc_linker.apple.tokens import Tokens
from asc_linker.emulator import Emulator
from asc_linker.errors import AppStoreConnectError, CredentialsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from apple.conftest import Observed
    from fake_clock import FakeClock

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.emulator import ThrowawayKey, World

VERSION = VersionId("v142")
LINK = "/v1/appStoreVersions/v142/relationships/build"
NOT_AUTHORIZED = {
    "errors": [
        {
            "status": "401",
            "code": "NOT_AUTHORIZED",
            "title": "Authentication credentials are missing or invalid.",
            "detail": "Provide a properly configured and signed bearer token.",
        }
    ]
}


@pytest.fixture
def tokens(key: ThrowawayKey, clock: FakeClock, observed: Observed) -> Tokens:
    return Tokens(credentials_of(key), clock, observed.tokens.append)


def test_a_token_two_threads_were_refused_is_replaced_once(
    tokens: Tokens, observed: Observed
) -> None:
    refused = tokens.current()

    tokens.renew(refused)
    tokens.renew(refused)

    assert observed.tokens == [refused, tokens.current()]


def test_every_token_is_announced_before_it_is_sent(
    apple: AppStoreConnect, server: ScriptedServer, observed: Observed
) -> None:
    server.on(f"GET {LINK}", 401)
    server.on(f"GET {LINK}", 200, {"data": None})

    apple.attached_build(VERSION)

    assert [each.token for each in server.arrived] == observed.tokens


def test_a_stray_401_gets_one_new_token(
    apple: AppStoreConnect, server: ScriptedServer, observed: Observed, clock: FakeClock
) -> None:
    server.on(f"GET {LINK}", 401, NOT_AUTHORIZED)
    server.on(f"GET {LINK}", 200, {"data": None})

    apple.attached_build(VERSION)

    assert len(set(observed.tokens)) == 2
    assert clock.slept == []
    what_follows = "Trying again now, with a new token (attempt 2 of 6)."
    assert observed.retries == [f"GET {LINK}: App Store Connect answered 401. {what_follows}"]


def test_a_second_401_is_final_also_after_another_failure(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"GET {LINK}", 401, NOT_AUTHORIZED)
    server.on(f"GET {LINK}", 503)
    server.on(f"GET {LINK}", 401, NOT_AUTHORIZED, times=None)

    with pytest.raises(CredentialsError) as caught:
        apple.attached_build(VERSION)

    assert len(server.arrived) == 3
    assert "`issuer-id`" in caught.value.hint
    assert "clock" not in caught.value.message


@pytest.mark.parametrize(
    ("apples_lead_s", "sentence"),
    [
        (-95, "This machine's clock is 95 s ahead of Apple's."),
        (31, "This machine's clock is 31 s behind Apple's."),
        (7200, "This machine's clock is 2 h 0 min behind Apple's."),
        (29, ""),
        (-29, ""),
    ],
)
def test_a_401_names_the_skew_of_the_clock(
    apple: AppStoreConnect,
    server: ScriptedServer,
    clock: FakeClock,
    apples_lead_s: float,
    sentence: str,
) -> None:
    date = formatdate(clock.now() + apples_lead_s, usegmt=True)
    server.on(f"GET {LINK}", 401, NOT_AUTHORIZED, headers={"Date": date}, times=None)

    with pytest.raises(CredentialsError) as caught:
        apple.attached_build(VERSION)

    assert sentence in caught.value.message
    assert ("clock" in caught.value.message) is bool(sentence)
    assert caught.value.apple[0].code == "NOT_AUTHORIZED"


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Jan 99999 99:99:99 GMT"])
def test_a_401_without_a_sensible_date_blames_no_clock(
    apple: AppStoreConnect, server: ScriptedServer, date: str
) -> None:
    server.on(f"GET {LINK}", 401, NOT_AUTHORIZED, headers={"Date": date}, times=None)

    with pytest.raises(CredentialsError) as caught:
        apple.attached_build(VERSION)

    assert "clock" not in caught.value.message


def test_a_403_ends_at_once(apple: AppStoreConnect, server: ScriptedServer) -> None:
    server.on(f"GET {LINK}", 403, times=None)

    with pytest.raises(CredentialsError):
        apple.attached_build(VERSION)

    assert len(server.arrived) == 1


def test_the_emulator_takes_the_token(emulated: AppStoreConnect, emulator: Emulator) -> None:
    assert emulated.apps(["com.example.notes"])
    assert emulator.requests[0].authorization_ok


def test_a_wrong_clock_is_found_out_against_the_emulator(
    connect: Callable[..., AppStoreConnect], world: World, key: ThrowawayKey, clock: FakeClock
) -> None:
    with (
        Emulator(world, keys=[key], now=lambda: clock.now() - 300) as apple,
        pytest.raises(CredentialsError, match="clock is 5 min ahead of Apple's"),
    ):
        connect(apple.url).apps(["com.example.notes"])


def test_one_job_is_one_connection_and_one_token(
    key: ThrowawayKey, clock: FakeClock, observed: Observed, emulator: Emulator
) -> None:
    access = Access(credentials_of(key), emulator.url)

    with connect_to(
        access,
        clock,
        on_token=observed.tokens.append,
        on_exchange=observed.exchanges.append,
        on_retry=observed.retries.append,
    ) as apple:
        app = apple.apps(["com.example.notes"])[0]
        apple.builds([app.id])

    assert len(observed.tokens) == 1
    assert [each.path for each in observed.exchanges] == ["/v1/apps", "/v1/builds"]


def test_a_netrc_does_not_replace_the_token(
    connect: Callable[..., AppStoreConnect],
    server: ScriptedServer,
    observed: Observed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine asc.example login me password guess\ndefault login me password x\n")
    monkeypatch.setenv("NETRC", str(netrc))
    # A proxy makes a host of any name, for which the environment counts.
    monkeypatch.setenv("http_proxy", server.url)
    server.on("GET /v1/apps", 200, {"data": []})

    connect("http://asc.example").visible_apps()

    assert server.arrived[0].target.startswith("http://asc.example/v1/apps?")
    assert server.arrived[0].token == observed.tokens[0]


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_proxy_does_not_capture_loopback(
    apple: AppStoreConnect, server: ScriptedServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on(f"GET {LINK}", 200, {"data": None})
    with ScriptedServer() as proxy:
        monkeypatch.setenv(name, proxy.url)

        apple.attached_build(VERSION)

        assert (len(server.arrived), proxy.arrived) == (1, [])


def test_a_proxy_that_is_gone_is_named(
    connect: Callable[..., AppStoreConnect], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as gone:
        monkeypatch.setenv("http_proxy", gone.url)
        monkeypatch.setenv("no_proxy", "")

    with pytest.raises(AppStoreConnectError, match=r"asc\.example did not answer"):
        connect("http://asc.example").visible_apps()


def test_a_post_whose_connection_breaks_is_not_sent_again_by_a_library(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    # The first exchange leaves a kept-alive connection, on which libraries like to try again.
    server.on(f"GET {LINK}", 200, {"data": None})
    server.on("POST /v1/appStoreVersions", reset=True, times=None)
    apple.attached_build(VERSION)

    create = partial(apple.create_version, AppId("1"), Platform.IOS, "1.4.2", BuildId("b231"))
    assert create(is_applied=lambda: True) is None

    assert server.lines == [f"GET {LINK}", "POST /v1/appStoreVersions"]


def test_threads_share_a_client(apple: AppStoreConnect, server: ScriptedServer) -> None:
    server.on(f"GET {LINK}", 200, {"data": None}, times=None)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: apple.attached_build(VERSION), range(8)))

    assert len(server.arrived) == 8
