"""The audit trail as it is read: its entries with their bodies, in order, and what was done to them since."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Select, func, select

from bot.core.events import Event
from bot.core.notes import Note, Pruned, Redacted, Started
from bot.store.events import BEGINNING, as_event, as_text
from bot.store.tables import event_bodies, events, posts, requests

AT_ONCE = 500
"""Rows that are fetched together: a long trail need not fit into memory."""

_ENTRIES = (
    select(events, event_bodies.c.salt, event_bodies.c.body)
    .outerjoin(event_bodies, event_bodies.c.n == events.c.n)
    .order_by(events.c.n)
)
_NEWEST = _ENTRIES.order_by(None).order_by(events.c.n.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry; without salt and body where its body is gone."""

    n: int
    at: str
    actor: str
    kind: str
    request_id: str | None
    version: int | None
    body_digest: str
    previous: str
    mac: str
    salt: bytes | None
    body: str | None

    @property
    def chained(self) -> list[str | int | None]:
        """What its mac covers."""
        named = (self.at, self.actor, self.kind, self.request_id, self.version)
        return [self.previous, self.n, *named, self.body_digest]


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, the end not included; None: without a bound."""

    since: datetime | None = None
    until: datetime | None = None


class Emptying(NamedTuple):
    """The entry that took somebody's data out of another one, and the digest of what it left."""

    by: int
    digest: str


def entries(connection: Connection, span: Span | None = None, after: int = 0) -> Generator[Line]:
    """Read the entries after a number, oldest first."""
    chosen = _within(_ENTRIES, span).where(events.c.n > after)
    # Closed also where the reader stops early: on PostgreSQL it is the server's.
    with connection.execute(chosen, execution_options={"yield_per": AT_ONCE}) as rows:
        for row in rows:
            yield Line(*row)


def newest(connection: Connection) -> Line | None:
    """Read the last entry."""
    row = connection.execute(_NEWEST).first()
    return Line(*row) if row is not None else None


def about(connection: Connection, request_id: str) -> list[Line]:
    """Read the entries of one request."""
    return [Line(*row) for row in connection.execute(_ENTRIES.where(events.c.request_id == request_id))]


def state_of(connection: Connection, request_id: str) -> str | None:
    """The state a request is in; None for one that there is not."""
    return connection.execute(select(requests.c.state).where(requests.c.id == request_id)).scalar()


def counts(connection: Connection, span: Span | None = None) -> Mapping[str, int]:
    """Count the requests by the state they are in now; with a span those that it says something of."""
    chosen = select(requests.c.state, func.count()).group_by(requests.c.state).order_by(requests.c.state)
    if span is not None and (span.since or span.until):
        chosen = chosen.where(requests.c.id.in_(_within(select(events.c.request_id), span)))
    return {row[0]: row[1] for row in connection.execute(chosen)}


def places(connection: Connection) -> list[tuple[str, str]]:
    """List the channels and threads that posts went to."""
    rows = connection.execute(select(posts.c.channel, posts.c.thread_ts).distinct())
    return sorted((row.channel, row.thread_ts) for row in rows)


def last_start(connection: Connection) -> Started | None:
    """Read with what the bot started last."""
    of_starts = _NEWEST.where(events.c.request_id.is_(None), events.c.kind == Started.__name__)
    note = next((note for _, note in _read(connection, of_starts)), None)
    return note if isinstance(note, Started) else None


def emptied(connection: Connection) -> Mapping[int, Emptying]:
    """Tell which entries were redacted; of several redactions the newest counts."""
    found: dict[int, Emptying] = {}
    for n, note in _notes(connection, Redacted.__name__):
        if isinstance(note, Redacted):
            found.update({of: Emptying(n, digest) for of, digest in note.emptied})
    return found


def cuts(connection: Connection) -> Mapping[int, str]:
    """Tell after which entries the chain may begin, and their macs."""
    notes = _notes(connection, Pruned.__name__)
    return {0: BEGINNING} | {note.through: note.mac for _, note in notes if isinstance(note, Pruned)}


def _notes(connection: Connection, kind: str) -> Iterator[tuple[int, Event | Note]]:
    return _read(connection, _ENTRIES.where(events.c.kind == kind))


def _read(connection: Connection, chosen: Select) -> Iterator[tuple[int, Event | Note]]:  # type: ignore[type-arg] # any
    for row in connection.execute(chosen):
        line = Line(*row)
        if line.body is not None:
            try:
                yield line.n, as_event(line.kind, line.body)
            except ValueError:
                continue  # somebody changed it: the chain shows that


def _within(chosen: Select, span: Span | None) -> Select:  # type: ignore[type-arg] # any columns
    if span is not None and span.since is not None:
        chosen = chosen.where(events.c.at >= as_text(span.since))
    if span is not None and span.until is not None:
        chosen = chosen.where(events.c.at < as_text(span.until))
    return chosen
