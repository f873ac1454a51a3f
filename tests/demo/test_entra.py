"""The local Entra is taken for the real one by MSAL, and refuses as the real one does."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import jwt
import msal
import pytest
import requests
from msal.exceptions import MsalServiceError

from demo.entra import CLIENT, SECRET, TENANT, LocalEntra
from demo.wire import Books, Fault
from tests.clocks import WarpClock

SCOPE = "https://graph.microsoft.com/.default"
GOOD = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "scope": SCOPE}


@pytest.fixture
def clock() -> WarpClock:
    return WarpClock(datetime.now(UTC), speed=0)


@pytest.fixture
async def entra(clock: WarpClock) -> AsyncIterator[LocalEntra]:
    async with LocalEntra(Books(), now=clock.now) as entra:
        yield entra


@pytest.fixture
async def http(entra: LocalEntra) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=entra.ca_file))
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


async def sign_in(
    entra: LocalEntra, *, tenant: str = TENANT, secret: str = SECRET, ca_file: str | None = None
) -> dict[str, Any]:
    """Get a token as the bot does: with MSAL, which blocks, in a thread."""

    def ask() -> dict[str, Any]:
        with requests.Session() as session:
            session.verify = entra.ca_file if ca_file is None else ca_file
            app = msal.ConfidentialClientApplication(
                CLIENT,
                client_credential=secret,
                authority=f"{entra.authority}/{tenant}",
                instance_discovery=False,
                http_client=session,
            )
            result: dict[str, Any] = app.acquire_token_for_client([SCOPE])
            return result

    return await asyncio.to_thread(ask)


async def post(
    http: aiohttp.ClientSession, entra: LocalEntra, form: dict[str, str], tenant: str = TENANT
) -> tuple[int, Any]:
    url = f"{entra.authority}/{tenant}/oauth2/v2.0/token"
    async with http.post(url, data=form) as response:
        return response.status, await response.json()


@pytest.fixture(autouse=True)
def _no_bundle_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    # In the environment it would win over verify=.
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)


async def test_msal_gets_a_token_that_names_the_app_its_tenant_and_its_roles(
    entra: LocalEntra, clock: WarpClock
) -> None:
    result = await sign_in(entra)

    assert result["expires_in"] == 3599
    claims = jwt.decode(result["access_token"], options={"verify_signature": False})
    assert claims["aud"] == "https://graph.microsoft.com"
    assert (claims["tid"], claims["appid"]) == (TENANT, CLIENT)
    assert claims["iss"] == f"https://sts.windows.net/{TENANT}/"
    assert claims["roles"] == ["IdentityRiskyUser.ReadWrite.All", "User.Read.All"]
    assert claims["exp"] == int((clock.now() + timedelta(seconds=3599)).timestamp())
    assert entra.roles_of(result["access_token"]) == set(claims["roles"])
    assert [call.name for call in entra.books.calls] == ["discovery", "token"]
    assert entra.books.complaints == []


async def test_msal_trusts_it_through_requests_ca_bundle_too(
    entra: LocalEntra, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", entra.ca_file)

    assert "access_token" in await sign_in(entra, ca_file="")


async def test_a_token_is_live_until_it_expires(entra: LocalEntra, clock: WarpClock) -> None:
    token = (await sign_in(entra))["access_token"]

    clock.advance(timedelta(seconds=3598))
    assert entra.is_live(token)
    clock.advance(timedelta(seconds=1))
    assert not entra.is_live(token)


async def test_revoking_ends_the_old_tokens_and_not_the_next(entra: LocalEntra) -> None:
    old = (await sign_in(entra))["access_token"]
    entra.revoke_all()
    new = (await sign_in(entra))["access_token"]

    assert not entra.is_live(old)
    assert entra.is_live(new)


async def test_a_token_of_somebody_else_is_not_live(entra: LocalEntra) -> None:
    forged = jwt.encode({"appid": CLIENT, "exp": 2**33}, "k" * 32, algorithm="HS256")

    assert not entra.is_live(forged)


async def test_roles_taken_away_are_missing_from_the_next_token(entra: LocalEntra) -> None:
    entra.roles.discard("User.Read.All")
    token = (await sign_in(entra))["access_token"]

    assert entra.roles_of(token) == {"IdentityRiskyUser.ReadWrite.All"}


async def test_the_lifetime_is_what_the_test_says(entra: LocalEntra) -> None:
    entra.lifetime = 120

    assert (await sign_in(entra))["expires_in"] == 120


@pytest.mark.parametrize(
    ("failure", "code", "error"),
    [
        ("wrong_secret", 7000215, "invalid_client"),
        ("expired_secret", 7000222, "invalid_client"),
        ("unknown_app", 700016, "unauthorized_client"),
    ],
)
async def test_msal_is_told_why_there_is_no_token(entra: LocalEntra, failure: str, code: int, error: str) -> None:
    entra.failure = failure
    result = await sign_in(entra)

    assert result["error"] == error
    assert result["error_codes"] == [code]
    assert result["error_description"].startswith(f"AADSTS{code}: ")
    assert "access_token" not in result


async def test_msal_takes_a_tenant_that_is_not_there_for_a_wrong_authority(entra: LocalEntra) -> None:
    with pytest.raises(ValueError, match="Unable to get authority configuration"):
        await sign_in(entra, tenant="00000000-0000-4000-8000-000000000000")

    [call] = entra.books.calls
    assert (call.name, call.status, call.answer["error_codes"]) == ("discovery", 400, [90002])


async def test_the_failure_no_tenant_hides_the_own_tenant(entra: LocalEntra) -> None:
    entra.failure = "no_tenant"

    with pytest.raises(ValueError, match="Unable to get authority configuration"):
        await sign_in(entra)


async def test_a_secret_that_is_not_the_apps_is_refused_and_never_kept_in_the_books(
    entra: LocalEntra,
) -> None:
    result = await sign_in(entra, secret="not-the-secret")

    assert result["error_codes"] == [7000215]
    assert "not-the-secret" not in str([call.args for call in entra.books.calls])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_id": "00000000-0000-4000-8000-000000000000"}, 700016),
        ({"scope": "https://graph.microsoft.com/User.Read"}, 1002012),
        ({"grant_type": "password"}, 70003),
        ({"resource": "https://graph.microsoft.com"}, 900144),
    ],
)
async def test_a_form_that_is_wrong_in_one_field_gets_no_token(
    entra: LocalEntra, http: aiohttp.ClientSession, change: dict[str, str], code: int
) -> None:
    assert (await post(http, entra, GOOD))[0] == 200
    status, body = await post(http, entra, {**GOOD, **change})

    assert (status, body["error_codes"]) == (400, [code])


async def test_what_the_protocol_forbids_is_complained_of(entra: LocalEntra, http: aiohttp.ClientSession) -> None:
    await post(http, entra, {**GOOD, "grant_type": "password"})
    await http.get(f"{entra.authority}/{TENANT}/oauth2/token")

    assert entra.books.complaints == [
        "token: grant_type password",
        f"GET /{TENANT}/oauth2/token: there is no such page",
    ]


async def test_a_planted_503_raises_in_msal_as_its_real_one_does(entra: LocalEntra) -> None:
    entra.faults.add(Fault("token", "status", status=503))

    with pytest.raises(MsalServiceError, match="503"):
        await sign_in(entra)


async def test_a_planted_429_tells_when_to_come_back(entra: LocalEntra, http: aiohttp.ClientSession) -> None:
    entra.faults.add(Fault("token", "status", status=429, retry_after=7))
    async with http.post(f"{entra.authority}/{TENANT}/oauth2/v2.0/token", data=GOOD) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "7")

    assert (await post(http, entra, GOOD))[0] == 200


async def test_a_planted_page_of_html_is_no_json(entra: LocalEntra) -> None:
    entra.faults.add(Fault("token", "html"))

    with pytest.raises(json.JSONDecodeError):
        await sign_in(entra)


async def test_a_reset_connection_brings_no_token(entra: LocalEntra, http: aiohttp.ClientSession) -> None:
    entra.faults.add(Fault("token", "reset", times=-1))

    with pytest.raises(aiohttp.ClientConnectionError):
        await post(http, entra, GOOD)


async def test_a_client_without_the_certificate_does_not_get_in(entra: LocalEntra) -> None:
    async with aiohttp.ClientSession() as stranger:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await stranger.get(f"{entra.authority}/{TENANT}/v2.0/.well-known/openid-configuration")
    assert entra.books.calls == []
