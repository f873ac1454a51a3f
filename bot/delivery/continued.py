"""Posts the approval message anew where it was deleted or can't be changed any more: another one continues it."""

from dataclasses import replace

import structlog
from sqlalchemy import Connection

from bot.core.commands import RecordShown
from bot.core.follow_ups import told_anew
from bot.core.ids import MessageTs
from bot.core.model import Lost, Request
from bot.core.wishes import Wish
from bot.delivery.context import Context, Done, Ending, record_post
from bot.delivery.posting import message_op, op_after, put
from bot.slack.blocks.message import Message
from bot.slack.messenger import Spot
from bot.store.ledger import Entry, Post, posted, wish
from bot.store.tasks import Task
from bot.store.threads import told_in

MOST = 3
"""How often a request's message is posted anew: somebody who goes on deleting it does not want it."""

log = structlog.get_logger()


def as_continued(request: Request, lost: Lost) -> Request:
    """Return the request as the message has to show it that continues a lost one."""
    return replace(request, lost=lost, times_lost=request.times_lost + 1)


def is_worn_out(request: Request) -> bool:
    """Whether it was posted anew often enough."""
    return request.times_lost >= MOST


async def continued(context: Context, task: Task, entry: Entry, message: Message, command: RecordShown) -> Ending:
    """Post the message that continues a lost one, once, and keep to it from then on. Raises SlackError."""
    request = entry.request
    channel, lost = command.channel, command.ts
    key = message_op(request.id)
    op = op_after(key, lost)
    ts = await put(context, task, entry, Spot(channel), message, op=op)
    log.warning("the approval message was posted anew", request=request.id, why=command.lost)
    context.health.clear("approval channel")
    taken = record_post(context, task, Post(op, request.id, channel, "", ts))

    def record(connection: Connection) -> None:
        now = context.clock.now()
        taken(connection)
        # Under the usual name too: links to the request find it there.
        posted(connection, Post(key, request.id, channel, "", ts))
        told = told_in(connection, request.id, lost)
        applied = context.store.ledger.apply(connection, request.id, replace(command, ts=MessageTs(ts)), now)
        if applied is not None:
            wish(connection, request.id, *told_anew(applied.request, told, lost, now))
        if task.doubtful:  # what an earlier try left there may show an older state
            wish(connection, request.id, Wish("show", request.id, now))

    return Done(record)
