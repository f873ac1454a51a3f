"""Says in the approval channel, once a week, that the bot's secret or certificate for Entra is about to end."""

from bot.core.ids import RequestId
from bot.delivery.context import Again, Context, Ending
from bot.errors import SlackRefused
from bot.graph.credential_end import Ends
from bot.slack.blocks.renewal import ends
from bot.slack.messenger import Spot
from bot.store.ledger import Post, find_post, posted
from bot.store.tasks import Task

A_DAY, A_WEEK = 86_400.0, 7


async def renewal(context: Context, task: Task) -> Ending:
    """Look once a day; what was said this week is not said again."""
    end = await context.ends.credential_end()
    if isinstance(end, Ends) and end.is_near:
        op_id = f"renewal.{end.at:%Y%m%d}.{end.left.days // A_WEEK}"
        if await context.store.do(find_post, op_id) is None:
            await _announce(context, task, end, op_id)
    return Again(A_DAY)


async def _announce(context: Context, task: Task, end: Ends, op_id: str) -> None:
    place = context.place()
    spot = Spot(place.channel)
    try:
        await context.messenger.turn(spot.channel)
        since = context.later(-A_DAY) if task.doubtful else None
        ts, _ = await context.messenger.post_once(spot, ends(end.what, end.at, place), {"op_id": op_id}, since=since)
    except SlackRefused as error:
        context.health.note("approval channel", f"The bot can't post in {spot.channel}: {error.code}.")
        return
    await context.store.do(posted, Post(op_id, RequestId(""), spot.channel, "", ts))
