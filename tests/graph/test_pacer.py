"""Turns: a 429 voids the slots that were reserved before it, so nobody calls into the pause that it asks for."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.pace import INTERVAL, Pace, Slot, moved, recovered, reserve, slowed
from bot.graph.pacer import Pacer, Turn
from tests.clocks import WarpClock

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
USUAL = INTERVAL.total_seconds()


class Kept:
    """Slots as the store gives them, kept in memory; whoever reserves is answered once that `may_answer`."""

    def __init__(self, clock: WarpClock) -> None:
        self._clock = clock
        self._pace: Pace | None = None
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def reserve(self) -> Slot:
        self._pace, slot = reserve(self._pace, self._clock.now(), USUAL)
        self.asked.set()
        await self.may_answer.wait()
        return slot

    async def move(self, at: datetime) -> datetime | None:
        now = self._clock.now()
        later = moved(self._pace, at, now) if self._pace is not None else None
        self._pace = later or self._pace
        return now if later else None

    async def slow_down(self, retry_after: float | None) -> None:
        self._pace = slowed(self._pace, self._clock.now(), USUAL, 0.0, retry_after)

    async def recover(self) -> None:
        if self._pace is not None:
            self._pace = recovered(self._pace, USUAL)


@pytest.fixture
def clock() -> WarpClock:
    return WarpClock(START, speed=0)


async def went_at(clock: WarpClock, waiting: "asyncio.Task[datetime]") -> float:
    """Let the time pass, from one moment that somebody waits for to the next: when the turn came."""
    async with asyncio.timeout(5):
        while not waiting.done():
            if clock.next_due is not None:
                clock.advance(clock.next_due - clock.now())
            await asyncio.sleep(0)
    assert waiting.result() == clock.now()
    return (clock.now() - START).total_seconds()


async def test_who_waits_while_another_call_is_answered_429_waits_as_long_as_graph_asks(clock: WarpClock) -> None:
    pacer = Pacer(Kept(clock), clock)
    await pacer.turn(Turn.WHY)
    write = asyncio.create_task(pacer.turn(Turn.WRITE))
    await clock.until_waiting()
    await pacer.slow_down(30.0)
    assert await went_at(clock, write) == 30.0
    await pacer.close()


async def test_a_slot_that_is_being_reserved_when_the_429_comes_is_void_too(clock: WarpClock) -> None:
    slots = Kept(clock)
    pacer = Pacer(slots, clock)
    await pacer.turn(Turn.WHY)
    slots.asked.clear()
    slots.may_answer.clear()
    write = asyncio.create_task(pacer.turn(Turn.WRITE))
    await slots.asked.wait()
    await pacer.slow_down(30.0)
    slots.may_answer.set()
    assert await went_at(clock, write) == 30.0
    await pacer.close()


async def test_each_429_voids_what_was_reserved_after_the_one_before(clock: WarpClock) -> None:
    pacer = Pacer(Kept(clock), clock)
    await pacer.turn(Turn.WHY)
    write = asyncio.create_task(pacer.turn(Turn.WRITE))
    await clock.until_waiting()
    await pacer.slow_down(5.0)
    clock.advance(timedelta(seconds=4))
    await asyncio.sleep(0)
    await pacer.slow_down(30.0)
    assert await went_at(clock, write) == 34.0
    await pacer.close()
