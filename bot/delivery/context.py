"""What every kind of task is given, and how a task ends."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.authority import Authority
from bot.clock import Clock
from bot.core.backoff import delay
from bot.core.commands import DontAsk
from bot.core.model import Request
from bot.core.wishes import Wish
from bot.delivery.conversation import Conversation
from bot.delivery.health import Health
from bot.graph.client import Graph
from bot.graph.credential_end import CredentialEnd
from bot.slack.blocks.place import PlaceOf
from bot.slack.installation import Installation
from bot.slack.messenger import Messenger
from bot.slack.people import People
from bot.slack.reach import Reach
from bot.store.ledger import Post, posted, wish
from bot.store.store import Store
from bot.store.tasks import Task

SWEEP_AFTER = 60.0


@dataclass(frozen=True, slots=True)
class Context:
    """The parts a task works with."""

    store: Store
    graph: Graph
    conversation: Conversation
    ends: CredentialEnd
    installation: Installation
    messenger: Messenger
    people: People
    authority: Authority
    place: PlaceOf
    clock: Clock
    health: Health
    reach: Reach

    def later(self, seconds: float) -> datetime:
        return self.clock.now() + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Done:
    """The task is over; `record` is committed together with its end."""

    record: Callable[[Connection], object] | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """The task is to be tried again; `doubtful` where what it did may have been taken."""

    after: float
    """Seconds."""
    doubtful: bool = False
    lets_pass: bool = False
    """Whether the others of its lane go on without it."""
    is_try: bool = True
    """Whether it failed: who only waits for a turn is not to wait ever longer after the first failure."""


Ending = Done | Again


def dont_ask(context: Context, request: Request, why: str) -> Done:
    """End a request that nothing will be asked for."""
    return Done(lambda c: context.store.ledger.apply(c, request.id, DontAsk(why), context.clock.now()))


def record_post(context: Context, task: Task, post: Post) -> Callable[[Connection], None]:
    """Remember a post; after a doubtful one its doubles are looked for a minute later."""

    def record(connection: Connection) -> None:
        posted(connection, post)
        if task.doubtful:
            where = {"op_id": post.op_id, "channel": post.channel, "thread_ts": post.thread_ts}
            sweep = Wish("sweep", f"{post.op_id}.sweep", context.later(SWEEP_AFTER), payload=where)
            wish(connection, post.request_id, sweep)

    return record


def backed_off(task: Task, retry_after: float | None = None, *, doubtful: bool = False) -> Again:
    """Try again after a growing while."""
    return Again(delay(task.attempts, random.random(), retry_after), doubtful)  # noqa: S311 - jitter
