"""From plain strings to a job that makes sense, or every reason why not, at once."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from asc_linker.apple.access import APPLE, is_loopback
from asc_linker.decision.request import Job, Operation
from asc_linker.dotted import build_number_spellings, version_spellings
from asc_linker.inputs.keys import KeyReader
from asc_linker.inputs.private_key import secret_lines
from asc_linker.inputs.read_target import PackageReader, read_target
from asc_linker.inputs.reader import Faults, InputReader, shown
from asc_linker.inputs.shard import part, read_shard
from asc_linker.inputs.targets import MOST_TARGETS, read_targets, too_many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asc_linker.apple.access import Access
    from asc_linker.decision.request import AttachRequest, Shard

_HOST = re.compile(r"[\w.:-]+", re.ASCII)
_FINGERPRINT = re.compile(r"[0-9a-f]{16}", re.ASCII)
_DEFAULT_WAIT_MINUTES = 45.0


def read_job(
    given: Mapping[str, str],
    environment: Mapping[str, str] | None = None,
    sources: Mapping[str, str] | None = None,
) -> tuple[Job, dict[str, Access]]:
    """A whole job from inputs by name, and the keys it needs, by their ids.

    A blank value counts as not given. `environment` has the variables of targets' own keys, and
    those by which other CIs than GitHub's tell parallel jobs apart. `sources` says for people where
    parts of the inputs' key came from. With `demo` every target uses the key of the inputs.

    Raises InputError: with one line for each fault there is.
    """
    faults = Faults()
    environment = environment or {}
    inputs = InputReader(given, faults)
    operation = inputs.choice("operation", Operation) or Operation.ATTACH
    targets = read_targets(given, faults)
    key_inputs = InputReader(given, faults, sources=sources)
    keys = KeyReader(key_inputs, environment, _read_api_url(inputs), faults)
    own_keys = not inputs.boolean("demo")
    packages = PackageReader()
    if not targets:
        # The list is none: what stands beside it may have faults of its own.
        read_target(inputs, operation, packages, is_whole=False)
    requests: list[AttachRequest] = []
    places: list[str] = []
    for target in targets:
        reader = InputReader(target.values, faults, place=target.place, shared=target.shared)
        key_id, key_sources = keys.key_id(target, own=own_keys)
        for request in read_target(reader, operation, packages, target.overruled):
            requests.append(
                request._replace(key_id=key_id, sources={**key_sources, **request.sources})
            )
            places.append(target.place)
    if len(requests) > MOST_TARGETS:
        inputs.fault(too_many(len(requests)))
    _refuse_twins(requests, places, faults)
    shard = read_shard(inputs, environment, len(requests))
    job = Job(
        part(_labelled(requests), shard),
        operation=operation,
        wait_s=inputs.minutes("wait-minutes", _DEFAULT_WAIT_MINUTES),
        dry_run=inputs.boolean("dry-run"),
        expected_plan=_read_plan(inputs, len(requests), shard, faults),
        shard=shard,
    )
    faults.raise_if_any()
    needed = {request.key_id for request in job.requests}
    return job, {key_id: access for key_id, access in keys.keys.items() if key_id in needed}


def job_secrets(given: Mapping[str, str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Every line that would give away a key of the job, for masking before anything is told.

    Never raises: whatever is wrong with the inputs is told by `read_job`.
    """
    targets = read_targets(given, Faults())
    variables = {target.key_variables.get("api-private-key", "") for target in targets}
    texts = [given.get("api-private-key", ""), *(environment.get(name, "") for name in variables)]
    return tuple(dict.fromkeys(line for text in texts for line in secret_lines(text)))


def read_boolean(given: Mapping[str, str], name: str) -> bool:
    """One boolean input by itself; false when it is not given, or is none: `read_job` says so."""
    return InputReader(given, Faults()).boolean(name)


def read_report_file(given: Mapping[str, str]) -> Path | None:
    """Where the whole report goes as well; None when nowhere."""
    typed = given.get("report-file", "").strip()
    return Path(typed) if typed else None


def _refuse_twins(requests: Sequence[AttachRequest], places: Sequence[str], faults: Faults) -> None:
    """Add a fault for each version that is named twice, as far as that shows without reading it."""
    known: dict[tuple[object, ...], str] = {}
    for request, place in zip(requests, places, strict=True):
        for version in _versions(request):
            first = known.setdefault(version, place)
            if first != place:
                faults.add(f"The same version as {first}.", place)


def _versions(request: AttachRequest) -> list[tuple[object, ...]]:
    """What the request's version goes by; requests for the same one have one of these in common."""
    if request.skip:
        return []
    if request.version_id:
        return [(request.version_id,)]
    version_string = min(version_spellings(request.version_string), key=len)
    version: tuple[object, ...] = (request.platform, version_string)
    if request.platform is None:
        # It is still to be found, and another build may find another one.
        build_number = build_number_spellings(request.build_number)[-1]
        version += (build_number, request.latest, request.build_id)
    return [(name, *version) for name in (request.bundle_id, request.app_id) if name]


def _labelled(requests: Sequence[AttachRequest]) -> list[AttachRequest]:
    """Each with its name among several; with its version too, where that tells two apart."""
    if len(requests) == 1:
        return [*requests]
    labels = [_label(request) for request in requests]
    counts = Counter(labels)
    return [
        request._replace(
            label=label if counts[label] == 1 else _label(request, request.version_string),
        )
        for request, label in zip(requests, labels, strict=True)
    ]


def _label(request: AttachRequest, version_string: str = "") -> str:
    name = request.bundle_id or request.app_id or request.version_id or request.build_id or ""
    platform = f"({request.platform.input_name})" if request.platform else ""
    return " ".join(filter(None, (name, version_string, platform)))


def _read_plan(
    inputs: InputReader, targets: int, shard: Shard | None, faults: Faults
) -> tuple[str, ...]:
    """The fingerprints that the run's requests are held to; empty when none are given."""
    typed = inputs.text("expected-plan").lower()
    if not typed:
        return ()
    plan = [fingerprint.strip() for fingerprint in typed.split(",")]
    for number, fingerprint in enumerate(plan):
        if not _FINGERPRINT.fullmatch(fingerprint):
            inputs.fault(
                f"`expected-plan` should be 16 hex digits for each target, but at place {number} "
                f"(from 0) is {shown(fingerprint)}."
            )
            return ()
    sliced = part(range(targets), shard)
    if len(plan) == targets:
        return part(plan, shard)
    # How many targets there are is not known while some of them are none.
    if len(plan) != len(sliced) and faults.is_empty:
        of_shard = f", {len(sliced)} of them in shard {shard}" if shard else ""
        inputs.fault(
            f"`expected-plan` has {_counted(len(plan), 'place')}, but there "
            f"{'is' if targets == 1 else 'are'} {_counted(targets, 'target')}{of_shard}."
        )
    return tuple(plan)


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _read_api_url(inputs: InputReader) -> str:
    value = inputs.text("api-url").rstrip("/")
    if not value:
        return APPLE
    # What follows may be a password, and so may a query.
    if "@" in value:
        inputs.fault(
            "`api-url` holds a user name or a password, which is not shown, but should be an "
            "origin, `https://host`."
        )
    elif not _is_origin(value):
        typed = shown(re.split(r"[?#]", value)[0])
        inputs.fault(f"`api-url` is {typed}, but should be an origin, `https://host`.")
    elif urlsplit(value).scheme == "http" and not is_loopback(value):
        inputs.fault("`api-url` uses http, which is allowed on loopback only: a token would leak.")
    return value


def _is_origin(value: str) -> bool:
    """Whether `value` is scheme, host and perhaps a port, and nothing else."""
    try:
        url = urlsplit(value)
        extras = (url.username, url.path, url.query, url.fragment, url.port == 0)
    except ValueError:
        return False
    host = _HOST.fullmatch(url.hostname or "") is not None
    return url.scheme in ("http", "https") and host and not any(extras)
