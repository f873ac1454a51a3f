"""Signing in with another issuer's token, which the platform renews in its file."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.graph.credentials import FederatedToken
from demo.assertions import FederatedCredential
from demo.entra import LocalEntra
from tests.certificates import a_key
from tests.clocks import WarpClock
from tests.graph.conftest import New, now, refused

ISSUER, SUBJECT = "https://oidc.contoso.com/cluster/", "system:serviceaccount:bots:confirm-safe"


def federated(
    subject: str = SUBJECT,
    *,
    issuer: str = ISSUER,
    audience: str = "api://AzureADTokenExchange",
    key: rsa.RSAPrivateKey | None = None,
    lives: int = 3600,
) -> str:
    """Make a token as a cluster does for a service account."""
    at = int(now().timestamp())
    claims = {"iss": issuer, "sub": subject, "aud": audience, "iat": at, "nbf": at, "exp": at + lives}
    return jwt.encode(claims, key or a_key(1), algorithm="RS256", headers={"kid": "cluster-1"})


@pytest.fixture(autouse=True)
def _trusted(entra: LocalEntra) -> None:
    entra.trust.federated = [FederatedCredential(ISSUER, SUBJECT, a_key(1).public_key())]


async def test_the_file_is_read_anew_for_each_sign_in(
    entra: LocalEntra, clock: WarpClock, new: New, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(federated() + "\n")
    entra.lifetime = 299  # so that MSAL asks each time
    tokens = new(FederatedToken(file))
    first = await tokens.token()

    file.write_text(federated("system:serviceaccount:bots:another"))
    clock.advance(timedelta(seconds=299))
    assert (await refused(tokens)).code == "AADSTS700213"

    file.write_text(federated())
    clock.advance(timedelta(seconds=2))
    assert entra.is_live(second := await tokens.token())
    assert second != first


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (lambda: federated(lives=-1), "AADSTS700024"),
        (lambda: federated(issuer="https://oidc.contoso.com/other/"), "AADSTS700211"),
        (lambda: federated(audience="api://other"), "AADSTS700212"),
        (lambda: federated("system:serviceaccount:bots:Confirm-Safe"), "AADSTS700213"),
        (lambda: federated(key=a_key(2)), "AADSTS7000272"),
        (lambda: "no.jwt.here", "AADSTS50027"),
    ],
)
async def test_a_token_that_is_not_trusted_is_told_by_code(
    new: New, tmp_path: Path, token: Callable[[], str], code: str
) -> None:
    (tmp_path / "token").write_text(token())
    why = await refused(new(FederatedToken(tmp_path / "token")))
    assert (why.code, why.is_transient) == (code, False)
    assert token()[:20] not in str(why)


async def test_a_file_that_is_gone_is_named_and_found_again(
    entra: LocalEntra, clock: WarpClock, new: New, tmp_path: Path
) -> None:
    tokens = new(FederatedToken(tmp_path / "token"))
    why = await refused(tokens)
    assert str(why) == "AZURE_FEDERATED_TOKEN_FILE can't be read (No such file or directory)"

    (tmp_path / "token").write_text(federated())
    clock.advance(timedelta(seconds=2))
    assert entra.is_live(await tokens.token())
