"""Why a user is at risk, as an approver reads it: one reason for each kind of detection."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Blind = Literal["", "no_permission", "busy", "refused"]
"""Why it can't be said why users are at risk; empty where it can."""


@dataclass(frozen=True, slots=True)
class Reason:
    """All of a user's current detections of one type: the newest of them, and how many more there are."""

    type: str
    """riskEventType, as it came."""
    at: datetime | None = None
    ip: str = ""
    city: str = ""
    country: str = ""
    """Two letters, as Graph gives it."""
    more: int = 0
    countries: tuple[str, ...] = ()
    """Of all of them."""


def countries_of(reasons: Iterable[Reason]) -> frozenset[str]:
    return frozenset(country for reason in reasons for country in reason.countries)
