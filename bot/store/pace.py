"""The one row that every call about risky users takes its moment from: shared by all who use the database."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from bot.core.pace import INTERVAL, Pace, Slot, moved, recovered, slowed
from bot.core.pace import reserve as next_slot
from bot.store.events import as_text, as_time
from bot.store.store import Store
from bot.store.tables import graph_pace

ROW = "risky users"
_THE_ROW = select(graph_pace).where(graph_pace.c.name == ROW)
_NEW = insert(graph_pace)
_WRITE = _NEW.on_conflict_do_update(
    index_elements=["name"], set_={c.name: _NEW.excluded[c.name] for c in graph_pace.c if c.name != "name"}
)


class StoredSlots:
    """Keeps the pace in the store, over restarts and for every process on the same database."""

    def __init__(self, store: Store, interval: timedelta = INTERVAL) -> None:
        self._store = store
        self._usual = interval.total_seconds()

    async def reserve(self) -> Slot:
        """Take the next free moment. Raises StoreError."""
        return await self._store.do(_reserve, self._store.clock.now, self._usual)

    async def move(self, at: datetime) -> datetime | None:
        """The call of that moment starts only now; None if a new one has to be reserved. Raises StoreError."""
        return await self._store.do(_move, at, self._store.clock.now)

    async def slow_down(self, retry_after: float | None) -> None:
        jitter = random.random()  # noqa: S311 - jitter
        await self._store.do(_slow_down, self._store.clock.now(), self._usual, jitter, retry_after)

    async def recover(self) -> None:
        await self._store.do(_recover, self._usual)


def _reserve(connection: Connection, now: Callable[[], datetime], usual: float) -> Slot:
    pace, slot = next_slot(_read(connection), now(), usual)
    _write(connection, pace)
    return slot


def _move(connection: Connection, at: datetime, now: Callable[[], datetime]) -> datetime | None:
    pace, moment = _read(connection), now()
    later = moved(pace, at, moment) if pace is not None else None
    if later is None:
        return None
    _write(connection, later)
    return moment


def _slow_down(connection: Connection, now: datetime, usual: float, jitter: float, retry_after: float | None) -> None:
    _write(connection, slowed(_read(connection), now, usual, jitter, retry_after))


def _recover(connection: Connection, usual: float) -> None:
    pace = _read(connection)
    if pace is not None:
        _write(connection, recovered(pace, usual))


def _read(connection: Connection) -> Pace | None:
    row = connection.execute(_THE_ROW).first()
    return Pace(as_time(row.next_at), as_time(row.reserved_at), row.gap, row.refusals) if row else None


def _write(connection: Connection, pace: Pace) -> None:
    values = {
        "name": ROW,
        "next_at": as_text(pace.next_at),
        "reserved_at": as_text(pace.reserved_at),
        "gap": pace.gap,
        "refusals": pace.refusals,
    }
    connection.execute(_WRITE, values)
