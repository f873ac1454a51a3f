"""The local Slack's Socket Mode: addresses that are good once, envelopes, acks within three seconds, and the SDK."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from demo.local_slack import LocalSlack
from demo.local_slack.sockets import APP_TOKEN
from demo.local_slack.workspace import APP
from demo.wire import Books
from tests.clocks import WarpClock


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with LocalSlack(Books(), now=WarpClock(speed=1).now) as slack:
        slack.sockets.is_on = True
        yield slack


async def url_of(slack: LocalSlack, token: str = APP_TOKEN) -> str:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(base_url=slack.api_url, session=session)
        return str((await client.apps_connections_open(app_token=token))["url"])


@asynccontextmanager
async def socket_of(slack: LocalSlack) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as session, session.ws_connect(await url_of(slack)) as socket:
        yield socket


async def test_it_says_hello_and_names_the_app(slack: LocalSlack) -> None:
    async with socket_of(slack) as socket:
        hello = await socket.receive_json()
        assert (hello["type"], hello["num_connections"], hello["connection_info"]) == ("hello", 1, {"app_id": APP})


async def test_an_address_is_good_once(slack: LocalSlack) -> None:
    url = await url_of(slack)
    async with aiohttp.ClientSession() as session, session.ws_connect(url):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


@pytest.mark.parametrize(
    ("token", "code"),
    [("xapp-1-A0-1-x", "invalid_auth"), ("xoxb-0123456789-local", "not_allowed_token_type"), ("", "not_authed")],
)
async def test_another_token_gets_no_address(slack: LocalSlack, token: str, code: str) -> None:
    with pytest.raises(SlackApiError) as refused:
        await url_of(slack, token)
    assert refused.value.response["error"] == code


async def test_the_token_needs_its_scope(slack: LocalSlack) -> None:
    slack.sockets.scopes.clear()
    with pytest.raises(SlackApiError) as refused:
        await url_of(slack)
    assert refused.value.response["needed"] == "connections:write"


@pytest.mark.parametrize("reason", ["link_disabled", "too_many_websockets"])
async def test_a_socket_too_many_or_switched_off_is_told_why(slack: LocalSlack, reason: str) -> None:
    slack.sockets.is_on, slack.sockets.most = reason != "link_disabled", 0
    async with socket_of(slack) as socket:
        assert (await socket.receive_json())["reason"] == reason
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_an_ack_takes_the_answer_along(slack: LocalSlack) -> None:
    async with socket_of(slack) as socket:
        await socket.receive_json()
        typing = asyncio.create_task(slack.command("help"))
        envelope = await socket.receive_json()
        assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
        assert envelope["payload"]["text"] == "help"
        await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "Hello"}})
        assert (await typing).body == {"text": "Hello"}
        assert slack.plain(slack.ephemerals("U0ANALYST")[-1]) == "Hello"


async def test_without_an_ack_it_failed_after_three_seconds(slack: LocalSlack) -> None:
    async with socket_of(slack) as socket:
        await socket.receive_json()
        answer = await slack.command("help")
        assert answer.status == 0
        assert 2_900 < answer.took < 4_000
        assert slack.plain(slack.ephemerals("U0ANALYST")[-1]) == "operation_timeout"


async def test_without_a_socket_it_fails_at_once(slack: LocalSlack) -> None:
    answer = await slack.command("help")
    assert (answer.status, answer.error) == (0, "no socket")


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        ("{", "a frame that is no ack"),
        (json.dumps({"envelope_id": "1", "text": "x"}), "a frame that is no ack"),
        (json.dumps({"envelope_id": "1"}), "an ack of nothing that waits for one"),
    ],
)
async def test_what_is_no_ack_is_complained_of(slack: LocalSlack, sent: str, complaint: str) -> None:
    async with socket_of(slack) as socket:
        await socket.send_str(sent)
        await slack.books.until(lambda: slack.complaints)
        assert slack.complaints == [f"a socket: {complaint}"]


async def test_a_second_ack_or_a_payload_for_a_click_is_complained_of(slack: LocalSlack) -> None:
    async with socket_of(slack) as socket:
        await socket.receive_json()
        click = asyncio.create_task(slack.sockets.deliver("interactive", {"type": "block_actions"}, 3.0))
        envelope = await socket.receive_json()
        assert envelope["accepts_response_payload"] is False
        for _ in range(2):
            await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "x"}})
        await click
        await slack.books.until(lambda: len(slack.complaints) == 2)
        assert "with a payload where none is taken" in slack.complaints[0]
        assert "an ack of nothing that waits for one" in slack.complaints[1]


async def test_the_sdks_own_client_is_served(slack: LocalSlack) -> None:
    """It stands for how Slack behaves: what it can't talk to would be no Slack."""
    client = AsyncWebClient(base_url=slack.api_url, token=slack.bot_token)
    app = AsyncApp(client=client, process_before_response=True)

    async def asked(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack(f"You typed {command['text']}")

    app.command("/confirm-safe")(asked)
    handler = AsyncSocketModeHandler(app, APP_TOKEN)
    try:
        await handler.connect_async()  # type: ignore[no-untyped-call] # the SDK types it not
        await slack.books.until(lambda: slack.sockets.lines)
        assert (await slack.command("help")).body == {"text": "You typed help"}
        line = slack.sockets.lines[0]
        await slack.sockets.disconnect(line, "refresh_requested")
        await slack.books.until(lambda: slack.sockets.lines and line not in slack.sockets.lines)
        assert (await slack.command("mine")).body == {"text": "You typed mine"}
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call] # likewise
    assert slack.complaints == []
