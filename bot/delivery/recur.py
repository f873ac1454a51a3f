"""Watches those who were confirmed safe: whoever is at risk again soon after makes the decision contested."""

from collections.abc import Sequence

import structlog

from bot.core.commands import RecordRecurrence
from bot.core.ids import RequestId
from bot.core.model import RiskySnapshot
from bot.core.recurrence import is_again_at_risk, next_look, watched
from bot.delivery.context import Again, Context, Done, Ending
from bot.errors import GraphError, SignInFailed
from bot.store.tasks import Task
from bot.store.watched import end, unwatch, watched_since, watching

READ_WITHIN = 300.0
WHY_WITHIN = 60.0
AT_ONCE = 200
"""Users that are looked for in the store together: who waits for Slack's answer comes in between."""

log = structlog.get_logger()


async def recur(context: Context, task: Task) -> Ending:
    """Look once an hour, at all that changed since the read-backs: so the next look makes up for one that fails."""
    if task.request_id is not None:  # as a process of an older version, beside which this one runs, asks for it
        await context.store.do(end, (await context.store.entry(task.request_id)).request)
        return Done()
    began = context.clock.now()
    since = await context.store.do(watched_since)
    if since is not None:
        try:
            # Who was updated is enough: whoever is at risk again was.
            updated = await context.conversation.updated_since(since, READ_WITHIN)
            await _record(context, [snapshot for snapshot in updated if snapshot.is_at_risk])
        except (SignInFailed, GraphError):
            pass
    while await context.store.do(unwatch, began, AT_ONCE) == AT_ONCE:
        pass
    left = (next_look(began) - context.clock.now()).total_seconds()
    return Again(max(left, 0.0), is_try=False)


async def _record(context: Context, at_risk: Sequence[RiskySnapshot]) -> None:
    found: dict[RequestId, tuple[RiskySnapshot, ...]] = {}
    for start in range(0, len(at_risk), AT_ONCE):
        some = {snapshot.user_id: snapshot for snapshot in at_risk[start : start + AT_ONCE]}
        watchers = await context.store.do(watching, list(some))
        read, unreadable = await context.store.each(watchers, context.store.ledger.load)
        for request_id, error in unreadable.items():
            log.error("a request whose users are watched can't be read", request=request_id, exc_info=error)
        for request_id, request in read.items():
            known = [target for target in watched(request) if target.user_id in some]
            again = [some[target.user_id] for target in known if is_again_at_risk(target, some[target.user_id])]
            if again:
                found[request_id] = (*found.get(request_id, ()), *again)
    updated = {s.user_id: s.last_updated for again in found.values() for s in again}
    await context.conversation.why(updated, WHY_WITHIN)
    reasons = context.conversation.reasons
    for request_id, snapshots in found.items():
        why = {s.user_id: reasons.of(s.user_id, s.last_updated) or () for s in snapshots}
        await context.store.apply(request_id, RecordRecurrence(snapshots, why))
