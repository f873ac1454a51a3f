"""The log: events appended to one chain over the whole installation, and read back as history.

An entry's digest is SHA-256 over its salt and body; its mac is HMAC-SHA256 with `AUDIT_KEY` (SHA-256 where
there is none) over the JSON array [previous, n, at, actor, kind, request_id, version, body_digest].
"""

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, bindparam, event, func, select

from bot.core.events import Event
from bot.core.ids import RequestId
from bot.core.notes import Note
from bot.store.prepared import Prepared
from bot.store.tables import event_bodies, events

_KINDS: dict[str, type] = {kind.__name__: kind for kind in (*get_args(Event), *get_args(Note))}
BEGINNING = "0" * 64

TAIL = "tail"
"""Under this name a connection's `info` has the chain's end during a transaction: nobody else appends meanwhile."""

_LAST = Prepared(select(events.c.n, events.c.mac).order_by(events.c.n.desc()).limit(1))
_APPEND = Prepared(events.insert(), *events.c.keys())
_APPEND_BODY = Prepared(event_bodies.insert(), *event_bodies.c.keys())
_OF_REQUEST = events.c.request_id == bindparam("request_id")
_HISTORY = Prepared(
    select(events.c.n, events.c.at, events.c.kind, event_bodies.c.body)
    .join(event_bodies, event_bodies.c.n == events.c.n)
    .where(_OF_REQUEST, events.c.n > bindparam("after"))
    .order_by(events.c.n)
)
_NEWEST = Prepared(
    select(events.c.n, events.c.mac).where(
        events.c.n == select(func.max(events.c.n)).where(_OF_REQUEST).scalar_subquery()
    )
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """An entry of the chain by number and mac: a copy of it elsewhere shows a rewritten chain."""

    n: int
    mac: str


def as_text(at: datetime) -> str:
    """A time as the store keeps it: UTC, always microseconds, so that text sorts as time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def as_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def mac_of(key: bytes, fields: list[str | int | None]) -> str:
    message = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()
    return hmac.new(key, message, "sha256").hexdigest() if key else hashlib.sha256(message).hexdigest()


def digest_of(salt: bytes, body: str) -> str:
    return hashlib.sha256(salt + body.encode()).hexdigest()


def as_body(event: Event | Note) -> str:
    return _adapter(type(event).__name__).dump_json(event).decode()


def as_event(kind: str, body: str) -> Event | Note:
    """Read a body back."""
    read: Event | Note = _adapter(kind).validate_json(body)
    return read


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    """Made when it is first needed: all of them take a tenth of a second."""
    return TypeAdapter(_KINDS[kind])


class Log:
    """Appends to the chain; runs on the writer's thread, which is what serialises it."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def append(
        self,
        connection: Connection,
        event: Event | Note,
        at: datetime,
        *,
        actor: str,
        request_id: RequestId | None,
        version: int | None,
    ) -> Anchor:
        """Add one entry. A version that is taken already raises IntegrityError, if only at the transaction's end."""
        n, previous = _tail(connection)
        n += 1
        kind = type(event).__name__
        body = as_body(event)
        salt = os.urandom(16)
        digest = digest_of(salt, body)
        moment = as_text(at)
        mac = mac_of(self._key, [previous, n, moment, actor, kind, request_id, version, digest])
        _APPEND.write(
            connection,
            n=n,
            at=moment,
            actor=actor,
            kind=kind,
            request_id=request_id,
            version=version,
            body_digest=digest,
            previous=previous,
            mac=mac,
        )
        _APPEND_BODY.write(connection, n=n, salt=salt, body=body)
        connection.info[TAIL] = (n, mac)
        return Anchor(n, mac)


def forget_tail(engine: Engine) -> None:
    """Have the chain's end read anew after whatever may have changed it behind our back."""

    def forget(connection: Connection, *_: object) -> None:
        if not connection.invalidated:
            connection.info.pop(TAIL, None)

    for what in ("begin", "rollback", "rollback_savepoint"):
        event.listen(engine, what, forget)


def _tail(connection: Connection) -> tuple[int, str]:
    known: tuple[int, str] | None = connection.info.get(TAIL)
    if known is None:
        last = _LAST.row(connection)
        known = (last[0], last[1]) if last else (0, BEGINNING)
    return known


def history(connection: Connection, request_id: RequestId) -> Iterator[tuple[datetime, Event]]:
    """Everything that happened to a request, oldest first."""
    for _, at, happened in entries(connection, request_id):
        yield at, happened


def entries(
    connection: Connection, request_id: RequestId, *, after: int = 0
) -> Iterator[tuple[int, datetime, Event]]:
    """Likewise, with the number of each; only those `after` one of them."""
    for n, at, kind, body in _HISTORY.rows(connection, request_id=request_id, after=after):
        yield n, as_time(at), _adapter(kind).validate_json(body)


def anchor_of(connection: Connection, request_id: RequestId) -> Anchor:
    """The newest entry about a request."""
    row = _NEWEST.row(connection, request_id=request_id)
    if row is None:
        raise LookupError(request_id)
    return Anchor(row[0], row[1])
