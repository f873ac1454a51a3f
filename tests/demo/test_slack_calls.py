"""A Web API call to the local Slack is refused unless its method, arguments, token and scope are right."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDictProxy

from demo.local_slack import LocalSlack
from demo.local_slack.arguments import METHODS
from demo.wire import Books, Call
from tests.clocks import WarpClock

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
APPROVALS, INCIDENT = "C0APPROVE", "C0INCIDENT"


class Caller:
    """A Web API client in its plainest form, on a clock that stands still."""

    def __init__(self, slack: LocalSlack, clock: WarpClock, session: aiohttp.ClientSession) -> None:
        self.slack = slack
        self.clock = clock
        self.session = session
        self.complaints = slack.books.complaints

    async def ask(self, name: str, *, token: str = "", **how: Any) -> tuple[int, Any, CIMultiDictProxy[str]]:
        headers = {"Authorization": f"Bearer {token or self.slack.bot_token}", **how.pop("headers", {})}
        async with self.session.post(self.slack.api_url + name, headers=headers, **how) as response:
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.text()), response.headers

    async def call(self, name: str, **args: Any) -> dict[str, Any]:
        """Call with a JSON body; the answer, which is a 200."""
        status, answer, _ = await self.ask(name, json=args)
        assert status == 200, answer
        assert isinstance(answer, dict)
        return answer

    async def good(self, name: str, **args: Any) -> dict[str, Any]:
        answer = await self.call(name, **args)
        assert answer["ok"] is True, answer
        return answer

    async def refused(self, name: str, **args: Any) -> str:
        answer = await self.call(name, **args)
        assert answer["ok"] is False, answer
        return str(answer["error"])

    async def post(self, text: str = "hello", channel: str = APPROVALS, **args: Any) -> str:
        """Post a message and return its ts."""
        return str((await self.good("chat.postMessage", channel=channel, text=text, **args))["ts"])

    def by_name(self, name: str) -> list[Call]:
        return self.slack.books.of(name)


@asynccontextmanager
async def calling(**settings: Any) -> AsyncIterator[Caller]:
    """Start a local Slack of its own and a client for it."""
    clock = WarpClock(START, speed=0)
    async with LocalSlack(Books(), now=clock.now, **settings) as slack, aiohttp.ClientSession() as session:
        yield Caller(slack, clock, session)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


MODAL = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": [{"type": "divider"}]}
HOME = {"type": "home", "blocks": [{"type": "divider"}]}
MINIMAL: dict[str, dict[str, Any]] = {
    "auth.test": {},
    "bots.info": {"bot": "B0CONFIRM"},
    "chat.postMessage": {"channel": APPROVALS, "text": "x"},
    "chat.postEphemeral": {"channel": APPROVALS, "user": "U0MEGAN", "text": "x"},
    "chat.update": {"channel": APPROVALS, "ts": "1", "text": "x"},
    "chat.delete": {"channel": APPROVALS, "ts": "1"},
    "chat.getPermalink": {"channel": APPROVALS, "message_ts": "1"},
    "conversations.info": {"channel": APPROVALS},
    "conversations.open": {"users": "U0MEGAN"},
    "conversations.replies": {"channel": APPROVALS, "ts": "1"},
    "conversations.history": {"channel": APPROVALS},
    "conversations.members": {"channel": APPROVALS},
    "conversations.list": {},
    "users.list": {},
    "users.info": {"user": "U0MEGAN"},
    "users.lookupByEmail": {"email": "meganb@contoso.com"},
    "usergroups.list": {},
    "usergroups.users.list": {"usergroup": "S0SOC"},
    "views.open": {"trigger_id": "1.2.x", "view": MODAL},
    "views.publish": {"user_id": "U0MEGAN", "view": HOME},
    "views.update": {"view_id": "V1", "view": MODAL},
}
SCOPES = {
    "bots.info": "users:read",
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "conversations.info": "channels:read,groups:read,im:read,mpim:read",
    "conversations.open": "im:write",
    "conversations.replies": "channels:history,groups:history,im:history,mpim:history",
    "conversations.history": "channels:history,groups:history,im:history,mpim:history",
    "conversations.members": "channels:read,groups:read,im:read,mpim:read",
    "conversations.list": "channels:read,groups:read,im:read,mpim:read",
    "users.list": "users:read",
    "users.info": "users:read",
    "users.lookupByEmail": "users:read.email",
    "usergroups.list": "usergroups:read",
    "usergroups.users.list": "usergroups:read",
}
NEEDED = [
    (name, key) for name, args in MINIMAL.items() for key in args if key not in {"text", "bot", "users", "view_id"}
]


def test_the_cases_below_cover_every_method() -> None:
    # It takes the app's own token, not the bot's: tests/demo/test_slack_sockets.py has it.
    assert set(MINIMAL) == set(METHODS) - {"apps.connections.open"}


@pytest.mark.parametrize("name", MINIMAL)
async def test_a_call_with_what_it_needs_breaks_no_rule_of_calling(caller: Caller, name: str) -> None:
    answer = await caller.call(name, team_id="T0CONTOSO", **MINIMAL[name])

    assert answer.get("error") in {None, "message_not_found", "thread_not_found", "invalid_trigger_id", "not_found"}
    assert caller.complaints == []


@pytest.mark.parametrize("name", MINIMAL)
async def test_an_argument_that_the_method_does_not_document_is_an_error_and_a_complaint(
    caller: Caller, name: str
) -> None:
    assert await caller.refused(name, **MINIMAL[name], colour="red") == "invalid_arguments"
    assert caller.complaints == [f"{name}: unknown argument 'colour'"]


@pytest.mark.parametrize(("name", "key"), NEEDED)
async def test_an_argument_that_is_missing_is_an_error_and_a_complaint(caller: Caller, name: str, key: str) -> None:
    args = {k: v for k, v in MINIMAL[name].items() if k != key}

    assert await caller.refused(name, **args) == "invalid_arguments"
    assert caller.complaints == [f"{name}: {key!r} is missing"]


@pytest.mark.parametrize("name", ["chat.scheduleMessage", "admin.users.list", "chat.postmessage", ""])
async def test_a_method_that_is_not_offered_is_an_error_and_a_complaint(caller: Caller, name: str) -> None:
    assert await caller.refused(name) == "unknown_method"
    assert caller.complaints == [f"{name}: no such method"]


@pytest.mark.parametrize(("name", "needed"), SCOPES.items())
async def test_without_its_scope_a_method_names_what_is_needed_and_what_is_there(
    caller: Caller, name: str, needed: str
) -> None:
    caller.slack.scopes = {"commands", "reactions:read"}

    assert await caller.call(name, **MINIMAL[name]) == {
        "ok": False,
        "error": "missing_scope",
        "needed": needed,
        "provided": "commands,reactions:read",
    }
    assert caller.complaints == []


@pytest.mark.parametrize("name", sorted(set(MINIMAL) - set(SCOPES)))
async def test_the_other_methods_need_no_scope(caller: Caller, name: str) -> None:
    caller.slack.scopes = set()

    assert (await caller.call(name, **MINIMAL[name])).get("error") != "missing_scope"


@pytest.mark.parametrize("name", MINIMAL)
async def test_a_wrong_token_gets_nothing(caller: Caller, name: str) -> None:
    status, answer, _ = await caller.ask(name, token="xoxb-wrong", json=MINIMAL[name])

    assert (status, answer) == (200, {"ok": False, "error": "invalid_auth"})


async def test_a_token_has_to_be_there_and_in_the_header(caller: Caller) -> None:
    url = f"{caller.slack.api_url}auth.test"
    for form in ({}, {"token": caller.slack.bot_token}):
        async with caller.session.post(url, data=form) as response:
            assert await response.json() == {"ok": False, "error": "not_authed"}


async def test_the_books_never_hold_the_token(caller: Caller) -> None:
    await caller.good("auth.test")

    assert caller.slack.bot_token not in str([str(call) for call in caller.slack.books.calls])


async def test_every_answer_names_the_scopes_and_an_id_of_its_own(caller: Caller) -> None:
    caller.slack.scopes = {"users:read", "chat:write"}
    _, _, first = await caller.ask("auth.test")
    _, _, second = await caller.ask("nothing.here")

    assert first["X-OAuth-Scopes"] == second["X-OAuth-Scopes"] == "chat:write,users:read"
    assert first["X-Slack-Req-Id"] != second["X-Slack-Req-Id"]


def encoded(args: Mapping[str, Any]) -> dict[str, str]:
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in args.items()}


@pytest.mark.parametrize("how", ["json", "data", "params"])
async def test_arguments_come_in_a_json_body_a_form_or_the_query(caller: Caller, how: str) -> None:
    metadata = {"event_type": "made", "event_payload": {"op_id": "1"}}
    blocks = [{"type": "divider"}]
    args = {"channel": APPROVALS, "text": "hello", "blocks": blocks, "metadata": metadata}
    sent: dict[str, Any] = {how: args if how == "json" else encoded(args)}
    _, answer, _ = await caller.ask("chat.postMessage", **sent)

    assert answer["ok"] is True, answer
    [message] = caller.slack.messages(APPROVALS)
    assert (message.text, message.blocks, message.metadata) == ("hello", blocks, metadata)


@pytest.mark.parametrize("body", [b'{"channel": ', b"[]", b'"text"', b"\xff"])
async def test_a_body_that_is_no_json_object_is_refused_and_complained_of(caller: Caller, body: bytes) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    _, answer, _ = await caller.ask("conversations.history", headers=headers, data=body)

    assert answer == {"ok": False, "error": "invalid_json"}
    assert caller.complaints == ["conversations.history: the body is no JSON object"]


async def test_every_call_is_in_the_books_with_what_was_asked_and_answered(caller: Caller) -> None:
    ts = await caller.post()
    await caller.refused("chat.delete", channel=APPROVALS, ts="1.1")

    [post], [delete] = caller.by_name("chat.postMessage"), caller.by_name("chat.delete")
    assert (post.n, post.to, post.method, post.status) == (1, "slack", "POST", 200)
    assert (post.args, post.answer["ts"]) == ({"channel": APPROVALS, "text": "hello"}, ts)
    assert (delete.n, delete.answer) == (2, {"ok": False, "error": "message_not_found"})


async def test_a_token_that_comes_in_the_form_too_as_nodes_sdk_sends_it_is_no_argument(caller: Caller) -> None:
    status, answer, _ = await caller.ask("auth.test", data={"token": caller.slack.bot_token})
    assert (status, answer["ok"], caller.complaints) == (200, True, [])
    assert caller.by_name("auth.test")[-1].args == {}
