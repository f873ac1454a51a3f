"""Client assertions as Entra checks them (RFC 7523, 3): by a certificate of the app, or of an issuer it trusts."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SKEW = timedelta(minutes=5)
"""How far another clock may be ahead."""


@dataclass(frozen=True, slots=True)
class FederatedCredential:
    """Whose tokens the app signs in with, and the key that this issuer publishes."""

    issuer: str
    subject: str
    key: RSAPublicKey
    audience: str = "api://AzureADTokenExchange"


@dataclass(slots=True)
class Trust:
    """What the app registration trusts besides its secrets."""

    certificates: list[x509.Certificate] = field(default_factory=list)
    federated: list[FederatedCredential] = field(default_factory=list)
    authority: x509.Certificate | None = None
    """With `subject`: a root whose certificates of that name are taken unregistered, if they bring their chain."""
    subject: str = ""
    headers: list[Mapping[str, Any]] = field(default_factory=list)
    """The header of each assertion that could be read, in order."""

    def problem(self, assertion: str, *, client_id: str, endpoint: str, now: datetime) -> str | None:
        """Name what is wrong with an assertion, as `demo.entra` names its failures; None if it is good."""
        try:
            header = jwt.get_unverified_header(assertion)
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return "malformed_assertion"
        self.headers.append(header)
        if not isinstance(claims.get("aud"), str) or not isinstance(claims.get("exp"), int | float):
            return "malformed_assertion"  # a list of audiences is refused as malformed, too
        # What another issuer has signed names a key of its own, not the thumbprint of a certificate.
        if "x5t#S256" in header or "x5t" in header:
            problem = self._signed_by_app(assertion, header, now) or _about_app(claims, client_id, endpoint)
        else:
            problem = self._signed_by_issuer(assertion, claims)
        return problem or _timely(claims, now)

    def _signed_by_app(self, assertion: str, header: Mapping[str, Any], now: datetime) -> str | None:
        certificate = self._known(header) or self._by_name(header)
        if certificate is None or not _is_signed(assertion, certificate.public_key(), "PS256"):
            return "unknown_certificate"
        return "ended_certificate" if now >= certificate.not_valid_after_utc else None

    def _known(self, header: Mapping[str, Any]) -> x509.Certificate | None:
        wanted = str(header.get("x5t#S256", "")).rstrip("=")
        return next((one for one in self.certificates if thumbprint(one) == wanted), None)

    def _by_name(self, header: Mapping[str, Any]) -> x509.Certificate | None:
        """Return the certificate that the header brings, if its chain leads to the authority."""
        try:
            chain = [x509.load_der_x509_certificate(base64.b64decode(one)) for one in header.get("x5c", [])]
            if not chain or self.authority is None or thumbprint(chain[0]) != header["x5t#S256"].rstrip("="):
                return None
            root = [] if chain[-1] == self.authority else [self.authority]
            for below, above in zip(chain, [*chain[1:], *root], strict=False):
                below.verify_directly_issued_by(above)
        except (ValueError, TypeError, KeyError, InvalidSignature):
            return None
        names = chain[0].subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return chain[0] if [name.value for name in names] == [self.subject] else None

    def _signed_by_issuer(self, assertion: str, claims: Mapping[str, Any]) -> str | None:
        known = [one for one in self.federated if one.issuer == claims.get("iss")]
        if not known:
            return "unknown_issuer"
        known = [one for one in known if one.audience == claims["aud"]]
        if not known:
            return "unknown_audience"
        known = [one for one in known if one.subject == claims.get("sub")]
        if not known:
            return "unknown_subject"
        return None if _is_signed(assertion, known[0].key, "RS256") else "unknown_key"


def thumbprint(certificate: x509.Certificate) -> str:
    """Return the certificate's SHA-256 as `x5t#S256` holds it (RFC 7515, 4.1.8)."""
    return base64.urlsafe_b64encode(certificate.fingerprint(SHA256())).decode().rstrip("=")


def _is_signed(assertion: str, key: Any, algorithm: str) -> bool:
    try:
        jwt.decode(
            assertion,
            key,
            algorithms=[algorithm],
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False},
        )
    except (jwt.InvalidTokenError, TypeError):
        return False
    return True


def _about_app(claims: Mapping[str, Any], client_id: str, endpoint: str) -> str | None:
    if claims["aud"] != endpoint:
        return "wrong_audience"
    if claims.get("sub") != claims.get("iss"):
        return "wrong_subject"
    return None if str(claims.get("iss")).lower() == client_id.lower() else "wrong_client"


def _timely(claims: Mapping[str, Any], now: datetime) -> str | None:
    since = claims.get("nbf", claims.get("iat", 0))
    is_timely = now.timestamp() < claims["exp"] and now.timestamp() + SKEW.total_seconds() >= since
    return None if is_timely else "expired_assertion"
