"""The composite action, once a Python is found: packages, then the same code as the container.

Packages go into a folder of their own, a `pip install --target` rather than a virtual environment:
nothing in it names its own path, so it can be made under another name and renamed when it is
complete, and this very process can use it. Standard library only, until then.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # it was this file's folder; the caller's checkout is never on it

from asc_linker.inputs.table import INPUTS, variable  # noqa: E402
from asc_linker.text import log_line  # noqa: E402

REQUIREMENTS = ROOT / "requirements" / "runtime.txt"
# A release of ours, or a new Python, leaves folders behind that nobody asks for any more.
FORGOTTEN_AFTER_S = 30 * 24 * 60 * 60
# pip settings that would send the packages elsewhere, or change which ones.
NOT_OURS = ("PIP_CONSTRAINT", "PIP_PREFIX", "PIP_REQUIREMENT", "PIP_ROOT", "PIP_TARGET")


class NotInstalled(Exception):
    """pip did not do it. The text is what pip said."""


class Stopped(Exception):
    """A signal came before the action itself was there to hear it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def packages() -> Path:
    """The folder of installed packages; made first, where this runner has none that fits."""
    kept = os.environ.get("RUNNER_ENVIRONMENT") == "self-hosted"
    for name in ("RUNNER_TOOL_CACHE", "RUNNER_TEMP") if kept else ("RUNNER_TEMP",):
        home = Path(os.environ.get(name) or tempfile.gettempdir(), "asc-linker")
        folder = home / _fingerprint()
        if folder.is_dir():
            with suppress(OSError):
                os.utime(folder)  # in use, see _tidy
            return folder
        try:
            home.mkdir(parents=True, exist_ok=True)
            building = Path(tempfile.mkdtemp(prefix="building-", dir=home))
        except OSError:
            continue  # a tool cache may be read-only
        try:
            return _made(folder, building, compiled=kept)
        finally:
            shutil.rmtree(building, ignore_errors=True)
            _tidy(home)
    raise NotInstalled("Neither RUNNER_TEMP nor RUNNER_TOOL_CACHE can be written to.")


def _made(folder: Path, building: Path, *, compiled: bool) -> Path:
    print("Installing what asc-linker needs, from its lock.", flush=True)
    new = building / "packages"
    _install(new, compiled=compiled)
    try:
        new.rename(folder)
    except OSError:
        if not folder.is_dir():  # another job may have been faster; anything else is a fault
            raise
    return folder


def _install(folder: Path, *, compiled: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    done = subprocess.run(  # noqa: S603
        [
            *(sys.executable, "-Es", "-m", "pip", "install", "--quiet", "--no-input"),
            *("--disable-pip-version-check", "--root-user-action", "ignore"),
            *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
            # Byte-code takes longer to make than it saves, unless there is a second run.
            *(() if compiled else ("--no-compile",)),
            *("--target", str(folder), "--requirement", str(REQUIREMENTS)),
        ],
        cwd=folder.parent,  # -m looks there first
        env=environment | {"PIP_USER": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise NotInstalled(done.stdout)


def _fingerprint() -> str:
    """What the packages depend on: the lock, and the kind of Python and system."""
    system = (sysconfig.get_platform(), sysconfig.get_config_var("EXT_SUFFIX"), platform.libc_ver())
    return hashlib.sha256(REQUIREMENTS.read_bytes() + repr(system).encode()).hexdigest()[:16]


def _tidy(home: Path) -> None:
    """Remove what no job has asked for in a long time, and what killed jobs left."""
    for folder in home.iterdir():
        try:
            forgotten = folder.stat().st_mtime < time.time() - FORGOTTEN_AFTER_S
        except OSError:
            continue
        if forgotten:
            shutil.rmtree(folder, ignore_errors=True)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)


def _failed(title: str, message: str) -> None:
    if output := os.environ.get("GITHUB_OUTPUT"):
        with Path(output).open("a", encoding="utf-8", newline="\n") as file:
            file.write("outcome=failed\nchanged=false\n")
    print(f"::error title=asc-linker%3A {title}::{message}", flush=True)


def main() -> int:
    sys.stdout.reconfigure(  # type: ignore[union-attr]
        encoding="utf-8", errors="replace", newline="\n"
    )
    # pip needs none of it, and what pip starts even less.
    inputs = {entry.name: os.environ.pop(variable(entry.name), "") for entry in INPUTS}
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        sys.path.append(str(packages()))
        # GitHub's own names. action.yml cannot set them: not every shell keeps their hyphens.
        os.environ.update({f"INPUT_{name.upper()}": value for name, value in inputs.items()})

        from asc_linker.action import main as action

        return action()  # which tells its own failures, and what signals found it doing
    except NotInstalled as error:
        for line in str(error).splitlines():
            print(log_line(line))
        _failed(
            "Not installed",
            "pip could not install what asc-linker needs; the log above says why."
            "%0AIt takes a Python from 3.11 to 3.14 with its pip, as actions/setup-python brings "
            "it, and a package index that pip can reach.",
        )
        return 1
    except Stopped as stop:
        _failed("Interrupted", "Stopped while installing. Nothing was written.")
        return 128 + stop.number


if __name__ == "__main__":
    sys.exit(main())
