"""What happened on the wire, and what the bot has on record of it."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from demo.graph.counting import is_paced
from demo.local_slack.delivery import Delivered
from demo.page.drawing import draw
from demo.page.trail import Trail
from demo.wire import Call
from demo.world import World

SHOWN = 250
"""Rows of each list; older ones are gone from the page, not from the books."""
LONGEST = 6_000
OK, FAILED = 200, 400
_SLACKS = {"slash_commands": "slash command", "events_api": "event"}


class Drawer:
    """Rows by key, the newest last; what has been answered is drawn once."""

    def __init__(self, contoso: World, trail: Trail) -> None:
        self._world = contoso
        self._trail = trail
        self._drawn: dict[str, str] = {}
        self._began = time.monotonic()
        self._began_at = datetime.now(UTC)

    def lists(self) -> dict[str, dict[str, str]]:
        """The wire, the record, and what broke a vendor's rules."""
        complaints = {
            str(n): draw("complaint.html", words=words) for n, words in enumerate(self._world.books.complaints)
        }
        return {"wire": self._wire(), "trail": self._record(), "complaints": complaints}

    def _wire(self) -> dict[str, str]:
        books, sent = self._world.books, self._world.slack.delivery.delivered
        rows: list[tuple[float, str, Call | Delivered]] = [(c.at, f"c{c.n}", c) for c in books.calls[-SHOWN:]]
        rows += [(one.at, f"d{n}", one) for n, one in enumerate(sent)][-SHOWN:]
        rows = sorted(rows, key=lambda row: row[0])[-SHOWN:]
        spacing = dict(self._spacing())
        return {key: self._row(key, at, one, spacing) for at, key, one in rows}

    def _spacing(self) -> Iterator[tuple[int, float]]:
        """By call, the seconds since the one before it that shares Graph's one request a second."""
        before: Call | None = None
        for call in self._world.books.calls:
            if is_paced(call):
                if before is not None:
                    yield call.n, call.at - before.at
                before = call

    def _row(self, key: str, at: float, one: Call | Delivered, spacing: Mapping[int, float]) -> str:
        is_open = (one.status if isinstance(one, Call) else one.answer) is None
        if key in self._drawn:
            return self._drawn[key]
        when = self._began_at + timedelta(seconds=at - self._began)
        row = _call(one, spacing.get(one.n)) if isinstance(one, Call) else _delivery(one)
        html = draw("wire.html", when=when, **row)
        if not is_open:
            self._drawn[key] = html
        return html

    def _record(self) -> dict[str, str]:
        entries = list(islice(reversed(self._trail.entries), SHOWN))
        rows = {str(entry.n): draw("entry.html", entry=entry) for entry in reversed(entries)}
        if self._trail.problem:
            rows["problem"] = draw("complaint.html", words=f"The record can't be read now: {self._trail.problem}")
        return rows


def _call(call: Call, since: float | None) -> dict[str, Any]:
    """A call of the bot's to one of the vendors."""
    return {
        "way": call.to,
        "title": call.name.removeprefix(f"{call.method} ").removeprefix("/v1.0").removeprefix("/identityProtection"),
        "method": call.method,
        "status": call.status,
        "is_bad": call.status is not None and (call.status >= FAILED or _says_no(call.answer)),
        "took": None,
        "since": since,
        "signature": "",
        "sent": _pretty(call.args),
        "got": _pretty(call.answer),
    }


def _delivery(one: Delivered) -> dict[str, Any]:
    """A request of Slack's to the bot, and how the bot took it."""
    payload = one.payload
    title = _SLACKS.get(one.kind) or str(payload.get("type", one.kind)).replace("_", " ")
    actions = payload.get("actions") or [{}]
    detail = payload.get("command") or actions[0].get("action_id") or payload.get("callback_id") or ""
    status = one.answer.status if one.answer else None
    return {
        "way": "bot",
        "title": f"{title} {detail}".strip(),
        "method": "POST",
        "status": status,
        "is_bad": one.answer is not None and status != OK,
        "took": one.answer.took if one.answer else None,
        "since": None,
        "signature": one.signature,
        "sent": _pretty(payload),
        "got": _pretty(one.answer.body if one.answer else None),
    }


def _says_no(answer: Any) -> bool:
    """Slack says no with a 200."""
    return isinstance(answer, dict) and answer.get("ok") is False


def _pretty(value: Any) -> str:
    if value in (None, "", {}):
        return ""
    text = json.dumps(value, indent=1, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
