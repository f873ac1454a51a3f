"""Certificates made by hand, and the files that hold them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Made:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def cert_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, password: str = "") -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _by(password))

    def pem(self, path: Path, *, password: str = "", issuers: Iterable["Made"] = ()) -> Path:
        """Write the key first, then the certificate and its issuers."""
        path.write_bytes(self.key_pem(password) + self.cert_pem + b"".join(one.cert_pem for one in issuers))
        return path

    def pfx(self, path: Path, *, password: str = "", issuers: Iterable["Made"] = ()) -> Path:
        others = [one.certificate for one in issuers]
        path.write_bytes(
            pkcs12.serialize_key_and_certificates(b"bot", self.key, self.certificate, others or None, _by(password))
        )
        return path


def _by(password: str) -> KeySerializationEncryption:
    return BestAvailableEncryption(password.encode()) if password else NoEncryption()


@cache
def a_key(_number: int = 0) -> rsa.RSAPrivateKey:
    """Return the same key each time: making one takes a while."""
    return rsa.generate_private_key(65537, 2048)


def made(
    name: str = "confirm-safe",
    *,
    key: int = 0,
    by: Made | None = None,
    days: float = 365,
    is_authority: bool = False,
) -> Made:
    """Make a certificate that ends in so many days, signed by its issuer or by itself."""
    mine = a_key(key)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    ends = now + timedelta(days=days)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(mine.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, ends) - timedelta(days=1))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(by.key if by else mine, SHA256())
    )
    return Made(certificate, mine)
