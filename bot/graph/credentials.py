"""The bot's credential for Entra, read from its file anew whenever that changed."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.clouds import GRAPH_ROOTS
from bot.errors import SignInFailed
from bot.settings import Settings

if TYPE_CHECKING:  # most have no certificate, and what reads one takes a while to import
    from bot.certificates import Certificate


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
    certificate: "Certificate"


Loaded = Secret | LoadedCertificate | FederatedToken | ManagedIdentity
"""A credential as it is now; another one, once its file has changed."""


def load(credential: Credential) -> Loaded:
    """Read a secret or certificate from its file. Raises SignInFailed, whose words hold nothing of it."""
    match credential:
        case Secret(_, Path() as file):
            return Secret(text_of(file, "AZURE_CLIENT_SECRET_FILE"))
        case CertificateFile(path, password, password_file):
            if password_file is not None:
                password = text_of(password_file, "AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE")
            return LoadedCertificate(replace(credential, password=password), _certificate(path, password))
        case _:
            return credential


def _certificate(path: Path, password: str) -> "Certificate":
    from bot.certificates import CertificateUnusable, read_certificate  # noqa: PLC0415 - see above

    try:
        return read_certificate(path.read_bytes(), password)
    except CertificateUnusable as error:
        raise _unusable(f"AZURE_CLIENT_CERTIFICATE_PATH {error}".rstrip(".")) from None
    except OSError as error:
        raise _unusable(f"AZURE_CLIENT_CERTIFICATE_PATH can't be read ({error.strerror})") from None


def text_of(file: Path, name: str) -> str:
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
