"""The job summary, as Markdown and as a renderer draws it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from markdown_it import MarkdownIt
from reporting.samples import (
    EXPIRED,
    NOW,
    PASSED,
    UNANSWERED,
    VERSION,
    ended,
    many,
    nothing_known,
    of_app,
    refused,
)

from asc_linker.apple.model import AppVersionState
from asc_linker.decision.report import (
    AttachReport,
    Outcome,
    VersionChange,
    Warning,
)
from asc_linker.decision.request import AttachRequest, Shard
from asc_linker.errors import CredentialsError, InputError
from asc_linker.reporting.summary import summary

PAGE = "https://appstoreconnect.apple.com/apps/6446000001/distribution/macos/version/inflight"


def shown(*reports: AttachReport, shard: Shard | None = None) -> str:
    return summary(reports, NOW, shard)


def rendered(*reports: AttachReport) -> str:
    return str(MarkdownIt("commonmark").enable("table").render(shown(*reports)))


def failed(**changes: Any) -> AttachReport:
    return ended(Outcome.FAILED, **changes)


def test_the_sentence_comes_first() -> None:
    assert shown(ended(Outcome.ATTACHED)).startswith(
        "### ✅ Build 231 is now attached to version 1.4.2 (macOS) of Example Notes, in place of"
    )


def test_there_is_one_row_with_everything() -> None:
    text = shown(ended(Outcome.ATTACHED))

    assert "| App | Platform | Version | State | Build | Outcome |" in text
    assert f"| Example Notes | macOS | [1\\.4.2]({PAGE}) | `PREPARE_FOR_SUBMISSION` |" in text
    assert "| 230 → 231 | attached |" in text


def test_a_version_that_was_made_is_marked_so() -> None:
    made = ended(Outcome.ATTACHED, version_change=VersionChange.CREATED)
    would = ended(Outcome.WOULD_ATTACH, version_change=VersionChange.RENAMED)

    assert f"[1\\.4.2]({PAGE}), created |" in shown(made)
    assert f"[1\\.4.2]({PAGE}), to be renamed |" in shown(would)


def test_a_version_that_was_only_to_be_made_is_not_told_as_made() -> None:
    held_back = ended(Outcome.NOT_WRITTEN, version_change=VersionChange.CREATED)

    assert "created" not in shown(held_back)


def test_what_passed_is_folded_and_what_did_not_is_not() -> None:
    above, _, folded = shown(failed(checks=(PASSED, UNANSWERED, EXPIRED))).partition("<details>")

    assert above.index("❌ | Not expired") < above.index("❔ | Export compliance")
    assert "| ✅ | App |" in folded
    assert "1 check passed" in folded
    assert folded.count("</details>") == 1
    assert "✅" not in above


def test_without_checks_nothing_is_folded() -> None:
    assert "<details>" not in shown(failed(checks=(EXPIRED,)))


def test_the_next_step_is_a_link() -> None:
    assert f"[Submit for review on App Store Connect]({PAGE})" in shown(ended(Outcome.ATTACHED))


@pytest.mark.parametrize(
    "report",
    [
        ended(Outcome.WOULD_ATTACH),
        failed(),
        ended(
            Outcome.ALREADY_ATTACHED,
            version=VERSION._replace(app_version_state=AppVersionState.IN_REVIEW),
        ),
    ],
    ids=["dry run", "failed", "in review"],
)
def test_what_cannot_be_submitted_now_has_only_its_page(report: AttachReport) -> None:
    assert "Submit for review" not in shown(report)
    assert f"[The version on App Store Connect]({PAGE})" in shown(report)


def test_a_failure_is_explained_in_full() -> None:
    text = shown(failed())

    assert text.startswith("### ❌ The build cannot be attached\n\nBuild 231 has expired.\n")
    assert "\n> [!TIP]\n> Upload a new build.\n" in text
    assert "> Refused: The specified pre-release build could not be added." in text
    assert "(`ENTITY_ERROR.RELATIONSHIP.INVALID` at `/data/relationships/build`)" in text
    assert "`ABC-123`" in text
    assert "[More about `build-expired`](https://asc-linker.github.io/" in text
    assert "Wanted: attach build `231`; version `1.4.2`; platform `macos`; app `com.ex" in text


def test_what_was_wanted_is_told_with_where_it_came_from() -> None:
    request = AttachRequest(
        version_string="1.4.2", latest=True, sources={"version-string": "the tag `v1.4.2`"}
    )

    text = shown(nothing_known(request=request, error=refused()))

    assert "Wanted: attach build `latest`; version `1.4.2`, from the tag `v1.4.2`." in text


def test_apples_words_stand_in_a_quotation() -> None:
    (quoted,) = re.findall(
        r"<blockquote>\s*<p>(Refused.*?)</blockquote>", rendered(failed()), re.DOTALL
    )

    assert "could not be added" in quoted


def test_inputs_are_code_and_no_literal_backticks_are_left() -> None:
    error = InputError("`build-number` is `two`, but should be numbers like `231`.")

    drawn = rendered(nothing_known(error=error))

    assert "<code>build-number</code> is <code>two</code>, but should be numbers like" in drawn
    assert "`" not in drawn


def test_many_faults_are_a_list() -> None:
    text = shown(nothing_known(error=InputError("`a` is missing.", "`b` is wrong.")))

    assert "\n- `a` is missing.\n- `b` is wrong.\n" in text


def test_a_failure_before_anything_was_found_has_no_table() -> None:
    assert "|" not in shown(nothing_known(error=InputError("`a` is missing.")))


def test_what_was_written_before_a_failure_and_what_is_unknown_is_told() -> None:
    text = shown(
        failed(changed=True, writes=("create-version", "attach"), unknown_writes=("detach",))
    )

    assert "**Written before it failed: `create-version`, `attach`.**" in text
    assert "**Whether the build was detached is not known.**" in text


def test_what_will_bite_next_is_a_box_and_makes_one_look() -> None:
    text = shown(ended(Outcome.ATTACHED, checks=(UNANSWERED,)))

    assert text.startswith("### ⚠️ Build 231 is now attached")
    assert "> [!WARNING]\n> **Export compliance is unanswered.** App Store Connect will" in text


def test_a_skip_makes_one_look() -> None:
    skipped = nothing_known(Outcome.SKIPPED, reason="The tag v1-rc.1 is a pre-release.")

    assert shown(skipped).startswith("### ⚠️ The tag v1-rc.1 is a pre-release.")


def test_a_shard_without_targets_says_so() -> None:
    text = shown(shard=Shard(5, 5, 4))

    assert text.startswith("### ⚠️ There is nothing to do")
    assert "Shard 5/5: 0 of 4 targets." in text


# --------------------------------------------------------------------- many targets


def test_of_several_targets_there_is_one_table_refused_ones_first() -> None:
    reports = [of_app(0), of_app(1, Outcome.NOT_WRITTEN), of_app(2, Outcome.FAILED)]

    text = shown(*reports)

    assert text.startswith("### ❌ 3 targets: 1 attached, 1 not-written, 1 failed.")
    rows = [line for line in text.splitlines() if line.startswith("| App ")][1:]
    assert [row.split(" | ")[0] for row in rows] == ["| App 2", "| App 1", "| App 0"]
    assert [row.split(" | ")[-1] for row in rows] == [
        "❌ failed |",
        "⚠️ not-written |",
        "✅ attached |",
    ]


def test_a_skip_among_several_says_why() -> None:
    skipped = of_app(1, Outcome.SKIPPED, reason="Version 1.4.2 is `IN_REVIEW`.")

    assert "| ⚠️ skipped: Version 1.4.2 is `IN_REVIEW`. |" in shown(of_app(0), skipped)


def test_each_cause_is_explained_once_with_its_targets() -> None:
    error = CredentialsError("Apple does not accept the key.", hint="Check it.")
    reports = many(20, lambda n: of_app(n, Outcome.FAILED, error=error, checks=()))
    reports[3] = of_app(3, Outcome.FAILED)

    text = shown(*reports)

    assert text.count("Apple does not accept the key.") == 1
    assert "`com.example.app000 (macos)`, `com.example.app001 (macos)`" in text
    assert "and 9 more" in text
    assert text.count("#### ❌") == 2
    assert "| ❌ | Not expired |" in text


def test_what_is_well_is_not_explained() -> None:
    assert "####" not in shown(*many(3))


def test_warnings_that_targets_share_are_one_box() -> None:
    text = shown(*many(5, lambda n: of_app(n, requests_left=9)))

    assert text.startswith("### ⚠️ 5 targets")
    assert text.count("[!WARNING]") == 1


def test_five_hundred_targets_are_all_shown_below_a_megabyte() -> None:
    def failing(n: int) -> AttachReport:
        return of_app(n, Outcome.FAILED, error=refused(f"Build {n} has expired."))

    text = shown(*many(500, failing))

    assert len(text.encode()) < 1_000_000
    assert len([line for line in text.splitlines() if line.startswith("| App ")]) == 501


def test_a_thousand_targets_with_long_names_stay_below_a_megabyte_and_are_counted() -> None:
    def failing(n: int) -> AttachReport:
        report = of_app(n, Outcome.FAILED, error=refused(f"{n} {'ü' * 900}"))
        assert report.app is not None
        return report._replace(app=report.app._replace(name="ü" * 2000))

    text = shown(*many(1000, failing))

    assert 500_000 < len(text.encode()) < 1_000_000
    assert re.search(r"And \d+ more targets", text)
    assert re.search(r"And \d+ more causes", text)


def test_many_different_warnings_are_not_all_boxes() -> None:
    reports = many(30, lambda n: of_app(n, warnings=(Warning("newer", "Newer", f"Build {n}."),)))

    assert shown(*reports).count("[!WARNING]") == 10
