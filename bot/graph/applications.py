"""MSAL, given the bot's credential: imported when a token is fetched first, as that takes a tenth of a start."""

from collections.abc import Callable, Mapping
from typing import Any, assert_never
from urllib.parse import urlsplit

import msal
import requests
from msal.exceptions import MsalServiceError
from msal.oauth2cli import JwtAssertionCreator

from bot.certificates import Certificate
from bot.graph.credentials import (
    Acquire,
    CertificateFile,
    Credentials,
    FederatedToken,
    Loaded,
    LoadedCertificate,
    ManagedIdentity,
    Secret,
    text_of,
)

TIMEOUT = 5.0
"""Seconds for each of MSAL's own requests, which otherwise wait for ever."""
MICROSOFT_HOSTS = (".microsoftonline.com", ".microsoftonline.us")
RAISED = (MsalServiceError, OSError, ValueError, RuntimeError, LookupError, TypeError)
"""A discovery that is not what it should be comes as any of the last four, requests' own as OSError."""


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
            return {"client_assertion": lambda: text_of(file, "AZURE_FEDERATED_TOKEN_FILE")}
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
