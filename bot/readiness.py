"""Whether a click would be recorded now, and what does not work meanwhile."""

import asyncio
from collections.abc import Callable

from bot.clock import Clock
from bot.delivery.health import Health
from bot.errors import StoreError
from bot.slack.installation import Installation
from bot.store.pulse import beat
from bot.store.store import Store

WITHIN = 2.0


class Readiness:
    """One for the process."""

    def __init__(
        self, store: Store, installation: Installation, health: Health, clock: Clock, *, is_open: Callable[[], bool]
    ) -> None:
        """`is_open` says whether what people do in Slack reaches the bot."""
        self._store = store
        self._installation = installation
        self._health = health
        self._clock = clock
        self._is_open = is_open
        self.is_stopping = False
        """Then nothing is taken any more: what comes is told to come back."""

    def troubles(self) -> dict[str, str]:
        """What does not work now, by what it is about. The texts may name people and channels."""
        trouble = self._store.writer.trouble
        database = {"database": f"The database takes no record: {trouble}."} if trouble else {}
        return self._health.troubles | database

    async def is_ready(self) -> bool:
        """Whether a click can be recorded: only a write shows it."""
        if self.is_stopping:
            return False
        try:
            async with asyncio.timeout(WITHIN):
                await self._store.do(beat, self._clock.now())
        except (StoreError, TimeoutError):
            return False
        return self._installation.is_known and self._is_open() and not self._store.writer.trouble
