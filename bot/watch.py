"""Makes the doctor's checks while the bot serves, until all of them hold, and says when it is ready."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.checks import Checks
from bot.clock import Clock
from bot.delivery.health import Health
from bot.errors import ConfirmSafeError
from bot.slack.installation import Installation

CHECK_AGAIN, AT_LAST = 30.0, 600.0
"""Seconds until the checks are made again while one fails, twice as long each time: they ask Slack a lot."""

log = structlog.get_logger()


class Watch:
    """One for the process."""

    def __init__(
        self,
        checks: Checks,
        installation: Installation,
        health: Health,
        clock: Clock,
        *,
        is_open: Callable[[], bool],
        ready_line: Callable[[], str],
        on_ready: Callable[[], Awaitable[None]],
    ) -> None:
        """`on_ready` is awaited once, when Slack has told of its workspace and people, and reaches the bot."""
        self._checks = checks
        self._installation = installation
        self._health = health
        self._clock = clock
        self._is_open = is_open
        self._ready_line = ready_line
        self._on_ready = on_ready
        self._warned: set[str] = set()
        self.made = asyncio.Event()
        """Set once every check was made for the first time."""

    async def run(self) -> None:
        """Check until nothing fails any more; say once that the bot is ready."""
        is_announced, wait = False, CHECK_AGAIN
        while True:
            failing = await self._make()
            if not is_announced and self._installation.is_known and self._is_open():
                is_announced = True
                log.info(self._ready_line())
                await self._on_ready()
            self.made.set()
            if not failing:
                return
            await self._clock.sleep(wait)
            wait = min(wait * 2, AT_LAST)

    async def _make(self) -> bool:
        """Make every check; a warning is logged when it is new."""
        failing: dict[str, str] = {}
        warned: set[str] = set()
        try:
            async for check in self._checks.all():
                if check.verdict == "NO":
                    failing[f"check: {check.about}"] = check.whole
                elif check.verdict == "WARN":
                    warned.add(str(check))
        except ConfirmSafeError as error:
            failing["check: all"] = f"The checks broke off: {error}"
        for warning in sorted(warned - self._warned):
            log.warning(warning)
        self._warned = warned
        for about in {about for about in self._health.troubles if about.startswith("check: ")} - set(failing):
            self._health.clear(about)
        for about, text in failing.items():
            self._health.note(about, text)
        return bool(failing)
