"""The composite action, once a Python is found: packages, then the same code as the container.

Packages go into a folder of their own, an `install --target` rather than a virtual environment:
nothing in it names its own path, so it can be made under another name and renamed when it is
complete, and this very process can use it. The action's own code goes beside them, compiled while
they come; of theirs what is imported is compiled once, by two processes at first, and nothing is
ever written in the checkout of the action. Standard library only, until then.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # it was this file's folder; the caller's checkout is never on it

LOCK = ROOT / "requirements" / "action.txt"
# The same packages with their addresses.
PYLOCK = ROOT / "requirements" / "pylock.action.toml"
# How the inputs are called in action.yml, which has no hyphens: not every shell keeps them.
OURS = "ASC_LINKER_"
# A release of ours, or a new Python, leaves folders behind that nobody asks for any more.
FORGOTTEN_AFTER_S = 30 * 24 * 60 * 60
# Settings of pip and uv that would send the packages elsewhere, or change which ones.
NOT_OURS = (
    *("PIP_CONSTRAINT", "PIP_PREFIX", "PIP_REQUIREMENT", "PIP_ROOT", "PIP_TARGET"),
    *("UV_CONSTRAINT", "UV_EXCLUDE", "UV_EXCLUDE_NEWER", "UV_NO_BINARY", "UV_OVERRIDE"),
    *("UV_COMPILE_BYTECODE", "UV_SYSTEM_PYTHON"),
)
# What takes longest to compile of all that is imported; what is imported first comes last.
COMPILED_BESIDE = (
    *("jwt", "cryptography/x509", "requests", "idna", "charset_normalizer"),
    *("urllib3/util", "urllib3"),
)
# Where pip keeps its settings: https://pip.pypa.io/en/stable/topics/configuration/
PIP_FILES = (
    *("/etc/pip.conf", "/etc/xdg/pip/pip.conf", "/Library/Application Support/pip/pip.conf"),
    *("~/.pip/pip.conf", "~/.config/pip/pip.conf", "~/Library/Application Support/pip/pip.conf"),
    *("~/pip/pip.ini", "~/AppData/Roaming/pip/pip.ini", "C:/ProgramData/pip/pip.ini"),
    *(f"{sys.prefix}/pip.conf", f"{sys.prefix}/pip.ini"),
)
# And uv: https://docs.astral.sh/uv/concepts/configuration-files/
UV_FILES = (
    *("/etc/uv/uv.toml", "/etc/xdg/uv/uv.toml", "~/.config/uv/uv.toml"),
    *("~/AppData/Roaming/uv/uv.toml", "C:/ProgramData/uv/uv.toml"),
)


class NotInstalled(Exception):
    """No installer did it. The text is what they said."""


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
            return _made(folder, building)
        except OSError as error:
            raise NotInstalled(str(error)) from error
        finally:
            shutil.rmtree(building, ignore_errors=True)
            _tidy(home)
    raise NotInstalled("Neither RUNNER_TEMP nor RUNNER_TOOL_CACHE can be written to.")


def _made(folder: Path, building: Path) -> Path:
    print("Installing what asc-linker needs, from its lock.", flush=True)
    from concurrent.futures import ThreadPoolExecutor

    new, ours = building / "packages", building / "asc_linker"
    with ThreadPoolExecutor(max_workers=1) as beside:
        compiled = beside.submit(_compile_ours, ours, folder / ours.name)
        _install(new)
        compiled.result()
    ours.rename(new / ours.name)
    try:
        new.rename(folder)
    except OSError:
        if not folder.is_dir():  # another job may have been faster; anything else is a fault
            raise
    _compile_beside(folder)
    return folder


def _compile_beside(folder: Path) -> None:
    """Begin to compile packages in another process, while this one imports those before them."""
    with suppress(OSError):
        subprocess.Popen(  # noqa: S603 - gone in half a second, whatever becomes of this process
            [
                *(sys.executable, "-IS", "-m", "compileall", "-q", "-l"),
                *(str(folder / name) for name in COMPILED_BESIDE),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def _compile_ours(copy: Path, final: Path) -> None:
    """Copy the action's own code and compile it, to be found as `final` later."""
    import compileall

    shutil.copytree(ROOT / "asc_linker", copy, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(copy, ddir=str(final), quiet=2)


def _install(folder: Path) -> None:
    said = []
    for command in _installers(folder):
        done = subprocess.run(  # noqa: S603
            command,
            cwd=folder.parent,  # -c looks there first
            env={name: value for name, value in os.environ.items() if name not in NOT_OURS}
            | {"PIP_USER": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if not done.returncode:
            return
        said.append(done.stdout)
        shutil.rmtree(folder, ignore_errors=True)
    raise NotInstalled("\n".join(said))


def _installers(folder: Path) -> Iterator[list[str]]:
    """Commands that install into `folder`: the fastest first, and last the one that always can.

    An index lists every version for every system, ten thousand files for these few packages; the
    second lock has addresses. uv reads it, and pip what is made of it. An index that is named to
    pip is the only one asked; one that is named to uv is the first.
    """
    python = sys.executable
    wanted = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(folder))
    # Most of what there is to compile is never imported.
    pip = (
        *("install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-compile"),
        *("--root-user-action", "ignore", *wanted, "--requirement"),
    )
    if not _names_an_index("PIP_", PIP_FILES):
        if uv := shutil.which("uv"):
            fast = ("pip", "install", "--quiet", "--python", python, *wanted, "--requirement")
            if not _names_an_index("UV_", UV_FILES):
                yield [uv, *fast, str(PYLOCK)]
            yield [uv, *fast, str(LOCK)]
        lock, page = folder.with_name("lock.txt"), folder.with_name("wheels.html")
        _lock_of_this_python(lock, page)
        found = (str(lock), "--no-index", "--find-links", str(page))
        yield [python, "-Es", "-m", "pip", *pip, *found]
    yield [python, "-Es", "-m", "pip", *pip, str(LOCK)]


def _lock_of_this_python(lock: Path, page: Path) -> None:
    """Write the lock as pip reads it, and a page of its wheels, from which pip takes what fits.

    Wheels for other Pythons are left out: pip looks at each hash and at each link.
    """
    import tomllib

    fits = re.compile(rf"-(py3|py2\.py3|cp3{sys.version_info.minor})-|-abi3-")
    lines, links = [], []
    for package in tomllib.loads(PYLOCK.read_text(encoding="utf-8"))["packages"]:
        wheels = [wheel for wheel in package.get("wheels", ()) if fits.search(wheel["url"])]
        marker = f" ; {package['marker']}" if "marker" in package else ""
        hashes = "".join(f" --hash=sha256:{wheel['hashes']['sha256']}" for wheel in wheels)
        lines.append(f"{package['name']}=={package['version']}{marker}{hashes}\n")
        links += [f'<a href="{wheel["url"]}">wheel</a>\n' for wheel in wheels]
    lock.write_text("".join(lines), encoding="utf-8")
    page.write_text("".join(links), encoding="utf-8")


def _names_an_index(prefix: str, files: Sequence[str]) -> bool:
    """Whether an installer is told where to look, by the environment or by a file."""
    if any(name.startswith(prefix) and "INDEX" in name for name in os.environ):
        return True
    for name in (*files, os.environ.get(f"{prefix}CONFIG_FILE", "")):
        with suppress(OSError, ValueError, RuntimeError):
            if "index" in Path(name).expanduser().read_text(encoding="utf-8"):
                return True
    return False


def _fingerprint() -> str:
    """What the folder depends on: the lock, the code, and the kind of Python and system."""
    system = (sysconfig.get_platform(), sysconfig.get_config_var("EXT_SUFFIX"), platform.libc_ver())
    digest = hashlib.sha256(repr(system).encode())
    for file in (LOCK, *sorted((ROOT / "asc_linker").rglob("*.py"))):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


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
    inputs = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(OURS)}
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        sys.path[0] = str(packages())
        sys.dont_write_bytecode = False
        os.environ.update(inputs)
        # GitHub's own names.
        for name, value in inputs.items():
            os.environ["INPUT_" + name.removeprefix(OURS).replace("_", "-")] = value

        from asc_linker import haste

        haste.collect_seldom()
        from asc_linker.action import main as action

        # Which tells its own failures, and what signals found it doing.
        haste.end(action())
    except NotInstalled as error:
        from asc_linker.text import log_line

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
