"""Signing in as what Azure runs the bot as, at the local endpoints of App Service and of a virtual machine."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import requests

from bot.graph.applications import open_application
from bot.graph.credentials import Credentials, ManagedIdentity
from bot.graph.tokens import Tokens
from demo.entra import CLIENT, RESOURCE, TENANT, LocalEntra
from demo.identity import LocalIdentity
from demo.wire import Fault
from tests.clocks import WarpClock
from tests.graph.conftest import SCOPE, New, now, refused

IN_THE_ENVIRONMENT = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "IMDS_ENDPOINT")


@pytest.fixture
async def identity(entra: LocalEntra, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalIdentity]:
    for name in IN_THE_ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    async with LocalIdentity(entra.books, resource=RESOURCE, issue=entra.issue, now=now) as identity:
        yield identity


@pytest.fixture(params=["as_app_service", "as_machine"])
def led(identity: LocalIdentity, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> LocalIdentity:
    """The endpoint, to which the environment leads in either way."""
    lead(monkeypatch, getattr(identity, request.param))
    return identity


def lead(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("client", ["", CLIENT])
async def test_it_signs_in_as_what_azure_runs_it_as_and_through_no_proxy(
    entra: LocalEntra, led: LocalIdentity, new: New, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    lead(monkeypatch, {"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"})
    led.has_system_assigned, led.user_assigned = not client, {client}

    assert entra.is_live(await new(ManagedIdentity(), client).token())

    (call,) = entra.books.calls
    assert (call.args["resource"], call.args.get("client_id", "")) == (RESOURCE, client)


async def test_one_that_is_not_there_is_nothing_that_passes(led: LocalIdentity, new: New) -> None:
    led.has_system_assigned = False
    why = await refused(new(ManagedIdentity(), ""))
    assert str(why).startswith("The managed identity's endpoint gave no token")
    assert not why.is_transient


@pytest.mark.parametrize(("kind", "status"), [("status", 500), ("status", 429), ("html", 200), ("reset", 0)])
async def test_what_passes_by_itself_is_told_as_such(led: LocalIdentity, new: New, kind: str, status: int) -> None:
    led.faults.add(Fault("*", kind, status=status))
    why = await refused(new(ManagedIdentity(), ""))
    assert (why.code, why.is_transient) == ("", True)


async def test_a_resource_that_entra_does_not_know_is_told_by_code(
    entra: LocalEntra, identity: LocalIdentity, clock: WarpClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead(monkeypatch, identity.as_machine)
    credentials = Credentials(TENANT, "", ManagedIdentity(), "", "https://graph.contoso.com/.default")
    why = await refused(Tokens(credentials, clock))
    assert (why.code, why.is_transient) == ("AADSTS500011", False)


async def test_where_there_is_no_endpoint_it_is_told_as_such(new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    lead(monkeypatch, {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1"})
    why = await refused(new(ManagedIdentity(), ""))
    assert str(why) == "The managed identity's endpoint isn't answering (ConnectionError)"
    assert why.is_transient


async def test_an_endpoint_that_hangs_is_left(identity: LocalIdentity, monkeypatch: pytest.MonkeyPatch) -> None:
    lead(monkeypatch, identity.as_app_service)
    identity.faults.add(Fault("app_service", "hang"))
    credentials = Credentials(TENANT, "", ManagedIdentity(), "", SCOPE)
    acquire = open_application(credentials, ManagedIdentity(), timeout=0.2)
    with pytest.raises(requests.Timeout):
        await asyncio.to_thread(acquire, None)
    identity.faults.clear()


async def test_an_environment_that_names_a_broken_endpoint_is_nothing_that_passes(
    new: New, monkeypatch: pytest.MonkeyPatch
) -> None:
    service_fabric = {
        "IDENTITY_ENDPOINT": "http://127.0.0.1:1",
        "IDENTITY_HEADER": "x",
        "IDENTITY_SERVER_THUMBPRINT": "x",
    }
    lead(monkeypatch, service_fabric)
    why = await refused(new(ManagedIdentity(), ""))
    assert str(why) == "The managed identity can't be used here (ManagedIdentityError)"
    assert not why.is_transient


async def test_a_challenge_is_answered_past_its_cache(
    entra: LocalEntra, identity: LocalIdentity, new: New, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead(monkeypatch, identity.as_app_service)
    tokens = new(ManagedIdentity(), "")
    first = await tokens.token()
    assert await tokens.answer(json.dumps({"access_token": {}})) != first
    assert len(entra.books.of("app_service")) == 2
