"""An incident channel's line: posted once, brought up to date, and posted anew where it is lost."""

import structlog
from sqlalchemy import Connection

from bot.delivery.context import Context, Done, Ending, record_post
from bot.delivery.posting import LOST, entry_of, op_after, post_once, put, refused
from bot.errors import SlackRefused
from bot.slack.blocks import incident
from bot.slack.blocks.message import Message
from bot.slack.messenger import Spot
from bot.store.ledger import Entry, Post, find_post, posted
from bot.store.tasks import Task

log = structlog.get_logger()


async def line(context: Context, task: Task) -> Ending:
    """Post an incident channel's line, or bring it up to date."""
    entry = await entry_of(context, task)
    message = incident.line(entry.request, context.place(entry.request))
    first = await context.store.do(find_post, task.key)
    if first is None:
        return await post_once(context, task, entry, Spot(str(task.payload["channel"])), message)
    try:
        await context.messenger.update(first.channel, first.ts, message)
    except SlackRefused as error:
        log.warning("an incident line can't be updated", channel=first.channel, why=error.code)
        if error.code in LOST:
            return await _anew(context, task, entry, first, message)
        refused(context, first.channel, error.code)
    else:
        context.health.clear(f"channel {first.channel}")
    return Done()


async def _anew(context: Context, task: Task, entry: Entry, lost: Post, message: Message) -> Ending:
    """Post another line in place of a lost one, and keep to it from then on."""
    op = op_after(task.key, lost.ts)
    try:
        ts = await put(context, task, entry, Spot(lost.channel), message, op=op)
    except SlackRefused as error:
        log.warning("an incident line can't be posted anew", channel=lost.channel, why=error.code)
        refused(context, lost.channel, error.code)
        return Done()
    taken = record_post(context, task, Post(op, lost.request_id, lost.channel, "", ts))

    def record(connection: Connection) -> None:
        taken(connection)
        posted(connection, Post(task.key, lost.request_id, lost.channel, "", ts))

    return Done(record)
