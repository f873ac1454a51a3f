"""What people do reaches the bot signed, as Slack sends it; what it answers within three seconds, they see."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from slack_sdk.signature import Clock, SignatureVerifier

from demo.local_slack import LocalSlack, Message, SlackChannel
from demo.local_slack.workspace import APP, TEAM
from demo.wire import Books
from tests.demo.test_slack_calls import APPROVALS, START, Caller, calling

BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Approve"}, "action_id": "approve", "value": "v1"}
ASKING: list[dict[str, Any]] = [{"type": "actions", "block_id": "buttons", "elements": [BUTTON]}]
SAID = {"text": "Got it"}


@dataclass
class Listener:
    """Stands for the bot: keeps what arrives and answers what the test says."""

    caller: Caller
    answer: Any = None
    status: int = 200
    hangs: bool = False
    before_answering: Callable[[str], Awaitable[None]] | None = None
    """Awaited with the response_url of a command."""
    arrived: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.arrived.append((await request.read(), dict(request.headers)))
        if self.hangs:
            await asyncio.Event().wait()
        if self.before_answering is not None:
            await self.before_answering(self.form()["response_url"])
        if isinstance(self.answer, dict):
            return web.json_response(self.answer, status=self.status)
        return web.Response(text=self.answer, status=self.status)

    def form(self, n: int = -1) -> dict[str, str]:
        return dict(parse_qsl(self.arrived[n][0].decode(), strict_parsing=True))

    def payload(self, n: int = -1) -> Any:
        return json.loads(self.form(n)["payload"])


@asynccontextmanager
async def listening(**settings: Any) -> AsyncIterator[Listener]:
    """Start a local Slack and something that stands for the bot."""
    async with AsyncExitStack() as stack:
        caller = await stack.enter_async_context(calling(**settings))
        listener = Listener(caller)
        app = web.Application()
        app.router.add_post("/slack/events", listener.take)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        caller.slack.bot_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        yield listener


@pytest.fixture
async def bot() -> AsyncIterator[Listener]:
    async with listening() as listener:
        yield listener


async def asked(bot: Listener, **args: Any) -> Message:
    """Have the bot post a message with a button."""
    ts = await bot.caller.post("asks", blocks=ASKING, **args)
    found = bot.caller.slack.workspace.find(args.get("channel", APPROVALS), ts)
    assert found is not None
    return found


def typed(listener: Listener) -> list[str]:
    return [message.text for message in listener.caller.slack.ephemerals("U0ANALYST")]


# -- signatures


class VerifierClock(Clock):
    """What slack_sdk asks for the time."""

    def now(self) -> float:
        return START.timestamp()


async def test_slacks_own_verifier_takes_the_signature(bot: Listener) -> None:
    secret = bot.caller.slack.signing_secret
    await bot.caller.slack.command("help")
    body, headers = bot.arrived[-1]

    assert SignatureVerifier(secret, VerifierClock()).is_valid_request(body, headers)
    assert not SignatureVerifier("other", VerifierClock()).is_valid_request(body, headers)
    assert not SignatureVerifier(secret, VerifierClock()).is_valid_request(body + b"&", headers)


async def test_a_signature_is_of_now_unless_another_time_is_given(bot: Listener) -> None:
    slack = bot.caller.slack
    now, stale = slack.sign(b"x"), slack.sign(b"x", str(int(START.timestamp()) - 301))
    verifier = SignatureVerifier(slack.signing_secret, VerifierClock())

    assert now["X-Slack-Request-Timestamp"] == str(int(START.timestamp()))
    assert verifier.is_valid_request(b"x", now)
    assert not verifier.is_valid_request(b"x", stale)


# -- commands


async def test_a_command_arrives_as_slack_sends_it(bot: Listener) -> None:
    answer = await bot.caller.slack.command("adelev@contoso.com VPN & <more>", by="U0ANALYST")

    form = bot.form()
    assert answer.status == 200
    assert bot.arrived[-1][1]["Content-Type"] == "application/x-www-form-urlencoded"
    assert (form["command"], form["text"]) == ("/confirm-safe", "adelev@contoso.com VPN & <more>")
    assert (form["user_id"], form["user_name"]) == ("U0ANALYST", "lynne.robbins")
    assert (form["channel_id"], form["channel_name"]) == ("C0GENERAL", "general")
    assert (form["team_id"], form["api_app_id"], form["is_enterprise_install"]) == (TEAM, APP, "false")
    assert form["response_url"].startswith("http://127.0.0.1:")
    assert form["trigger_id"] in bot.caller.slack.workspace.triggers


async def test_no_two_commands_share_a_trigger_or_a_response_url(bot: Listener) -> None:
    for _ in range(2):
        await bot.caller.slack.command("help")

    first, second = bot.form(0), bot.form(1)
    assert first["trigger_id"] != second["trigger_id"]
    assert first["response_url"] != second["response_url"]


async def test_a_command_from_a_private_place_does_not_name_it(bot: Listener) -> None:
    slack = bot.caller.slack
    slack.channels["C0SECRET"] = SlackChannel("C0SECRET", "secret", {"U0ANALYST"}, is_private=True)
    await slack.command("help", channel="C0SECRET")
    await slack.command("help", channel=slack.workspace.dm_of("U0ANALYST").id)

    assert [bot.form(n)["channel_name"] for n in (0, 1)] == ["privategroup", "directmessage"]


@pytest.mark.parametrize(
    ("answer", "shown"),
    [(SAID, ["Got it"]), ({"blocks": [{"type": "divider"}]}, [""]), ("Got it", ["Got it"]), ("", []), (None, [])],
)
async def test_only_who_typed_sees_the_answer_and_nothing_where_it_is_empty(
    bot: Listener, answer: Any, shown: list[str]
) -> None:
    bot.answer = answer
    await bot.caller.slack.command("help")

    assert typed(bot) == shown
    assert bot.caller.slack.ephemerals("U0MEGAN") == bot.caller.slack.messages("C0GENERAL") == []
    assert bot.caller.complaints == []


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ({"text": "a < b"}, "text: a < or > that is no markup of Slack's"),
        ("Tom & Jerry", "text: an & that is not escaped"),
        ({"text": "x", "blocks": [{"type": "image"}]}, "block 0: unknown block type 'image'"),
        ({"text": "x", "colour": "red"}, "unknown key 'colour'"),
        ({"text": "x", "response_type": "in_channel"}, "unknown response_type 'in_channel'"),
        ({"blocks": []}, "no text"),
    ],
)
async def test_an_answer_that_breaks_a_rule_is_complained_of(bot: Listener, answer: Any, complaint: str) -> None:
    bot.answer = answer
    await bot.caller.slack.command("help")

    assert bot.caller.complaints == [f"the answer to a command: {complaint}"]


# -- too late


async def test_who_waits_longer_than_slack_does_sees_operation_timeout() -> None:
    async with listening(patience=0.2) as bot:
        bot.hangs = True
        answer = await bot.caller.slack.command("help")
        click = await bot.caller.slack.click(await asked(bot), "approve")

        assert (answer.status, answer.error) == (click.status, click.error) == (0, "TimeoutError")
        assert typed(bot) == ["operation_timeout"]
        assert len(bot.arrived) <= 2  # Slack does not deliver again


async def test_slack_waits_three_seconds(bot: Listener) -> None:
    assert bot.caller.slack.delivery.patience == 3.0


async def test_a_bot_that_is_not_there_is_no_exception(bot: Listener) -> None:
    bot.caller.slack.bot_url = "http://127.0.0.1:1/slack/events"

    assert (await bot.caller.slack.command("help")).status == 0
    assert typed(bot) == ["operation_timeout"]


async def test_nothing_is_sent_while_the_local_slack_does_not_run(bot: Listener) -> None:
    idle = LocalSlack(Books(), now=bot.caller.clock.now)
    idle.bot_url = bot.caller.slack.bot_url
    with pytest.raises(RuntimeError, match="not running"):
        await idle.command("help")

    assert bot.arrived == []


@pytest.mark.parametrize("status", [401, 404, 503])
async def test_another_status_comes_back_as_it_is(bot: Listener, status: int) -> None:
    bot.status = status

    assert (await bot.caller.slack.command("help")).status == status
    assert (await bot.caller.slack.post_raw(b"x", {})).status == status
