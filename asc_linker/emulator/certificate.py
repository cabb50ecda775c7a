"""One self-signed certificate that is its own authority, made for this run."""

import ssl
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_NAMES = ("api.appstoreconnect.apple.com", "localhost", "127.0.0.1", "::1")
_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Clients that trust it find Apple's host name in it, and loopback's."""

    pem: str
    """What a client needs, as the file that it calls its CA bundle."""
    private_key: str = field(repr=False)

    @classmethod
    def generate(cls, names: Iterable[str] = ()) -> "Certificate":
        """`names` are host names and addresses that it is for as well."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "asc-linker emulator")])
        now = datetime.now(UTC)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        usage = {each: each in _USAGES for each in (*_USAGES, *_NO_USAGES)}
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + _LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(identifier, critical=False)
            .add_extension(
                x509.SubjectAlternativeName([_name(each) for each in {*_NAMES, *names}]),
                critical=False,
            )
            .sign(key, SHA256())
        )
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(certificate.public_bytes(Encoding.PEM).decode(), private.decode())

    def context(self) -> ssl.SSLContext:
        """For a server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory(prefix="asc-linker-") as folder:
            both = Path(folder, "both.pem")
            both.touch(mode=0o600)
            both.write_text(self.pem + self.private_key, encoding="utf-8")
            context.load_cert_chain(both)
        return context


_USAGES = ("digital_signature", "key_cert_sign", "crl_sign")
_NO_USAGES = (
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "encipher_only",
    "decipher_only",
)


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
