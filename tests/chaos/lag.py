"""How late this machine is: on a busy one a call arrives, or is sent, a good while after its moment."""

import asyncio
import time
from collections import deque

TICK = 0.02
MOST_KEPT = 100_000
AROUND = 3.0


class Lag:
    """Watches, until cancelled, by how much a short sleep is overslept."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque(maxlen=MOST_KEPT)

    async def watch(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(TICK)
            self._seen.append((began, time.monotonic() - began - TICK))

    def at(self, moment: float) -> float:
        """Seconds that something may have been late about that moment, at the most."""
        return max((late for seen, late in self._seen if abs(seen - moment) < AROUND), default=0.0)
