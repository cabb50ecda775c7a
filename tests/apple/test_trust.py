"""Certificates and proxies of one's own: honoured where they count, named where they are wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from apple.certificates import self_signed
from apple.looks import Looks
from apple.peers import Peer, answering
from scripted_server import ScriptedServer

from asc_linker.apple import trust
from asc_linker.apple.model import BuildId, VersionId
from asc_linker.errors import AppStoreConnectError, CredentialsError, InputError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from apple.certificates import Issued
    from fake_clock import FakeClock

    from asc_linker.apple.client import AppStoreConnect

VERSION = VersionId("v142")
BUILD = BuildId("b231")
LINK = "/v1/appStoreVersions/v142/relationships/build"
ATTACHED = {"data": {"type": "builds", "id": BUILD}}
VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
PAGE = b"HTTP/1.1 %d No\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "https_proxy", "http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def issued(tmp_path: Path) -> Issued:
    return self_signed(tmp_path)


@pytest.fixture
def secure(issued: Issued) -> Iterator[ScriptedServer]:
    with ScriptedServer(tls=issued.tls) as server:
        yield server


def https(server: ScriptedServer) -> str:
    return server.url.replace("http:", "https:")


@pytest.mark.parametrize("variable", VARIABLES)
def test_loopback_with_its_own_certificate_is_trusted_where_a_variable_names_it(
    connect: Callable[..., AppStoreConnect],
    secure: ScriptedServer,
    issued: Issued,
    variable: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, str(issued.bundle))
    secure.on(f"GET {LINK}", 200, ATTACHED)

    assert connect(https(secure)).attached_build(VERSION) == BUILD


def test_a_certificate_nobody_trusts_ends_at_once(
    connect: Callable[..., AppStoreConnect], secure: ScriptedServer, clock: FakeClock
) -> None:
    with pytest.raises(AppStoreConnectError, match=r"The TLS connection to .* failed") as caught:
        connect(https(secure)).attached_build(VERSION)

    assert (secure.arrived, clock.slept) == ([], [])
    assert "SSL_CERT_FILE" in caught.value.hint


def test_a_server_that_speaks_no_tls_is_named(
    connect: Callable[..., AppStoreConnect], server: ScriptedServer
) -> None:
    with pytest.raises(AppStoreConnectError, match=r"The TLS connection to .* failed"):
        connect(https(server)).attached_build(VERSION)


@pytest.mark.parametrize("variable", VARIABLES)
def test_certificates_that_are_not_there_are_a_fault_of_the_inputs(
    connect: Callable[..., AppStoreConnect], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "/nowhere/ca.pem")

    with pytest.raises(InputError, match=f"{variable} names no .*/nowhere/ca.pem") as caught:
        connect("https://asc.example")

    assert caught.value.exit_code == 2
    assert variable in caught.value.hint


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_without_certificates_is_a_fault_of_the_inputs(
    connect: Callable[..., AppStoreConnect],
    secure: ScriptedServer,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "empty.pem"
    file.write_text(text)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with pytest.raises(InputError, match="SSL_CERT_FILE names no certificates"):
        connect(https(secure)).attached_build(VERSION)


def test_certificates_do_not_matter_to_plain_http(
    connect: Callable[..., AppStoreConnect],
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    server.on(f"GET {LINK}", 200, ATTACHED)

    assert connect(server.url).attached_build(VERSION) == BUILD


def test_the_variable_of_requests_counts_before_that_of_openssl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))

    assert trust.bundle() == trust.Bundle(str(tmp_path), "REQUESTS_CA_BUNDLE")


def test_a_folder_of_certificates_takes_the_place_of_the_machines_own(
    tmp_path: Path, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(issued.bundle))
    folder = tmp_path / "certificates"
    folder.mkdir()

    # OpenSSL looks into a folder when there is something to be looked for.
    assert trust.context(trust.Bundle(str(folder))).cert_store_stats()["x509"] == 0


def test_all_connections_of_a_process_share_what_was_read_once(issued: Issued) -> None:
    file = trust.Bundle(str(issued.bundle))

    assert trust.context(file) is trust.context(file)


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
def test_loopback_is_reached_without_a_proxy(
    connect: Callable[..., AppStoreConnect],
    secure: ScriptedServer,
    issued: Issued,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(issued.bundle))
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    secure.on(f"GET {LINK}", 200, ATTACHED)

    assert connect(https(secure)).attached_build(VERSION) == BUILD


def test_apple_is_reached_through_a_proxy_and_trusted_by_the_same_variables(
    connect: Callable[..., AppStoreConnect], issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps(ATTACHED).encode()

    def tunnel(peer: Peer, connection: socket.socket) -> None:
        peer.take_request(connection)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with issued.tls.wrap_socket(connection, server_side=True) as apple:
            peer.take_request(apple)
            apple.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(issued.bundle))
    with Peer(tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)

        assert connect("https://asc.example").attached_build(VERSION) == BUILD

    assert proxy.heard == ["CONNECT asc.example:443", f"GET {LINK}"]


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_proxy_that_lets_nobody_through_is_not_taken_for_apple(
    connect: Callable[..., AppStoreConnect],
    clock: FakeClock,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = Looks()
    with Peer(answering(PAGE % status)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        apple = connect("https://asc.example")

        with pytest.raises(CredentialsError, match=rf"A proxy refused .*{status}") as caught:
            apple.attach_build(VERSION, BUILD, is_applied=looks)

    assert (caught.value.exit_code, caught.value.id) == (3, "proxy-refused")
    assert (proxy.connections, clock.slept, looks.asked) == (1, [], 0)


def test_a_proxy_that_speaks_tls_is_trusted_by_the_same_variables(
    connect: Callable[..., AppStoreConnect], issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(issued.bundle))
    with Peer(answering(PAGE % 407), tls=issued.tls) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)

        with pytest.raises(CredentialsError, match=r"A proxy refused .*407"):
            connect("https://asc.example").attached_build(VERSION)

    assert proxy.heard == ["CONNECT asc.example:443"]


def test_a_proxy_that_fails_is_named_and_asked_three_times(
    connect: Callable[..., AppStoreConnect], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Peer(answering(PAGE % 502)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)

        with pytest.raises(AppStoreConnectError, match=r"The proxy in front of .* answered 502"):
            connect("https://asc.example").attached_build(VERSION)

    assert proxy.connections == 3


@pytest.mark.parametrize("status", [403, 407])
def test_a_proxy_that_answers_in_apples_place_is_not_taken_for_apple(
    connect: Callable[..., AppStoreConnect], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Peer(answering(PAGE % status)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)

        with pytest.raises(CredentialsError, match=rf"A proxy refused .*{status}"):
            connect("http://asc.example").attached_build(VERSION)

    assert proxy.connections == 1


@pytest.mark.parametrize("url", ["http://", "nonsense://x", "http://[", "http://*"])
def test_a_proxy_whose_address_is_none_is_no_crash(
    connect: Callable[..., AppStoreConnect], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", url)

    with pytest.raises(AppStoreConnectError):
        connect("https://asc.example").attached_build(VERSION)
