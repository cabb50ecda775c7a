"""Which part of the targets a run does, and the plan it is held to."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inputs.jobs import faults, faults_of_targets, read, read_targets

from asc_linker.decision.request import Shard
from asc_linker.inputs.shard import part

GITLAB = {"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "5"}


def apps(count: int) -> str:
    return json.dumps([{"bundle-id": f"app{number}", "tag": "v1.0+7"} for number in range(count)])


def plan(count: int) -> list[str]:
    return [f"{number:016x}" for number in range(count)]


def names(targets: str, environment: dict[str, str] | None = None, **inputs: str) -> list[str]:
    return [
        request.bundle_id for request in read_targets(targets, environment, **inputs).job.requests
    ]


def test_without_a_shard_a_run_does_all() -> None:
    read = read_targets(apps(3))

    assert read.job.shard is None
    assert len(read.job.requests) == 3


def test_a_shard_is_a_part_by_position() -> None:
    parts = [names(apps(7), shard=f"{index}/3") for index in (1, 2, 3)]

    assert parts == [["app0", "app1"], ["app2", "app3"], ["app4", "app5", "app6"]]


def test_a_shard_says_how_many_targets_there_are_in_all() -> None:
    shard = read_targets(apps(7), shard="2/3").job.shard

    assert shard == Shard(2, 3, targets=7)
    assert str(shard) == "2/3"


def test_a_target_keeps_its_name_where_it_is_the_shards_only_one() -> None:
    assert read_targets(apps(2), shard="1/2").request.label == "app0"


def test_a_shard_without_a_target_has_no_request_and_needs_no_key() -> None:
    read = read_targets(apps(1), shard="1/2")

    assert (read.job.requests, read.keys) == ((), {})
    assert read.job.shard == Shard(1, 2, targets=1)


def test_platforms_are_multiplied_before_targets_are_parted() -> None:
    targets = "[{bundle-id: a, platform: 'ios, macos'}, {bundle-id: b, platform: ios}]"

    labels = [request.label for request in read_targets(targets, tag="v1+1").job.requests]
    first = read_targets(targets, tag="v1+1", shard="1/3").request

    assert labels == ["a (ios)", "a (macos)", "b (ios)"]
    assert first.label == "a (ios)"


@given(st.integers(0, 1000), st.integers(1, 300))
def test_parts_cover_each_target_once_and_differ_by_one_at_most(count: int, total: int) -> None:
    parts = [part(range(count), Shard(index, total, count)) for index in range(1, total + 1)]

    assert [thing for each in parts for thing in each] == [*range(count)]
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(
    "typed",
    ["6/5", "0/5", "2/0", "0/0", "2", "2/", "/5", "-1/5", "2/5/1", "2 / 5", "two/5", "２/5"],
)
def test_what_is_no_part_of_a_whole_is_a_fault(typed: str) -> None:
    (fault,) = faults_of_targets(apps(3), shard=typed)

    assert fault == f"`shard` is `{typed}`, but should be like `2/5`, the second of five."


def test_a_shard_needs_a_list() -> None:
    (fault,) = faults(shard="1/2", platform="ios, macos").faults

    assert fault == "`shard` is a part of the `targets`, which are not given."


# ------------------------------------------------------------------ other CIs' own variables


@pytest.mark.parametrize(
    ("environment", "origin"),
    [
        (GITLAB, "CI_NODE_INDEX"),
        ({"CIRCLE_NODE_INDEX": "1", "CIRCLE_NODE_TOTAL": "5"}, "CIRCLE_NODE_INDEX"),
        (
            {"BUILDKITE_PARALLEL_JOB": "1", "BUILDKITE_PARALLEL_JOB_COUNT": "5"},
            "BUILDKITE_PARALLEL_JOB",
        ),
        (
            {"SYSTEM_JOBPOSITIONINPHASE": "2", "SYSTEM_TOTALJOBSINPHASE": "5"},
            "SYSTEM_JOBPOSITIONINPHASE",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_cis_say_which_of_their_jobs_this_is(
    environment: dict[str, str], origin: str
) -> None:
    read = read_targets(apps(10), environment)

    assert read.job.shard == Shard(2, 5, targets=10, origin=origin)
    assert [request.bundle_id for request in read.job.requests] == ["app2", "app3"]


@pytest.mark.parametrize("index", ["1", "5"])
def test_the_first_and_the_last_job_of_a_ci_are_parts(index: str) -> None:
    shard = read_targets(apps(10), {**GITLAB, "CI_NODE_INDEX": index}).job.shard

    assert shard is not None
    assert str(shard) == f"{index}/5"


def test_an_input_comes_before_what_a_ci_says() -> None:
    assert names(apps(3), GITLAB, shard="1/1") == ["app0", "app1", "app2"]
    assert names(apps(3), GITLAB, shard="3/3") == ["app2"]


def test_on_github_no_other_ci_is_asked() -> None:
    assert read_targets(apps(3), {**GITLAB, "GITHUB_ACTIONS": "true"}).job.shard is None


def test_without_a_list_no_ci_is_asked() -> None:
    assert read(platform="ios, macos").job.shard is None


@pytest.mark.parametrize(
    "alone",
    [
        {"CI_NODE_TOTAL": "1"},
        {"CIRCLE_NODE_INDEX": "0", "CIRCLE_NODE_TOTAL": "1"},
        {"SYSTEM_JOBPOSITIONINPHASE": "1", "SYSTEM_TOTALJOBSINPHASE": "1"},
        {"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": ""},
    ],
)
def test_a_job_that_is_alone_does_all(alone: dict[str, str]) -> None:
    assert read_targets(apps(3), alone).job.shard is None


@pytest.mark.parametrize("index", ["", "0", "6", "two"])
def test_a_ci_that_makes_no_sense_is_a_fault_with_its_variables(index: str) -> None:
    (fault,) = faults_of_targets(apps(3), {**GITLAB, "CI_NODE_INDEX": index})

    assert fault.startswith(f"CI_NODE_INDEX is `{index}` and CI_NODE_TOTAL is `5`")
    assert "`1/1`" in fault


# ------------------------------------------------------------------------ expected-plan


def test_a_plan_has_a_fingerprint_for_each_target() -> None:
    typed = " 0123456789ABCDEF ,\n00000000ffffffff\n"

    assert read_targets(apps(2), expected_plan=typed).job.expected_plan == (
        "0123456789abcdef",
        "00000000ffffffff",
    )
    assert read(expected_plan="0123456789abcdef").job.expected_plan == ("0123456789abcdef",)
    assert read().job.expected_plan == ()


def test_a_shard_takes_its_slice_of_the_whole_plan() -> None:
    job = read_targets(apps(7), shard="2/3", expected_plan=",".join(plan(7))).job

    assert job.expected_plan == tuple(plan(7)[2:4])


def test_a_shard_may_be_given_its_own_slice() -> None:
    job = read_targets(apps(7), shard="2/3", expected_plan=",".join(plan(2))).job

    assert job.expected_plan == tuple(plan(2))


def test_a_shard_without_a_target_takes_the_whole_plan() -> None:
    assert read_targets(apps(1), shard="1/2", expected_plan=plan(1)[0]).job.expected_plan == ()


@pytest.mark.parametrize(
    ("places", "inputs", "counts"),
    [
        (1, {}, "has 1 place, but there are 7 targets."),
        (8, {}, "has 8 places, but there are 7 targets."),
        (3, {"shard": "2/3"}, "has 3 places, but there are 7 targets, 2 of them in shard 2/3."),
    ],
)
def test_a_plan_of_another_length_is_a_fault(
    places: int, inputs: dict[str, str], counts: str
) -> None:
    (fault,) = faults_of_targets(apps(7), expected_plan=",".join(plan(places)), **inputs)

    assert fault == f"`expected-plan` {counts}"


@pytest.mark.parametrize(
    "typed",
    ["0123456789abcde", "0123456789abcdefa", "0123456789abcdeg", "attached", ",", "７" * 16],
)
def test_what_is_no_fingerprint_is_one_fault(typed: str) -> None:
    (fault,) = faults(expected_plan=typed).faults

    assert fault.startswith("`expected-plan` should be 16 hex digits for each target, but at ")


def test_a_plan_is_not_counted_against_targets_that_are_none() -> None:
    (fault,) = faults_of_targets("[word, {bundle-id: a, tag: v1+1}]", expected_plan=plan(2)[0])

    assert "A target is a mapping" in fault
