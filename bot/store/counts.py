"""What the operator's numbers need from the database: counts, and what happened since it was read last."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from bot.store.events import as_text, as_time
from bot.store.tables import event_bodies, events, requests, tasks

AT_MOST = 5000
"""Events read at once; what is left is read the next time."""
_STATES = select(requests.c.state, func.count().label("n")).group_by(requests.c.state)
_TASKS = select(
    tasks.c.kind, func.count(), func.min(tasks.c.due_at), func.max(tasks.c.attempts).label("attempts")
).group_by(tasks.c.kind)
_ENTRIES = select(func.max(events.c.n))
_SINCE = (
    select(events.c.n, events.c.at, events.c.kind, requests.c.asked_at, event_bodies.c.body)
    .join(event_bodies, event_bodies.c.n == events.c.n)
    .outerjoin(requests, requests.c.id == events.c.request_id)
    .where(
        events.c.n > bindparam("after"),
        events.c.n <= bindparam("until"),
        events.c.kind.in_(bindparam("kinds", expanding=True)),
    )
    .order_by(events.c.n)
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The tasks of one kind."""

    count: int
    overdue: float
    """Seconds since the first of them was due; 0 while none is."""
    attempts: int


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry of the log, and how long after its request was asked."""

    kind: str
    after: float
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Counts:
    """All that was read, at one moment."""

    tasks: Mapping[str, Waiting]
    happened: tuple[Happened, ...]
    read_to: int
    """The number of the last entry that was looked at."""
    entries: int
    states: Mapping[str, int] | None
    """None where they were not counted."""
    counting: float
    """Seconds that counting them took."""


def entries(connection: Connection) -> int:
    return connection.execute(_ENTRIES).scalar() or 0


def read(connection: Connection, now: datetime, after: int, kinds: frozenset[str], *, with_states: bool) -> Counts:
    """Read what waits, and what of these kinds happened after that entry. Reads only."""
    total = entries(connection)
    until = min(total, after + AT_MOST)
    since = connection.execute(_SINCE, {"after": after, "until": until, "kinds": sorted(kinds)})
    happened = tuple(Happened(row.kind, _between(row.asked_at, row.at), _fields(row.body)) for row in since)
    began = time.monotonic()
    states = {row.state: row.n for row in connection.execute(_STATES)} if with_states else None
    return Counts(_waiting(connection, now), happened, until, total, states, time.monotonic() - began)


def _waiting(connection: Connection, now: datetime) -> dict[str, Waiting]:
    moment = as_text(now)
    return {
        kind: Waiting(n, _between(due, moment), attempts) for kind, n, due, attempts in connection.execute(_TASKS)
    }


def _between(earlier: str | None, later: str) -> float:
    return max(0.0, (as_time(later) - as_time(earlier)).total_seconds()) if earlier else 0.0


def _fields(body: str) -> Mapping[str, object]:
    """The body as it was written; nothing where it was emptied since."""
    try:
        fields = json.loads(body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
