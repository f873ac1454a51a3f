"""Tells an alert's thread how the request stands that was asked from it: never twice, and nobody from outside."""

import structlog

from bot.core.alert import Alert
from bot.delivery.context import Context, Done, Ending, record_post
from bot.errors import SlackDown, SlackRefused
from bot.slack.blocks import alert as blocks
from bot.slack.messenger import Spot
from bot.store.ledger import Post, find_post
from bot.store.tasks import Task

_WORDS = {"line": blocks.line, "end": blocks.end, "marked": blocks.marked}

log = structlog.get_logger()


async def at_the_alert(context: Context, task: Task) -> Ending:
    """Post there once, and keep the line up to date; where the bot can't or must not, nothing is said."""
    assert task.request_id is not None  # noqa: S101 - committed with its request
    entry = await context.store.entry(task.request_id)
    request, topic = entry.request, str(task.payload["topic"])
    alert = request.alert
    first = await context.store.do(find_post, task.key)
    if alert is None or (first is not None and topic != "line"):
        return Done()
    message = _WORDS[topic](request, context.place(request))
    spot = Spot(alert.channel, alert.thread)
    try:
        if first is None:
            await context.messenger.turn(spot.channel)
        if not await _may_tell(context, alert):
            return Done()
        if first is not None:
            await context.messenger.update(first.channel, first.ts, message)
            return Done()
        metadata = {"op_id": task.key, "n": entry.anchor.n, "mac": entry.anchor.mac}
        since = request.asked_at if task.doubtful else None
        ts, _ = await context.messenger.post_once(spot, message, metadata, since=since)
    except SlackRefused as error:
        log.info("an alert's thread is not told", request=request.id, why=error.code)
        return Done()
    return Done(record_post(context, task, Post(task.key, request.id, spot.channel, spot.thread_ts, ts)))


async def _may_tell(context: Context, alert: Alert) -> bool:
    """Whether the bot is a member there, and nobody from outside reads along; looked up each time it tells."""
    try:
        info = await context.messenger.channel_info(alert.channel)
    except SlackDown as error:
        if error.code == "missing_scope":  # a conversation of a few people, of which the bot may know nothing
            return False
        raise
    is_shared = info.get("is_ext_shared") or info.get("is_pending_ext_shared")
    is_private_talk = info.get("is_im") or info.get("is_mpim")
    return bool(info.get("is_member")) and not (is_shared or is_private_talk or info.get("is_archived"))
