"""Other people's clients on the emulator, unpatched: find, attach, read back.

Each is installed from its registry into an environment of its own, under `build/clients`. Those
that know Apple's address alone take the emulator for their proxy, and trust its certificate.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from asc_linker.emulator import Emulator, ThrowawayKey, example_world
from asc_linker.emulator.certificate import Certificate

ROOT = Path(__file__).parents[2]
DRIVERS = Path(__file__).parent / "clients"
INSTALLED = ROOT / "build" / "clients"

CLIENTS = {
    "codemagic-cli-tools==0.70.0": "codemagic_cli_tools.py",
    "applaud==0.9.4": "applaud_client.py",
    "appstoreconnect==0.10.1": "appstoreconnect_client.py",
    "asconnect==7.1.1": "asconnect_client.py",
    "appstore-connect-sdk@2.0.0": "appstore_connect_sdk.mjs",
    "node-app-store-connect-api@5.0.6": "node_app_store_connect_api.mjs",
}
# On no registry of Python's or Node's: they run where somebody has installed them.
COMMANDS = {"fastlane": "fastlane.rb", "asc": "asc_client.py"}
PRESENT = {name: driver for name, driver in COMMANDS.items() if shutil.which(name)}


@dataclass(frozen=True)
class Apple:
    emulator: Emulator
    environment: dict[str, str]


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return Certificate.generate()


@pytest.fixture
def apple(certificate: Certificate, tmp_path: Path) -> Iterator[Apple]:
    key = ThrowawayKey.generate()
    key_file, bundle = tmp_path / f"AuthKey_{key.key_id}.p8", tmp_path / "ca.pem"
    key_file.touch(mode=0o600)
    key_file.write_text(key.private_key)
    bundle.write_text(certificate.pem)
    with Emulator(example_world(), keys=[key], tls=certificate.context()) as emulator:
        proxy = emulator.url.replace("https://", "http://")
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        yield Apple(
            emulator,
            {
                **kept,
                "HOME": str(tmp_path),
                "KEY_ID": key.key_id,
                "ISSUER_ID": key.issuer_id or "",
                "KEY_FILE": str(key_file),
                "APP_STORE_CONNECT_KEY_IDENTIFIER": key.key_id,
                "APP_STORE_CONNECT_ISSUER_ID": key.issuer_id or "",
                "APP_STORE_CONNECT_PRIVATE_KEY": key.private_key,
                "URL_OF_APPLE": emulator.url,
                "HTTPS_PROXY": proxy,
                "REQUESTS_CA_BUNDLE": str(bundle),
                "NODE_EXTRA_CA_CERTS": str(bundle),
                "SSL_CERT_FILE": str(bundle),
                "ASC_KEY_ID": key.key_id,
                "ASC_ISSUER_ID": key.issuer_id or "",
                "ASC_PRIVATE_KEY_PATH": str(key_file),
                "ASC_BYPASS_KEYCHAIN": "1",
            },
        )


def installed(client: str) -> tuple[Path, str]:
    """The folder in which `client` is installed, and what runs its scripts."""
    if client in PRESENT:
        return ROOT, "ruby" if PRESENT[client].endswith(".rb") else sys.executable
    name = client.replace("==", "-").replace("@", "-")
    folder, done = INSTALLED / name, INSTALLED / name / "installed"
    is_python = "==" in client
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if is_python:
            run(sys.executable, "-m", "venv", str(folder))
            run(str(folder / "bin" / "python"), "-m", "pip", "install", "-q", client)
        else:
            (folder / "package.json").write_text('{"private": true}')
            quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent")
            run("npm", "install", *quiet, client, folder=folder)
        done.touch()
    return folder, str(folder / "bin" / "python") if is_python else "node"


def run(*command: str, folder: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize(("client", "driver"), (CLIENTS | PRESENT).items())
def test_a_client_finds_attaches_and_reads_back_unpatched(
    apple: Apple, client: str, driver: str
) -> None:
    folder, interpreter = installed(client)
    said = run(interpreter, str(DRIVERS / driver), folder=folder, environment=apple.environment)
    app_id, version_id, build_id, read_back = json.loads(said.splitlines()[-1])

    [app] = apple.emulator.world.apps
    version, build = app.app_store_versions[1], app.builds[-1]
    assert (app_id, build_id) == (app.id, build.id)
    assert {each.status for each in apple.emulator.requests} <= {200, 204}
    if version_id is not None:
        assert (version_id, read_back, version.build) == (version.id, True, build.id)
