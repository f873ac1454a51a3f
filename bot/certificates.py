"""A client certificate in its file, PEM or PFX: read, checked that it can sign in, and when it ends."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from bot.setting_credentials import PASSWORD

_PEM = b"-----BEGIN "
_KEY = b"PRIVATE KEY-----"
_ENCRYPTED = b"ENCRYPTED"
"""In `BEGIN ENCRYPTED PRIVATE KEY` (RFC 5958) and in `Proc-Type: 4,ENCRYPTED` (RFC 1421)."""
_PFX = b"\x02\x01\x03"
"""How what is inside a PFX begins: version 3 (RFC 7292, 4)."""


class CertificateUnusable(ValueError):
    """The file can't be signed in with; the words follow the setting's name."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its private key, and those of its issuers that the file holds, in the file's order."""

    leaf: x509.Certificate
    key: RSAPrivateKey = field(repr=False, compare=False)
    issuers: tuple[x509.Certificate, ...] = ()
    is_pfx: bool = False

    @property
    def ends(self) -> datetime:
        """From when on Entra no longer takes it."""
        return self.leaf.not_valid_after_utc

    @property
    def thumbprint(self) -> str:
        """Return the SHA-256 of the certificate in hexadecimal."""
        return self.leaf.fingerprint(SHA256()).hex()

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def leaf_pem(self) -> str:
        return self.leaf.public_bytes(Encoding.PEM).decode()

    @property
    def chain(self) -> list[str]:
        """Return the certificate and its issuers as a JWT's `x5c` holds them (RFC 7515, 4.1.6)."""
        return [b64encode(one.public_bytes(Encoding.DER)).decode() for one in (self.leaf, *self.issuers)]


def read_certificate(data: bytes, password: str = "") -> Certificate:
    """Read what a PEM or PFX file holds. Raises CertificateUnusable, whose words hold nothing of the file."""
    try:
        return _from_pem(data, password) if _PEM in data else _from_pfx(data, password)
    except UnsupportedAlgorithm:
        raise CertificateUnusable("names a file with a key or an encryption that can't be read.") from None


def _from_pem(data: bytes, password: str) -> Certificate:
    if _KEY not in data:
        raise CertificateUnusable("names a PEM file without a private key: put the key and the certificate into it.")
    is_encrypted = _ENCRYPTED in data
    if is_encrypted and not password:
        raise CertificateUnusable(f"names a PEM file whose private key is encrypted: give {PASSWORD}.")
    try:
        key = load_pem_private_key(data, password.encode() if is_encrypted else None)
    except (ValueError, TypeError):
        wrong = f"that {PASSWORD} does not open" if is_encrypted else "whose private key can't be read"
        raise CertificateUnusable(f"names a PEM file {wrong}.") from None
    try:
        found = x509.load_pem_x509_certificates(data)
    except ValueError:
        raise CertificateUnusable("names a PEM file without a certificate that can be read.") from None
    return _paired(key, found)


def _from_pfx(data: bytes, password: str) -> Certificate:
    if _PFX not in data[:16]:
        raise CertificateUnusable("names a file that is neither PEM nor PFX.")
    try:
        # An empty password and none are two things in PFX; this reads both as None.
        key, leaf, others = pkcs12.load_key_and_certificates(data, password.encode() or None)
    except ValueError:
        wrong = f"that {PASSWORD} does not open" if password else f"that can't be opened without {PASSWORD}"
        raise CertificateUnusable(f"names a PFX file {wrong}.") from None
    if key is None or leaf is None:
        raise CertificateUnusable("names a PFX file without a private key and its certificate: export it with both.")
    return _paired(key, (leaf, *others), is_pfx=True)


def _paired(key: object, found: Iterable[x509.Certificate], *, is_pfx: bool = False) -> Certificate:
    if not isinstance(key, RSAPrivateKey):
        raise CertificateUnusable(
            "names a certificate whose key is not RSA: Entra takes signatures by RSA keys only."
        )
    mine = key.public_key()
    certificates = tuple(found)
    leaf = next((one for one in certificates if one.public_key() == mine), None)
    if leaf is None:
        raise CertificateUnusable("names a file whose private key belongs to none of its certificates.")
    return Certificate(leaf, key, tuple(one for one in certificates if one is not leaf), is_pfx)
