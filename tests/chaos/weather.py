"""Faults drawn anew for each call that a look-alike gets, for as long as the weather is bad."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence

from demo.wire import Call, Fault, Faults

TOO_MANY = 429

Forecast = Mapping[str, tuple[float, Sequence[Fault]]]
"""For each name, or `*` for the rest: how probable a fault is, and those that one is drawn from."""


def _status(status: int, code: str = "", retry_after: float | None = None) -> Fault:
    return Fault("*", "status", status=status, code=code, retry_after=retry_after)


_RESET, _DROP, _HANG, _LATE = (Fault("*", kind) for kind in ("reset", "drop_after", "hang", "hang_then_accept"))
_BUSY = (_status(TOO_MANY, retry_after=1), _status(TOO_MANY, retry_after=2))
_BROKEN = (_status(500), _status(503), Fault("*", "html", status=502), _RESET, _DROP)

# What a call may meet; doubled is what is to come twice as often.
SLACK: Forecast = {
    "chat.postMessage": (0.07, (*_BUSY, *_BROKEN, _DROP, _DROP, _status(200, "fatal_error"), _HANG, _LATE)),
    "chat.update": (0.1, (*_BUSY, *_BROKEN, _LATE, _status(200, "internal_error"))),
    "conversations.replies": (0.1, (*_BUSY, *_BROKEN, Fault("*", "stale"))),
    "conversations.history": (0.1, (*_BUSY, *_BROKEN, Fault("*", "stale"))),
    "*": (0.06, (*_BUSY, *_BROKEN, _HANG, _status(200, "service_unavailable"))),
}
GRAPH: Forecast = {
    "confirmSafe": (
        0.3,
        (
            *(_status(status) for status in (TOO_MANY, 500, 503, 504)),
            *(Fault("*", kind) for kind in ("empty", "garbage", "claims")),
            *(_RESET, _DROP, _DROP, _HANG, _LATE),
        ),
    ),
    "*": (0.08, (_status(TOO_MANY), *_BROKEN, Fault("*", "garbage"), _HANG)),
}
ENTRA: Forecast = {"*": (0.15, (_status(500), _status(503), _RESET, _DROP))}


class Weather(Faults):
    """In place of a look-alike's faults: what is planted goes first."""

    def __init__(self, forecast: Forecast, seed: str) -> None:
        super().__init__()
        self._forecast = forecast
        self._random = random.Random(seed)
        self.is_over = False
        self.met: dict[int, Fault] = {}
        """What each call met, by its number in the books."""

    def take(self, name: str, call: Call) -> Fault | None:
        planted = super().take(name, call)
        probability, faults = self._forecast.get(name, self._forecast["*"])
        if planted is not None or self.is_over or self._random.random() >= probability:
            return planted
        fault = self.met[call.n] = self._random.choice(faults)
        return fault

    def end(self) -> None:
        """From now on everybody is answered, also who hangs."""
        self.is_over = True
        self.clear()

    def kinds(self) -> str:
        """How often there was what, for people to read."""
        count = Counter(f"{fault.status}" if fault.kind == "status" else fault.kind for fault in self.met.values())
        return ", ".join(f"{n} {kind}" for kind, n in count.most_common())
