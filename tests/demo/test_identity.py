"""The local endpoint of a managed identity answers as App Service's and a virtual machine's do."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from demo.identity import NOT_FOUND, LocalIdentity
from demo.wire import Books, Fault

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RESOURCE = "https://graph.microsoft.com"
APP_SERVICE = {"api-version": "2019-08-01", "resource": RESOURCE}
MACHINE = {"api-version": "2018-02-01", "resource": RESOURCE}


@pytest.fixture
async def identity() -> AsyncIterator[LocalIdentity]:
    async with LocalIdentity(Books(), resource=RESOURCE, issue=lambda: "token", now=lambda: NOW) as identity:
        yield identity


async def get(url: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(url, params=query, headers=headers) as response:
        return response.status, await response.json(content_type=None) or {}


async def app_service(identity: LocalIdentity, query: dict[str, str], header: str = "") -> tuple[int, dict[str, Any]]:
    variables = identity.as_app_service
    headers = {"X-IDENTITY-HEADER": header or variables["IDENTITY_HEADER"]}
    return await get(variables["IDENTITY_ENDPOINT"], query, headers)


async def machine(
    identity: LocalIdentity, query: dict[str, str], metadata: str = "true"
) -> tuple[int, dict[str, Any]]:
    host = identity.as_machine["AZURE_POD_IDENTITY_AUTHORITY_HOST"]
    return await get(f"{host}/metadata/identity/oauth2/token", query, {"Metadata": metadata})


async def test_app_service_dates_the_end_of_its_token(identity: LocalIdentity) -> None:
    status, body = await app_service(identity, APP_SERVICE)
    assert (status, body["access_token"], body["resource"]) == (200, "token", RESOURCE)
    assert body["expires_on"] == str(int(NOW.timestamp()) + identity.lifetime)


async def test_a_machine_tells_how_long_its_token_lasts(identity: LocalIdentity) -> None:
    status, body = await machine(identity, MACHINE)
    assert (status, body["access_token"], body["expires_in"]) == (200, "token", str(identity.lifetime))


async def test_only_an_assigned_identity_is_had(identity: LocalIdentity) -> None:
    identity.user_assigned = {"mine"}
    for client_id, status in (("mine", 200), ("another", 400)):
        assert (await app_service(identity, APP_SERVICE | {"client_id": client_id}))[0] == status
        assert (await machine(identity, MACHINE | {"client_id": client_id}))[0] == status
    identity.has_system_assigned = False
    status, body = await app_service(identity, APP_SERVICE)
    assert (status, body["statusCode"], body["message"]) == (400, 400, NOT_FOUND)
    status, body = await machine(identity, MACHINE)
    assert (status, body) == (400, {"error": "invalid_request", "error_description": "Identity not found"})


async def test_what_the_protocol_asks_for_has_to_be_there(identity: LocalIdentity) -> None:
    assert (await app_service(identity, APP_SERVICE, "wrong"))[0] == 401
    assert (await app_service(identity, APP_SERVICE | {"api-version": "1"}))[0] == 400
    assert (await app_service(identity, APP_SERVICE | {"resource": f"{RESOURCE}/.default"}))[0] == 500
    assert (await machine(identity, MACHINE, "no"))[0] == 400
    assert (await machine(identity, MACHINE | {"api-version": "1"}))[0] == 400
    assert (await machine(identity, MACHINE | {"resource": "x"}))[1]["error"] == "invalid_resource"
    assert identity.books.complaints == []


async def test_another_page_is_complained_of(identity: LocalIdentity) -> None:
    host = identity.as_machine["AZURE_POD_IDENTITY_AUTHORITY_HOST"]
    assert (await get(f"{host}/metadata/instance", {}, {}))[0] == 404
    assert identity.books.complaints == ["GET /metadata/instance: there is no such page"]


async def test_a_planted_status_is_answered(identity: LocalIdentity) -> None:
    identity.faults.add(Fault("app_service", "status", status=503))
    assert (await app_service(identity, APP_SERVICE))[0] == 503
    assert (await app_service(identity, APP_SERVICE))[0] == 200
