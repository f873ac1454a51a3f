"""Fills a database with copies of requests that the bot itself took: its rows, and a chain that verifies.

The chain is computed as the documentation tells anybody to: it knows the tables, and nothing of the bot's code.
"""

import hashlib
import itertools
import json
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bench.databases import Database, Tables

CHAINED = ("at", "actor", "kind", "request_id", "version", "body_digest")
TIMES = frozenset({"at", "asked_at", "due_at", "safe_since", "watched_until"})
UNWATCHED = {"safe_since": None, "watched_until": None}
BY_REQUEST = ("targets", "tasks", "posts")
AT_ONCE = 5_000
"""Requests that are written together."""
LONG_AGO, APART = timedelta(hours=2), timedelta(seconds=6)
ASKERS = 150
"""In the approval channel, so that they may ask; few enough for one page of its members."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Everything that a database holds of one request."""

    request_id: str
    user_id: str
    asker: str
    request: Row
    events: list[tuple[Row, str]]
    """Each with its body."""
    others: dict[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Copy:
    """What is different in a copy."""

    request_id: str
    user_id: str
    asker: str
    back: timedelta = timedelta(0)
    """How much longer ago everything happened."""


@dataclass
class _Rows:
    """What is to be written, by table."""

    of: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, row: Row) -> None:
        self.of.setdefault(table, []).append(row)


def pattern_of(database: Database, request_id: str, user_id: str, asker: str) -> Pattern:
    """Read what is to be copied."""
    events = database.rows("events", "request_id", request_id)
    bodies = {row["n"]: row["body"] for event in events for row in database.rows("event_bodies", "n", event["n"])}
    (request,) = database.rows("requests", "id", request_id)
    others = {table: database.rows(table, "request_id", request_id) for table in BY_REQUEST}
    for row in others["tasks"]:
        del row["id"]
        row |= {"lease_until": None, "owner": None}
    return Pattern(request_id, user_id, asker, request, [(e, bodies[e["n"]]) for e in events], others)


def fill(tables: Tables, pattern: Pattern, copies: Iterable[Copy]) -> None:
    """Write all copies behind what there is; the bot may run."""
    left = iter(copies)
    while some := list(itertools.islice(left, AT_ONCE)):
        tables.append(partial(_entered, pattern, some))


def fill_past(tables: Tables, pattern: Pattern, how_many: int) -> None:
    """Write what was asked and came to its end, one every few seconds of the last days."""
    names = itertools.islice(ids("Y"), how_many)
    fill(
        tables,
        pattern,
        (Copy(name, str(uuid.uuid4()), asker(n), LONG_AGO + (how_many - n) * APART) for n, name in enumerate(names)),
    )
    tables.tidy()


def _entered(pattern: Pattern, copies: Iterable[Copy], n: int, mac: str) -> dict[str, list[Row]]:
    rows = _Rows()
    for copy in copies:
        n, mac = _enter(rows, pattern, copy, n, mac)
    return rows.of


def _enter(rows: _Rows, pattern: Pattern, copy: Copy, n: int, mac: str) -> tuple[int, str]:
    def changed(value: str) -> str:
        return (
            value.replace(pattern.request_id, copy.request_id)
            .replace(pattern.user_id, copy.user_id)
            .replace(pattern.asker, copy.asker)
        )

    def row_of(row: Row) -> Row:
        return {
            name: (_back(value, copy) if name in TIMES else changed(value)) if isinstance(value, str) else value
            for name, value in row.items()
        }

    request = row_of(pattern.request)
    request["origin"] = f"{request['origin']}:{copy.request_id}"
    rows.add("requests", request)
    for event, body in pattern.events:
        n += 1
        text, salt = changed(body), os.urandom(16)
        entry = row_of(event)
        entry |= {"n": n, "previous": mac, "body_digest": hashlib.sha256(salt + text.encode()).hexdigest()}
        chained = [mac, n, *(entry[name] for name in CHAINED)]
        mac = hashlib.sha256(json.dumps(chained, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
        rows.add("events", entry | {"mac": mac})
        rows.add("event_bodies", {"n": n, "salt": salt, "body": text})
    for table, others in pattern.others.items():
        for other in others:
            row = row_of(other)
            if copy.back and _is_over(row.get("watched_until")):
                row |= UNWATCHED
            if not (copy.back and _is_over(row.get("due_at"))):
                rows.add(table, row)
    return n, mac


def _is_over(at: str | None) -> bool:
    """Whether a bot that had been running all the time would have done what was due then."""
    return at is not None and datetime.fromisoformat(at) <= datetime.now(UTC)


def _back(at: str, copy: Copy) -> str:
    if not copy.back:
        return at
    return (datetime.fromisoformat(at) - copy.back).isoformat(timespec="microseconds")


def ids(series: str) -> Iterator[str]:
    """Name requests as the bot does, but for the length, so that no two are the same."""
    return (f"CS-{series}{n:07d}" for n in itertools.count(1))


def asker(n: int) -> str:
    """One of those who ask, by turns."""
    return f"U0ASK{n % ASKERS:04}"
