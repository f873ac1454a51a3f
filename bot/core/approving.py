"""An approval is given: whom it covers, which of those before it hold, and whether they are enough."""

from dataclasses import replace

from bot.core import events as ev
from bot.core.alike import split
from bot.core.commands import Approve
from bot.core.model import Request
from bot.core.policy import Refusal
from bot.core.quorum import missing


def approved(request: Request, command: Approve) -> tuple[ev.Event, ...] | Refusal:
    """Approve all, or all but those who look different; who they are is told from what was shown, by nobody else."""
    approved = _counted(request, command)
    if not command.leave_out:
        return approved
    shown = split(request.asked_for)
    if not shown.alike:
        return Refusal("nobody_left")
    if command.leave_out != shown.mark:
        return Refusal("old_view")
    *void, last = approved
    assert isinstance(last, ev.Approved) and request.open_until is not None  # noqa: S101, PT018 - see _counted
    left = replace(last, left_out=tuple(target.user_id for target in shown.different))
    # The next to approve has to see who is left; whoever has approved more has approved them too.
    shown_anew = () if last.is_last else (ev.Opened(request.open_until, keeps_approvals=True),)
    return (*void, left, *shown_anew)


def _counted(request: Request, command: Approve) -> tuple[ev.Event, ...]:
    """Count an approval together with those given before, as far as they still hold."""
    panel = command.panel
    void = tuple(ev.Voided(panel.void[a.by], a.by) for a in request.approvals if a.by in panel.void)
    others = {a.by: panel.teams.get(a.by, a.teams) for a in request.approvals if a.by not in panel.void}
    is_last = not missing(panel.needs, {**others, command.by: command.teams})
    approved = ev.Approved(
        by=command.by,
        name=command.name,
        view=command.view,
        email=command.email,
        accounts=command.accounts,
        is_last=is_last,
        teams=command.teams,
        others=panel.teams,
        rule=command.rule,
        because=command.because,
        policy=command.policy,
    )
    return (*void, approved)
