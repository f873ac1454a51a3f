"""The transactional outbox: tasks are committed with their cause, claimed by lease, fenced when done."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, get_args

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from bot.core.ids import RequestId
from bot.core.wishes import COLLAPSING, POSTING, WAITING, TaskKind, Wish
from bot.store.events import as_text
from bot.store.prepared import Prepared
from bot.store.tables import posts, tasks
from bot.store.upsert import insert_for

LEASE = timedelta(seconds=15)
"""Renewed while a task is in hand: what a dead process held is taken over after so long."""

_COLUMNS = ("kind", "key", "request_id", "lane", "due_at", "payload")
_SOON = {
    "due_at": case(
        (tasks.c.due_at < literal_column("excluded.due_at"), tasks.c.due_at), else_=literal_column("excluded.due_at")
    ),
    "generation": tasks.c.generation + 1,
}
_GIVEN = select(*(bindparam(name, type_=tasks.c[name].type) for name in _COLUMNS))
_NOT_POSTED = ~exists().where(posts.c.op_id == bindparam("key", type_=posts.c.op_id.type))
_WISH_ONCE = Prepared(lambda dialect: insert_for(dialect, tasks).on_conflict_do_nothing(), *_COLUMNS)
_WISH_POST = Prepared(
    lambda dialect: (
        insert_for(dialect, tasks).from_select(_COLUMNS, _GIVEN.where(_NOT_POSTED)).on_conflict_do_nothing()
    )
)
_WISH_ANEW = Prepared(
    lambda dialect: insert_for(dialect, tasks).on_conflict_do_update(index_elements=["kind", "key"], set_=_SOON),
    *_COLUMNS,
)
_EARLIER = tasks.alias("earlier")
_NOTHING: ColumnElement[str] = literal_column("''")
# With a parameter in its place neither database would know that the index on lanes is good for it.
_HAS_LANE = _EARLIER.c.lane != _NOTHING
_BEHIND = exists().where(and_(_EARLIER.c.lane == tasks.c.lane, _HAS_LANE, _EARLIER.c.id < tasks.c.id))
_OURS = tasks.c.owner == bindparam("process")
_IS_DUE = tasks.c.due_at <= bindparam("moment")
_FREE = or_(tasks.c.lease_until.is_(None), tasks.c.lease_until <= bindparam("moment"))
_TASK = tuple(
    tasks.c[name]
    for name in ("id", "kind", "key", "request_id", "lane", "attempts", "generation", "doubtful", "payload")
)
# No bare column: of a kind there are very many that are due in days, and the index by kind would go through them all.
_KIND = tasks.c.kind.concat(_NOTHING)
_LEASED = Prepared(
    update(tasks)
    .where(tasks.c.id == bindparam("task"))
    .values(
        lease_until=bindparam("until"),
        owner=bindparam("process"),
        attempts=tasks.c.attempts + 1,
        doubtful=or_(tasks.c.doubtful, *(tasks.c.kind == kind for kind in POSTING)),
    )
)
_NEXT_LATER = Prepared(select(func.min(tasks.c.due_at)).where(tasks.c.due_at > bindparam("moment")))
_FREE_AT = case((tasks.c.lease_until > tasks.c.due_at, tasks.c.lease_until), else_=tasks.c.due_at)
_NEXT_FREE = Prepared(select(func.min(_FREE_AT)).where(_IS_DUE))
_MINE = and_(tasks.c.id == bindparam("task"), tasks.c.attempts == bindparam("attempt"), _OURS)
_COMPLETE = Prepared(delete(tasks).where(_MINE, tasks.c.generation == bindparam("of")))
_FREED: dict[str, None] = {"lease_until": None, "owner": None}
_DONE_ONCE_MORE = update(tasks).where(_MINE).values(attempts=0, doubtful=False, **_FREED)
_IN_HAND = tasks.c.id.in_(bindparam("ids", expanding=True))
_RENEW = update(tasks).where(_IN_HAND, _OURS).values(lease_until=bindparam("until")).returning(tasks.c.id)
_HOLD = (
    update(tasks)
    .where(tasks.c.kind == bindparam("of_kind"), tasks.c.request_id == bindparam("of_request"), _OURS)
    .values(lease_until=bindparam("until"))
)
_IS_LEASED = tasks.c.lease_until.is_not(None)
_RELEASE = update(tasks).where(_IS_LEASED, _OURS).values(**_FREED)
_RELEASE_ALL = update(tasks).where(_IS_LEASED).values(**_FREED)


@dataclass(frozen=True, slots=True)
class Task:
    """A task in hand."""

    id: int
    kind: str
    key: str
    request_id: RequestId | None
    lane: str
    attempts: int
    generation: int
    doubtful: bool
    """Whether the try before this one may have been taken."""
    payload: dict[str, Any]
    owner: str
    """The process that has it in hand."""


def wish(connection: Connection, wishes: Iterable[Wish], request_id: RequestId | None) -> None:
    """Enter tasks; those that collapse become due again, the others exist once and for all."""
    for one in wishes:
        # What was posted is not posted again, except for what shows the newest state.
        others = _WISH_POST if one.kind in POSTING else _WISH_ONCE
        statement = _WISH_ANEW if one.kind in COLLAPSING else others
        statement.write(
            connection,
            kind=one.kind,
            key=one.key,
            request_id=request_id,
            lane=one.lane,
            due_at=as_text(one.due_at),
            payload=json.dumps(one.payload),
        )


def claim(
    connection: Connection,
    now: datetime,
    limit: int,
    *,
    owner: str,
    waiting: int = 8,
    but: Collection[int] | None = (),
    only: Collection[str] | None = None,
) -> list[Task]:
    """Take what is due; of each lane only the first, and only while none of it is in hand.

    `limit` is for what posts and decides, `waiting` for what waits for its turn with Graph and must not stand in
    the others' way. `only` names the kinds that may be taken; None is all of them. What was approved comes
    first: messages can be a moment later, but Graph's next turn is a second away.

    What is this process's but not among `but` was claimed by a transaction whose end it did not learn, or could
    not be given back: it is taken again. None says that all of it is in hand.
    """
    waits = tuple(kind for kind in WAITING if only is None or kind in only)
    others = tuple(kind for kind in get_args(TaskKind) if kind not in WAITING and (only is None or kind in only))
    rows: list[tuple[Any, ...]] = []
    for kinds, most in ((others, limit), (waits, waiting)):
        if kinds and most > 0:
            due = _due(connection, kinds, owner, but, moment=as_text(now), most=most)
            rows += sorted(due, key=lambda row: int(row[0]))
    rows.sort(key=lambda row: row[1] != "confirm")
    until = as_text(now + LEASE)
    for row in rows:
        _LEASED.write(connection, task=row[0], until=until, process=owner)
    return [
        Task(id_, kind, key, request_id, lane, attempts + 1, generation, bool(doubtful), json.loads(payload), owner)
        for id_, kind, key, request_id, lane, attempts, generation, doubtful, payload in rows
    ]


def _due(
    connection: Connection, kinds: tuple[str, ...], owner: str, but: Collection[int] | None, **values: object
) -> list[tuple[Any, ...]]:
    if but is None:
        return _statement(kinds).rows(connection, **values)
    free = and_(or_(_FREE, _OURS), tasks.c.id.not_in(but))
    return [tuple(row) for row in connection.execute(_select(kinds, free), {**values, "process": owner})]


@cache
def _statement(kinds: tuple[str, ...]) -> Prepared:
    return Prepared(_select(kinds, _FREE))


def _select(kinds: tuple[str, ...], free: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    is_one = or_(*(literal(kind) == _KIND for kind in kinds))
    chosen = select(*_TASK).where(_IS_DUE, free, ~_BEHIND, is_one)
    return chosen.order_by(tasks.c.due_at, tasks.c.id).limit(bindparam("most"))


def next_due(connection: Connection, now: datetime) -> str | None:
    """When the next task is due, or free of a lease; a moment that is over where one is due that was not taken."""
    rows = [statement.row(connection, moment=as_text(now)) for statement in (_NEXT_LATER, _NEXT_FREE)]
    return min((row[0] for row in rows if row is not None and row[0] is not None), default=None)


def complete(connection: Connection, task: Task) -> None:
    """End a task, unless it was asked for anew meanwhile: then it is done once more."""
    mine = _fence(task)
    is_over = _COMPLETE.count(connection, **mine, of=task.generation)
    if not is_over:
        connection.execute(_DONE_ONCE_MORE, mine)


def put_off(
    connection: Connection,
    task: Task,
    until: datetime,
    *,
    doubtful: bool,
    lets_pass: bool = False,
    is_try: bool = True,
) -> None:
    """Give a task back, to be tried again later; with `lets_pass` the others of its lane don't wait for it.

    Without `is_try` it does not count among the task's attempts.
    """
    same = tasks.c.generation == task.generation
    values: dict[str, Any] = {**_FREED, "doubtful": doubtful}
    if not is_try:
        values["attempts"] = task.attempts - 1
    if lets_pass:
        values["lane"] = ""
    mine = _fence(task)
    is_put_off = connection.execute(update(tasks).where(_MINE, same).values(due_at=as_text(until), **values), mine)
    if not is_put_off.rowcount:
        connection.execute(update(tasks).where(_MINE).values(**values), mine)


def _fence(task: Task) -> dict[str, Any]:
    """Only who still has a task ends it: another process may have taken it over since."""
    return {"task": task.id, "attempt": task.attempts, "process": task.owner}


def renew(connection: Connection, now: datetime, ids: Collection[int], *, owner: str) -> set[int]:
    """Keep what is in hand; returns what still is this process's."""
    lease = {"ids": list(ids), "until": as_text(now + LEASE), "process": owner}
    return {row.id for row in connection.execute(_RENEW, lease)}


def hold(connection: Connection, kind: TaskKind, request_id: RequestId, now: datetime, *, owner: str) -> bool:
    """Renew the lease of a request's task; False where another process has it, or nobody."""
    lease = {"of_kind": kind, "of_request": request_id, "until": as_text(now + LEASE), "process": owner}
    return connection.execute(_HOLD, lease).rowcount > 0


def release(connection: Connection, owner: str) -> None:
    """Give back what this process has in hand: it ends."""
    connection.execute(_RELEASE, {"process": owner})


def release_all(connection: Connection) -> None:
    """Give back every lease: at the start of the only process, whoever held one is dead."""
    connection.execute(_RELEASE_ALL)


def count(connection: Connection) -> int:
    """How many tasks wait or are in hand."""
    return connection.execute(select(func.count()).select_from(tasks)).scalar_one()
