"""A clock for tests that runs faster than the world's, stands still, or jumps."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

TICK = 0.002
"""Real seconds between two looks at who is due."""
MOST = 3 * TICK
"""What counts of the real seconds between two looks: a process that got no processor did not get older."""


class WarpClock:
    """A `bot.clock.Clock`; with `speed=50` a second lasts 20 ms, with `speed=0` only `advance` moves it.

    It counts the time in which this process could run, so that a busy machine slows it as it slows the bot:
    no deadline passes because the neighbours were loud. It goes on only while somebody waits for a moment.
    """

    def __init__(self, start: datetime | None = None, *, speed: float = 1.0) -> None:
        self._origin = datetime.now(UTC) if start is None else start.astimezone(UTC)
        self._looked = time.monotonic()
        self._elapsed = 0.0
        self._speed = speed
        self._jumped = 0.0
        self._waiting: dict[asyncio.Timeout, datetime] = {}
        self._ticking: asyncio.TimerHandle | None = None
        self._somebody_waits = asyncio.Condition()

    def now(self) -> datetime:
        return self._origin + timedelta(seconds=self._running())

    def monotonic(self) -> float:
        return self._running() + self._jumped

    def _running(self) -> float:
        looked = time.monotonic()
        self._elapsed += min(looked - self._looked, MOST) * self._speed
        self._looked = looked
        return self._elapsed

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
        timer = asyncio.timeout(None)
        try:
            async with timer:
                self._waiting[timer] = until
                self._keep_ticking()
                await self._tell()
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting.pop(timer, None)

    def _keep_ticking(self) -> None:
        if self._speed and self._ticking is None:
            self._running()
            self._ticking = asyncio.get_running_loop().call_later(TICK, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        self._wake()
        if self._waiting:
            self._keep_ticking()

    def _wake(self) -> None:
        now = self.now()
        for timer, until in self._waiting.items():
            if until <= now and timer.when() is None and not timer.expired():
                timer.reschedule(asyncio.get_running_loop().time())

    def advance(self, by: timedelta) -> None:
        """Jump ahead and wake everyone whose time has come; call it on the event loop."""
        self._origin += by
        self._jumped += max(0.0, by.total_seconds())
        self._wake()

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
