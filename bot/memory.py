"""What was looked up, remembered for less than a minute; a *no* is never taken from memory."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.clock import Clock

REMEMBERED = 45.0
"""Seconds: with the time from a judgement to the call, nothing that a call rests on is older than a minute."""

T = TypeVar("T")


class Memory(Generic[T]):
    """Answers remembered for a minute, each looked up once however many ask."""

    def __init__(self, clock: Clock, look_up: Callable[[str], Awaitable[T]]) -> None:
        self._clock = clock
        self._look_up = look_up
        self._known: dict[str, tuple[float, T]] = {}
        self._asking: dict[str, asyncio.Task[T]] = {}

    def remembered(self, key: str) -> T | None:
        """Return what was looked up so short a time ago."""
        known = self._known.get(key)
        return known[1] if known is not None and self._clock.monotonic() - known[0] < REMEMBERED else None

    async def get(self, key: str, is_good: Callable[[T], bool]) -> T:
        """Return what is known and good, else look it up: a *no* is never taken from memory."""
        now = self._clock.monotonic()
        self._known = {k: v for k, v in self._known.items() if now - v[0] < REMEMBERED}
        if key in self._known and is_good(self._known[key][1]):
            return self._known[key][1]
        if key not in self._asking:
            self._asking[key] = asyncio.ensure_future(self._ask(key))
            self._asking[key].add_done_callback(lambda task: self._asked(key, task))
        return await asyncio.shield(self._asking[key])

    async def _ask(self, key: str) -> T:
        asked = self._clock.monotonic()  # an answer that was long on its way is as old as that
        answer = await self._look_up(key)
        self._known[key] = (asked, answer)
        return answer

    def _asked(self, key: str, task: "asyncio.Task[T]") -> None:
        self._asking.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever waits has it; nobody may be waiting any more
