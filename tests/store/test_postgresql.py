"""What PostgreSQL alone has: several at once, leases, a COMMIT that is refused or lost, a server that is frozen."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from bot.core.ids import RequestId
from bot.core.terms import Terms
from bot.core.wishes import Wish
from bot.errors import CannotTell, NothingRecorded, StoreError
from bot.setting_database import address
from bot.store import tasks as outbox
from bot.store.database import open_database
from bot.store.events import Log
from bot.store.ledger import Ledger
from bot.store.store import Store
from bot.store.writer import Writer
from tests.clocks import WarpClock
from tests.postgres import PostgresServer, name_of

NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.new_database()


def store_of(url: str, resources: ExitStack) -> Store:
    writer = Writer(open_database(address(url), resources))
    resources.callback(writer.close)
    writer.start()
    return Store(writer, Ledger(Log(b""), Terms(HOUR, HOUR), ()), WarpClock(NOW, speed=0))


@pytest.fixture
async def stores(url: str) -> AsyncIterator[tuple[Store, Store]]:
    with ExitStack() as resources:
        yield store_of(url, resources), store_of(url, resources)


def tally(connection: Connection, person: str) -> None:
    connection.execute(text("INSERT INTO refusal_tally (person, hour, count) VALUES (:p, 'h', 1)"), {"p": person})


def tallied(connection: Connection) -> set[str]:
    return set(connection.execute(text("SELECT person FROM refusal_tally")).scalars())


def test_those_who_start_at_once_on_an_empty_database_all_come_up(url: str) -> None:
    def start() -> None:
        with ExitStack() as resources:
            open_database(address(url), resources)

    with ThreadPoolExecutor(4) as at_once:
        for started in [at_once.submit(start) for _ in range(4)]:
            started.result()


@pytest.mark.parametrize("wrong", ["nobody-here", "folder"])
def test_a_server_that_is_not_there_is_named_without_its_password(url: str, wrong: str) -> None:
    elsewhere = url.replace("/test", "/nobody-here") if wrong == "nobody-here" else url + "/no"
    elsewhere = elsewhere.replace("unused", "se%20cret")
    with ExitStack() as resources, pytest.raises(StoreError, match="can't be opened") as caught:
        open_database(address(elsewhere), resources)
    assert "cret" not in str(caught.value)


async def test_what_one_has_in_hand_no_other_gets_until_its_lease_is_over(stores: tuple[Store, Store]) -> None:
    one, other = stores
    await one.do(outbox.wish, [Wish("confirm", "c", NOW)], RequestId("CS-2222"))
    (mine,) = await one.do(outbox.claim, NOW, 10, owner=one.process)
    assert await other.do(outbox.claim, NOW, 10, owner=other.process) == []
    free_at = await other.do(outbox.next_due, NOW)
    assert free_at is not None
    assert datetime.fromisoformat(free_at) == NOW + outbox.LEASE
    later = NOW + timedelta(seconds=10)
    assert await one.do(outbox.renew, later, [mine.id], owner=one.process) == {mine.id}
    assert await other.do(outbox.claim, NOW + outbox.LEASE, 10, owner=other.process) == []
    (theirs,) = await other.do(outbox.claim, later + outbox.LEASE, 10, owner=other.process)
    # Whoever was away for so long neither keeps, nor sends, nor ends it.
    assert await one.do(outbox.renew, later, [mine.id], owner=one.process) == set()
    assert not await one.do(outbox.hold, "confirm", RequestId("CS-2222"), later, owner=one.process)
    await one.do(outbox.complete, mine)
    await one.do(outbox.put_off, mine, NOW, doubtful=False)
    assert await other.do(outbox.hold, "confirm", RequestId("CS-2222"), later, owner=other.process)
    await other.do(outbox.complete, theirs)
    assert await one.do(outbox.count) == 0


async def test_what_was_claimed_and_never_learnt_of_is_claimed_anew_at_once(stores: tuple[Store, Store]) -> None:
    one, _ = stores
    await one.do(outbox.wish, [Wish("confirm", "c", NOW)], RequestId("CS-2222"))
    await one.do(outbox.claim, NOW, 10, owner=one.process)
    (claimed,) = await one.do(outbox.claim, NOW, 10, owner=one.process)
    assert await one.do(outbox.claim, NOW, 10, owner=one.process, but=[claimed.id]) == []


async def test_an_error_in_a_part_undoes_that_part_alone(stores: tuple[Store, Store]) -> None:
    def bad(connection: Connection) -> None:
        tally(connection, "U1")
        connection.execute(text("SELECT 1 / 0"))

    one, other = stores
    parts = [one.do(tally, "U2"), one.run(bad), one.do(tally, "U3")]
    told = await asyncio.gather(*parts, return_exceptions=True)
    assert [type(one) for one in told] == [type(None), NothingRecorded, type(None)]
    assert await other.run(tallied) == {"U2", "U3"}


async def test_a_part_that_loses_its_savepoint_takes_the_others_with_it_and_says_so(
    stores: tuple[Store, Store],
) -> None:
    def bad(connection: Connection) -> None:
        connection.exec_driver_sql("ROLLBACK")

    one, other = stores
    with pytest.raises(NothingRecorded):
        await one.run(bad)
    await one.do(tally, "U1")
    assert await other.run(tallied) == {"U1"}


async def test_a_commit_that_the_server_refuses_has_recorded_nothing(stores: tuple[Store, Store]) -> None:
    one, other = stores
    await one.run(
        lambda c: c.exec_driver_sql(
            "ALTER TABLE refusal_tally ADD CONSTRAINT once UNIQUE (hour) DEFERRABLE INITIALLY DEFERRED"
        )
    )
    await one.do(tally, "U1")
    with pytest.raises(NothingRecorded, match="once"):
        await one.do(tally, "U2")
    assert await other.run(tallied) == {"U1"}


async def test_connections_that_are_cut_are_made_anew_and_nothing_is_said_that_is_not_true(
    stores: tuple[Store, Store], postgres: PostgresServer, url: str
) -> None:
    one, other = stores
    said: dict[str, object] = {}

    async def record(store: Store, name: str) -> None:
        try:
            await store.do(tally, name)
        except StoreError as error:
            said[name] = error
        else:
            said[name] = None

    for turn in range(10):
        work = [record(store, f"{turn}.{n}.{store.process[:4]}") for store in stores for n in range(5)]
        await asyncio.gather(*work, asyncio.to_thread(postgres.cut, name_of(url)))
    stored: set[str] | None = None
    while stored is None:
        with suppress(StoreError):
            stored = await other.run(tallied)
    assert {name for name, error in said.items() if error is None} <= stored
    assert not {name for name, error in said.items() if isinstance(error, NothingRecorded)} & stored
    assert one.writer.trouble  # it was


@contextmanager
def frozen(postgres: PostgresServer, url: str) -> Iterator[None]:
    """Stop every process of the server that serves this database, as a machine without a processor does."""
    with postgres.admin() as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [name_of(url)]).fetchall()
    pids = [int(str(pid)) for (pid,) in rows]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def test_if_it_freezes_before_begin_people_hear_that_nothing_was_recorded_and_it_was_not(
    stores: tuple[Store, Store], postgres: PostgresServer, url: str
) -> None:
    one, other = stores
    await one.run(tallied)
    with frozen(postgres, url), pytest.raises(NothingRecorded):
        await one.run(lambda c: tally(c, "U1"), deadline=time.monotonic() + 0.2)
    assert await one.run(tallied) == set()
    assert await other.run(tallied) == set()


async def test_if_it_freezes_inside_commit_people_hear_that_it_cannot_be_told(
    stores: tuple[Store, Store], postgres: PostgresServer, url: str
) -> None:
    one, other = stores
    freeze = ExitStack()

    def work(connection: Connection) -> None:
        tally(connection, "U1")
        freeze.enter_context(frozen(postgres, url))

    with freeze, pytest.raises(CannotTell):
        await one.run(work, deadline=time.monotonic() + 0.5)
    assert await other.run(tallied) == {"U1"}


async def test_a_replica_that_freezes_in_a_transaction_keeps_the_others_for_seconds_only(
    stores: tuple[Store, Store],
) -> None:
    one, other = stores
    thaw = threading.Event()

    def freeze(connection: Connection) -> None:
        tally(connection, "U1")
        thaw.wait(30)

    frozen_one = asyncio.create_task(one.run(freeze))
    await asyncio.sleep(0.3)
    began = time.monotonic()
    while True:
        try:
            await other.do(tally, "U2")
            break
        except NothingRecorded:
            assert time.monotonic() - began < 12
    assert time.monotonic() - began < 8
    thaw.set()
    with pytest.raises(NothingRecorded):
        await frozen_one
    assert await one.run(tallied) == {"U2"}
