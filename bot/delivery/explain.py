"""Says why users are at risk: with the look-up where that comes in time, else as a new view once it has come."""

from collections.abc import Iterable
from dataclasses import replace

from bot.core.commands import Explain
from bot.core.model import Target
from bot.core.reasons import Blind
from bot.delivery.context import Context, Done, Ending, backed_off
from bot.errors import GraphError, SignInFailed
from bot.store.tasks import Task

WITH_THE_LOOK_UP = 4.0
"""Seconds that an approval message may be kept back for the reasons."""
LATE = 600.0


async def explained(context: Context, targets: Iterable[Target], within: float) -> tuple[tuple[Target, ...], Blind]:
    """Return the users with why they are at risk, as far as it could be read in so many seconds."""
    targets = tuple(targets)
    reasons = context.conversation.reasons
    open_ones = {t.user_id: t.shown.last_updated for t in targets if t.why is None}
    blind = await context.conversation.why(open_ones, within)
    told = tuple(
        t if t.why is not None else replace(t, why=reasons.of(t.user_id, t.shown.last_updated)) for t in targets
    )
    return told, blind


async def explain(context: Context, task: Task) -> Ending:
    """Complete a message that came without all the reasons, as long as it can be decided."""
    assert task.request_id is not None  # noqa: S101 - committed with its request
    request = (await context.store.entry(task.request_id)).request
    if request.state != "pending" or not request.is_blind:
        return Done()
    try:
        await context.graph.sign_in()
    except (SignInFailed, GraphError):
        return backed_off(task)
    targets, blind = await explained(context, request.asked_for, LATE)
    if blind == "busy":
        return backed_off(task)
    why = {t.user_id: t.why for t in targets if t.why is not None}
    command = Explain(why, {t.user_id: t.shown.last_updated for t in targets}, blind)
    return Done(lambda c: context.store.ledger.apply(c, request.id, command, context.clock.now()))
