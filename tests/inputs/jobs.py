"""Jobs as the inputs name them: a whole one to begin with, and what is wrong with another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from asc_linker.apple.access import Access, Credentials
from asc_linker.decision.request import AttachRequest, Job
from asc_linker.emulator import ThrowawayKey
from asc_linker.errors import InputError
from asc_linker.inputs.read_job import read_job

ISSUER = "57246542-96fe-1a63-e053-0824d011072a"
KEY = ThrowawayKey.generate(ISSUER)
WHOLE = {
    "api-key-id": KEY.key_id,
    "issuer-id": ISSUER,
    "api-private-key": KEY.private_key,
    "bundle-id": "com.example.notes",
    "version-string": "1.4.2",
    "build-number": "231",
}
A_KEY = {name: WHOLE[name] for name in ("api-key-id", "issuer-id", "api-private-key")}


@dataclass(frozen=True)
class Read:
    """A job that was read, with its keys."""

    job: Job
    keys: dict[str, Access]

    @property
    def request(self) -> AttachRequest:
        """The only one."""
        (request,) = self.job.requests
        return request

    @property
    def access(self) -> Access:
        """The only key."""
        (access,) = self.keys.values()
        return access

    @property
    def credentials(self) -> Credentials:
        return self.access.credentials

    @property
    def api_url(self) -> str:
        return self.access.api_url

    @property
    def wait_s(self) -> float:
        return self.job.wait_s

    @property
    def dry_run(self) -> bool:
        return self.job.dry_run


def inputs_of(whole: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """`whole` with some inputs changed; None takes one away."""
    given = {**whole, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return {name: value for name, value in given.items() if value is not None}


def read(**changes: str | None) -> Read:
    """A whole job with some inputs changed; None takes one away."""
    return Read(*read_job(inputs_of(WHOLE, changes)))


def faults(**changes: str | None) -> InputError:
    with pytest.raises(InputError) as caught:
        read(**changes)
    return caught.value


def read_targets(
    targets: str, environment: Mapping[str, str] | None = None, /, **changes: str | None
) -> Read:
    """A job of several targets, with nothing beside them but a key and what `changes` name."""
    return Read(*read_job(inputs_of(A_KEY, {"targets": targets, **changes}), environment))


def faults_of_targets(
    targets: str, environment: Mapping[str, str] | None = None, /, **changes: str
) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        read_targets(targets, environment, **changes)
    return caught.value.faults


def named_in(faults: InputError) -> set[str]:
    """The inputs that the faults name."""
    return {name for line in faults.faults for name in re.findall(r"`([a-z]+(?:-[a-z]+)*)`", line)}
