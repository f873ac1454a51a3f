"""A planted fault makes the local Slack fail as the real one can, once, for what it names, and no further."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from demo.wire import Fault
from tests.demo.test_slack_calls import APPROVALS, INCIDENT, Caller, calling


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


def shown(caller: Caller, channel: str = APPROVALS) -> list[str]:
    return [message.text for message in caller.slack.messages(channel)]


async def ask(caller: Caller, text: str = "hello", channel: str = APPROVALS) -> tuple[int, Any, Any]:
    return await caller.ask("chat.postMessage", json={"channel": channel, "text": text})


async def test_a_429_says_when_to_come_back_and_nothing_is_posted(caller: Caller) -> None:
    caller.slack.faults.add(Fault("chat.postMessage", "status", status=429, retry_after=17))
    status, answer, headers = await ask(caller)

    assert (status, answer) == (429, {"ok": False, "error": "ratelimited"})
    assert headers["Retry-After"] == "17"
    assert shown(caller) == []
    assert (await ask(caller))[0] == 200


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        (Fault("*", "status", status=500), 500, "internal_error"),
        (Fault("*", "status", status=503, code="service_unavailable"), 503, "service_unavailable"),
        (Fault("*", "status", status=200, code="fatal_error"), 200, "fatal_error"),
        (Fault("*", "status", status=429, code="rate_limited"), 429, "rate_limited"),
    ],
)
async def test_a_planted_status_answers_with_slacks_error(
    caller: Caller, fault: Fault, status: int, error: str
) -> None:
    caller.slack.faults.add(fault)

    assert (await ask(caller))[:2] == (status, {"ok": False, "error": error})
    assert shown(caller) == []


async def test_a_dropped_answer_leaves_the_message_posted(caller: Caller) -> None:
    caller.slack.faults.add(Fault("chat.postMessage", "drop_after"))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await ask(caller)

    assert shown(caller) == ["hello"]
    [call] = caller.by_name("chat.postMessage")
    assert (call.status, call.answer) == (None, None)


async def test_a_reset_posts_nothing(caller: Caller) -> None:
    caller.slack.faults.add(Fault("chat.postMessage", "reset"))
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(caller)

    assert shown(caller) == []
    assert len(caller.by_name("chat.postMessage")) == 1


async def test_what_hangs_is_never_answered_nor_acted_on(caller: Caller) -> None:
    caller.slack.faults.add(Fault("chat.postMessage", "hang"))
    post = asyncio.create_task(ask(caller))
    await caller.slack.books.until(lambda: caller.by_name("chat.postMessage"))
    await caller.good("auth.test")  # others are answered meanwhile
    assert not post.done()
    caller.slack.faults.clear()

    with pytest.raises(aiohttp.ClientConnectionError):
        await post
    assert shown(caller) == []


async def test_what_hangs_and_then_accepts_posts_once_it_is_released(caller: Caller) -> None:
    caller.slack.faults.add(Fault("chat.postMessage", "hang_then_accept"))
    post = asyncio.create_task(ask(caller))
    await caller.slack.books.until(lambda: caller.by_name("chat.postMessage"))
    assert shown(caller) == []
    caller.slack.faults.release()

    assert (await post)[0] == 200
    assert shown(caller) == ["hello"]


async def test_what_hangs_and_then_accepts_posts_although_the_caller_gave_up(caller: Caller) -> None:
    caller.slack.faults.add(Fault("chat.postMessage", "hang_then_accept"))
    post = asyncio.create_task(ask(caller))
    await caller.slack.books.until(lambda: caller.by_name("chat.postMessage"))
    post.cancel()

    await caller.slack.books.until(lambda: shown(caller) == ["hello"])


@pytest.mark.parametrize("status", [200, 502])
async def test_a_page_of_html_is_no_answer(caller: Caller, status: int) -> None:
    caller.slack.faults.add(Fault("chat.postMessage", "html", status=0 if status == 200 else status))
    answered, page, headers = await ask(caller)

    assert (answered, headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert shown(caller) == []


async def test_garbage_is_called_json_and_is_none(caller: Caller) -> None:
    caller.slack.faults.add(Fault("chat.postMessage", "garbage"))

    with pytest.raises(json.JSONDecodeError):
        await ask(caller)
    assert shown(caller) == []


async def test_a_fault_hits_only_what_it_names_as_often_as_it_says(caller: Caller) -> None:
    caller.slack.faults.add(
        Fault("chat.postMessage", "status", 2, lambda call: call.args["channel"] == INCIDENT, status=500)
    )
    statuses = [(await ask(caller, channel=channel))[0] for channel in (APPROVALS, INCIDENT, INCIDENT, INCIDENT)]
    await caller.good("auth.test")

    assert statuses == [200, 500, 500, 200]
    assert (shown(caller), shown(caller, INCIDENT)) == (["hello"], ["hello"])


@pytest.mark.parametrize(
    ("kind", "is_taken"), [("status", False), ("html", False), ("reset", False), ("drop_after", True)]
)
async def test_a_response_url_can_fail_too(caller: Caller, kind: str, *, is_taken: bool) -> None:
    caller.slack.bot_url = "http://127.0.0.1:1/slack/events"
    await caller.slack.command("help")
    [message] = caller.slack.ephemerals("U0ANALYST")
    caller.slack.faults.add(Fault("response_url", kind, status=503))
    body = {"text": "Waiting", "replace_original": True}
    try:
        async with caller.session.post(message.response_url, json=body) as response:
            assert response.status == 503
    except aiohttp.ClientConnectionError:
        assert kind in {"reset", "drop_after"}

    assert (message.text == "Waiting") is is_taken


async def test_a_fault_that_is_unknown_is_the_tests_own_mistake(caller: Caller) -> None:
    caller.slack.faults.add(Fault("auth.test", "explode"))
    status, _, _ = await caller.ask("auth.test")

    assert status == 500
