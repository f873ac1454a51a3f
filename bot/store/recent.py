"""A request as its history makes it; what was read a moment ago is read on from there.

Whoever looks at a request mostly records something of it a moment later, and reads it again for that: its history
is long, and what was added meanwhile is little or nothing.
"""

import time
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, event

from bot.core.fold import evolve
from bot.core.ids import RequestId
from bot.core.model import Request
from bot.store.events import entries

RECENT = "recent"
"""Under this name a connection's `info` has what was read by it, since nothing was undone."""
FOR = 10.0
"""Seconds: what is redacted meanwhile is read by nobody for longer."""
MOST = 256


@dataclass(frozen=True, slots=True)
class _Read:
    at: float
    n: int
    """The number of the last entry it is made of."""
    request: Request


def read(connection: Connection, request_id: RequestId) -> Request | None:
    """Fold what happened to a request; None for one that is unknown."""
    recent: dict[RequestId, _Read] = connection.info.setdefault(RECENT, {})
    now, known = time.monotonic(), recent.pop(request_id, None)
    if known is not None and now - known.at > FOR:
        known = None
    request, last, since = (known.request, known.n, known.at) if known is not None else (None, 0, now)
    for n, at, happened in entries(connection, request_id, after=last):
        request, last = evolve(request_id, request, happened, at), n
    if request is not None:
        recent[request_id] = _Read(since, last, request)
        if len(recent) > MOST:
            del recent[next(iter(recent))]
    return request


def forget_recent(engine: Engine) -> None:
    """Have it read anew after something was undone: what was read may be among that."""

    def forget(connection: Connection, *_: object) -> None:
        if not connection.invalidated:
            connection.info.pop(RECENT, None)

    for what in ("rollback", "rollback_savepoint"):
        event.listen(engine, what, forget)
