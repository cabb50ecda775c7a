"""The reusable workflow, played: which jobs run, with what, and what its caller is told."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from runner_environment import ROOT
from workflow_player import Done, Played, Player, Use, load

from asc_linker.inputs.table import INPUTS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")

PATH = ROOT / ".github" / "workflows" / "attach.yml"
WORKFLOW = load(PATH)
CALL = WORKFLOW["on"]["workflow_call"]
TARGETS = "- bundle-id: com.example.a\n- bundle-id: com.example.b\n"
PLAN = "0123456789abcdef,fedcba9876543210"


class Product:
    """Stands where the action does: keeps what it was given, and answers as it is told to."""

    def __init__(self) -> None:
        self.uses: list[Use] = []
        self.fails: set[str] = set()
        """`check`, `summary`, or a shard, as `2/3`."""
        self.targets = 2
        self.writes_report = True

    def __call__(self, use: Use) -> Done:
        self.uses.append(use)
        if use.action == "$/summary":
            return self._joined(use)
        assert use.action == "$/macos"
        check = use.given.get("dry-run") == "true"
        failed = ("check" if check else use.given["shard"]) in self.fails
        outcome = "failed" if failed else "would-attach" if check else "attached"
        reports = [{"outcome": outcome, "shard": use.given.get("shard", "")}] * self.targets
        if self.writes_report:
            Path(use.given["report-file"]).write_text(json.dumps(reports), encoding="utf-8")
        changed = str(not (check or failed)).lower()
        outputs = {"outcome": outcome, "changed": changed, "report": json.dumps(reports)}
        return Done(outputs | ({} if failed else {"plan": PLAN}), succeeded=not failed)

    def _joined(self, use: Use) -> Done:
        files = sorted(Path(use.given["reports"]).glob("*.json"))
        reports = [each for file in files for each in json.loads(file.read_text())]
        if not reports or "summary" in self.fails:
            return Done(succeeded=False)
        failed = any(each["outcome"] == "failed" for each in reports)
        outcome = "failed" if failed else reports[0]["outcome"]
        outputs = {"outcome": outcome, "changed": "true", "report": json.dumps(reports)}
        return Done(outputs, succeeded=not failed)

    def given(self, job: str) -> list[dict[str, str]]:
        """What the steps of a job were given."""
        return [use.given for use in self.uses if use.job == job]


@pytest.fixture
def product() -> Product:
    return Product()


Call = Callable[..., Played]


@pytest.fixture
def call(product: Product, tmp_path: Path) -> Call:
    def with_inputs(
        inputs: Mapping[str, Any], denied: frozenset[str] = frozenset(), files: Any = ()
    ) -> Played:
        repository = tmp_path / "repository"
        for name, text in dict(files).items():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            (repository / name).write_text(text, encoding="utf-8")
        player = Player(tmp_path / "run", product, repository, denied=denied)
        secrets = {"api-key-id": "2X9R4HXF34", "api-private-key": "the key"}
        return player.call(PATH, {name.replace("_", "-"): v for name, v in inputs.items()}, secrets)

    return with_inputs


# ------------------------------------------------------------------------- contract


def test_the_workflow_takes_and_gives_what_is_promised() -> None:
    assert {*CALL["inputs"]} == {
        *("targets", "bundle-id", "app-id", "platform", "version-string", "build-number", "tag"),
        *("version-id", "build-id", "if-attached", "if-version-missing", "if-version-locked"),
        *("wait-minutes", "shards", "environment", "dry-run", "demo"),
    }
    assert {*CALL["secrets"]} == {"api-key-id", "issuer-id", "api-private-key"}
    assert {*CALL["outputs"]} == {"outcome", "changed", "plan", "report"}


def test_no_secret_and_no_input_is_required() -> None:
    given = [*CALL["secrets"].values(), *CALL["inputs"].values()]

    assert not [each for each in given if each.get("required")]
    assert all(each["description"] for each in [*given, *CALL["outputs"].values()])


def test_its_defaults_are_those_of_the_action() -> None:
    action = {entry.name: entry.default for entry in INPUTS}
    ours = {
        name: str(each["default"]).lower()
        for name, each in CALL["inputs"].items()
        if "default" in each and name != "shards"
    }

    assert ours == {name: action[name] for name in ours}
    assert {*ours} == {
        name for name, default in action.items() if default and name in CALL["inputs"]
    }


def test_it_asks_for_no_more_than_to_read_the_callers_files() -> None:
    granted = [job["permissions"] for job in WORKFLOW["jobs"].values()]

    assert all(each in ({}, {"contents": "read"}) for each in granted)


def test_it_uses_the_action_at_its_own_commit() -> None:
    ours = re.findall(r"uses: (.*(?:macos|summary|asc-linker).*)", PATH.read_text(encoding="utf-8"))

    assert ours == ["$/macos", "$/macos", "$/summary"]


def test_what_it_uses_is_in_the_archive_that_a_runner_downloads() -> None:
    lines = (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
    left_out = [line.split()[0] for line in lines if line.endswith("export-ignore")]

    assert "/tests" in left_out
    for needed in ("/summary", "/macos", "/asc_linker", "/requirements/runtime.txt"):
        assert (ROOT / needed[1:]).exists()
        assert not [path for path in left_out if needed.startswith(path)]


def test_one_shard_that_fails_does_not_cancel_the_others() -> None:
    assert WORKFLOW["jobs"]["attach"]["strategy"]["fail-fast"] is False


def test_no_job_that_waits_for_apple_is_ended_before_the_action_ends_by_itself() -> None:
    for job in ("check", "attach"):
        assert "timeout-minutes" not in WORKFLOW["jobs"][job]


def test_every_input_that_names_what_is_meant_reaches_the_check_and_the_attachment() -> None:
    used = [
        step["with"]
        for job in ("check", "attach")
        for step in WORKFLOW["jobs"][job]["steps"]
        if step.get("uses") == "$/macos"
    ]
    own = {"shards", "environment", "dry-run"}

    for given in used:
        for name in {*CALL["inputs"]} - own:
            assert given[name] == f"${{{{ inputs.{name} }}}}"
        for name in CALL["secrets"]:
            assert given[name] == f"${{{{ secrets.{name} }}}}"


# ---------------------------------------------------------------------------- jobs


def test_a_build_is_checked_and_then_attached_without_asking_anybody(
    call: Call, product: Product
) -> None:
    played = call({"bundle_id": "com.example.notes", "build_number": "231"})

    assert played.results == {
        "check": "success",
        "approve": "skipped",
        "attach": "success",
        "summary": "success",
    }
    assert played.approvals == []
    assert (played.outputs["outcome"], played.outputs["changed"]) == ("attached", "true")
    assert played.outputs["plan"] == PLAN
    assert [each["outcome"] for each in json.loads(played.outputs["report"])] == ["attached"] * 2
    (check,), (attach,) = product.given("check"), product.given("attach")
    assert (check["dry-run"], check["build-number"]) == ("true", "231")
    assert "dry-run" not in attach
    assert attach["expected-plan"] == PLAN
    assert attach["shard"] == "", "without a list there is nothing to share out"


def test_the_environment_is_asked_once_between_the_check_and_all_shards(
    call: Call, product: Product
) -> None:
    played = call({"targets": TARGETS, "environment": "app-store", "shards": 3})

    assert played.approvals == ["app-store"]
    assert [use.job for use in product.uses] == ["check", *["attach"] * 3, "summary"]
    assert [each["shard"] for each in product.given("attach")] == ["1/3", "2/3", "3/3"]
    assert {each["expected-plan"] for each in product.given("attach")} == {PLAN}
    assert len(json.loads(played.outputs["report"])) == 6


def test_where_the_reviewers_say_no_nothing_is_attached(call: Call, product: Product) -> None:
    played = call({"targets": TARGETS, "environment": "app-store"}, frozenset({"app-store"}))

    assert played.results == {
        "check": "success",
        "approve": "failure",
        "attach": "skipped",
        "summary": "skipped",
    }
    assert [use.job for use in product.uses] == ["check"]
    assert (played.outputs["outcome"], played.outputs["changed"]) == ("would-attach", "false")


def test_a_check_that_fails_asks_nobody_and_attaches_nothing(call: Call, product: Product) -> None:
    product.fails.add("check")

    played = call({"targets": TARGETS, "environment": "app-store"})

    assert played.results["check"] == "failure"
    assert {*played.results.values()} == {"failure", "skipped"}
    assert played.approvals == []
    assert (played.outputs["outcome"], played.outputs["changed"]) == ("failed", "false")
    assert json.loads(played.outputs["report"])[0]["outcome"] == "failed"


def test_a_dry_run_asks_nobody_and_gives_the_plan(call: Call, product: Product) -> None:
    played = call({"targets": TARGETS, "environment": "app-store", "dry_run": True})

    assert [use.job for use in product.uses] == ["check"]
    assert played.approvals == []
    assert played.outputs["outcome"] == "would-attach"
    assert played.outputs["plan"] == PLAN


def test_a_shard_that_fails_leaves_the_others_alone_and_is_in_the_summary(
    call: Call, product: Product
) -> None:
    product.fails.add("2/3")

    played = call({"targets": TARGETS, "shards": 3})

    assert len(product.given("attach")) == 3
    assert played.results["attach"] == "failure"
    assert played.results["summary"] == "failure"
    assert played.outputs["outcome"] == "failed"
    reports = json.loads(played.outputs["report"])
    assert [each["outcome"] for each in reports if each["shard"] == "2/3"] == ["failed"] * 2
    assert len(reports) == 6


def test_when_no_report_came_back_the_caller_is_told_that_it_is_not_known(
    call: Call, product: Product
) -> None:
    product.writes_report = False

    played = call({"targets": TARGETS})

    assert played.results["summary"] == "failure"
    assert (played.outputs["outcome"], played.outputs["changed"]) == ("failed", "unknown")


@pytest.mark.parametrize(("targets", "told"), [(500, True), (501, False)])
@pytest.mark.parametrize("dry_run", [True, False])
def test_above_500_targets_the_report_is_left_to_the_artifacts(
    call: Call, product: Product, targets: int, told: bool, dry_run: bool
) -> None:
    product.targets = targets

    played = call({"targets": TARGETS, "dry_run": dry_run})

    assert bool(played.outputs["report"]) is told
    assert played.outputs["outcome"] == ("would-attach" if dry_run else "attached")


def test_a_file_with_targets_comes_from_the_callers_repository(
    call: Call, product: Product
) -> None:
    files = {"release/targets.yml": TARGETS, "Sources/App.swift": "import SwiftUI\n"}

    call({"targets": "release/targets.yml"}, files=files)

    (check,) = (use for use in product.uses if use.job == "check")
    assert (check.workspace / "release" / "targets.yml").read_text(encoding="utf-8") == TARGETS
    assert not (check.workspace / "Sources").exists()


def test_a_list_in_the_workflow_needs_no_checkout(call: Call, product: Product) -> None:
    call({"targets": TARGETS}, files={"release/targets.yml": TARGETS})

    assert not [use for use in product.uses if any(use.workspace.iterdir())]


def test_called_twice_in_one_run_the_reports_do_not_mix(product: Product, tmp_path: Path) -> None:
    player = Player(tmp_path, product)

    for bundle_id in ("com.example.a", "com.example.b"):
        played = player.call(PATH, {"bundle-id": bundle_id})
        assert played.results["summary"] == "success"
        assert len(json.loads(played.outputs["report"])) == 2


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"targets": TARGETS, "shards": 0}, "from 1 to 20"),
        ({"targets": TARGETS, "shards": 21}, "from 1 to 20"),
        ({"targets": TARGETS, "shards": 1.5}, "from 1 to 20"),
        ({"bundle-id": "com.example.notes", "shards": 2}, "there are none"),
    ],
)
def test_shards_that_make_no_sense_end_the_run_before_apple_is_asked(
    call: Call, product: Product, inputs: dict[str, Any], said: str
) -> None:
    played = call(inputs)

    assert product.uses == []
    assert played.results["check"] == "failure"
    assert said in played.logs["check"]
    assert played.outputs["outcome"] == "failed"


@pytest.mark.parametrize("shards", [1, 2, 20])
def test_there_is_one_job_for_each_shard(call: Call, product: Product, shards: int) -> None:
    played = call({"targets": TARGETS, "shards": shards})

    assert [leg["shard"] for leg in played.legs["attach"]] == list(range(1, shards + 1))
    assert [each["shard"] for each in product.given("attach")] == [
        f"{each}/{shards}" for each in range(1, shards + 1)
    ]
