"""Two replicas on one PostgreSQL: one decision, one pace, one post, and whoever dies is stood in for."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bot.core.wishes import Wish
from bot.store.events import mac_of
from bot.store.ledger import wish
from demo.graph.directory import ADELE, ALEX
from demo.local_slack import Message
from demo.wire import Fault
from tests.postgres import PostgresServer, name_of
from tests.rig import APPROVALS, INCIDENT, Rig, running

BOTH = "adelev@contoso.com alexw@contoso.com VPN"
ONE = "adelev@contoso.com VPN"
OTHER = "alexw@contoso.com VPN"


@asynccontextmanager
async def replicas(
    folder: Path, postgres: PostgresServer, *, speed: float = 10.0, rate: float | None = None, drain: int = 8
) -> AsyncIterator[tuple[Rig, Rig]]:
    """Two of them; Slack sends to the first."""
    url = postgres.new_database()
    settings = {"DATABASE_URL": url, "REQUESTS_PER_HOUR": "100", "DRAIN_SECONDS": str(drain)}
    async with running(folder, speed=speed, rate=rate, start=False) as one:
        one.environ |= settings
        await one.start()
        async with one.beside() as other:
            yield one, other
            await all_is_well(other if one.application is None else one)


async def rows(rig: Rig, statement: str) -> list[tuple[object, ...]]:
    def read(connection: Connection) -> list[tuple[object, ...]]:
        return [tuple(row) for row in connection.execute(text(statement))]

    assert rig.parts is not None
    return await rig.parts.store.run(read)


async def all_is_well(rig: Rig) -> None:
    """What must be true whatever happened: the chain holds, and no message was posted twice."""
    previous = "0" * 64
    fields = "n, at, actor, kind, request_id, version, body_digest"
    for *entry, before, mac in await rows(rig, f"SELECT {fields}, previous, mac FROM events ORDER BY n"):  # noqa: S608 - ours
        assert before == previous
        assert mac == mac_of(b"", [previous, *entry])  # type: ignore[list-item] # rows are of any type
        previous = str(mac)
    for channel in (APPROVALS, INCIDENT):
        for message in rig.slack.messages(channel):
            posts = [op_id(m) for m in (message, *rig.slack.thread(message))]
            assert len(posts) == len(set(posts))


def op_id(message: Message) -> str:
    assert message.metadata is not None
    return str(message.metadata["event_payload"]["op_id"])


async def count(rig: Rig, kind: str) -> int:
    return len(await rows(rig, f"SELECT n FROM events WHERE kind = '{kind}'"))  # noqa: S608 - ours


async def test_a_click_at_one_replica_is_carried_out_once_by_whichever(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    async with replicas(tmp_path, postgres) as (one, other):
        message = await one.asked(BOTH)
        other.serves()
        await one.slack.click(message, "approve")
        await one.shows(message, "2 of 2 confirmed safe")
        await one.thread_says(message, "read back")
        assert len(one.sent()) == 1
        assert len(one.slack.messages(APPROVALS)) == 1
        assert await count(one, "Approved") == 1


async def test_two_clicks_at_once_at_two_replicas_are_one_decision(tmp_path: Path, postgres: PostgresServer) -> None:
    async with replicas(tmp_path, postgres) as (one, other):
        message = await one.asked(ONE)
        first = asyncio.create_task(one.slack.click(message, "approve", by="U0MEGAN"))
        await asyncio.sleep(0)
        other.serves()
        second = asyncio.create_task(one.slack.click(message, "approve", by="U0MEGAN"))
        assert {answer.status for answer in await asyncio.gather(first, second)} == {200}
        await one.shows(message, "1 user confirmed safe")
        assert await count(one, "Approved") == 1
        assert len(one.sent()) == 1


async def test_two_replicas_keep_one_pace(tmp_path: Path, postgres: PostgresServer) -> None:
    async with replicas(tmp_path, postgres, speed=2.0, rate=1.3) as (one, other):
        ids = one.graph.add_crowd(12)
        messages = []
        for n, user in enumerate(ids):
            (one, other)[n % 2].serves()
            messages.append(await one.asked(f"{user} VPN"))
        for n, message in enumerate(messages):
            (one, other)[n % 2].serves()
            await one.slack.click(message, "approve")
        for message in messages:
            await one.shows(message, "1 user confirmed safe")
        assert sorted(user for call in one.sent() for user in call.args["userIds"]) == sorted(ids)
        spacing = one.graph.spacing()
        assert all(call.status != 429 for call in one.graph.calls())
        assert min(spacing) >= 0.9, min(spacing)  # a call arrives a moment after it was let go


async def test_what_a_killed_replica_had_in_hand_is_taken_over_after_its_lease(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    async with replicas(tmp_path, postgres) as (one, other):
        message = await one.asked(ONE)
        one.graph.faults.add(Fault("confirmSafe", "hang"))
        await one.slack.click(message, "approve")
        await one.books.until(one.sent)
        dead = one if await owner_of(one, "confirm") == process_of(one) else other
        alive = other if dead is one else one
        died_at = one.clock.now()
        await dead.die()
        one.graph.faults.clear()
        await one.thread_says(message, "before anything is sent again")
        took = (one.clock.now() - died_at).total_seconds()
        assert 9 <= took <= 25  # the lease had ten to fifteen seconds left
        await one.shows(message, "1 user confirmed safe")
        assert await count(alive, "Attempted") == len(one.sent())


def process_of(rig: Rig) -> str:
    assert rig.parts is not None
    return rig.parts.store.process


async def owner_of(rig: Rig, kind: str) -> object:
    return (await rows(rig, f"SELECT owner FROM tasks WHERE kind = '{kind}'"))[0][0]  # noqa: S608 - ours


async def test_while_one_is_in_its_call_no_other_takes_it_for_dead(tmp_path: Path, postgres: PostgresServer) -> None:
    async with replicas(tmp_path, postgres) as (one, _):
        message = await one.asked(ONE)
        one.slack.faults.add(Fault("chat.update", "hang", when=lambda call: "confirmed" in str(call.args)))
        await one.slack.click(message, "approve")
        await one.books.until(one.sent)
        await one.clock.sleep(40)
        one.slack.faults.clear()
        await one.shows(message, "1 user confirmed safe")
        assert await count(one, "Doubted") == 0
        assert len(one.sent()) == 1


async def test_a_replica_that_stops_hands_back_what_it_had(tmp_path: Path, postgres: PostgresServer) -> None:
    async with replicas(tmp_path, postgres, drain=0) as (one, other):
        one.graph.faults.add(Fault("riskyUsers", "hang", times=-1))
        await one.slack.command(ONE)
        await one.books.until(lambda: len(one.graph.calls()) > 1)
        first, then = (one, other) if await owner_of(one, "look_up") == process_of(one) else (other, one)
        await first.stop()
        one.graph.faults.clear()
        then.serves()
        await one.books.until(lambda: one.slack.messages(APPROVALS))
        assert len(one.slack.messages(APPROVALS)) == 1


async def test_a_commit_wakes_the_other_replica(
    tmp_path: Path, postgres: PostgresServer, record_property: Callable[[str, object], None]
) -> None:
    async with replicas(tmp_path, postgres, speed=1.0) as (one, other):
        assert one.parts is not None
        assert other.parts is not None
        took, heard = [], asyncio.Event()
        loop = asyncio.get_running_loop()

        def hear() -> None:
            loop.call_soon_threadsafe(heard.set)

        other.parts.store.writer.on_commit(hear)
        later = one.clock.now() + timedelta(days=1)
        for n in range(20):
            await asyncio.sleep(0.02)
            heard.clear()
            began = time.monotonic()
            await one.parts.store.do(wish, None, Wish("tally", f"t{n}", later))
            await asyncio.wait_for(heard.wait(), 5)
            took.append(time.monotonic() - began)
        median, worst = sorted(took)[len(took) // 2] * 1000, max(took) * 1000
        record_property("wake-up of another replica", f"median {median:.1f} ms, worst {worst:.1f} ms")
        assert median < 50


@pytest.mark.parametrize("mode", ["cut", "fast", "immediate"])
async def test_postgresql_going_away_with_work_in_flight_loses_and_doubles_nothing(
    tmp_path: Path, postgres: PostgresServer, mode: str, record_property: Callable[[str, object], None]
) -> None:
    async with replicas(tmp_path, postgres, speed=2.0) as (one, other):
        messages = [await one.asked(ONE), await one.asked(OTHER)]
        one.graph.faults.add(Fault("confirmSafe", "hang_then_accept"))
        await one.slack.click(messages[0], "approve")
        other.serves()
        await one.slack.click(messages[1], "approve")
        await one.books.until(one.sent)
        if mode == "cut":
            assert postgres.cut(name_of(one.environ["DATABASE_URL"])) >= 4
        else:
            await asyncio.to_thread(postgres.stop, mode)
            try:
                one.graph.faults.release()  # what came of the call can be recorded only later
                assert "nothing was recorded" in (await one.slack.command(ONE)).body["text"]
            finally:
                await asyncio.to_thread(postgres.start)
        back = time.monotonic()
        one.graph.faults.release()
        for message in messages:
            await one.shows(message, "1 user confirmed safe")
        record_property(f"PostgreSQL away ({mode}), all confirmed after", f"{time.monotonic() - back:.1f} s")
        assert sorted(user for call in one.sent() for user in call.args["userIds"]) == sorted([ADELE, ALEX])
        assert await count(one, "Approved") == 2


async def test_whoever_lost_its_lease_sends_nothing(tmp_path: Path, postgres: PostgresServer) -> None:
    async with replicas(tmp_path, postgres) as (one, _):
        message = await one.asked(ONE)
        one.graph.faults.add(Fault("riskyUsers", "hang_then_accept", when=lambda _: True))
        one.clock.advance(timedelta(seconds=20))  # so that the user has to be read anew before the call
        await one.slack.click(message, "approve")
        reads = len(one.graph.calls())
        await one.books.until(lambda: len(one.graph.calls()) > reads)
        # As if it had been away for so long that a third replica took over, which has gone too by now.
        far = (one.clock.now() + timedelta(seconds=60)).isoformat(timespec="microseconds")
        await rows(one, f"UPDATE tasks SET owner = 'third', lease_until = '{far}' WHERE kind = 'confirm' RETURNING 1")  # noqa: S608 - ours
        one.graph.faults.release()
        await one.clock.sleep(20)
        assert one.sent() == []
        await one.shows(message, "1 user confirmed safe")
        assert len(one.sent()) == 1
        assert await count(one, "Approved") == 1


async def test_two_replicas_post_once_a_second_in_a_channel(tmp_path: Path, postgres: PostgresServer) -> None:
    async with replicas(tmp_path, postgres, speed=2.0) as (one, other):
        for n, user in enumerate(one.graph.add_crowd(6)):
            (one, other)[n % 2].serves()
            await one.slack.command(f"{user} VPN")
        await one.books.until(lambda: len(one.slack.messages(APPROVALS)) == 6)
        posts = [c for c in one.books.of("chat.postMessage") if c.args["channel"] == APPROVALS]
        assert {call.status for call in posts} == {200}
        apart = [(later.at - earlier.at) * 2.0 for earlier, later in pairwise(posts)]
        assert sum(apart) >= 5 - 0.3
        assert min(apart) >= 0.7, apart  # a post arrives a moment after it was let go
