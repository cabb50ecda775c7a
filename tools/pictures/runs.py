"""The runs that the pictures show: real ones, of the real entrypoint, against the emulator.

What each picture shows as text lies beside it, and a test compares that with a fresh run.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from asc_linker.emulator import Emulator, ThrowawayKey, World  # noqa: E402

_ISSUER_ID = "57246542-96fe-1a63-e053-0824d011072a"
# No picture shows the key, and the emulator takes any.
_KEY = ThrowawayKey.generate(_ISSUER_ID)
_STRANGER = ThrowawayKey.generate(_ISSUER_ID)
_TAG = "v1.4.2+231"


def app(name: str, bundle_id: str, state: str = "PREPARE_FOR_SUBMISSION", **build: Any) -> Any:
    """An app with version 1.4.2 in `state`, build 230 attached, and build 231 uploaded."""
    common = {"preReleaseVersion": "1.4.2", "usesNonExemptEncryption": False}
    return {
        "id": str(6446000000 + sum(map(ord, bundle_id))),
        "bundleId": bundle_id,
        "name": name,
        "appStoreVersions": [{"versionString": "1.4.2", "appVersionState": state, "build": "230"}],
        "builds": [{"version": "230", **common}, {"version": "231", **common, **build}],
    }


NOTES = app("Example Notes", "com.example.notes")
_SOON = (datetime.now(UTC) + timedelta(days=5)).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Run:
    """What a run wrote: its summary as Markdown, and its log as the runner reads it."""

    summary: str
    log: str

    def annotations(self) -> list[tuple[str, str, str]]:
        """Level, title and message of each, as the runner shows them."""
        found = re.findall(r"^::(error|warning|notice) title=(.*?)::(.*)$", self.log, re.MULTILINE)
        return [(level, _decoded(title), _decoded(text)) for level, title, text in found]


def _decoded(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def step(
    world: Mapping[str, Any], key: ThrowawayKey = _KEY, inputs: Mapping[str, str] | None = None
) -> Run:
    """A step of the action, as a runner starts it, in `world`."""
    given = {"bundle-id": "com.example.notes", "tag": _TAG, "wait-minutes": "0"} | (inputs or {})
    with (
        Emulator(World.from_json(world), keys=[_KEY]) as emulator,
        tempfile.TemporaryDirectory() as folder,
    ):
        summary, output = Path(folder, "summary.md"), Path(folder, "output")
        for file in (summary, output):
            file.touch()
        given |= {
            "api-key-id": key.key_id,
            "issuer-id": key.issuer_id or "",
            "api-private-key": key.private_key,
            "api-url": emulator.url,
        }
        environment = _plain_environment() | {
            **{f"INPUT_{name.upper()}": value for name, value in given.items() if value},
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
        }
        done = subprocess.run(
            [sys.executable, "-Es", ROOT / "entrypoint.py"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return Run(summary.read_text(encoding="utf-8"), done.stdout)


def terminal(world: Mapping[str, Any], arguments: list[str]) -> str:
    """What a command shows on a terminal of 96 columns, with its colours."""
    with Emulator(World.from_json(world), keys=[_KEY]) as emulator:
        environment = _plain_environment() | {
            "ASC_LINKER_API_KEY_ID": _KEY.key_id,
            "ASC_LINKER_ISSUER_ID": _ISSUER_ID,
            "ASC_LINKER_API_PRIVATE_KEY": _KEY.private_key,
            "ASC_LINKER_API_URL": emulator.url,
            "COLUMNS": "96",
            "TERM": "xterm-256color",
        }
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "asc_linker", *arguments]
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
        ):
            os.close(theirs)
            shown = _until_the_end(ours)
        return f"$ asc-linker {' '.join(arguments)}\n{shown}"


def _until_the_end(terminal_side: int) -> str:
    """All that arrives at a terminal, its other controls than colours left out."""
    arrived = b""
    # Linux says EIO, others an empty read, when nobody holds the other side any more.
    with contextlib.suppress(OSError):
        while part := os.read(terminal_side, 65536):
            arrived += part
    os.close(terminal_side)
    text = arrived.decode().replace("\r\n", "\n")
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-ln-z]", "", text)


def _plain_environment() -> dict[str, str]:
    """Ours, without what a CI or a user may have set for asc-linker or for colours."""
    foreign = ("INPUT_", "GITHUB_", "ASC_LINKER_", "APP_STORE_CONNECT_", "RUNNER_", "CI")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and name not in ("NO_COLOR", "FORCE_COLOR")
    }


def summaries() -> dict[str, str]:
    """The job summaries that have a picture, by its name."""
    locked = app("Example Notes", "com.example.notes", "WAITING_FOR_REVIEW")
    expired = app("Example Notes", "com.example.notes", expired=True)
    no_requests = {
        "faults": [
            {
                "match": "GET /v1/apps",
                "status": 429,
                "headers": {
                    "Retry-After": "1800",
                    "X-Rate-Limit": "user-hour-lim:3600;user-hour-rem:0;",
                },
                "body": json.dumps(
                    {
                        "errors": [
                            {
                                "status": "429",
                                "code": "RATE_LIMIT_EXCEEDED",
                                "title": "The request rate limit has been reached.",
                                "detail": "We've received too many requests for this API. Please "
                                "wait and try again or slow down your request rate.",
                            }
                        ]
                    }
                ),
                "times": None,
            }
        ]
    }
    return {
        "success": step({"apps": [NOTES]}).summary,
        "refusal": step({"apps": [expired]}).summary,
        "wrong-key": step({"apps": [NOTES]}, key=_STRANGER).summary,
        "wrong-version": step({"apps": [NOTES]}, inputs={"tag": "v1.5.0+231"}).summary,
        "in-review": step({"apps": [locked]}).summary,
        "rate-limit": step({"apps": [NOTES], "script": no_requests}).summary,
        "targets": targets().summary,
    }


def targets() -> Run:
    """Three apps in one run, one of them on two platforms, and one done before."""
    notes, tasks, timer = (
        app(f"Example {name.capitalize()}", f"com.example.{name}")
        for name in ("notes", "tasks", "timer")
    )
    for kind in ("appStoreVersions", "builds"):
        notes[kind] += [each | {"platform": "MAC_OS"} for each in notes[kind]]
    tasks["appStoreVersions"][0]["build"] = "231"
    listed = """
        - bundle-id: com.example.notes
          platform: ios, macos
        - bundle-id: com.example.tasks
        - bundle-id: com.example.timer
        """
    return step({"apps": [notes, tasks, timer]}, inputs={"bundle-id": "", "targets": listed})


def annotations() -> list[tuple[str, str, str]]:
    """Those of a run that went well and has something to say, and those of a refused one."""
    unanswered = app(
        "Example Notes", "com.example.notes", usesNonExemptEncryption=None, expirationDate=_SOON
    )
    refused = app("Example Notes", "com.example.notes", "WAITING_FOR_REVIEW")
    return [
        *step({"apps": [refused]}).annotations(),
        *step({"apps": [unanswered]}).annotations(),
    ]


def session() -> str:
    """A session on a terminal, with its colours."""
    return terminal(
        {"apps": [NOTES]}, ["attach", "--bundle-id", "com.example.notes", "--tag", _TAG]
    )


def diagrams() -> dict[str, str]:
    """Every Mermaid diagram of the pages, by its title as a file name has it."""
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")]
    drawn = [
        text for page in pages for text in re.findall(r"```mermaid\n(.*?)```", page, re.DOTALL)
    ]
    return {_title(text).lower().replace(" ", "-"): text for text in drawn}


def _title(diagram: str) -> str:
    title = re.search(r"accTitle: (.+)", diagram)
    assert title is not None, f"it has no accTitle: {diagram}"
    return title[1]


_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Shown:
    """What the pictures show, all from one round of runs."""

    summaries: dict[str, str]
    annotations: list[tuple[str, str, str]]
    session: str
    diagrams: dict[str, str]

    def texts(self) -> dict[str, str]:
        """The text that lies beside each picture, by its file name."""
        beside = {f"{name}.md": markdown for name, markdown in self.summaries.items()}
        beside["annotations.txt"] = "\n".join(
            f"{level.capitalize()}: {title}\n{text}\n" for level, title, text in self.annotations
        )
        beside["terminal.txt"] = _COLOURS.sub("", self.session)
        return beside | {f"{name}.mmd": diagram for name, diagram in self.diagrams.items()}


def run_all() -> Shown:
    return Shown(summaries(), annotations(), session(), diagrams())


def timeless(text: str) -> str:
    """`text` without what differs from day to day, and from run to run."""
    text = re.sub(r"\d{4}\\?-\d{2}\\?-\d{2}", "2027-01-31", text)
    text = re.sub(r"\b\d{2}:\d{2}(:\d{2})? UTC", "12:00 UTC", text)
    text = re.sub(r"127\\?\.0\\?\.0\\?\.1:\d+", "127.0.0.1:8089", text)
    text = re.sub(r"\b\d+(\.\d+)? s\b", "1 s", text)
    text = re.sub(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "an id", text)
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
