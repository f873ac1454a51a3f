"""Rows that calls take their moments from, shared by all who use the database: of Graph, and of a channel."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select

from bot.core.pace import INTERVAL, Pace, Slot, moved, recovered, slowed
from bot.core.pace import reserve as next_slot
from bot.store.events import as_text, as_time
from bot.store.store import Store
from bot.store.tables import graph_pace
from bot.store.upsert import upsert

ROW = "risky users"
_THE_ROW = select(graph_pace).where(graph_pace.c.name == bindparam("row"))
_WRITE = upsert(
    graph_pace,
    lambda new: new.on_conflict_do_update(
        index_elements=["name"], set_={c.name: new.excluded[c.name] for c in graph_pace.c if c.name != "name"}
    ),
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


class StoredTurns:
    """Whose post is next in a channel, where several processes post there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def take(self, channel: str, gap: float, patience: float) -> float:
        """Seconds until it is one's turn; none was taken if that is longer than `patience`. Raises StoreError."""
        return await self._store.do(_take, channel, self._store.clock.now, gap, patience)

    async def pause(self, channel: str, seconds: float) -> None:
        """Give no turn before so many seconds have passed. Raises StoreError."""
        await self._store.do(_pause, channel, self._store.clock.now, seconds)


def _take(connection: Connection, channel: str, now: Callable[[], datetime], gap: float, patience: float) -> float:
    moment = now()
    pace, slot = next_slot(_read(connection, channel), moment, gap)
    left = (slot.at - moment).total_seconds()
    if left <= patience:
        _write(connection, pace, channel)
    return left


def _pause(connection: Connection, channel: str, now: Callable[[], datetime], seconds: float) -> None:
    moment = now()
    pace, until = _read(connection, channel), moment + timedelta(seconds=seconds)
    if pace is not None:  # its turn was taken before
        _write(connection, replace(pace, next_at=max(pace.next_at, until)), channel)


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


def _read(connection: Connection, name: str = ROW) -> Pace | None:
    row = connection.execute(_THE_ROW, {"row": name}).first()
    return Pace(as_time(row.next_at), as_time(row.reserved_at), row.gap, row.refusals) if row else None


def _write(connection: Connection, pace: Pace, name: str = ROW) -> None:
    values = {
        "name": name,
        "next_at": as_text(pace.next_at),
        "reserved_at": as_text(pace.reserved_at),
        "gap": pace.gap,
        "refusals": pace.refusals,
    }
    connection.execute(_WRITE(connection), values)
