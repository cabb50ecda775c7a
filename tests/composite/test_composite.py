"""The composite action, run as the runner runs it, on a machine of its own making."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from composite.conftest import HOSTILE, Runner, files_below, load
from runner_environment import ROOT, run_step

from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.inputs.table import INPUTS, variable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a shell and signals")
Inputs = Callable[[Emulator], dict[str, str]]


# ------------------------------------------------------------------- the two actions


def test_both_actions_have_the_same_inputs_and_outputs() -> None:
    container, composite = load(ROOT / "action.yml"), load(ROOT / "macos" / "action.yml")

    assert list(composite["inputs"].items()) == list(container["inputs"].items())
    assert {
        name: {"description": given["description"]} for name, given in composite["outputs"].items()
    } == container["outputs"]


def test_every_input_and_every_output_is_handed_through() -> None:
    document = load(ROOT / "macos" / "action.yml")
    (step,) = document["runs"]["steps"]

    assert step["env"] == {
        variable(entry.name): f"${{{{ inputs.{entry.name} }}}}" for entry in INPUTS
    }
    assert "${{" not in step["run"]
    for name, given in document["outputs"].items():
        assert given["value"] == f"${{{{ steps.{step['id']}.outputs.{name} }}}}"


# --------------------------------------------------------------------------- running


def test_it_sets_the_outputs_the_container_sets(
    runner: Runner, inputs: Inputs, key: ThrowawayKey, emulator: Emulator, tmp_path: Path
) -> None:
    world = World.from_json(emulator.world.to_json())
    composite = runner.step(inputs(emulator))
    with Emulator(world, keys=[key]) as another:
        container = run_step(tmp_path, inputs(another))

    assert composite.exit_code == container.exit_code == 0
    assert composite.outputs["outcome"] == "attached"
    assert composite.outputs == container.outputs
    assert composite.summary == container.summary
    assert composite.annotations("notice") == container.annotations("notice")


def test_a_failure_ends_the_step_with_the_same_code(runner: Runner) -> None:
    step = runner.step({"bundle-id": "com.example.notes"})

    assert step.exit_code == 2
    assert step.outputs["outcome"] == "failed"
    assert "`api-private-key`" in step.error.data


def test_the_key_is_masked_before_anything_else_is_said(
    runner: Runner, inputs: Inputs, emulator: Emulator, key: ThrowawayKey
) -> None:
    step = runner.step(inputs(emulator))

    assert step.stdout.startswith("::add-mask::")
    assert set(key.private_key.split("\n")[1:-2]) <= set(step.masks)
    assert not [line for line in key.private_key.splitlines() if line in step.everything()]


def test_a_value_is_never_taken_for_a_command_of_the_shell(runner: Runner) -> None:
    hostile = "$(touch made) `touch made`; touch made \" ' * \\"

    step = runner.step({"demo": "true", "dry-run": hostile})

    assert step.exit_code == 2
    assert "made" not in files_below(runner.workspace)


def test_it_leaves_nothing_to_later_steps(runner: Runner) -> None:
    before = files_below(runner.action)

    assert runner.step({"demo": "true"}).exit_code == 0
    assert files_below(runner.workspace) == set(HOSTILE)
    assert files_below(runner.action) == before
    assert files_below(runner.temp) == set()
    for name in ("ENV", "PATH", "STATE"):
        assert runner.files[name].read_text(encoding="utf-8") == ""


def test_where_the_packages_cannot_be_kept_it_says_why(
    new_runner: Runner, action: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(action, changed)
    (changed / "asc_linker" / "gone.txt").symlink_to(tmp_path / "nowhere")
    new_runner.action = changed

    step = new_runner.step({"demo": "true"})

    assert step.exit_code == 1
    assert "gone.txt" in step.log
    assert step.error.properties["title"] == "asc-linker: Not installed"
    assert "Traceback" not in step.stdout + step.stderr
    assert new_runner.kept == []


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_a_cancelled_job_reaches_python(
    runner: Runner, inputs: Inputs, emulator: Emulator, number: signal.Signals, exit_code: int
) -> None:
    asked, ended = threading.Event(), threading.Event()

    def stall(_request: object) -> None:
        asked.set()
        ended.wait(timeout=30)

    emulator.on("GET /v1/apps", answer=stall)
    process = runner.start(inputs(emulator))
    assert asked.wait(timeout=20)
    process.send_signal(number)
    step = runner.ended(process)
    ended.set()

    assert step.exit_code == exit_code
    assert step.outputs["outcome"] == "failed"
    assert "Nothing was written" in step.error.data


# ------------------------------------------------------------------------ installing


def without_an_index(runner: Runner) -> None:
    """What pip has no way to get from now on."""
    runner.environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_NO_CACHE_DIR": "1"}


def test_a_second_run_installs_nothing(runner: Runner) -> None:
    without_an_index(runner)

    step = runner.step({"demo": "true"})

    assert step.exit_code == 0
    assert "Installing" not in step.log
    assert len(runner.kept) == 1


def test_on_a_hosted_runner_nothing_stays_beyond_the_job(runner: Runner, tool_cache: Path) -> None:
    runner.environment["RUNNER_ENVIRONMENT"] = "github-hosted"
    (installed,) = runner.kept
    shutil.copytree(installed, runner.temp / "asc-linker" / installed.name)
    runner.tool_cache = runner.folder / "untouched"
    without_an_index(runner)

    assert runner.step({"demo": "true"}).exit_code == 0
    assert runner.kept == []


def test_another_lock_is_installed_anew(runner: Runner, action: Path, tmp_path: Path) -> None:
    changed = tmp_path / "another-release"
    shutil.copytree(action, changed)
    with (changed / "requirements" / "action.txt").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    runner.action = changed
    without_an_index(runner)

    step = runner.step({"demo": "true"})

    assert step.exit_code == 1
    assert "Installing" in step.log


def test_when_pip_fails_its_words_are_shown_and_nothing_stays(new_runner: Runner) -> None:
    without_an_index(new_runner)

    step = new_runner.step({"demo": "true"})

    assert step.exit_code == 1
    assert "No matching distribution" in step.log
    assert "actions/setup-python" in step.error.data
    assert step.error.properties["title"] == "asc-linker: Not installed"
    assert "outcome=failed" in step.output_file
    assert new_runner.kept == []


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_an_installation_that_is_cut_short_leaves_nothing_half_done(
    new_runner: Runner, number: signal.Signals, exit_code: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        without_an_index(new_runner)
        new_runner.environment |= {
            "PIP_NO_INDEX": "0",
            "PIP_INDEX_URL": f"http://127.0.0.1:{silent.getsockname()[1]}/simple",
            "no_proxy": "127.0.0.1",
        }
        process = new_runner.start({"demo": "true"})
        silent.settimeout(20)
        pip, _ = silent.accept()
        assert new_runner.kept != []
        process.send_signal(number)
        step = new_runner.ended(process)
        with pip:
            pip.settimeout(5)
            while pip.recv(4096):  # pip has ended too once its side is closed
                pass

    assert step.exit_code == exit_code
    assert "Nothing was written" in step.error.data
    assert "outcome=failed" in step.output_file
    assert new_runner.kept == []


@pytest.fixture
def uv(new_runner: Runner, tool_cache: Path, tmp_path: Path) -> Path:
    """A uv first on the PATH that copies what was installed before; where it notes its calls."""
    (installed,) = (tool_cache / "asc-linker").iterdir()
    folder = tmp_path / "uv"
    folder.mkdir()
    (folder / "calls").touch()
    (folder / "uv").write_text(
        f"""#!/bin/sh
echo "$@" >>"{folder}/calls"
while [ "$1" != --target ]; do shift; done
cp -R "{installed}" "$2"
rm -r "$2/asc_linker"
[ ! -e "{folder}/fails" ]
""",
        encoding="utf-8",
    )
    (folder / "uv").chmod(0o755)
    new_runner.environment["PATH"] = os.pathsep.join(
        [str(folder), str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    return folder


@pytest.mark.parametrize("told_by", ["", "variable", "file"])
def test_uv_installs_where_it_is_on_the_path(
    new_runner: Runner, uv: Path, tmp_path: Path, told_by: str
) -> None:
    settings = tmp_path / "home" / ".config" / "uv" / "uv.toml"
    settings.parent.mkdir(parents=True)
    new_runner.environment["HOME"] = str(tmp_path / "home")
    if told_by == "variable":
        new_runner.environment["UV_DEFAULT_INDEX"] = "https://packages.example.com/simple"
    elif told_by == "file":
        settings.write_text('[[index]]\nurl = "https://packages.example.com/simple"\n')

    step = new_runner.step({"demo": "true"})

    assert step.exit_code == 0
    call = (uv / "calls").read_text(encoding="utf-8")
    assert "--require-hashes --no-deps --only-binary :all:" in call
    # The second has addresses, and would pass by an index that somebody has named.
    lock = "action.txt" if told_by else "pylock.action.toml"
    assert call.endswith(f"requirements/{lock}\n")


def test_where_uv_fails_pip_installs(new_runner: Runner, uv: Path) -> None:
    (uv / "fails").touch()

    step = new_runner.step({"demo": "true"})

    calls = (uv / "calls").read_text(encoding="utf-8").splitlines()
    assert [call.rpartition("/")[2] for call in calls] == ["pylock.action.toml", "action.txt"]
    assert step.exit_code == 0


def test_pip_is_told_where_the_packages_are_and_asks_no_index(
    new_runner: Runner, tmp_path: Path
) -> None:
    log = tmp_path / "pip.log"
    new_runner.environment["PIP_LOG"] = str(log)
    new_runner.withheld |= {"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE"}

    step = new_runner.step({"demo": "true"})

    assert step.exit_code == 0, step.log
    said = log.read_text(encoding="utf-8")
    assert "wheels.html" in said
    assert "/simple/" not in said


@pytest.mark.parametrize("told_by", ["variable", "file", "named file"])
def test_an_index_that_pip_is_told_of_is_the_only_one_asked(
    new_runner: Runner, uv: Path, tmp_path: Path, told_by: str
) -> None:
    home = Path(new_runner.environment.setdefault("HOME", str(tmp_path / "home")))
    settings = "[global]\nno-index = true\nno-cache-dir = true\nfind-links =\n"
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_NO_INDEX"):
        new_runner.withheld.add(name)
    match told_by:
        case "variable":
            without_an_index(new_runner)
            new_runner.withheld.clear()
        case "file":
            (home / ".config" / "pip").mkdir(parents=True)
            (home / ".config" / "pip" / "pip.conf").write_text(settings, encoding="utf-8")
        case _:
            (tmp_path / "pip.conf").write_text(settings, encoding="utf-8")
            new_runner.environment["PIP_CONFIG_FILE"] = str(tmp_path / "pip.conf")

    step = new_runner.step({"demo": "true"})

    assert step.exit_code == 1
    assert "No matching distribution" in step.log
    assert (uv / "calls").read_text(encoding="utf-8") == ""


def test_what_is_compiled_is_compiled_once_and_what_nothing_imports_is_not(runner: Runner) -> None:
    (installed,) = runner.kept
    assert runner.step({"demo": "true"}).exit_code == 0
    # Nothing imports this module: it was compiled by the process beside the first step.
    until = time.monotonic() + 20
    while not list(installed.glob("charset_normalizer/__pycache__/__main__.*.pyc")):
        assert time.monotonic() < until
        time.sleep(0.1)
    compiled = {path: path.stat().st_mtime_ns for path in installed.rglob("*.pyc")}

    assert runner.step({"demo": "true"}).exit_code == 0

    names = {path.name.partition(".")[0] for path in compiled}
    assert {"decide", "sessions", "api_jwt"} <= names
    assert "pkcs12" not in names, "nothing imports it"
    assert {path: path.stat().st_mtime_ns for path in installed.rglob("*.pyc")} == compiled


def test_two_jobs_at_once_end_up_with_one_installation(
    new_runner: Runner, tool_cache: Path, tmp_path: Path
) -> None:
    other = Runner(tmp_path / "other", new_runner.tool_cache, new_runner.action)
    forgotten, recent = (new_runner.tool_cache / "asc-linker" / name for name in ("old", "new"))
    for folder in (forgotten, recent):
        folder.mkdir(parents=True)
    month_ago = time.time() - 31 * 24 * 60 * 60
    os.utime(forgotten, (month_ago, month_ago))

    processes = [each.start({"demo": "true"}) for each in (new_runner, other)]
    steps = [
        each.ended(process) for each, process in zip((new_runner, other), processes, strict=True)
    ]

    assert [step.exit_code for step in steps] == [0, 0]
    (installed,) = set(new_runner.kept) - {recent}
    assert (installed / "cryptography").is_dir()


# --------------------------------------------------------------------------- no Python


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for PATH that holds no Python at all."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "dirname"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder


def elsewhere(runner: Runner, tools: Path, tmp_path: Path) -> None:
    """Let `runner` know no Python but those in `tools` and its tool cache."""
    copied = tmp_path / "copied-action"
    shutil.copytree(runner.action, copied)
    script = copied / "macos" / "run.sh"
    text = script.read_text(encoding="utf-8")
    for prefix in ("/opt/homebrew/", "/usr/local/", "/Library/"):
        text = text.replace(f" {prefix}", f" {tmp_path}/nowhere/")
    script.write_text(text, encoding="utf-8")
    runner.action = copied
    runner.environment["PATH"] = str(tools)


@pytest.mark.parametrize("old", [None, "python3", "python"], ids=["none", "old-3", "old"])
def test_without_a_python_that_is_new_enough_it_says_how_to_get_one(
    new_runner: Runner, tools: Path, tmp_path: Path, old: str | None
) -> None:
    elsewhere(new_runner, tools, tmp_path)
    if old:
        (tools / old).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (tools / old).chmod(0o755)

    step = new_runner.step({"demo": "true"})

    assert step.exit_code == 1
    assert step.stderr == ""
    assert step.error.properties["title"] == "asc-linker: No Python"
    assert "3.11 or newer" in step.error.data
    assert "actions/setup-python" in step.error.data
    assert step.output_file == "outcome=failed\nchanged=false\n"


def test_a_python_of_the_tool_cache_will_do(runner: Runner, tools: Path, tmp_path: Path) -> None:
    elsewhere(runner, tools, tmp_path)
    (installed,) = runner.kept
    runner.tool_cache = tmp_path / "tool-cache"
    shutil.copytree(installed, runner.tool_cache / "asc-linker" / installed.name)
    binaries = runner.tool_cache / "Python" / "3.12.11" / "x64" / "bin"
    binaries.mkdir(parents=True)
    real = subprocess.run(
        [sys.executable, "-c", "import sys; print(sys._base_executable)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (binaries / "python3").write_text(f'#!/bin/sh\nexec "{real}" "$@"\n', encoding="utf-8")
    (binaries / "python3").chmod(0o755)
    without_an_index(runner)

    assert runner.step({"demo": "true"}).exit_code == 0
