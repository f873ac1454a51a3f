"""How much one person may ask for: requests and users an hour, and requests open at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.core.rules import Limits

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PastAsk:
    """When somebody asked, and for how many users."""

    at: datetime
    users: int


@dataclass(frozen=True, slots=True)
class Limited:
    """The person has reached a limit; `next_at` says when the next such ask is possible, where the clock decides."""

    kind: Literal["requests", "users", "open"]
    limit: int
    next_at: datetime | None = None
    asked_for: int = 0
    """Users they have asked for in the last hour."""


def reached(limits: Limits, asks: Sequence[PastAsk], n_open: int, users: int) -> Limited | None:
    """Say which limit an ask for so many users goes over, after those of the last hour; None for none."""
    if len(asks) >= limits.requests_per_hour:
        return Limited("requests", limits.requests_per_hour, asks[-limits.requests_per_hour].at + HOUR)
    asked_for = sum(ask.users for ask in asks)
    if limits.users_per_hour is not None and asked_for + users > limits.users_per_hour:
        return Limited("users", limits.users_per_hour, _next(limits.users_per_hour, asks, users), asked_for)
    if limits.open_at_once is not None and n_open >= limits.open_at_once:
        return Limited("open", limits.open_at_once)
    return None


def _next(limit: int, asks: Sequence[PastAsk], users: int) -> datetime | None:
    """When enough of what was asked for is an hour old; None where it never fits at once."""
    left = sum(ask.users for ask in asks)
    for ask in asks:
        left -= ask.users
        if left + users <= limit:
            return ask.at + HOUR
    return None
