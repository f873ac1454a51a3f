"""Reads users back after a call, until each is seen safe or waiting for it is over."""

from datetime import datetime

from bot.core.commands import LookAgain, ReadBack
from bot.core.follow_ups import READ_IN_DOUBT
from bot.core.model import Request, Target
from bot.core.read_back import is_over
from bot.delivery.context import Again, Context, Done, Ending, backed_off
from bot.delivery.wants import Read
from bot.errors import GraphError, SignInFailed, Throttled, Unavailable
from bot.graph.pacer import Turn
from bot.store.tasks import Task

READ_WITHIN = 120.0
LAST_READ_WITHIN = 180.0
"""Seconds after which those who are still unread in their last round are given up."""
LAST_GETS = 20
"""Users of a request got one by one in their last round, of those whom no list names."""
LAST_LOOK_WITHIN = 900.0
LAST_LOOK_TRIES = 20
_ROUNDS = ((60, 5.0), (300, 15.0))
"""Until so many seconds after the call, so many seconds between two rounds."""
LAST_ROUNDS = 30.0
UNREAD_IN_DOUBT = 15.0
"""Seconds until those are tried again of whom Graph would not tell when a read-back in doubt was due."""


async def verify(context: Context, task: Task) -> Ending:
    """Read back once; the lifecycle judges what was seen."""
    assert task.request_id is not None  # noqa: S101 - committed with its request
    request = (await context.store.entry(task.request_id)).request
    now = context.clock.now()
    accepted, doubted = _accepted(request), [t for t in _doubted(request) if _doubt_due_at(t) <= now]
    failure: SignInFailed | GraphError | None = None
    if accepted or doubted:
        read, failure = await _read(context, accepted, doubted)
        request = (await context.store.apply(request.id, read)).request
        if failure is None:
            context.health.clear("read-back")
        else:
            context.health.note("read-back", f"Users that were sent can't be read back: {failure}.")
    now = context.clock.now()
    pauses = [_until_next_round(t, now) for t in _accepted(request)]
    pauses += [_until_read_in_doubt(t, now) for t in _doubted(request)]
    if not pauses:
        return Done()
    if failure is not None:
        return backed_off(task, failure.retry_after if isinstance(failure, Throttled | Unavailable) else None)
    return Again(min(pauses))


async def look_again(context: Context, task: Task) -> Ending:
    """A day after the end: a last look at those who were not seen safe; also that it failed is told."""
    assert task.request_id is not None  # noqa: S101 - committed with its request
    request = (await context.store.entry(task.request_id)).request
    now = context.clock.now()
    since = {t.user_id: now for t in request.having("unseen", "unchanged", "unknown", "risky_again")}
    try:
        read = await context.conversation.read(since, Turn.LOOK_UP, LAST_LOOK_WITHIN)
    except (SignInFailed, GraphError):
        if task.attempts < LAST_LOOK_TRIES:
            return backed_off(task)
        read = Read()
    missing = tuple(user_id for user_id in since if user_id in read.missing)
    await context.store.apply(request.id, LookAgain(tuple(read.found.values()), missing))
    return Done()


def _accepted(request: Request) -> list[Target]:
    return [] if request.is_final else list(request.having("accepted"))


def _doubted(request: Request) -> list[Target]:
    return [] if request.is_final else [t for t in request.having("attempted") if t.doubted_at is not None]


def _doubt_due_at(target: Target) -> datetime:
    assert target.doubted_at is not None  # noqa: S101 - see _doubted
    first, second = READ_IN_DOUBT
    return target.doubted_at + first if target.doubt_read_at is None else target.doubt_read_at + second


def _until_read_in_doubt(target: Target, now: datetime) -> float:
    left = (_doubt_due_at(target) - now).total_seconds()
    return left if left > 0 else UNREAD_IN_DOUBT


def _until_next_round(target: Target, now: datetime) -> float:
    """Rounds begin at round moments, so that whatever waits then shares the pages, whenever it was sent."""
    age = (now - (target.accepted_at or now)).total_seconds()
    between = next((between for until, between in _ROUNDS if age < until), LAST_ROUNDS)
    left = -now.timestamp() % between
    return left if left >= between / 2 else left + between


async def _read(
    context: Context, accepted: list[Target], doubted: list[Target]
) -> tuple[ReadBack, SignInFailed | GraphError | None]:
    """Read what can be read, together with what else waits.

    Until the last round it is enough to read who was updated: absence from that list proves nothing, and whoever
    is unchanged is not on it. In the last round, and in doubt, the list of those at risk tells who is unchanged.
    """
    now = context.clock.now()
    sent = {t.user_id: t.accepted_at or now for t in accepted}
    in_doubt = {t.user_id: t.doubted_at or now for t in doubted}
    try:
        read = await context.conversation.read(sent, Turn.READ_BACK, READ_WITHIN, singles=0)
        told = {*read.found, *read.missing}
        last = {t.user_id: sent[t.user_id] for t in accepted if is_over(t, now) and t.user_id not in told}
        again = await context.conversation.read(
            in_doubt | last,
            Turn.DOUBT,
            LAST_READ_WITHIN if last else READ_WITHIN,
            singles=len(in_doubt) + min(len(last), LAST_GETS),
        )
    except (SignInFailed, GraphError) as error:
        return ReadBack((), unread=(*sent, *in_doubt)), error
    found = (*read.found.values(), *again.found.values())
    unread, unseen = (tuple(u for u in again.unread if u in of) for of in (in_doubt, last))
    return ReadBack(found, (*read.missing, *again.missing), unread, unseen), None
