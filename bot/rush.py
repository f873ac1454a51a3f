"""Whether very many commands and clicks come in just now: then what follows from them waits a little."""

from collections import deque

from bot.clock import Clock

MANY, WITHIN = 40, 0.4
"""So many within so many seconds: a hundred a second, which people reach only together, in an incident."""


class Rush:
    """One for the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._came: deque[float] = deque(maxlen=MANY)

    def note(self) -> None:
        """One more came."""
        self._came.append(self._clock.monotonic())

    def is_on(self) -> bool:
        return len(self._came) == MANY and self._clock.monotonic() - self._came[0] < WITHIN
