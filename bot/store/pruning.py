"""Removes the oldest entries of the trail, and with them whole requests; an entry seals where the chain goes on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from bot.core.model import FINAL
from bot.core.notes import Pruned
from bot.store.events import Log, as_text
from bot.store.keys import make_sure_of_key
from bot.store.redaction import IDLE
from bot.store.tables import event_bodies, events, posts, requests, targets, tasks

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Span:
    """A request's first and last entry."""

    request_id: str
    first: int
    last: int
    is_over: bool


def prune(connection: Connection, key: bytes, before: datetime, now: datetime) -> Pruned | None:
    """Remove what is older; None where nothing can go. Raises StoreError."""
    make_sure_of_key(connection, key)
    spans = _spans(connection)
    through = _end(connection, before, spans) - 1
    mac = connection.execute(select(events.c.mac).where(events.c.n == through)).scalar()
    if mac is None:
        return None
    gone = [span.request_id for span in spans if span.last <= through]
    note = Pruned(through, mac, before, len(gone))
    Log(key).append(connection, note, now, actor="operator", request_id=None, version=None)
    connection.execute(delete(event_bodies).where(event_bodies.c.n <= through))
    connection.execute(delete(events).where(events.c.n <= through))
    for start in range(0, len(gone), AT_ONCE):
        ids = gone[start : start + AT_ONCE]
        for table in (targets, posts, tasks):
            connection.execute(delete(table).where(table.c.request_id.in_(ids)))
        connection.execute(delete(requests).where(requests.c.id.in_(ids)))
    return note


def _end(connection: Connection, before: datetime, spans: Iterable[Span]) -> int:
    """Find the first entry that stays: the first that is new enough, or belongs to a request that stays."""
    newer = connection.execute(select(func.min(events.c.n)).where(events.c.at >= as_text(before))).scalar()
    last = connection.execute(select(func.max(events.c.n))).scalar() or 0
    end = min([newer if newer is not None else last + 1, *(span.first for span in spans if not span.is_over)])
    # From the newest: each that reaches beyond the end moves it, and then others may reach beyond it.
    for span in sorted(spans, key=lambda span: span.last, reverse=True):
        if span.last >= end:
            end = min(end, span.first)
    return end


def _spans(connection: Connection) -> list[Span]:
    busy = select(tasks.c.request_id).where(tasks.c.request_id.is_not(None), tasks.c.kind.not_in(IDLE))
    over = select(requests.c.id).where(requests.c.state.in_(FINAL), requests.c.id.not_in(busy))
    ended = set(connection.execute(over).scalars())
    of = events.c.request_id
    rows = connection.execute(
        select(of, func.min(events.c.n), func.max(events.c.n)).where(of.is_not(None)).group_by(of)
    )
    return [Span(request_id, first, last, request_id in ended) for request_id, first, last in rows]
