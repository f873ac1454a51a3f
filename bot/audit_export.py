"""`python -m bot audit export`: the trail as JSON lines or CSV, with all it takes to verify it elsewhere."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from itertools import chain
from typing import Any, Literal

from sqlalchemy import Connection, Engine

from bot.store.events import BEGINNING, as_text
from bot.store.trail import Emptying, Line, Span, counts, emptied, entries

Format = Literal["jsonl", "csv"]
Say = Callable[[str], None]
COLUMNS = (
    "n",
    "at",
    "actor",
    "kind",
    "request_id",
    "version",
    "body",
    "redacted",
    "salt",
    "body_digest",
    "previous",
    "mac",
)


class Export:
    """One run of it; every part that is read is of one moment."""

    def __init__(self, engine: Engine, form: Format, say: Say, is_over: Callable[[], bool] = lambda: False) -> None:
        self._engine = engine
        self._form = form
        self._say = say
        self._is_over = is_over
        self._last = 0

    def write(self, span: Span, now: datetime) -> None:
        """Write what is there: on top how many requests are in which state, then the entries."""
        with (
            self._engine.connect() as connection,
            connection.begin(),
            closing(entries(connection, span)) as found,  # also where the reader stops early
        ):
            first = next(found, None)
            self._head(first, counts(connection, span), span, now)
            self._entries(connection, chain([first] if first else [], found))

    def more(self) -> None:
        """Write what came since."""
        with (
            self._engine.connect() as connection,
            connection.begin(),
            closing(entries(connection, after=self._last)) as found,
        ):
            self._entries(connection, found)

    def _entries(self, connection: Connection, found: Any) -> None:
        done: Mapping[int, Emptying] | None = None
        for line in found:
            if self._is_over():
                return
            done = emptied(connection) if done is None else done
            self._line(_fields(line, done.get(line.n)))
            self._last = line.n

    def _head(self, first: Line | None, states: Mapping[str, int], span: Span, now: datetime) -> None:
        bounds = {
            "since": as_text(span.since) if span.since else None,
            "until": as_text(span.until) if span.until else None,
        }
        self._last = first.n - 1 if first else 0
        start = {"n": self._last, "mac": first.previous if first else BEGINNING}
        head: dict[str, Any] = {"kind": "Export", "at": as_text(now), "requests": states, **bounds, **start}
        if self._form == "csv":
            self._say(_row(COLUMNS))
            about = {name: head.pop(name) for name in ("requests", "since", "until")}
            head["body"] = json.dumps(about, ensure_ascii=False)
        self._line(head)

    def _line(self, fields: Mapping[str, Any]) -> None:
        if self._form == "csv":
            self._say(_row([fields.get(name) for name in COLUMNS]))
        else:
            self._say(json.dumps(fields, ensure_ascii=False))


def _fields(line: Line, emptying: Emptying | None) -> dict[str, Any]:
    known = {name: getattr(line, name, None) for name in COLUMNS}
    salt = line.salt.hex() if line.salt is not None else None
    return known | {"salt": salt, "redacted": emptying.by if emptying else None}


def _row(values: Any) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(values)
    return written.getvalue()
