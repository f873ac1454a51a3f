"""The tests' own clock keeps its word."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from bot.clock import Clock
from tests.clocks import WarpClock

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def test_a_fast_clock_sleeps_its_own_seconds() -> None:
    clock: Clock = WarpClock(START, speed=1000)
    before, real = clock.now(), time.monotonic()

    await clock.sleep(10)

    assert clock.now() - before >= timedelta(seconds=10)
    assert time.monotonic() - real < 5


async def test_a_clock_without_a_start_shows_the_real_time() -> None:
    assert abs(WarpClock().now() - datetime.now(UTC)) < timedelta(seconds=5)


async def test_a_standing_clock_stands() -> None:
    clock = WarpClock(START, speed=0)
    await asyncio.sleep(0)
    assert clock.now() == START


async def test_a_jump_wakes_only_those_whose_time_has_come() -> None:
    clock = WarpClock(START, speed=0)
    soon = asyncio.create_task(clock.sleep(60))
    later = asyncio.create_task(clock.sleep(7200))
    await clock.until_waiting(2)
    assert clock.next_due == START + timedelta(seconds=60)

    clock.advance(HOUR)

    await soon
    assert not later.done()
    assert clock.waiting == 1

    clock.advance(HOUR)

    await later
    assert clock.now() == START + 2 * HOUR


async def test_a_running_clock_jumps_too() -> None:
    clock = WarpClock(START, speed=10)
    asleep = asyncio.create_task(clock.sleep(3600))
    await clock.until_waiting()

    clock.advance(HOUR)

    async with asyncio.timeout(5):
        await asleep


async def test_an_event_ends_a_wait_before_its_time() -> None:
    clock = WarpClock(START, speed=0)
    event = asyncio.Event()
    waiting = asyncio.create_task(clock.wait(event, START + HOUR))
    await clock.until_waiting()

    event.set()

    await waiting
    assert clock.now() == START


async def test_a_wait_without_a_time_ends_with_the_event() -> None:
    clock = WarpClock(START, speed=0)
    event = asyncio.Event()
    waiting = asyncio.create_task(clock.wait(event, None))
    clock.advance(HOUR)
    await asyncio.sleep(0)
    assert not waiting.done()

    event.set()

    await waiting


async def test_a_wait_for_the_past_returns_but_lets_others_run() -> None:
    clock = WarpClock(START, speed=0)
    ran: list[str] = []
    other = asyncio.create_task(asyncio.to_thread(str))
    asyncio.get_running_loop().call_soon(ran.append, "other")

    await clock.wait(asyncio.Event(), START - HOUR)

    assert ran == ["other"]
    await other


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = WarpClock(START, speed=0)
    asleep = asyncio.create_task(clock.sleep(60))
    await clock.until_waiting()

    asleep.cancel()
    await asyncio.gather(asleep, return_exceptions=True)

    assert clock.waiting == 0
    assert clock.next_due is None
