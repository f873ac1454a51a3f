"""Draws somebody's Home tab."""

import structlog

from bot.core.ids import SlackUserId
from bot.delivery.context import Context, Done, Ending
from bot.errors import SlackRefused
from bot.slack.blocks.home import home
from bot.store.tasks import Task
from bot.views import Views

log = structlog.get_logger()


async def publish(context: Context, task: Task) -> Ending:
    """Publish it as things stand now: what is true in a minute is drawn when it is opened again."""
    user = SlackUserId(task.key)
    seen = await Views(context.store, context.authority, context.place).seen_from(user)
    try:
        await context.messenger.publish(user, home(seen, context.place))
    except SlackRefused as error:
        log.warning("a Home tab can't be drawn", user=user, why=error.code)
    return Done()
