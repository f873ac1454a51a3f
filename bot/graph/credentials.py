"""The bot's credential for Entra as MSAL takes it, read from its file anew whenever that changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, assert_never
from urllib.parse import urlsplit

import msal
import requests
from msal.oauth2cli import JwtAssertionCreator

from bot.certificates import Certificate, CertificateUnusable, read_certificate
from bot.clouds import GRAPH_ROOTS
from bot.errors import SignInFailed
from bot.settings import Settings

TIMEOUT = 5.0
"""Seconds for each of MSAL's own requests, which otherwise wait for ever."""
MICROSOFT_HOSTS = (".microsoftonline.com", ".microsoftonline.us")


@dataclass(frozen=True, slots=True)
class Secret:
    """A client secret; where there is a file, what it holds now counts."""

    value: str = field(repr=False)
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A PEM or PFX file with a private key; `password_file` holds the password where there is one."""

    path: Path
    password: str = field(default="", repr=False)
    password_file: Path | None = None
    sends_chain: bool = False


@dataclass(frozen=True, slots=True)
class FederatedToken:
    """A token of another issuer's, which the platform renews in its file (workload identity federation)."""

    file: Path


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """What Azure runs the bot as: there is nothing to keep, and nothing to renew."""


Credential = Secret | CertificateFile | FederatedToken | ManagedIdentity


@dataclass(frozen=True, slots=True)
class Credentials:
    """How the bot signs in to Entra; `client` is empty for a system-assigned managed identity."""

    tenant: str
    client: str
    credential: Credential
    authority_host: str
    scope: str


def credentials_of(settings: Settings) -> Credentials:
    """Take from the settings what signing in needs."""
    return Credentials(
        tenant=settings.azure_tenant_id,
        client=settings.azure_client_id,
        credential=_credential_of(settings),
        authority_host=settings.azure_authority_host,
        scope=f"{GRAPH_ROOTS[settings.graph_cloud]}/.default",
    )


def _credential_of(settings: Settings) -> Credential:
    files = settings.files
    if settings.azure_client_secret is not None:
        return Secret(settings.azure_client_secret.get_secret_value(), files.get("AZURE_CLIENT_SECRET"))
    if settings.azure_client_certificate_path is not None:
        password = settings.azure_client_certificate_password
        return CertificateFile(
            settings.azure_client_certificate_path,
            password.get_secret_value() if password else "",
            files.get("AZURE_CLIENT_CERTIFICATE_PASSWORD"),
            settings.azure_client_send_certificate_chain,
        )
    if settings.azure_federated_token_file is not None:
        return FederatedToken(settings.azure_federated_token_file)
    return ManagedIdentity()  # the settings are checked: exactly one of four is given


@dataclass(frozen=True, slots=True)
class LoadedCertificate:
    """What the file held when it was read."""

    file: CertificateFile
    certificate: Certificate


Loaded = Secret | LoadedCertificate | FederatedToken | ManagedIdentity
"""A credential as it is now; another one, once its file has changed."""


def load(credential: Credential) -> Loaded:
    """Read a secret or certificate from its file. Raises SignInFailed, whose words hold nothing of it."""
    match credential:
        case Secret(_, Path() as file):
            return Secret(_text(file, "AZURE_CLIENT_SECRET_FILE"))
        case CertificateFile(path, password, password_file):
            if password_file is not None:
                password = _text(password_file, "AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE")
            return LoadedCertificate(replace(credential, password=password), _certificate(path, password))
        case _:
            return credential


def _certificate(path: Path, password: str) -> Certificate:
    try:
        return read_certificate(path.read_bytes(), password)
    except CertificateUnusable as error:
        raise _unusable(f"AZURE_CLIENT_CERTIFICATE_PATH {error}".rstrip(".")) from None
    except OSError as error:
        raise _unusable(f"AZURE_CLIENT_CERTIFICATE_PATH can't be read ({error.strerror})") from None


def _text(file: Path, name: str) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise _unusable(f"{name} can't be read ({getattr(error, 'strerror', '') or 'not UTF-8 text'})") from None
    if not text:
        raise _unusable(f"{name} is empty")
    return text


def _unusable(what: str) -> SignInFailed:
    return SignInFailed("", what, is_transient=False)


Acquire = Callable[[str | None], Any]
"""Asks for a token, with the claims of a challenge or None; blocks, and returns or raises what MSAL does."""


def open_application(credentials: Credentials, loaded: Loaded, timeout: float = TIMEOUT) -> Acquire:
    """Make an MSAL application. Blocks: the constructor asks the network too.

    Raises what MSAL raises: ValueError for a tenant that isn't found, requests' exceptions.
    """
    if isinstance(loaded, ManagedIdentity):
        return _managed_identity(credentials, timeout)
    host = urlsplit(credentials.authority_host).hostname or ""
    application = msal.ConfidentialClientApplication(
        credentials.client,
        client_credential=_for_msal(credentials.client, loaded),
        authority=f"{credentials.authority_host}/{credentials.tenant}",
        instance_discovery=None if host.endswith(MICROSOFT_HOSTS) else False,
        azure_region=False,
        timeout=timeout,
    )
    # With claims MSAL passes by its cache.
    return lambda claims: application.acquire_token_for_client(scopes=[credentials.scope], claims_challenge=claims)


def _for_msal(client: str, loaded: Secret | LoadedCertificate | FederatedToken) -> str | dict[str, Any]:
    """Put it as MSAL takes it (msal.ClientApplication, `client_credential`)."""
    match loaded:
        case Secret(value):
            return value
        case FederatedToken(file):
            # A callable is asked for each token request, so that a renewed file counts at once.
            return {"client_assertion": lambda: _text(file, "AZURE_FEDERATED_TOKEN_FILE")}
        case LoadedCertificate(CertificateFile(sends_chain=True), certificate):
            return {"client_assertion": _with_chain(client, certificate)}
        # Without a thumbprint MSAL takes the SHA-256 (x5t#S256) and signs with PS256.
        case LoadedCertificate(file, Certificate(is_pfx=True)):
            return {"private_key_pfx_path": str(file.path), "passphrase": file.password or None}
        case LoadedCertificate(_, certificate):
            return {"private_key": certificate.key_pem, "public_certificate": certificate.leaf_pem}
        case _:
            assert_never(loaded)


def _with_chain(client: str, certificate: Certificate) -> Callable[[Mapping[str, str]], bytes]:
    """Make the assertion as MSAL does, but with all certificates: MSAL 1.39 sends the first one alone, PEM or PFX."""
    creator = JwtAssertionCreator(
        certificate.key_pem,
        "PS256",
        headers={"x5c": certificate.chain},
        sha256_thumbprint=certificate.thumbprint,
    )

    def assertion(asked: Mapping[str, str]) -> bytes:
        made: bytes = creator.create_normal_assertion(asked["token_endpoint"], client)
        return made

    return assertion


class _OnThisMachine(requests.Session):
    """Asks the endpoint of the managed identity: within a time, and never through a proxy."""

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self.trust_env = False
        self._timeout = timeout

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", self._timeout)
        return super().request(method, url, *args, **kwargs)


def _managed_identity(credentials: Credentials, timeout: float) -> Acquire:
    identity = (
        msal.UserAssignedManagedIdentity(client_id=credentials.client)
        if credentials.client
        else msal.SystemAssignedManagedIdentity()
    )
    client = msal.ManagedIdentityClient(identity, http_client=_OnThisMachine(timeout))
    resource = credentials.scope.removesuffix("/.default")
    return lambda claims: client.acquire_token_for_client(resource=resource, claims_challenge=claims)
