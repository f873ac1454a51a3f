"""Time as the bot sees it: what the time is, and waiting."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What everything that tells the time or waits is given, so that tests can hold the hands."""

    def now(self) -> datetime:
        """Return the time, aware and in UTC. It may be set back or forth."""
        ...

    def monotonic(self) -> float:
        """Return seconds since whenever, never less than before: for how long something has lasted."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    async def wait(self, event: asyncio.Event, until: datetime | None) -> None:
        """Return when the event is set or the time has come, whichever is first."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, until: datetime | None) -> None:
        seconds = None if until is None else max(0.0, (until - self.now()).total_seconds())
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
