"""Which certificates a TLS connection trusts: read once, for all connections of the process."""

from __future__ import annotations

import os
import ssl
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

import certifi

from asc_linker.errors import InputError

# The first that is set counts: what requests reads, and what OpenSSL does.
_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")

_contexts: dict[Bundle, Future[ssl.SSLContext]] = {}
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
    try:
        return _loading(of).result()
    except OSError as error:
        raise of.fault from error


def load(of: Bundle) -> None:
    """Begin to read the bundle beside this thread: it takes longer than a handshake."""
    _loading(of)


def _loading(of: Bundle) -> Future[ssl.SSLContext]:
    with _lock:
        if of in _contexts:
            return _contexts[of]
        loading = _contexts[of] = Future[ssl.SSLContext]()

    def read() -> None:
        try:
            is_folder = Path(of.path).is_dir()
            loading.set_result(
                ssl.create_default_context(
                    cafile=None if is_folder else of.path, capath=of.path if is_folder else None
                )
            )
        except OSError as error:
            loading.set_exception(error)

    threading.Thread(target=read, daemon=True).start()
    return loading
