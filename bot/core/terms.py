"""How long things keep, and whether an approval still does."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.model import Request, Target
from bot.core.rules import Policy


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things keep."""

    approval_ttl: timedelta
    send_within: timedelta
    remind_after: timedelta = timedelta(0)
    """Nothing: nobody is reminded."""
    hold: timedelta = timedelta(0)
    """How long an approved request can still be stopped before it is sent."""
    policy: Policy | None = None
    """Whose rules may keep a request open for another time."""

    def open_for(self, targets: Collection[Target]) -> timedelta:
        """How long a request for these users waits for a decision."""
        rule = self.policy.rule_for(targets) if self.policy is not None else None
        return rule.open_for or self.approval_ttl if rule is not None else self.approval_ttl


def is_kept(request: Request, now: datetime, terms: Terms) -> bool:
    """Whether an approval is in force that has not lapsed."""
    decision, lapses = request.decision, lapses_at(request, terms)
    if decision is None or decision.void or request.stopped is not None:
        return False
    return request.is_approved and lapses is not None and now < lapses


def may_send(request: Request, now: datetime, terms: Terms) -> bool:
    """Whether an approval is in force, and nobody can stop it at leisure any more."""
    return is_kept(request, now, terms) and is_hold_over(request, now, terms)


def is_hold_over(request: Request, now: datetime, terms: Terms) -> bool:
    """Whether the time is over in which what was approved is only held."""
    return request.decision is not None and now >= request.decision.at + terms.hold


def lapses_at(request: Request, terms: Terms) -> datetime | None:
    """When an approval that was not sent keeps no longer, counted from the end of the hold."""
    return request.decision.at + terms.hold + terms.send_within if request.decision else None
