"""What the operator's numbers need from the database: counts, and what happened since it was read last."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from bot.core.model import OPEN
from bot.store.events import as_text, as_time
from bot.store.tables import event_bodies, events, requests, tasks

AT_MOST = 5000
"""Events read at once; what is left is read the next time."""
ENDS = {"Denied": "denied", "Withdrawn": "withdrawn", "Expired": "expired", "NotAsked": "not_asked"}
"""The events that end a request by themselves; Ended says how it does."""
_STATES = select(requests.c.state, func.count().label("n")).group_by(requests.c.state)
_OPEN = select(requests.c.id).where(requests.c.state.in_(sorted(OPEN)))
_STATES_OF = select(requests.c.id, requests.c.state).where(requests.c.id.in_(bindparam("ids", expanding=True)))
_TASKS = select(
    tasks.c.kind, func.count(), func.min(tasks.c.due_at), func.max(tasks.c.attempts).label("attempts")
).group_by(tasks.c.kind)
_ENTRIES = select(func.max(events.c.n))
_SINCE = (
    select(events.c.at, events.c.kind, events.c.request_id, requests.c.asked_at, event_bodies.c.body)
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
    request_id: str
    after: float
    body: Mapping[str, object]

    @property
    def ends_in(self) -> str:
        """The state in which it ends its request; empty where it ends none. What has ended stays as it is."""
        return ENDS.get(self.kind) or (str(self.body.get("state") or "") if self.kind == "Ended" else "")


@dataclass(frozen=True, slots=True)
class Start:
    """What there is at the start, for which every request is read: later on what happens tells it."""

    entries: int
    states: Mapping[str, int]
    open: frozenset[str]
    """The ids of the requests that have not ended."""


@dataclass(frozen=True, slots=True)
class Counts:
    """All that was read, at one moment."""

    tasks: Mapping[str, Waiting]
    happened: tuple[Happened, ...]
    read_to: int
    """The number of the last entry that was looked at."""
    entries: int
    open: Mapping[str, str]
    """The state of each request that has not ended, by id."""


def begin(connection: Connection) -> Start:
    states = {row.state: row.n for row in connection.execute(_STATES)}
    return Start(_last(connection), states, frozenset(connection.execute(_OPEN).scalars()))


def read(
    connection: Connection, now: datetime, after: int, kinds: frozenset[str], open_ids: frozenset[str]
) -> Counts:
    """Read what waits, and what of these kinds happened after that entry: little, however much there is."""
    total = _last(connection)
    until = min(total, after + AT_MOST)
    since = connection.execute(_SINCE, {"after": after, "until": until, "kinds": sorted(kinds)})
    happened = tuple(
        Happened(row.kind, row.request_id or "", _between(row.asked_at, row.at), _fields(row.body)) for row in since
    )
    begun = {one.request_id for one in happened if one.kind == "Asked"}
    still_open = (open_ids | begun) - {one.request_id for one in happened if one.ends_in}
    states = connection.execute(_STATES_OF, {"ids": sorted(still_open)})
    return Counts(_waiting(connection, now), happened, until, total, {row.id: row.state for row in states})


def _last(connection: Connection) -> int:
    return connection.execute(_ENTRIES).scalar() or 0


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
