"""Has what was approved sent to Entra, together with what else waits; what a crash left open is read back first."""

from bot.core.commands import RecordFailed, Rehearse
from bot.core.model import Receipt
from bot.core.terms import may_send
from bot.delivery.context import Again, Context, Done, Ending
from bot.store.tasks import Task

LOOK_AFTER = 1.0


async def confirm(context: Context, task: Task) -> Ending:
    """Return once nothing of the request waits to be sent any more."""
    assert task.request_id is not None  # noqa: S101 - committed with its request
    request = (await context.store.entry(task.request_id)).request
    if request.having("practised"):
        request = (await context.store.apply(request.id, Rehearse())).request
        return Again(LOOK_AFTER) if request.state == "approved" else Done()
    lost = tuple(t.user_id for t in request.having("attempted") if t.doubted_at is None)
    if lost:
        # The process ended between the call and its answer: reading back comes before anything else.
        failed = RecordFailed(lost, "unclear", Receipt(0), "restart")
        request = (await context.store.apply(request.id, failed)).request
    if request.having("waiting") and may_send(request, context.clock.now(), context.store.ledger.terms):
        await context.conversation.send(request)
        request = (await context.store.entry(request.id)).request
        if any(t.doubted_at is None for t in request.having("attempted")):
            return Again(LOOK_AFTER)  # recorded as about to be sent, and nothing was recorded of what came of it
    return Done()
