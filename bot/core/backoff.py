"""How long to wait before the next attempt."""

FIRST = 2.0
CAP = 60.0
RETRY_AFTER_CAP = 300.0
"""A Retry-After is honoured up to this; a wrong one must not park the work for a day."""

# From the sixth attempt on the cap holds: growing further would only overflow.
_STEPS_TO_CAP = 5


def delay(attempt: int, jitter: float, retry_after: float | None = None) -> float:
    """Return the seconds to wait after a failed attempt, the first being 1.

    2, 4, 8 … s up to 60; a jitter in [0, 1) leaves between half of it and all. Never less than a Retry-After.
    """
    full = min(CAP, FIRST * 2.0 ** min(max(attempt - 1, 0), _STEPS_TO_CAP))
    jittered = full * (0.5 + 0.5 * jitter)
    return max(jittered, min(retry_after or 0.0, RETRY_AFTER_CAP))
