"""Posts once: looked for before a doubtful resend, sent elsewhere where refused, and swept of doubles."""

import structlog

from bot.core.model import Lost
from bot.core.wishes import Wish
from bot.delivery.context import Again, Context, Done, Ending, record_post
from bot.errors import SlackRefused
from bot.remedies import channel_remedy
from bot.slack.blocks.message import Message, elsewhere
from bot.slack.blocks.rehearsal import marked
from bot.slack.messenger import Spot
from bot.store.ledger import Entry, Post, find_post, wish
from bot.store.tasks import Task

LOST: dict[str, Lost] = {
    "message_not_found": "deleted",
    "cant_update_message": "unchangeable",
    "edit_window_closed": "unchangeable",
    "update_window_closed": "unchangeable",
}
"""After these a message can't be brought up to date any more, and another one takes its place."""
NO_THREAD = {"thread_not_found", "message_not_found"}
LOOK_FOR_THE_THREAD = 8
"""So many times a post waits for a message whose thread is gone to be there anew."""
UNTIL_IT_IS_THERE = 3.0

log = structlog.get_logger()


def refused(context: Context, channel: str, code: str) -> None:
    """Note that a channel takes nothing, and what to do about it."""
    trouble = f"The bot can't post in {channel}: {code}. {channel_remedy(code)}"
    context.health.note(f"channel {channel}", trouble.strip())


async def entry_of(context: Context, task: Task) -> Entry:
    assert task.request_id is not None  # noqa: S101 - committed with its request
    return await context.store.entry(task.request_id)


async def direct(context: Context, task: Task, entry: Entry, message: Message) -> Ending:
    """Tell whoever asked by direct message; where that can't be either, it is logged."""
    try:
        channel = await context.messenger.open_dm(entry.request.asker.id)
        return await post_once(context, task, entry, Spot(channel), message, is_last_resort=True)
    except SlackRefused as error:
        log.warning("whoever asked could not be told", request=entry.request.id, why=error.code)
        return Done()


async def post_once(
    context: Context, task: Task, entry: Entry, spot: Spot, message: Message, *, is_last_resort: bool = False
) -> Ending:
    """Post under the task's key, unless an earlier try was taken."""
    try:
        ts = await put(context, task, entry, spot, message, op=task.key)
    except SlackRefused as error:
        if is_last_resort:
            raise
        if _has_lost_its_thread(task, entry, spot, error.code):
            # Drawing the message finds out that it is gone, and puts another one there.
            await context.store.do(wish, entry.request.id, Wish("show", entry.request.id, context.clock.now()))
            return Again(UNTIL_IT_IS_THERE, doubtful=task.doubtful)
        log.warning("a post was refused and goes to whoever asked", key=task.key, why=error.code)
        refused(context, spot.channel, error.code)
        moved = marked(elsewhere(message, spot.channel, error.code, entry.request.id), entry.request)
        return await direct(context, task, entry, moved)
    context.health.clear(f"channel {spot.channel}")
    return Done(record_post(context, task, Post(task.key, entry.request.id, spot.channel, spot.thread_ts, ts)))


async def put(context: Context, task: Task, entry: Entry, spot: Spot, message: Message, *, op: str) -> str:
    """Post under this op_id and return the ts: of an earlier try, where one was taken. Raises SlackError."""
    await context.messenger.turn(spot.channel)
    metadata = {"op_id": op, "n": entry.anchor.n, "mac": entry.anchor.mac}
    since = entry.request.asked_at if task.doubtful else None
    ts, _ = await context.messenger.post_once(spot, message, metadata, since=since)
    return ts


def message_op(request_id: str) -> str:
    """Name the post that is a request's approval message."""
    return f"{request_id}.message"


def op_after(key: str, lost: str) -> str:
    """Name the post that continues a lost one: the same however often it is tried."""
    return f"{key}.{lost}"


def _has_lost_its_thread(task: Task, entry: Entry, spot: Spot, code: str) -> bool:
    is_ours = (spot.channel, spot.thread_ts) == (entry.request.channel, entry.request.ts)
    return is_ours and code in NO_THREAD and task.attempts <= LOOK_FOR_THE_THREAD


async def sweep(context: Context, task: Task) -> Ending:
    """A minute after a doubtful post: of doubles, all but the recorded one are deleted."""
    spot = Spot(task.payload["channel"], task.payload["thread_ts"])
    entry = await entry_of(context, task)
    try:
        return await _sweep(context, task, spot, entry)
    except SlackRefused as error:
        log.warning("doubles can't be looked for", key=task.key, why=error.code)
        return Done()


async def _sweep(context: Context, task: Task, spot: Spot, entry: Entry) -> Ending:
    found = await context.messenger.find(spot, task.payload["op_id"], entry.request.asked_at)
    known = await context.store.do(find_post, task.payload["op_id"])
    # The one that is recorded stays: clicks and edits refer to it.
    keep = known.ts if known and known.ts in found else (found[0] if found else "")
    for ts in found:
        if ts != keep:
            await context.messenger.delete(spot.channel, ts)
    return Done()
