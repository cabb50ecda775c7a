"""The API keys a job needs: that of the inputs, and those of targets that name their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asc_linker.apple.access import Access, Credentials
from asc_linker.inputs.private_key import KEY_ID, KeyFault, read_private_key
from asc_linker.inputs.reader import InputReader, shown
from asc_linker.inputs.targets import KEY_PARTS, KEY_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asc_linker.inputs.reader import Faults
    from asc_linker.inputs.targets import Target

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_A_FORK = (
    "Secrets are empty in pull requests from forks, and when a secret's name is misspelt. "
    "Check that the repository has the secret the workflow names."
)


class KeyReader:
    """Reads each key once, however many targets name it; two names for one id are one key.

    `sources` says where the parts of the inputs' key came from, where not from inputs.
    """

    def __init__(
        self,
        inputs: InputReader,
        environment: Mapping[str, str],
        api_url: str,
        faults: Faults,
    ) -> None:
        self._inputs = inputs
        self._environment = environment
        self._api_url = api_url
        self._faults = faults
        self._ids: dict[tuple[str, ...], str] = {}
        self.keys: dict[str, Access] = {}

    def key_id(self, target: Target, *, own: bool) -> tuple[str, Mapping[str, str]]:
        """The id of the key that `target` uses, and where its parts came from.

        Without `own` every target uses the key of the inputs. The id is empty when the key has a
        fault, which is added where it is met first.
        """
        variables = target.key_variables if own else {}
        inputs = self._own(target, variables) if variables else self._inputs
        name = tuple(variables.get(part, "") for part in KEY_PARTS)
        if name not in self._ids:
            self._ids[name] = self._read(inputs) if self._is_there(target, variables) else ""
        return self._ids[name], inputs.sources

    def _own(self, target: Target, variables: Mapping[str, str]) -> InputReader:
        return InputReader(
            {part: self._environment.get(name, "") for part, name in variables.items()},
            self._faults,
            place=target.place,
            sources={
                part: f"the variable {name}"
                for part, name in variables.items()
                if _VARIABLE.fullmatch(name)
            },
        )

    def _is_there(self, target: Target, variables: Mapping[str, str]) -> bool:
        """Whether the variables of an own key are named, and set; what is not is a fault."""
        if not variables:
            return True
        inputs = InputReader(target.values, self._faults, place=target.place)
        if "api-private-key" not in variables:
            inputs.fault(
                "`api-private-key-env` is missing: a target that names a key of its own names the "
                "whole key."
            )
        for name, part in KEY_VARIABLES.items():
            variable = variables.get(part, "")
            if not variable:
                continue
            if not _VARIABLE.fullmatch(variable):
                inputs.wrong(name, "the name of an environment variable")
            elif not self._environment.get(variable, "").strip():
                inputs.fault(
                    f"`{name}` is {shown(variable)}, a variable that is not set, or empty."
                )
                inputs.advise(_A_FORK)
        return inputs.is_sound

    def _read(self, inputs: InputReader) -> str:
        credentials = _read_credentials(inputs)
        if credentials is None:
            return ""
        known = self.keys.setdefault(credentials.key_id, Access(credentials, self._api_url))
        if not _same(known.credentials, credentials):
            inputs.fault(
                f"The key {credentials.key_id} has another issuer or private key here than before."
            )
            return ""
        return credentials.key_id


def _same(one: Credentials, other: Credentials) -> bool:
    is_one_key = one.private_key.private_numbers() == other.private_key.private_numbers()
    return is_one_key and (one.issuer_id or "").lower() == (other.issuer_id or "").lower()


def _read_credentials(inputs: InputReader) -> Credentials | None:
    """A whole key; None when there is a fault, which is added."""
    key_id = inputs.checked("api-key-id", KEY_ID, "10 capital letters and digits")
    issuer_id = inputs.checked("issuer-id", _UUID, "a UUID")
    text = inputs.text("api-private-key")
    try:
        pasted = read_private_key(text)
    except KeyFault as fault:
        inputs.fault(f"{inputs.subject('api-private-key')} {fault}.")
        if not text:
            inputs.advise(_A_FORK)
        # Damaged JSON may well name the id.
        if not inputs.gives("api-key-id") and not text.startswith("{"):
            inputs.fault("`api-key-id` is missing.")
        return None
    inside = {"api-key-id": pasted.key_id.strip(), "issuer-id": pasted.issuer_id.strip()}
    for name, pattern in (("api-key-id", KEY_ID), ("issuer-id", _UUID)):
        if inside[name] and not inputs.gives(name) and not pattern.fullmatch(inside[name]):
            inputs.fault(
                f"{inputs.subject('api-private-key')} is a JSON key whose id for `{name}` is no "
                "such id."
            )
    if not inputs.gives("api-key-id") and not inside["api-key-id"]:
        inputs.fault("`api-key-id` is missing.")
    if key_id and inside["api-key-id"] not in ("", key_id):
        inputs.fault(f"{inputs.subject('api-key-id')} is another than the one in the JSON key.")
    if not inputs.is_sound:
        return None
    return Credentials(
        key_id or inside["api-key-id"], issuer_id or inside["issuer-id"] or None, pasted.key
    )
