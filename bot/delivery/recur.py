"""Watches those who were confirmed safe: whoever is at risk again soon after makes the decision contested."""

from bot.core.commands import RecordRecurrence
from bot.core.recurrence import is_again_at_risk, is_over, next_look, watched
from bot.delivery.context import Again, Context, Done, Ending
from bot.errors import GraphError, SignInFailed
from bot.graph.pacer import Turn
from bot.store.tasks import Task

READ_WITHIN = 300.0
WHY_WITHIN = 60.0


async def recur(context: Context, task: Task) -> Ending:
    """Look once an hour, at all that changed since the read-back: so the next look makes up for one that fails."""
    assert task.request_id is not None  # noqa: S101 - committed with its request
    began = context.clock.now()
    request = (await context.store.entry(task.request_id)).request
    known = {target.user_id: target for target in watched(request)}
    if request.ended_at is None or not known:
        return Done()
    # From when each was seen safe, which may be long before all of the request were.
    since = {user_id: t.last_read.read_at if t.last_read else request.asked_at for user_id, t in known.items()}
    try:
        # Who was updated is enough: whoever is at risk again was, and the list is read for read-backs anyway.
        read = await context.conversation.read(since, Turn.READ_BACK, READ_WITHIN, singles=0)
        again = [s for s in read.found.values() if is_again_at_risk(known[s.user_id], s)]
        if again:
            updated = {s.user_id: s.last_updated for s in again}
            await context.conversation.why(updated, WHY_WITHIN)
            reasons = context.conversation.reasons
            why = {s.user_id: reasons.of(s.user_id, s.last_updated) or () for s in again}
            request = (await context.store.apply(request.id, RecordRecurrence(tuple(again), why))).request
    except (SignInFailed, GraphError):
        pass
    left = (next_look(began) - context.clock.now()).total_seconds()
    return Done() if is_over(request, began) else Again(max(left, 0.0))
