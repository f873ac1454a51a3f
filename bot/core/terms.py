"""How long things keep, and whether an approval still does."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.model import Request


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things keep."""

    approval_ttl: timedelta
    send_within: timedelta
    remind_after: timedelta = timedelta(0)
    """Nothing: nobody is reminded."""
    hold: timedelta = timedelta(0)
    """How long an approved request can still be stopped before it is sent."""


def is_kept(request: Request, now: datetime, terms: Terms) -> bool:
    """Whether an approval is in force that has not lapsed."""
    decision, lapses = request.decision, lapses_at(request, terms)
    if decision is None or decision.void or request.stopped is not None:
        return False
    return request.is_approved and lapses is not None and now < lapses


def may_send(request: Request, now: datetime, terms: Terms) -> bool:
    """Whether an approval is in force, and nobody can stop it at leisure any more."""
    decision = request.decision
    return is_kept(request, now, terms) and decision is not None and now >= decision.at + terms.hold


def lapses_at(request: Request, terms: Terms) -> datetime | None:
    """When an approval that was not sent keeps no longer, counted from the end of the hold."""
    return request.decision.at + terms.hold + terms.send_within if request.decision else None
