"""Keeps the approval message as the request is: posted once, then updated to the newest state."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy import Connection

from bot.core.commands import RecordShown
from bot.core.follow_ups import STOPPABLE_AFTER
from bot.core.ids import ChannelId, MessageTs
from bot.core.model import Lost, Request
from bot.delivery.context import Again, Context, Done, Ending, dont_ask, record_post
from bot.delivery.continued import as_continued, continued, is_worn_out
from bot.delivery.posting import LOST, message_op
from bot.errors import SlackRefused
from bot.remedies import channel_remedy
from bot.slack.blocks.approval import approval_message
from bot.slack.blocks.message import Message
from bot.slack.messenger import Spot
from bot.store.ledger import Entry, Post
from bot.store.tasks import Task

ABSENT = {"not_in_channel", "channel_not_found", "restricted_action", "is_inactive", "is_archived"}
TRY_ANEW = 300.0
"""Seconds until a channel that refused an update is tried again: somebody may let the bot in again."""
ALL_IS_PAST = timedelta(days=1)

log = structlog.get_logger()


async def show(context: Context, task: Task) -> Ending:
    """Post or update the approval message."""
    assert task.request_id is not None  # noqa: S101 - committed with its request
    entry = await context.store.entry(task.request_id)
    request = entry.request
    if not request.view or request.state == "not_asked":
        return Done()
    if request.state == "withdrawn" and request.ts is None and not task.doubtful:
        return Done()  # nobody has seen it
    message = _drawn(context, request)
    if request.ts is None:
        metadata = {"op_id": message_op(request.id), "n": entry.anchor.n, "mac": entry.anchor.mac}
        return await _first(context, task, request, message, metadata)
    try:
        await context.messenger.update(request.channel or "", request.ts, message)
    except SlackRefused as error:
        log.warning("the approval message can't be updated", request=request.id, why=error.code)
        if error.code in LOST and not (is_worn_out(request) or _is_past(context, request)):
            return await _anew(context, task, entry, LOST[error.code])
        what = f"The message of {request.id} in {request.channel} can't be updated: {error.code}."
        context.health.note("approval channel", f"{what} {channel_remedy(error.code)}".strip())
        return Done() if error.code not in ABSENT or _is_past(context, request) else Again(TRY_ANEW)
    context.health.clear("approval channel")
    return Done(_shown(context, request, message, request.channel or ChannelId(""), request.ts))


def _drawn(context: Context, request: Request) -> Message:
    return approval_message(request, context.place(request), can_stop=_can_stop(context, request))


async def _anew(context: Context, task: Task, entry: Entry, lost: Lost) -> Ending:
    """Have another message continue the lost one, where requests can still be decided in its channel."""
    request = entry.request
    channel, ts = request.channel or ChannelId(""), request.ts or MessageTs("")
    message = _drawn(context, as_continued(request, lost))
    command = RecordShown(request.view, channel, ts, _digest(message), lost)
    try:
        why = await _unfit(context, channel)
        if not why:
            return await continued(context, task, entry, message, command)
    except SlackRefused as error:
        why = error.code
    log.warning("the approval message can't be posted anew", request=request.id, why=why)
    what = f"The message of {request.id} in {channel} is lost and can't be posted anew: {why}."
    context.health.note("approval channel", f"{what} {channel_remedy(why)}".strip())
    return Again(TRY_ANEW, doubtful=task.doubtful)


def _can_stop(context: Context, request: Request) -> bool:
    """Whether a button is worth it that stops what has not left: not for what leaves within two seconds."""
    if request.decision is None or not request.is_approved or not request.having("waiting", "practised"):
        return False
    terms, lasted = context.store.ledger.terms, context.clock.now() - request.decision.at
    return request.stopped is None and (bool(terms.hold) or lasted >= STOPPABLE_AFTER)


def _is_past(context: Context, request: Request) -> bool:
    """Whether a request ended so long ago that nobody looks at its message any more."""
    return request.ended_at is not None and context.clock.now() - request.ended_at > ALL_IS_PAST


async def _first(
    context: Context, task: Task, request: Request, message: Message, metadata: dict[str, object]
) -> Ending:
    channel = context.place().channel
    op = message_op(request.id)
    try:
        await context.messenger.turn(channel)
        why = await _unfit(context, channel)
        if why:
            return dont_ask(context, request, why)
        since = request.asked_at if task.doubtful else None
        ts, was_there = await context.messenger.post_once(Spot(channel), message, metadata, since=since)
    except SlackRefused as error:
        log.warning("the approval message can't be posted", request=request.id, why=error.code)
        trouble = f"The bot can't post in {channel}: {error.code}. {channel_remedy(error.code)}"
        context.health.note("approval channel", trouble.strip())
        return dont_ask(context, request, _why(error.code))
    context.health.clear("approval channel")
    shown = _shown(context, request, message, channel, MessageTs(ts))

    taken = record_post(context, task, Post(op, request.id, channel, "", ts))

    def record(connection: Connection) -> None:
        taken(connection)
        shown(connection)

    if was_there:
        # What was found may show an older state: the newest is put over it.
        try:
            await context.messenger.update(channel, ts, message)
        except SlackRefused as error:
            log.warning("a message that was found can't be updated", request=request.id, why=error.code)
    return Done(record)


def _why(code: str) -> str:
    if code == "is_archived":
        return "archived"
    return "not_in_channel" if code in ABSENT else f"not_ready:Slack refuses its post:{code}"


async def _unfit(context: Context, channel: ChannelId) -> str:
    """Why requests can't be decided in the channel; empty where they can."""
    info = await context.messenger.channel_info(channel)
    if info.get("is_archived"):
        return "archived"
    if info.get("is_ext_shared") or info.get("is_pending_ext_shared"):
        return "shared"
    return "" if info.get("is_member", True) else "not_in_channel"


def _shown(
    context: Context, request: Request, message: Message, channel: ChannelId, ts: MessageTs
) -> Callable[[Connection], object]:
    command = RecordShown(request.view, channel, ts, _digest(message))
    return lambda connection: context.store.ledger.apply(connection, request.id, command, context.clock.now())


def _digest(message: Message) -> str:
    return hashlib.sha256(json.dumps(message.blocks, sort_keys=True).encode()).hexdigest()
