"""Every input, once: its name, what it means, and its default.

`action.yml`, the command line, the README and the error messages all repeat this table, and a
test holds them to it. One kebab-case spelling serves everywhere: `with: version-string:`,
`--version-string`, `ASC_LINKER_VERSION_STRING`.
"""

from __future__ import annotations

from typing import NamedTuple


class Input(NamedTuple):
    """One input. `default` is empty where none applies; `secret` values are masked on arrival.

    `in_targets`: each of several `targets` may give it, and the input itself is their default.
    """

    name: str
    meaning: str
    default: str = ""
    secret: bool = False
    in_targets: bool = False


def variable(name: str) -> str:
    """The environment variable of an input, or of any other option of the command line."""
    return "ASC_LINKER_" + name.upper().replace("-", "_")


INPUTS = (
    Input(
        "operation",
        "`attach` the build to the version; `detach` the build it has, or only the one that "
        "`build-number` names; or `show`, which only reads.",
        default="attach",
    ),
    Input(
        "api-key-id",
        "The API key's id, 10 characters, as `2X9R4HXF34`. Required, unless the key is a fastlane "
        "JSON key.",
    ),
    Input("issuer-id", "The team's issuer, a UUID. Leave it out for an individual key."),
    Input(
        "api-private-key",
        "The text of the .p8: as it is, on one line, with literal `\\n`, as base64, or as "
        "fastlane's JSON key. Required.",
        secret=True,
    ),
    Input(
        "bundle-id",
        "Which app, by bundle id, as `com.example.notes`. This, `app-id` or `package`.",
        in_targets=True,
    ),
    Input(
        "app-id",
        "Which app, by Apple's numeric id, as `6446048195`: one request less than `bundle-id`.",
        in_targets=True,
    ),
    Input(
        "platform",
        "`ios`, `macos`, `tvos` or `visionos`, or several, as `ios, macos`. Needed only when "
        "version and build exist on more than one.",
        in_targets=True,
    ),
    Input(
        "version-string",
        "The App Store version, as `1.4.2` (CFBundleShortVersionString). Default: from the tag or "
        "`package`.",
        in_targets=True,
    ),
    Input(
        "build-number",
        "The uploaded build, as `231` (CFBundleVersion), or `latest`, the newest upload of that "
        "version. Default: from a tag like `v1.4.2+231`, or from `package`.",
        in_targets=True,
    ),
    Input(
        "tag",
        "Where version string and build number come from: `v1.4.2`, `1.4.2`, `ios/1.4.2`, "
        "`v1.4.2+231` or `1.4.2(231)`. A pre-release tag (`v1.4.2-rc.1`) is skipped. Default: the "
        "pushed tag.",
        in_targets=True,
    ),
    Input(
        "package",
        "An .ipa, .pkg, .xcarchive or .app to read bundle id, version string, build number and "
        "platform from: its path, or a pattern that one file matches, as `build/*.ipa`.",
        in_targets=True,
    ),
    Input(
        "version-id",
        "Apple's id of the App Store version, when the workflow has it already.",
        in_targets=True,
    ),
    Input(
        "build-id", "Apple's id of the build, when the workflow has it already.", in_targets=True
    ),
    Input(
        "wait-minutes",
        "How many minutes to wait for the build to appear and to be processed, as `45` or `0.5`; "
        "`0` asks once.",
        default="45",
    ),
    Input(
        "if-attached",
        "Another build is attached already: `replace` it, `keep` it, or `fail`.",
        default="replace",
        in_targets=True,
    ),
    Input(
        "if-version-missing",
        "The App Store version is not there: `fail`, `create` it, or `rename` the one that is in "
        "PREPARE_FOR_SUBMISSION.",
        default="fail",
        in_targets=True,
    ),
    Input(
        "if-version-locked",
        "The version, or the place for a new one, is in review or released: `fail` or `skip`.",
        default="fail",
        in_targets=True,
    ),
    Input(
        "release-type",
        "For a version that is created: `manual`, `after-approval` or `scheduled`. Default: "
        "Apple's.",
        in_targets=True,
    ),
    Input(
        "earliest-release-date",
        "With `release-type: scheduled`: when, as `2027-01-31T09:00:00Z`.",
        in_targets=True,
    ),
    Input(
        "uses-non-exempt-encryption",
        "`true` or `false` answers export compliance where it is unanswered. A legal statement: "
        "there is no default.",
        in_targets=True,
    ),
    Input(
        "targets",
        "Several apps in one run, all of them or none: a list of mappings as YAML, or the path of "
        "such a file, as `targets.yml`. Each may hold its own `bundle-id`, `platform`, "
        "`version-string` and the like; the inputs beside it are the defaults. `api-key-id-env`, "
        "`issuer-id-env` and `api-private-key-env` name the variables of another account's key. At "
        "most 1000.",
    ),
    Input(
        "shard",
        "Which part of the `targets` this run does, as `2/5`, the second of five. Default: all; "
        "elsewhere than on GitHub what the CI's own variables say of parallel jobs, unless it is "
        "`1/1`.",
    ),
    Input(
        "expected-plan",
        "The output `plan` of an earlier dry run over the same targets, as `3f9a2b0c5d6e7f80`: "
        "where the plan differs now, nothing is written.",
    ),
    Input(
        "report-file",
        "Where the whole report is written as JSON, on failure too, as `report.json`. Its folder "
        "must be there.",
    ),
    Input("dry-run", "`true`: decide and report everything, write nothing.", default="false"),
    Input(
        "demo",
        "`true`: run against the built-in emulator; needs no account and no secrets.",
        default="false",
    ),
    Input(
        "api-url",
        "Another origin of the API, as the emulator's. https, or http on loopback only. Default: "
        "Apple's.",
    ),
)
