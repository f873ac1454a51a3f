"""With rate limits on, the local Slack takes one post a second a channel and twenty group reads a minute."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.demo.test_slack_calls import APPROVALS, INCIDENT, Caller, calling


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling(rate_limits=True) as caller:
        yield caller


async def posts(caller: Caller, channel: str = APPROVALS) -> tuple[int, Any, str | None]:
    """Post; the status, the error and when to come back."""
    status, answer, headers = await caller.ask("chat.postMessage", json={"channel": channel, "text": "x"})
    return status, answer.get("error"), headers.get("Retry-After")


async def reads(caller: Caller) -> tuple[int, Any, str | None]:
    status, answer, headers = await caller.ask("usergroups.users.list", params={"usergroup": "S0SOC"})
    return status, answer.get("error"), headers.get("Retry-After")


GOOD = (200, None, None)


async def test_a_burst_of_three_posts_is_taken_and_the_fourth_told_when_to_come_back(caller: Caller) -> None:
    assert [await posts(caller) for _ in range(3)] == [GOOD] * 3
    assert await posts(caller) == (429, "ratelimited", "3")
    assert len(caller.slack.messages(APPROVALS)) == 3


async def test_a_post_a_second_is_never_too_many(caller: Caller) -> None:
    for _ in range(10):
        assert await posts(caller) == GOOD
        caller.clock.advance(timedelta(seconds=1))


async def test_who_waits_as_told_gets_through_and_who_comes_sooner_does_not(caller: Caller) -> None:
    await posts(caller)
    caller.clock.advance(timedelta(seconds=1.5))
    await posts(caller)
    await posts(caller)

    assert await posts(caller) == (429, "ratelimited", "2")
    caller.clock.advance(timedelta(seconds=1.4))
    assert await posts(caller) == (429, "ratelimited", "1")
    caller.clock.advance(timedelta(seconds=0.1))
    assert await posts(caller) == GOOD


async def test_each_channel_has_a_limit_of_its_own(caller: Caller) -> None:
    assert [(await posts(caller))[0] for _ in range(4)] == [200, 200, 200, 429]
    assert await posts(caller, INCIDENT) == GOOD


async def test_edits_and_whispers_are_not_held_back_by_the_limit_of_posts(caller: Caller) -> None:
    ts, *_ = [await caller.post() for _ in range(3)]
    for _ in range(5):
        await caller.good("chat.update", channel=APPROVALS, ts=ts, text="edited")
        await caller.good("chat.postEphemeral", channel=APPROVALS, user="U0MEGAN", text="psst")


async def test_twenty_group_reads_a_minute_are_taken(caller: Caller) -> None:
    assert [await reads(caller) for _ in range(20)] == [GOOD] * 20
    caller.clock.advance(timedelta(seconds=50))
    assert await reads(caller) == (429, "ratelimited", "10")
    caller.clock.advance(timedelta(seconds=10))
    assert await reads(caller) == GOOD


async def test_a_call_that_is_wrong_does_not_count(caller: Caller) -> None:
    for _ in range(5):
        await caller.refused("chat.postMessage", channel=APPROVALS, colour="red")

    assert await posts(caller) == GOOD


async def test_without_rate_limits_everything_is_taken() -> None:
    async with calling() as caller:
        assert [await posts(caller) for _ in range(20)] == [GOOD] * 20
        assert [await reads(caller) for _ in range(30)] == [GOOD] * 30
