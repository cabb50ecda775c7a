"""Which certificates a TLS connection trusts: read once, for all connections of the process."""

from __future__ import annotations

import os
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import certifi

from asc_linker.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

# The first that is set counts: what requests reads, and what OpenSSL does.
_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")

_loadings: dict[Bundle, _Loading] = {}
_lock = threading.Lock()


class Bundle(NamedTuple):
    """A file or a folder of certificates, and the variable that names it; empty for certifi's."""

    path: str
    variable: str = ""

    @property
    def fault(self) -> InputError:
        return InputError(
            f"{self.variable or 'certifi'} names no certificates that can be read: {self.path}.",
            hint=f"Let {self.variable} name a file of certificates in PEM, or unset it."
            if self.variable
            else "Install certifi anew.",
            id="ca-bundle-missing",
        )


def bundle() -> Bundle:
    """The bundle this process trusts. Raises InputError: a variable names one that is not there."""
    for variable in _VARIABLES:
        # As with the variables of proxies, which requests reads: they are not inputs of ours.
        if path := os.environ.get(variable, ""):  # noqa: TID251
            named = Bundle(path, variable)
            if not Path(path).exists():
                raise named.fault
            return named
    return Bundle(certifi.where())


def context(of: Bundle) -> ssl.SSLContext:
    """A context that trusts this bundle, the same one for all. Raises InputError: it is no PEM."""
    loading = load(of)
    loading.join()
    if loading.context is None:
        raise of.fault from loading.error
    return loading.context


def load_for(api_urls: Iterable[str]) -> None:
    """Begin to read the bundle, if any of `api_urls` needs it. Raises as `bundle` does."""
    if any(urlsplit(each).scheme == "https" for each in api_urls):
        load(bundle())


def load(of: Bundle) -> _Loading:
    """Begin to read the bundle beside this thread: it takes longer than a handshake."""
    with _lock:
        if of not in _loadings:
            _loadings[of] = _Loading(of)
            _loadings[of].start()
        return _loadings[of]


class _Loading(threading.Thread):
    """Reads a bundle; afterwards there is a context or an error."""

    def __init__(self, of: Bundle) -> None:
        super().__init__(daemon=True)
        self.context: ssl.SSLContext | None = None
        self.error: OSError | None = None
        self._path = of.path

    def run(self) -> None:
        is_folder = Path(self._path).is_dir()
        try:
            self.context = (
                ssl.create_default_context(capath=self._path)
                if is_folder
                else ssl.create_default_context(cafile=self._path)
            )
        except OSError as error:
            self.error = error
