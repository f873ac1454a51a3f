"""Several replicas are offline only while none of them is up and reaches Slack; then each thread is told once."""

import asyncio
from datetime import timedelta
from pathlib import Path

from demo.wire import Fault
from tests.journeys.test_lost_messages import DELETED, continued, until_degraded
from tests.journeys.test_offline import AWAY, told
from tests.journeys.test_replicas import ONE, OTHER, count, replicas
from tests.postgres import PostgresServer
from tests.rig import APPROVALS, Rig

NOWHERE = "http://127.0.0.1:9/api/"


async def settle(rig: Rig) -> None:
    """Let both note that they are there, and post what that brings."""
    await rig.clock.sleep(90)


async def test_after_all_were_down_each_thread_is_told_once(tmp_path: Path, postgres: PostgresServer) -> None:
    async with replicas(tmp_path, postgres) as (one, other):
        messages = [await one.asked(ONE), await one.asked(OTHER)]
        await one.stop()
        await other.stop()
        one.clock.advance(timedelta(minutes=6))
        await one.start()
        await other.start()
        for message in messages:
            assert "This request still waits for a decision, until" in await one.thread_says(message, AWAY)
        await settle(one)
        assert [len(told(one, message)) for message in messages] == [1, 1]


async def test_while_one_is_up_the_absence_of_another_is_none(tmp_path: Path, postgres: PostgresServer) -> None:
    async with replicas(tmp_path, postgres) as (one, other):
        message = await one.asked(ONE)
        await other.stop()
        for _ in range(4):
            one.clock.advance(timedelta(minutes=2))
            await one.clock.sleep(5)
        await other.start()
        await settle(one)
        assert told(one, message) == []


async def test_while_one_reaches_slack_it_is_no_absence_that_another_does_not(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    async with replicas(tmp_path, postgres) as (one, other):
        message = await one.asked(ONE)
        assert other.parts is not None
        client = other.parts.outside.client
        client.base_url, url = NOWHERE, client.base_url
        await until_degraded(other, lambda t: "What waits goes out once it works." in t)
        for _ in range(4):
            one.clock.advance(timedelta(minutes=2))
            await one.clock.sleep(5)
        client.base_url = url
        assert other.application is not None
        while other.application.troubles():
            await other.clock.sleep(1)
        await settle(one)
        assert told(one, message) == []


async def test_while_none_reaches_slack_it_is_an_absence_and_is_told_once(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    async with replicas(tmp_path, postgres) as (one, other):
        message = await one.asked(ONE)
        one.slack.faults.add(Fault("*", "reset", times=-1))
        for rig in (one, other):
            await until_degraded(rig, lambda t: "What waits goes out once it works." in t)
        one.clock.advance(timedelta(minutes=10))
        one.slack.faults.clear()
        await one.thread_says(message, AWAY)
        await settle(one)
        assert len(told(one, message)) == 1


async def test_a_database_that_was_away_for_long_is_an_absence_and_is_told_once(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    async with replicas(tmp_path, postgres) as (one, _):
        message = await one.asked(ONE)
        await settle(one)
        await asyncio.to_thread(postgres.stop, "immediate")
        try:
            await settle(one)
            one.clock.advance(timedelta(minutes=6))
        finally:
            await asyncio.to_thread(postgres.start)
        await one.thread_says(message, AWAY)
        await settle(one)
        assert len(told(one, message)) == 1


async def test_a_lost_message_is_continued_once_by_whichever(tmp_path: Path, postgres: PostgresServer) -> None:
    async with replicas(tmp_path, postgres) as (one, other):
        lost = await one.asked(ONE)
        lost.deleted = True
        await one.stop()
        await other.stop()
        await other.start()
        await one.start()
        new = await continued(one, lost)
        await one.shows(new, DELETED)
        while await count(one, "Shown") < 2:
            await one.clock.sleep(0.1)
        await one.slack.click(new, "approve", by="U0MEGAN")
        await one.shows(new, "1 user confirmed safe")
        assert len(one.slack.messages(APPROVALS)) == 1
