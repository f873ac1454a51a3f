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
from typing import Any, get_args

from pydantic import TypeAdapter
from sqlalchemy import Connection, bindparam, func, select

from bot.core.events import Event
from bot.core.ids import RequestId
from bot.core.notes import Note
from bot.store.tables import event_bodies, events

_ADAPTERS: dict[str, TypeAdapter[Event]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Event)}
# Of no request, so that no fold meets them.
_NOTES: dict[str, TypeAdapter[Note]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Note)}
BEGINNING = "0" * 64

# Built once: SQLAlchemy takes longer to build a statement than SQLite takes to carry it out.
_LAST = select(events.c.n, events.c.mac).order_by(events.c.n.desc()).limit(1)
_APPEND, _APPEND_BODY = events.insert(), event_bodies.insert()
_OF_REQUEST = events.c.request_id == bindparam("request_id")
_HISTORY = (
    select(events.c.at, events.c.kind, event_bodies.c.body)
    .join(event_bodies, event_bodies.c.n == events.c.n)
    .where(_OF_REQUEST)
    .order_by(events.c.n)
)
_NEWEST = select(events.c.n, events.c.mac).where(
    events.c.n == select(func.max(events.c.n)).where(_OF_REQUEST).scalar_subquery()
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
    kind = type(event).__name__
    adapter: TypeAdapter[Any] = _NOTES[kind] if kind in _NOTES else _ADAPTERS[kind]
    return adapter.dump_json(event).decode()


def as_event(kind: str, body: str) -> Event | Note:
    """Read a body back."""
    return _NOTES[kind].validate_json(body) if kind in _NOTES else _ADAPTERS[kind].validate_json(body)


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
        """Add one entry. A version that is taken already raises IntegrityError."""
        last = connection.execute(_LAST).first()
        n, previous = (last.n + 1, last.mac) if last else (1, BEGINNING)
        kind = type(event).__name__
        body = as_body(event)
        salt = os.urandom(16)
        digest = digest_of(salt, body)
        moment = as_text(at)
        mac = mac_of(self._key, [previous, n, moment, actor, kind, request_id, version, digest])
        entry = {
            "n": n,
            "at": moment,
            "actor": actor,
            "kind": kind,
            "request_id": request_id,
            "version": version,
            "body_digest": digest,
            "previous": previous,
            "mac": mac,
        }
        connection.execute(_APPEND, entry)
        connection.execute(_APPEND_BODY, {"n": n, "salt": salt, "body": body})
        return Anchor(n, mac)


def history(connection: Connection, request_id: RequestId) -> Iterator[tuple[datetime, Event]]:
    """Everything that happened to a request, oldest first."""
    for at, kind, body in connection.execute(_HISTORY, {"request_id": request_id}):
        yield as_time(at), _ADAPTERS[kind].validate_json(body)


def anchor_of(connection: Connection, request_id: RequestId) -> Anchor:
    """The newest entry about a request."""
    row = connection.execute(_NEWEST, {"request_id": request_id}).one()
    return Anchor(row.n, row.mac)
