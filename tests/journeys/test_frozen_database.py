"""The database freezes at a chosen moment: what people are told is held against what is stored then and later."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import pytest
from sqlalchemy import Connection, event, text

from tests.postgres import PostgresServer, name_of
from tests.proxy import Proxy, proxied
from tests.rig import APPROVALS, Rig, running

ASKED = "adelev@contoso.com VPN"
NOTHING, CANNOT_TELL = "nothing was recorded", "can't tell yet whether this was recorded"
Moment = Literal["before BEGIN", "COMMIT under way", "COMMIT unanswered"]
BACK_WITHIN = 5.0


class Freezer(Protocol):
    """What freezes the database under a bot."""

    rig: Rig

    def freeze(self, moment: Moment, kind: str) -> None:
        """Freeze it at the next such moment: that of the transaction in which an entry of this kind is made."""
        ...

    def thaw(self) -> None: ...

    def stored(self, kind: str) -> int:
        """How many entries of a kind are there, asked of the database itself."""
        ...


@dataclass
class FrozenServer:
    """PostgreSQL behind a way that is blocked."""

    rig: Rig
    proxy: Proxy
    postgres: PostgresServer
    database: str

    def freeze(self, moment: Moment, kind: str) -> None:
        marks = [b"BEGIN"] if moment == "before BEGIN" else [kind.encode(), b"COMMIT"]
        self.proxy.block_at(marks, delivers=moment == "COMMIT unanswered")

    def thaw(self) -> None:
        self.proxy.free()

    def stored(self, kind: str) -> int:
        with self.postgres.admin(self.database) as connection:
            row = connection.execute("SELECT count(*) FROM events WHERE kind = %s", [kind]).fetchone()
        assert row is not None
        return int(str(row[0]))


class FrozenFile:
    """SQLite, locked by another program, or on a disk that does not come back from a COMMIT."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self._other = sqlite3.connect(rig.database, isolation_level=None, timeout=30)
        self._thawed = threading.Event()
        self._kind = ""
        self._before = 0
        assert rig.parts is not None
        event.listen(rig.parts.store.writer.database.engine, "commit", self._on_commit)

    def freeze(self, moment: Moment, kind: str) -> None:
        self._thawed.clear()
        if moment == "before BEGIN":
            self._other.execute("BEGIN IMMEDIATE")
        else:
            self._kind, self._before = kind, self.stored(kind)

    def _on_commit(self, connection: Connection) -> None:
        count = text("SELECT count(*) FROM events WHERE kind = :kind")
        if self._kind and connection.execute(count, {"kind": self._kind}).scalar_one() > self._before:
            self._kind = ""
            self._thawed.wait(60)

    def thaw(self) -> None:
        self._thawed.set()
        if self._other.in_transaction:
            self._other.execute("ROLLBACK")

    def stored(self, kind: str) -> int:
        with closing(sqlite3.connect(f"file:{self.rig.database}?mode=ro", uri=True)) as reader:
            return int(reader.execute("SELECT count(*) FROM events WHERE kind = ?", [kind]).fetchone()[0])

    def close(self) -> None:
        self.thaw()
        self._other.close()


@asynccontextmanager
async def on_postgresql(tmp_path: Path, postgres: PostgresServer) -> AsyncIterator[FrozenServer]:
    with proxied(postgres.folder) as proxy:
        database = name_of(postgres.new_database())
        url = f"postgresql://postgres:unused@127.0.0.1:{proxy.server_address[1]}/{database}?sslmode=disable"
        async with running(tmp_path, speed=2.0, DATABASE_URL=url) as rig:
            yield FrozenServer(rig, proxy, postgres, database)
            proxy.free()


@asynccontextmanager
async def on_sqlite(tmp_path: Path, _: PostgresServer) -> AsyncIterator[FrozenFile]:
    async with running(tmp_path, speed=2.0) as rig:
        with closing(FrozenFile(rig)) as freezer:
            yield freezer


Open = Callable[[Path, PostgresServer], AbstractAsyncContextManager[Freezer]]


@dataclass(frozen=True)
class Case:
    """Where and when it freezes, and whether for longer than the bot waits for it."""

    open: Open
    moment: Moment
    is_long: bool = False

    def __str__(self) -> str:
        return f"{self.open.__name__}, {self.moment}{', for long' if self.is_long else ''}"


MOMENTS: tuple[Moment, ...] = ("before BEGIN", "COMMIT under way", "COMMIT unanswered")
CASES = [
    *(Case(on_sqlite, moment) for moment in MOMENTS[:2]),
    *(Case(on_postgresql, moment, is_long) for moment in MOMENTS for is_long in (False, True)),
]


async def until(is_so: Callable[[], bool], within: float) -> float:
    """Return after how many seconds of the world's it is so."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < within
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def ready_again(rig: Rig, since: float) -> float:
    """Return after how many seconds a record was taken."""
    assert rig.parts is not None
    writer = rig.parts.store.writer
    while True:
        try:
            await writer.run(lambda _connection: None, deadline=time.monotonic() + 1)
        except Exception:  # noqa: BLE001 - whatever it is, it may not last
            assert time.monotonic() - since < BACK_WITHIN
            await asyncio.sleep(0.05)
        else:
            return time.monotonic() - since


def is_true(said: str, now: int, later: int) -> bool:
    """Hold what somebody was told against how many entries there were then and once all had settled."""
    if NOTHING in said:
        return (now, later) == (0, 0)
    return CANNOT_TELL in said or (now, later) == (1, 1)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_whoever_asks_while_it_freezes_is_told_the_truth(
    tmp_path: Path, postgres: PostgresServer, case: Case
) -> None:
    async with case.open(tmp_path, postgres) as frozen:
        rig = frozen.rig
        frozen.freeze(case.moment, "Asked")
        said = (await rig.slack.command(ASKED)).body["text"]
        now = frozen.stored("Asked")
        await went_on(frozen, is_long=case.is_long)
        later = frozen.stored("Asked")
        assert is_true(said, now, later), (said, now, later)
        assert (NOTHING if case.moment == "before BEGIN" else CANNOT_TELL) in said
        if not later:
            await rig.slack.command(ASKED)
        await rig.books.until(lambda: rig.slack.messages(APPROVALS))
        assert frozen.stored("Asked") == len(rig.slack.messages(APPROVALS)) == 1


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_whoever_clicks_while_it_freezes_is_told_the_truth(
    tmp_path: Path, postgres: PostgresServer, case: Case
) -> None:
    async with case.open(tmp_path, postgres) as frozen:
        rig = frozen.rig
        message = await rig.asked(ASKED)
        frozen.freeze(case.moment, "Approved")
        answer = await rig.slack.click(message, "approve")
        now = frozen.stored("Approved")
        told = [rig.slack.plain(m) for m in rig.slack.ephemerals("U0MEGAN")]
        said = next((text for text in told if NOTHING in text or CANNOT_TELL in text), "")
        await went_on(frozen, is_long=case.is_long)
        later = frozen.stored("Approved")
        # Where Slack is told that it failed, it tells the person so by itself.
        is_told_by_slack = not said and answer.status != 200
        assert is_told_by_slack or is_true(said, now, later), (said, now, later, answer)
        assert is_told_by_slack or (NOTHING if case.moment == "before BEGIN" else CANNOT_TELL) in said
        if not later:
            await rig.slack.click(message, "approve")
        await rig.shows(message, "1 user confirmed safe")
        assert len(rig.sent()) == frozen.stored("Approved") == 1


async def went_on(frozen: Freezer, *, is_long: bool) -> None:
    """Thaw it, at once or when the bot has given the connection up, and see that records are taken in time."""
    assert frozen.rig.parts is not None
    writer = frozen.rig.parts.store.writer
    if is_long:
        await until(lambda: bool(writer.failing), 12)
    frozen.thaw()
    await ready_again(frozen.rig, time.monotonic())


async def test_a_server_that_never_comes_back_keeps_nobody_waiting(tmp_path: Path, postgres: PostgresServer) -> None:
    async with on_postgresql(tmp_path, postgres) as frozen:
        rig = frozen.rig
        frozen.freeze("before BEGIN", "")
        for _ in range(5):
            began = time.monotonic()
            assert NOTHING in (await rig.slack.command(ASKED)).body["text"]
            assert time.monotonic() - began < 3
        assert frozen.stored("Asked") == 0
        await went_on(frozen, is_long=True)
        await rig.asked(ASKED)
