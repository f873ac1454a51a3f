"""The local Entra takes an assertion only if all of it is right, and refuses by Entra's codes."""

import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from demo.assertions import TYPE, FederatedCredential, thumbprint
from demo.entra import CLIENT, SECRET, TENANT, LocalEntra
from demo.wire import Books
from tests.certificates import Made, a_key, made

NOW = datetime.now(UTC)  # the certificates are made around it
AT = int(NOW.timestamp())
SCOPE = "https://graph.microsoft.com/.default"
ISSUER, SUBJECT, AUDIENCE = "https://oidc.contoso.com/", "system:serviceaccount:a:b", "api://AzureADTokenExchange"

Post = Callable[..., Awaitable[int | None]]


@pytest.fixture
async def entra() -> AsyncIterator[LocalEntra]:
    async with LocalEntra(Books(), now=lambda: NOW) as entra:
        yield entra


@pytest.fixture
async def post(entra: LocalEntra) -> AsyncIterator[Post]:
    """Ask for a token with an assertion; None for a token, else the AADSTS number."""
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=entra.ca_file))
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask(assertion: str = "", **more: str) -> int | None:
            form = {"grant_type": "client_credentials", "client_id": CLIENT, "scope": SCOPE} | more
            if assertion:
                form = {"client_assertion": assertion, "client_assertion_type": TYPE} | form
            url = f"{entra.authority}/{TENANT}/oauth2/v2.0/token"
            async with session.post(url, data=form) as response:
                body = await response.json()
                if response.status == 200:
                    assert entra.is_live(body["access_token"])
                    return None
                return int(body["error_codes"][0])

        yield ask


def claims_for(entra: LocalEntra) -> dict[str, Any]:
    endpoint = f"{entra.authority}/{TENANT}/oauth2/v2.0/token"
    return {"aud": endpoint, "iss": CLIENT, "sub": CLIENT, "iat": AT, "exp": AT + 600, "jti": "1"}


def signed(by: Made, claims: Mapping[str, Any], **header: Any) -> str:
    headers = {"x5t#S256": thumbprint(by.certificate)} | header
    algorithm = str(headers.pop("alg", "PS256"))
    return jwt.encode(dict(claims), by.key, algorithm=algorithm, headers=headers)


def x5c(*chain: Made) -> list[str]:
    return [base64.b64encode(one.certificate.public_bytes(Encoding.DER)).decode() for one in chain]


async def test_a_registered_certificate_signs_in(entra: LocalEntra, post: Post) -> None:
    mine = made()
    entra.trust.certificates = [mine.certificate]
    assert await post(signed(mine, claims_for(entra))) is None
    assert entra.books.complaints == []
    assert "…" in str(entra.books.of("token")[0].args["client_assertion"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"aud": "https://login.contoso.com/"}, 700023),
        ({"aud": ["https://login.contoso.com/"]}, 50027),
        ({"aud": None}, 50027),
        ({"exp": None}, 50027),
        ({"exp": "soon"}, 50027),
        ({"iss": "somebody", "sub": "somebody"}, 700021),
        ({"sub": "somebody"}, 50048),
        ({"exp": AT}, 700024),
        ({"exp": AT + 600.5, "iat": AT + 299.5}, None),
        ({"nbf": AT + 301}, 700024),
    ],
)
async def test_one_wrong_claim_is_enough_to_be_refused(
    entra: LocalEntra, post: Post, change: dict[str, Any], code: int | None
) -> None:
    mine = made()
    entra.trust.certificates = [mine.certificate]
    claims = {name: value for name, value in (claims_for(entra) | change).items() if value is not None}
    # PyJWT itself signs nothing that is as wrong as this, so the rest is put together by hand.
    assertion = jwt.api_jws.PyJWS().encode(
        jwt.PyJWT()._encode_payload(claims), mine.key, "PS256", {"x5t#S256": thumbprint(mine.certificate)}
    )
    assert await post(assertion) == code


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"alg": "RS256"}, 700027),
        ({"x5t#S256": "AAAA"}, 700027),
        ({"x5t#S256": thumbprint(made(key=1).certificate)}, 700027),
        ({"x5t": "AAAA", "x5t#S256": ""}, 700027),
    ],
)
async def test_a_wrong_header_is_enough_to_be_refused(
    entra: LocalEntra, post: Post, header: dict[str, str], code: int
) -> None:
    mine = made()
    entra.trust.certificates = [mine.certificate]
    assert await post(signed(mine, claims_for(entra), **header)) == code


async def test_a_signature_by_another_key_or_a_certificate_that_has_ended_is_refused(
    entra: LocalEntra, post: Post
) -> None:
    mine, other, old = made(), made(key=1), made(key=2, days=-1)
    entra.trust.certificates = [mine.certificate, old.certificate]
    forged = signed(other, claims_for(entra), **{"x5t#S256": thumbprint(mine.certificate)})
    assert await post(forged) == 700027
    assert await post(signed(old, claims_for(entra))) == 700027


async def test_a_name_under_a_trusted_root_is_enough_if_the_chain_comes_along(entra: LocalEntra, post: Post) -> None:
    root = made("root", key=1, is_authority=True)
    between = made("between", key=2, by=root, is_authority=True)
    mine, other = made(by=between), made("another", by=between)
    entra.trust.authority, entra.trust.subject = root.certificate, "confirm-safe"
    claims = claims_for(entra)

    assert await post(signed(mine, claims, x5c=x5c(mine, between))) is None
    assert await post(signed(mine, claims, x5c=x5c(mine, between, root))) is None
    for chain in ([], x5c(mine), x5c(between, mine), x5c(made(), between), ["no base64"]):
        assert await post(signed(mine, claims, x5c=chain)) == 700027
    assert await post(signed(other, claims, x5c=x5c(other, between))) == 700027


@pytest.mark.parametrize("assertion", ["x", "a.b.c", "e30.e30.e30", jwt.encode({"sub": "x"}, "k" * 32)])
async def test_what_is_no_assertion_is_malformed(post: Post, assertion: str) -> None:
    assert await post(assertion) == 50027


async def test_a_forgotten_or_doubled_credential_is_refused(entra: LocalEntra, post: Post) -> None:
    assert await post() == 7000216
    assert entra.books.complaints == []
    mine = made()
    entra.trust.certificates = [mine.certificate]
    assertion = signed(mine, claims_for(entra))
    assert await post(assertion, client_secret=SECRET) == 900144
    assert await post(assertion, client_assertion_type="urn:ietf:params:oauth:grant-type:jwt-bearer") == 900144
    assert len(entra.books.complaints) == 2


@pytest.mark.parametrize("claims", ["no json", "[1]"])
async def test_claims_that_are_no_object_are_refused(entra: LocalEntra, post: Post, claims: str) -> None:
    assert await post(client_secret=SECRET, claims=claims) == 900144
    assert entra.books.complaints == ["token: claims that are no JSON object"]


@pytest.mark.parametrize(
    ("change", "key", "code"),
    [
        ({}, 1, None),
        ({"iss": ISSUER.rstrip("/")}, 1, 700211),
        ({"aud": "api://other"}, 1, 700212),
        ({"sub": SUBJECT.upper()}, 1, 700213),
        ({"exp": AT - 1}, 1, 700024),
        ({}, 2, 7000272),
    ],
)
async def test_another_issuers_token_is_taken_where_all_of_it_is_as_registered(
    entra: LocalEntra, post: Post, change: dict[str, Any], key: int, code: int | None
) -> None:
    entra.trust.federated = [FederatedCredential(ISSUER, SUBJECT, a_key(1).public_key())]
    claims = {"iss": ISSUER, "sub": SUBJECT, "aud": AUDIENCE, "iat": AT, "exp": AT + 3600} | change
    assert await post(jwt.encode(claims, a_key(key), algorithm="RS256", headers={"kid": "1"})) == code
