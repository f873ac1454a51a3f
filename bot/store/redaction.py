"""Takes a person's data out of the trail, by an entry of its own, and out of the file."""

import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.core.ids import ObjectId, RequestId
from bot.core.model import FINAL
from bot.core.notes import Redacted
from bot.core.redaction import Traces, without
from bot.errors import StoreError
from bot.store.events import Log, digest_of
from bot.store.keys import make_sure_of_key
from bot.store.tables import event_bodies, requests, targets, tasks
from bot.store.trail import Line, about, entries

IDLE = ("expire", "lapse", "stoppable")
"""Timers that say nothing once a request has ended."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """What was done: by which entry, to how many of which requests."""

    by: int
    entries: int
    requests: tuple[str, ...]


def redact(connection: Connection, key: bytes, user_id: ObjectId, now: datetime) -> Redaction | None:
    """Empty what the trail holds of a person; None where it holds nothing. Raises StoreError."""
    make_sure_of_key(connection, key)
    traces = Traces(user_id)
    for line in entries(connection):
        if line.body is not None and user_id in line.body.casefold():
            traces.learn(_json(line))
    pattern = traces.pattern
    naming = (line.request_id for line in entries(connection) if line.body is not None and pattern.search(line.body))
    of = sorted({RequestId(request_id) for request_id in naming if request_id is not None})
    _refuse_open(connection, of)
    instead = f"redacted-{secrets.token_hex(8)}"
    emptied = [
        _rewritten(connection, line, left)
        for request_id in of
        for line in about(connection, request_id)
        if line.body is not None and (left := without(body := _json(line), traces, instead)) != body
    ]
    if not emptied:
        return None
    connection.execute(update(targets).where(targets.c.user_id == user_id).values(user_id=instead))
    note = Redacted(tuple(sorted(emptied)))
    anchor = Log(key).append(connection, note, now, actor="operator", request_id=None, version=None)
    return Redaction(anchor.n, len(emptied), tuple(of))


def _refuse_open(connection: Connection, of: list[RequestId]) -> None:
    states = connection.execute(select(requests.c.id).where(requests.c.id.in_(of), requests.c.state.not_in(FINAL)))
    if still := sorted(row.id for row in states):
        raise StoreError(f"{', '.join(still)} is still open: wait or withdraw it. Nothing was redacted.")
    waiting = connection.execute(
        select(tasks.c.request_id, tasks.c.due_at)
        .where(tasks.c.request_id.in_(of), tasks.c.kind.not_in(IDLE))
        .order_by(tasks.c.due_at.desc())
    ).first()
    if waiting is not None:
        raise StoreError(
            f"{waiting.request_id} has ended, but the bot has something left to do for it, due at {waiting.due_at}: "
            "let it run until then. Nothing was redacted."
        )


def _rewritten(connection: Connection, line: Line, left: object) -> tuple[int, str]:
    """Put what is left in the place of the body, under a new salt: the old one would let people guess at it."""
    salt, body = os.urandom(16), json.dumps(left, separators=(",", ":"), ensure_ascii=False)
    connection.execute(update(event_bodies).where(event_bodies.c.n == line.n).values(salt=salt, body=body))
    return line.n, digest_of(salt, body)


def _json(line: Line) -> object:
    try:
        return json.loads(line.body or "")
    except ValueError as error:
        raise StoreError(f"Entry {line.n} can't be read: see `python -m bot audit verify`.") from error
