"""A world of notes, and a client that signs as it should unless a test says otherwise."""

from __future__ import annotations

from typing import Any

import jwt
import requests

from asc_linker.emulator import Emulator, ThrowawayKey

NOTES: dict[str, Any] = {
    "id": "6446000001",
    "bundleId": "com.example.notes",
    "appStoreVersions": [
        {"id": "v140", "versionString": "1.4.0", "appVersionState": "READY_FOR_DISTRIBUTION"},
        {"id": "v142", "versionString": "1.4.2"},
        {"id": "mac142", "versionString": "1.4.2", "platform": "MAC_OS"},
    ],
    "builds": [
        {"id": "b230", "version": "230", "preReleaseVersion": "1.4.2"},
        {"id": "b231", "version": "231", "preReleaseVersion": "1.4.2"},
    ],
}
LINK = "/v1/appStoreVersions/v142/relationships/build"


def linkage(build_id: str | None) -> dict[str, Any]:
    return {"data": build_id and {"type": "builds", "id": build_id}}


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class Apple:
    """An emulator together with a signed session that talks to it."""

    def __init__(self, emulator: Emulator, key: ThrowawayKey, clock: Clock) -> None:
        self.emulator, self.key, self.clock = emulator, key, clock
        self.session = requests.Session()

    def token(self, key: ThrowawayKey | None = None, **claims: Any) -> str:
        signer, now = key or self.key, int(self.clock.now)
        whole = {"iat": now - 60, "exp": now + 600, "aud": "appstoreconnect-v1"}
        whole |= {"iss": signer.issuer_id} if signer.issuer_id else {"sub": "user"}
        given = {name: value for name, value in (whole | claims).items() if value is not None}
        return jwt.encode(
            given, signer.private_key, algorithm="ES256", headers={"kid": signer.key_id}
        )

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        token = options.pop("token", None) or self.token()
        return self.session.request(
            method,
            path if path.startswith("http") else self.emulator.url + path,
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
            allow_redirects=False,
            **options,
        )

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.send("GET", path, **options)

    def attach(self, build_id: str | None, path: str = LINK) -> requests.Response:
        return self.send("PATCH", path, linkage(build_id))

    def ids(self, path: str) -> list[str]:
        return [each["id"] for each in self.get(path).json()["data"]]


def errors(response: requests.Response) -> list[tuple[int, str, str]]:
    """Status, code and detail of each error in an answer."""
    return [
        (response.status_code, each["code"], each["detail"]) for each in response.json()["errors"]
    ]


def with_change(items: list[dict[str, Any]], item_id: str, change: Any) -> list[dict[str, Any]]:
    return [each | (change or {}) if each.get("id") == item_id else each for each in items]
