"""What the clock decides: requests expire, approvals lapse, unanswered choices are dropped."""

from bot.core.commands import DontAsk, Expire, Lapse
from bot.core.wishes import Wish
from bot.delivery.context import Again, Context, Done, Ending
from bot.store.ledger import wish
from bot.store.tasks import Task

LOOK_AGAIN = 5.0


async def expire(context: Context, task: Task) -> Ending:
    """End a view nobody decided on, or a choice nobody made."""
    assert task.request_id is not None  # noqa: S101 - committed with its request
    what = task.key.rpartition(".")[2]
    command = DontAsk("no_choice") if what == "choice" else Expire(int(what))
    await context.store.apply(task.request_id, command)
    return Done()


async def stoppable(context: Context, task: Task) -> Ending:
    """Show the button that stops what has not left at once."""
    assert task.request_id is not None  # noqa: S101 - committed with its request
    request = (await context.store.entry(task.request_id)).request
    show = Wish("show", request.id, context.clock.now())
    return Done((lambda c: wish(c, request.id, show)) if request.having("waiting") else None)


async def tally(context: Context, _task: Task) -> Ending:
    """An hour with more refusals than are entered singly is over."""
    return Done(lambda connection: context.store.ledger.count_refusals(connection, context.clock.now()))


async def lapse(context: Context, task: Task) -> Ending:
    """Take back an approval that could not be sent in time, once nothing is in doubt any more."""
    assert task.request_id is not None  # noqa: S101 - committed with its request
    request = (await context.store.apply(task.request_id, Lapse())).request
    is_old = not task.key.endswith(f".{request.view}")
    if is_old or request.is_final or request.state == "pending" or not request.having("waiting", "attempted"):
        return Done()
    return Again(LOOK_AGAIN)
