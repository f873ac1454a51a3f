"""What is long over costs nothing: no statement that runs while people wait goes through all there is."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, create_engine, text

from bot.core.commands import Ask, FoundUsers
from bot.core.ids import ChannelId, MessageTs, ObjectId, RequestId, SlackUserId
from bot.core.model import Asker, RiskySnapshot, Target
from bot.core.notes import Started
from bot.core.terms import Terms
from bot.core.wishes import Wish
from bot.setting_database import address
from bot.store import tasks as outbox
from bot.store.asks import asks_since, count_open, ended_lately, of_asker, show_pending, unended
from bot.store.database import open_database, upgrade
from bot.store.events import Log
from bot.store.ledger import Ledger, Post, posted
from bot.store.store import Store
from bot.store.tables import event_bodies, events, posts, requests, targets, tasks
from bot.store.threads import going_on, told_in
from bot.store.trail import last_start
from bot.store.watched import unwatch, watched_since, watching
from bot.store.writer import Writer
from tests.clocks import WarpClock

NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)
LATER = "2026-03-01T09:00:00.000000+00:00"
PAST = 3_000
"""Requests; of fewer PostgreSQL rather reads all, whatever there is to find them by."""
STEPS = 100
"""Of SQLite's machine, which takes two or more for each row."""
PERSON = SlackUserId("U1")
ADELE = ObjectId("5a0c76d2-cb57-4ece-9bc1-c323178f116a")
OLD = RequestId("CS-OLD7")
ENDS = ("confirmed", "denied", "expired", "withdrawn")


def at(n: int) -> str:
    return (NOW - timedelta(minutes=PAST - n)).isoformat(timespec="microseconds")


def fill(connection: Connection) -> None:
    """Enter what was asked by one person and has ended, with what is still to come of it."""
    rows: dict[str, list[dict[str, object]]] = {}

    def add(table: str, **row: object) -> None:
        rows.setdefault(table, []).append(row)

    for n in range(PAST):
        name = f"CS-OLD{n}"
        add(
            "requests",
            id=name,
            origin=name,
            asker=PERSON,
            asked_at=at(n),
            state=ENDS[n % 4],
            response_url="",
            users=1,
        )
        watch = (
            {"safe_since": at(n), "watched_until": LATER}
            if n % 4 == 0
            else {"safe_since": None, "watched_until": None}
        )
        add("targets", request_id=name, user_id=f"user{n}", is_open=False, **watch)
        add("posts", op_id=f"{name}.message", request_id=name, channel="C1", thread_ts="", ts=str(n))
        for kind, lane in (("expire", ""), ("look_again", ""), ("tell", name)):
            add("tasks", kind=kind, key=f"{name}.{kind}", request_id=name, lane=lane, due_at=LATER, payload="{}")
        entry = {"actor": "bot", "kind": "Ended", "body_digest": "", "previous": "", "mac": ""}
        add("events", n=n + 2, at=at(n), request_id=name, version=1, **entry)
        add("event_bodies", n=n + 2, salt=b"", body="{}")
    for table in (requests, events, event_bodies, targets, tasks, posts):
        connection.execute(table.insert(), rows[table.name])


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    with ExitStack() as files:
        writer = Writer(open_database(address(url), files))
        files.callback(writer.close)
        writer.start()
        store = Store(
            writer, Ledger(Log(b""), Terms(timedelta(hours=8), timedelta(hours=1)), ()), WarpClock(NOW, speed=0)
        )
        await store.do(store.ledger.note, Started("1", {}, "", {}), NOW, actor="bot")
        await store.run(fill)
        if writer.database.is_shared:
            await store.run(lambda connection: connection.execute(text("ANALYZE")))  # as PostgreSQL does by itself
        yield store


def read_in_full(connection: Connection, work: Callable[[Connection], object]) -> set[str]:
    """The tables of which this reads every row, or the statements that do, by what the database says itself."""
    if connection.dialect.name == "postgresql":
        work(connection)
        scanned = text("SELECT relname FROM pg_stat_xact_user_tables WHERE seq_tup_read >= :all")
        return set(connection.execute(scanned, {"all": PAST}).scalars())
    driver = connection.connection.dbapi_connection
    assert driver is not None
    statements: list[str] = []
    steps: Counter[str] = Counter()

    def stepped() -> None:
        steps[statements[-1]] += STEPS

    driver.set_trace_callback(statements.append)
    driver.set_progress_handler(stepped, STEPS)
    try:
        work(connection)
    finally:
        driver.set_trace_callback(None)
        driver.set_progress_handler(None, 0)
    return {statement for statement, count in steps.items() if count >= PAST}


def ask(store: Store, connection: Connection) -> RequestId:
    command = Ask(Asker(PERSON, ChannelId("C1")), (ADELE,), "VPN", "/confirm-safe")
    asks_since(connection, PERSON, NOW - timedelta(hours=1))
    return store.ledger.ask(connection, command, NOW, origin="o", url="").id


def shown(store: Store, connection: Connection) -> None:
    """Take a request as far as to where it waits for a decision."""
    request_id = ask(store, connection)
    store.ledger.elsewhere(connection, [ADELE], request_id)
    target = Target(RiskySnapshot(ADELE, "Adele", "adelev@contoso.com", "high", "atRisk", NOW))
    store.ledger.apply(connection, request_id, FoundUsers("Lynne", (target,), ()), NOW)
    posted(connection, Post(f"{request_id}.message", request_id, "C1", "", "1.0"))
    store.ledger.entry(connection, request_id)


def done(_store: Store, connection: Connection) -> None:
    """Do what is due, give some of it back, and look when the next is."""
    outbox.wish(connection, [Wish(kind, "k", NOW, lane=kind) for kind in ("confirm", "show", "tell", "look_up")], OLD)
    assert outbox.claim(connection, NOW - timedelta(hours=1), 32, owner="me", but=None) == []
    mine = outbox.claim(connection, NOW, 32, owner="me", but=[1])
    assert len(mine) == 4
    outbox.renew(connection, NOW, [task.id for task in mine], owner="me")
    outbox.hold(connection, "confirm", OLD, NOW, owner="me")
    outbox.next_due(connection, NOW)
    outbox.complete(connection, mine[0])
    outbox.put_off(connection, mine[1], NOW + timedelta(hours=1), doubtful=False)
    assert len(outbox.claim(connection, NOW, 32, owner="other", only=["show", "tell"])) == 0
    outbox.release(connection, "me")
    outbox.release_all(connection)
    assert outbox.next_due(connection, NOW) is not None


def listed(_store: Store, connection: Connection) -> None:
    """Read what the Home tab and the lists show."""
    assert len(of_asker(connection, PERSON, NOW - timedelta(days=30), 10)) == 10
    assert unended(connection, 10) == unended(connection, 10, "pending") == []
    assert [*ended_lately(connection, 3)] == [f"CS-OLD{PAST - n}" for n in (1, 2, 3)]
    assert count_open(connection, PERSON) == 0


def gone_on(_store: Store, connection: Connection) -> None:
    """Do what is done when the bot or Slack comes back, and for a message that is lost."""
    show_pending(connection, NOW)
    assert last_start(connection) is not None
    assert going_on(connection) == []
    assert told_in(connection, RequestId("CS-OLD7"), MessageTs("")) == {"CS-OLD7.message"}


def looked_at(_store: Store, connection: Connection) -> None:
    """Do what is done every hour for those who were confirmed safe."""
    assert watched_since(connection) == datetime.fromisoformat(at(0))
    users = [ObjectId(f"user{n}") for n in range(8)]
    assert set(watching(connection, users)) == {"CS-OLD0", "CS-OLD4"}
    assert unwatch(connection, NOW, 500) == 0


@pytest.mark.parametrize("work", [shown, done, listed, gone_on, looked_at])
async def test_nothing_that_people_wait_for_reads_all_that_is_over(
    store: Store, work: Callable[[Store, Connection], None]
) -> None:
    assert await store.run(lambda connection: read_in_full(connection, lambda c: work(store, c))) == set()


async def test_who_has_been_watched_for_long_enough_is_let_go_some_at_a_time(store: Store) -> None:
    after = datetime.fromisoformat(LATER) + timedelta(days=3)
    for left in (400, 350, 0):
        assert await store.do(unwatch, after, 400) == left
    assert await store.do(watched_since) is None


async def test_what_has_been_due_the_longest_is_taken_first(store: Store) -> None:
    def wished(connection: Connection) -> None:
        for n in range(4):
            outbox.wish(connection, [Wish("tell", f"k{n}", NOW - timedelta(minutes=n))], OLD)

    await store.run(wished)
    assert [task.key for task in await store.do(outbox.claim, NOW, 2, owner="me")] == ["k2", "k3"]


def test_those_who_were_watched_by_a_task_each_are_watched_on_after_the_upgrade(url: str) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with closing(engine.connect()) as connection, connection.begin():

        def add(table: str, **row: object) -> None:
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)  # noqa: S608 - ours

        upgrade(connection, "0006")
        add("requests", id=OLD, origin="o", asker=PERSON, asked_at=at(0), state="confirmed", response_url="")
        add("targets", request_id=OLD, user_id=ADELE, is_open=False)
        for n, kind in enumerate(("Asked", "Ended", "LookedAgain")):
            entry = {"actor": "bot", "request_id": OLD, "version": n, "body_digest": "", "previous": "", "mac": ""}
            add("events", n=n, at=at(n), kind=kind, **entry)
        add("tasks", kind="recur", key=OLD, request_id=OLD, due_at=LATER)
        upgrade(connection)
        assert watching(connection, [ADELE]) == [OLD]
        assert watched_since(connection) == datetime.fromisoformat(at(0))
        until = connection.execute(text("SELECT watched_until FROM targets")).scalar_one()
        assert datetime.fromisoformat(until) == datetime.fromisoformat(at(1)) + timedelta(hours=72)
        assert outbox.count(connection) == 0
    engine.dispose()
