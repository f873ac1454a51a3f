"""Whose turn it is: one call after the other, at the pace that Graph allows the whole tenant."""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol

from bot.clock import Clock
from bot.core.pace import INTERVAL, Slot
from bot.errors import StoreError

ON_TIME = timedelta(milliseconds=10)
"""Who comes later than this to a reserved slot moves it, or reserves anew if the next is somebody else's by then."""
STORE_TROUBLE = 1.0


class Turn(IntEnum):
    """What a call is for, as the seconds it gives way to what is more urgent: so nothing waits for ever."""

    WRITE = 0
    DOUBT = 15
    READ_BACK = 30
    LOOK_UP = 60
    WHY = 90


class Slots(Protocol):
    """Where slots come from; everybody who calls for the tenant reserves from the same."""

    async def reserve(self) -> Slot:
        """Take the next free slot. Raises StoreError."""
        ...

    async def move(self, at: datetime) -> datetime | None:
        """The call of that slot starts only now: the slot's new moment; None if it has to reserve anew.

        Raises StoreError.
        """
        ...

    async def slow_down(self, retry_after: float | None) -> None:
        """Graph answered 429: calls are further apart from now on, and none starts for a while."""
        ...

    async def recover(self) -> None:
        """A call was answered: calls may come a little closer together again."""
        ...


class SingleCall:
    """Slots for a process that makes one call and ends: the doctor, beside a bot that has the database."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def reserve(self) -> Slot:
        return Slot(self._clock.now())

    async def move(self, at: datetime) -> datetime | None:
        return at

    async def slow_down(self, retry_after: float | None) -> None:
        """Likewise."""

    async def recover(self) -> None:
        """Likewise."""


class Pacer:
    """Hands out turns; whoever is most urgent when a slot has come gets it."""

    def __init__(self, slots: Slots, clock: Clock) -> None:
        self._slots = slots
        self._clock = clock
        self._waiting: list[tuple[float, int, asyncio.Future[datetime]]] = []
        self._order = itertools.count()
        self._driving: asyncio.Task[None] | None = None
        self._is_slow = False
        self._refusals = 0
        """429s so far: a slot that was reserved before the last of them is void."""
        self.gap = INTERVAL.total_seconds()
        """Seconds between two calls just now."""
        self.on_turn: Callable[[str, float], None] = lambda _turn, _waited: None
        """Told of each turn what it is for and how many seconds it was waited for."""

    async def turn(self, kind: Turn) -> datetime:
        """Return when it is this caller's turn, and which moment that is: its call starts now."""
        mine: asyncio.Future[datetime] = asyncio.get_running_loop().create_future()
        since = self._clock.monotonic()
        heapq.heappush(self._waiting, (since + kind, next(self._order), mine))
        if self._driving is None or self._driving.done():
            self._driving = asyncio.create_task(self._drive())
        moment = await mine
        self.on_turn(kind.name.lower(), self._clock.monotonic() - since)
        return moment

    async def start(self, slot: datetime) -> None:
        """Return when the call of that slot may start: at once, if it is on time or nobody comes after it."""
        if await self._now_or_never(slot) is None:
            await self.turn(Turn.WRITE)

    async def slow_down(self, retry_after: float | None) -> None:
        """Graph answered 429."""
        self._is_slow = True
        self._refusals += 1
        with contextlib.suppress(StoreError):  # the next 429 says it again
            await self._slots.slow_down(retry_after)

    async def recover(self) -> None:
        """Graph answered."""
        if self._is_slow:
            with contextlib.suppress(StoreError):
                await self._slots.recover()

    async def close(self) -> None:
        if self._driving is not None and not self._driving.done():
            self._driving.cancel()
            await asyncio.wait([self._driving])

    async def _drive(self) -> None:
        while self._is_wanted():
            refusals = self._refusals
            try:
                slot = await self._slots.reserve()
            except StoreError:
                await self._clock.sleep(STORE_TROUBLE)
                continue
            self._is_slow, self.gap = slot.is_slow, slot.gap
            if (left := (slot.at - self._clock.now()).total_seconds()) > 0:
                await self._clock.sleep(left)
            moment = await self._now_or_never(slot.at)
            if moment is not None and refusals == self._refusals and self._is_wanted():
                heapq.heappop(self._waiting)[2].set_result(moment)

    async def _now_or_never(self, slot: datetime) -> datetime | None:
        """The moment that a slot stands for, moved to now where that is late; None where it is lost."""
        if self._clock.now() <= slot + ON_TIME:
            return slot
        try:
            return await self._slots.move(slot)
        except StoreError:
            return None

    def _is_wanted(self) -> bool:
        """Whether anybody waits; who went away meanwhile is forgotten."""
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)
        return bool(self._waiting)
