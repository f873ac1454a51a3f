"""How approvals are counted in a request as its events are folded: given, kept, struck."""

from dataclasses import replace
from datetime import datetime

from bot.core import events as ev
from bot.core.decisions import Decision, Teams, Void
from bot.core.ids import SlackUserId
from bot.core.model import Request
from bot.core.targets import update


def opened(request: Request, event: ev.Opened) -> Request:
    """What was approved before it was shown anew counts no longer, unless nothing new is shown."""
    kept = request.approvals if event.keeps_approvals else ()
    # Who approved while it waited is told why that is over; after a decision the message says it as a whole.
    over = request.approvals if request.state == "pending" and not event.keeps_approvals else ()
    before = request.struck if event.keeps_approvals or request.state == "pending" else ()
    return replace(
        request,
        state="pending",
        view=request.view + 1,
        shown_users=tuple(target.user_id for target in request.asked_for),
        open_until=event.open_until,
        left_out=event.left_out or request.left_out,
        approvals=kept,
        struck=(*before, *(replace(approval, void="seen_before") for approval in over)),
    )


def approved(request: Request, event: ev.Approved, at: datetime) -> Request:
    approval = Decision(event.by, at, event.view, email=event.email, accounts=event.accounts, teams=event.teams)
    others = tuple(_as_now(given, event.others) for given in request.approvals if given.by != event.by)
    again = tuple(given for given in request.struck if given.by != event.by)
    request = replace(request, approvals=(*others, approval), struck=again)
    if event.is_last:
        request = replace(request, state="approved", decision=approval)
    return update(request, event.left_out, lambda t: replace(t, progress="spared", spared_by=event.by))


def _as_now(given: Decision, teams: Teams) -> Decision:
    return replace(given, teams=teams.get(given.by, given.teams))


def struck(request: Request, why: Void, by: SlackUserId | None, others: Teams) -> Request:
    """Take back one person's approval; without a name, none of them, but there are not enough."""
    if by is None and why != "not_enough" and request.decision is not None:
        by = request.decision.by  # as it was recorded while one approval was all there could be
    back = tuple(replace(given, void=why) for given in request.approvals if given.by == by)
    kept = tuple(_as_now(given, others) for given in request.approvals if given.by != by)
    return replace(request, approvals=kept, struck=(*request.struck, *back))


def void(request: Request, event: ev.GaveUp) -> Request:
    request = struck(request, event.void, event.by, {})
    return replace(request, decision=replace(request.decision, void=event.void) if request.decision else None)
