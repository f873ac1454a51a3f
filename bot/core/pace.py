"""The pace of calls about risky users: when the next may start, and what a 429 makes of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.backoff import delay

INTERVAL = timedelta(seconds=1.05)
"""Graph allows one risky-user request a second to all apps of a tenant together."""
WIDEST = 4.0
"""Seconds between two calls at the most, however often Graph says 429; the pause after a 429 comes on top.

Reading the users, their approver and the call itself have to fit into the 15 seconds that a reading is good for.
"""
_SLOWER, _FASTER = 1.5, 0.9
_SAME = 0.001


@dataclass(frozen=True, slots=True)
class Pace:
    """What everybody who calls for the tenant shares."""

    next_at: datetime
    reserved_at: datetime
    gap: float
    """Seconds between two calls."""
    refusals: int = 0
    """429s in a row."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A moment at which one call may start, and whether calls are further apart than usual."""

    at: datetime
    is_slow: bool = False
    gap: float = INTERVAL.total_seconds()
    """Seconds from it to the next."""


def reserve(pace: Pace | None, now: datetime, usual: float) -> tuple[Pace, Slot]:
    """Take the next free moment."""
    if pace is None:
        pace = Pace(now, now, usual)
    # A clock that was set back would otherwise stop every call until it is the old time again.
    free_at = now if now < pace.reserved_at else max(now, pace.next_at)
    taken = replace(pace, next_at=free_at + timedelta(seconds=pace.gap), reserved_at=now)
    return taken, Slot(free_at, pace.gap > usual or pace.refusals > 0, pace.gap)


def moved(pace: Pace, at: datetime, now: datetime) -> Pace | None:
    """The call of the moment `at` starts only now, so the next one is counted from now; None if that can't be.

    Then somebody has taken the moment after it, or a 429 came: a new moment has to be reserved.
    """
    is_last = abs((pace.next_at - at).total_seconds() - pace.gap) < _SAME and pace.reserved_at <= now
    return replace(pace, next_at=now + timedelta(seconds=pace.gap)) if is_last else None


def slowed(pace: Pace | None, now: datetime, usual: float, jitter: float, retry_after: float | None) -> Pace:
    """Graph answered 429: nothing starts for a while, and calls are further apart from then on."""
    pace = pace or Pace(now, now, usual)
    refusals = pace.refusals + 1
    until = now + timedelta(seconds=delay(refusals, jitter, retry_after))
    gap = min(max(pace.gap, usual) * _SLOWER, max(WIDEST, usual))
    return replace(pace, next_at=max(pace.next_at, until), gap=gap, refusals=refusals)


def recovered(pace: Pace, usual: float) -> Pace:
    """Graph answered: calls may come a little closer together again."""
    return replace(pace, gap=max(usual, pace.gap * _FASTER), refusals=0)
