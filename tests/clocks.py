"""A clock for tests that runs faster than the world's, stands still, or jumps."""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class WarpClock:
    """A `bot.clock.Clock`; with `speed=50` a second lasts 20 ms, with `speed=0` only `advance` moves it."""

    def __init__(self, start: datetime | None = None, *, speed: float = 1.0) -> None:
        self._origin = datetime.now(UTC) if start is None else start.astimezone(UTC)
        self._began = time.monotonic()
        self._speed = speed
        self._jumped = 0.0
        self._waiting: dict[asyncio.Timeout, datetime] = {}
        self._somebody_waits = asyncio.Condition()

    def now(self) -> datetime:
        return self._origin + timedelta(seconds=(time.monotonic() - self._began) * self._speed)

    def monotonic(self) -> float:
        return (time.monotonic() - self._began) * self._speed + self._jumped

    async def sleep(self, seconds: float) -> None:
        await self.wait(asyncio.Event(), self.now() + timedelta(seconds=seconds))

    async def wait(self, event: asyncio.Event, until: datetime | None) -> None:
        """Return when the event is set or the time has come, whichever is first."""
        await asyncio.sleep(0)  # as a real wait, it lets the others run even if there is nothing to wait for
        if until is None:
            await event.wait()
            return
        # A timer may go off a hair early, so only this clock says that the time has come.
        while not event.is_set() and self.now() < until:
            await self._until_or_jump(event, until)

    async def _until_or_jump(self, event: asyncio.Event, until: datetime) -> None:
        timer = asyncio.timeout_at(self._real(until))
        try:
            async with timer:
                self._waiting[timer] = until
                await self._tell()
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting.pop(timer, None)

    def _real(self, until: datetime) -> float | None:
        """Tell when the event loop's own clock will show that moment; None for never."""
        left = (until - self.now()).total_seconds()
        if self._speed == 0:
            return asyncio.get_running_loop().time() if left <= 0 else None
        return asyncio.get_running_loop().time() + max(0.0, left) / self._speed

    def advance(self, by: timedelta) -> None:
        """Jump ahead and wake everyone whose time has come; call it on the event loop."""
        self._origin += by
        self._jumped += max(0.0, by.total_seconds())
        for timer, until in self._waiting.items():
            if not timer.expired():
                timer.reschedule(self._real(until))

    @property
    def waiting(self) -> int:
        """How many wait for a moment just now; who waits for an event alone does not count."""
        return len(self._waiting)

    @property
    def next_due(self) -> datetime | None:
        """The earliest moment that somebody waits for."""
        return min(self._waiting.values(), default=None)

    async def until_waiting(self, count: int = 1, within: float = 5.0) -> None:
        """Return once so many wait for a moment: then it is time to `advance`."""
        async with asyncio.timeout(within), self._somebody_waits:
            await self._somebody_waits.wait_for(lambda: self.waiting >= count)

    async def _tell(self) -> None:
        async with self._somebody_waits:
            self._somebody_waits.notify_all()
