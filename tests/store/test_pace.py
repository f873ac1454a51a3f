"""The pace of calls, on a real database: kept over restarts and processes, slowed by a 429, urgent first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.pace import INTERVAL
from bot.core.terms import Terms
from bot.graph.pacer import Pacer, Turn
from bot.setting_database import address
from bot.store.database import open_database
from bot.store.events import Log
from bot.store.ledger import Ledger
from bot.store.pace import StoredSlots
from bot.store.store import Store
from bot.store.writer import Writer
from tests.clocks import WarpClock

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> WarpClock:
    return WarpClock(START, speed=0)


@pytest.fixture
async def store(url: str, clock: WarpClock) -> AsyncIterator[Store]:
    with ExitStack() as files:
        writer = Writer(open_database(address(url), files))
        writer.start()
        yield Store(writer, Ledger(Log(b""), Terms(INTERVAL, INTERVAL), ()), clock)
        writer.close()


@pytest.fixture
async def pacers(store: Store, clock: WarpClock) -> AsyncIterator[tuple[Pacer, Pacer]]:
    """Two of them on one database, as two processes have, or one before and one after a restart."""
    both = Pacer(StoredSlots(store), clock), Pacer(StoredSlots(store), clock)
    yield both
    for pacer in both:
        await pacer.close()


async def turn(pacer: Pacer, kind: Turn = Turn.WRITE) -> datetime:
    async with asyncio.timeout(5):
        return await pacer.turn(kind)


async def has_to_wait(clock: WarpClock, pacer: Pacer, seconds: float, kind: Turn = Turn.WRITE) -> None:
    """The next turn comes after so long and no sooner."""
    waiting = asyncio.create_task(pacer.turn(kind))
    await clock.until_waiting()
    assert not waiting.done()
    clock.advance(timedelta(seconds=seconds - 0.001))
    await clock.until_waiting()
    assert not waiting.done()
    clock.advance(timedelta(seconds=0.001))
    async with asyncio.timeout(5):
        await waiting


def test_the_pace_stays_below_one_a_second() -> None:
    assert timedelta(seconds=1) < INTERVAL


async def test_the_first_call_goes_at_once_and_so_does_one_after_a_rest(
    clock: WarpClock, pacers: tuple[Pacer, Pacer]
) -> None:
    await turn(pacers[0])
    clock.advance(INTERVAL)
    await turn(pacers[0])


async def test_the_pace_is_one_for_all_on_the_database(clock: WarpClock, pacers: tuple[Pacer, Pacer]) -> None:
    one, other = pacers
    await turn(one)
    await has_to_wait(clock, other, 1.05)
    await has_to_wait(clock, one, 1.05)


async def test_a_429_slows_everybody_down_and_answers_bring_the_pace_back(
    clock: WarpClock, pacers: tuple[Pacer, Pacer], store: Store
) -> None:
    one, other = pacers
    await turn(one)
    await one.slow_down(7.0)
    await has_to_wait(clock, other, 7.0)
    await has_to_wait(clock, other, 1.575)
    for _ in range(4):
        await other.recover()
    clock.advance(timedelta(seconds=10))
    await turn(one)
    await has_to_wait(clock, one, 1.05)


async def test_without_a_retry_after_the_pause_grows_with_each_429(
    clock: WarpClock, pacers: tuple[Pacer, Pacer]
) -> None:
    one, _ = pacers
    pauses: list[float] = []
    for _ in range(4):
        await turn(one)
        await one.slow_down(None)
        waiting = asyncio.create_task(one.turn(Turn.WRITE))
        await clock.until_waiting()
        due = clock.next_due
        assert due is not None
        pauses.append((due - clock.now()).total_seconds())
        clock.advance(due - clock.now())
        await waiting
        clock.advance(timedelta(seconds=10))
    assert [1 <= pauses[0] <= 2, 2 <= pauses[1] <= 4, 4 <= pauses[2] <= 8, 8 <= pauses[3] <= 16] == [True] * 4


async def test_the_most_urgent_goes_first_and_equals_in_order(clock: WarpClock, pacers: tuple[Pacer, Pacer]) -> None:
    pacer, _ = pacers
    went: list[str] = []

    async def call(kind: Turn, name: str) -> None:
        await pacer.turn(kind)
        went.append(name)

    await turn(pacer)
    kinds = {
        "look-up": Turn.LOOK_UP,
        "read-back": Turn.READ_BACK,
        "first write": Turn.WRITE,
        "second write": Turn.WRITE,
    }
    tasks = [asyncio.create_task(call(kind, name)) for name, kind in kinds.items()]
    for count in range(4):
        await clock.until_waiting()
        assert len(went) == count
        clock.advance(INTERVAL)
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        tasks = [task for task in tasks if not task.done()]
    assert went == ["first write", "second write", "read-back", "look-up"]


async def test_what_has_waited_long_goes_before_what_is_urgent(clock: WarpClock, pacers: tuple[Pacer, Pacer]) -> None:
    pacer, _ = pacers
    await turn(pacer)
    await pacer.slow_down(120.0)
    look_up = asyncio.create_task(pacer.turn(Turn.LOOK_UP))
    await clock.until_waiting()
    clock.advance(timedelta(seconds=61))
    write = asyncio.create_task(pacer.turn(Turn.WRITE))
    await asyncio.sleep(0)
    clock.advance(timedelta(seconds=59))
    async with asyncio.timeout(5):
        await look_up
    assert not write.done()
    await clock.until_waiting()
    clock.advance(timedelta(seconds=1.575))
    async with asyncio.timeout(5):
        await write


async def test_whoever_is_late_counts_the_next_call_from_then(clock: WarpClock, pacers: tuple[Pacer, Pacer]) -> None:
    one, other = pacers
    await turn(one)
    late = asyncio.create_task(one.turn(Turn.WRITE))
    await clock.until_waiting()
    clock.advance(INTERVAL + timedelta(seconds=0.5))  # the machine was busy
    async with asyncio.timeout(5):
        assert await late == START + INTERVAL + timedelta(seconds=0.5)
    await has_to_wait(clock, other, 1.05)


async def test_whoever_is_late_reserves_anew_if_the_next_is_somebody_elses(
    clock: WarpClock, pacers: tuple[Pacer, Pacer]
) -> None:
    one, other = pacers
    await turn(one)
    late = asyncio.create_task(one.turn(Turn.WRITE))
    await clock.until_waiting()
    after = asyncio.create_task(other.turn(Turn.WRITE))
    await clock.until_waiting(2)
    clock.advance(INTERVAL + timedelta(seconds=0.5))
    for _ in range(2000):
        if clock.waiting == 2 and clock.next_due == START + 2 * INTERVAL:
            break
        await asyncio.sleep(0.001)
    assert not late.done()
    clock.advance(START + 2 * INTERVAL - clock.now())
    async with asyncio.timeout(5):
        assert await after == START + 2 * INTERVAL
    clock.advance(INTERVAL)
    async with asyncio.timeout(5):
        assert await late == START + 3 * INTERVAL


async def test_a_call_whose_record_took_long_starts_late_and_the_next_one_later(
    clock: WarpClock, pacers: tuple[Pacer, Pacer]
) -> None:
    one, other = pacers
    slot = await turn(one)
    clock.advance(timedelta(seconds=0.4))
    await one.start(slot)
    await has_to_wait(clock, other, 1.05)


async def test_a_clock_set_back_does_not_stop_the_calls(clock: WarpClock, pacers: tuple[Pacer, Pacer]) -> None:
    await turn(pacers[0])
    clock.advance(timedelta(minutes=-4))
    await turn(pacers[0])


async def test_who_gives_up_waiting_leaves_the_place_to_the_next(
    clock: WarpClock, pacers: tuple[Pacer, Pacer]
) -> None:
    pacer, _ = pacers
    await turn(pacer)
    first = asyncio.create_task(pacer.turn(Turn.WRITE))
    second = asyncio.create_task(pacer.turn(Turn.WRITE))
    await clock.until_waiting()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    clock.advance(INTERVAL)
    async with asyncio.timeout(5):
        await second


async def test_while_the_database_is_away_nobody_calls_and_afterwards_they_do(
    clock: WarpClock, pacers: tuple[Pacer, Pacer], store: Store
) -> None:
    pacer, _ = pacers
    await store.run(lambda c: c.exec_driver_sql("ALTER TABLE graph_pace RENAME TO away"))
    waiting = asyncio.create_task(pacer.turn(Turn.WRITE))
    await clock.until_waiting()
    assert not waiting.done()
    await pacer.slow_down(None)
    await store.run(lambda c: c.exec_driver_sql("ALTER TABLE away RENAME TO graph_pace"))
    clock.advance(timedelta(seconds=1))
    async with asyncio.timeout(5):
        await waiting


async def test_a_slot_that_was_reserved_before_a_429_is_void(clock: WarpClock, pacers: tuple[Pacer, Pacer]) -> None:
    pacer, _ = pacers
    await turn(pacer)
    waiting = asyncio.create_task(pacer.turn(Turn.WRITE))
    await clock.until_waiting()
    await pacer.slow_down(30.0)
    clock.advance(INTERVAL)
    for _ in range(2000):
        if clock.next_due == START + timedelta(seconds=30):
            break
        await asyncio.sleep(0.001)
    assert not waiting.done()
    clock.advance(START + timedelta(seconds=30) - clock.now())
    async with asyncio.timeout(5):
        assert await waiting == START + timedelta(seconds=30)
