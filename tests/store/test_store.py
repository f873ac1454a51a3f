"""The store on a real SQLite file and a real PostgreSQL: chain, outbox, group commit, and what can't be opened."""

import asyncio
import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from bot.core import events as ev
from bot.core.commands import Ask, DontAsk, FoundUsers
from bot.core.findings import Elsewhere
from bot.core.fold import fold
from bot.core.ids import ChannelId, ObjectId, RequestId, SlackUserId
from bot.core.model import Asker, RiskySnapshot, Target
from bot.core.terms import Terms
from bot.core.wishes import WAITING, Wish
from bot.errors import NothingRecorded, StoreError
from bot.setting_database import address
from bot.store import tasks as outbox
from bot.store.batches import BATCH, BESIDE
from bot.store.database import SCHEMA, open_database
from bot.store.events import Log, history, mac_of
from bot.store.ledger import REFUSALS_AN_HOUR, Ledger, Post, posted
from bot.store.recent import MOST, RECENT
from bot.store.store import Store
from bot.store.writer import Writer
from tests.clocks import WarpClock
from tests.entries import last_entry

NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)
KEY = b"k"
ADELE = ObjectId("5a0c76d2-cb57-4ece-9bc1-c323178f116a")
COMMAND = Ask(Asker(SlackUserId("U1"), ChannelId("C1")), (ADELE,), "VPN", "/confirm-safe")


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    clock = WarpClock(NOW, speed=0)
    with ExitStack() as files:
        writer = Writer(open_database(address(url), files))
        terms = Terms(timedelta(hours=8), timedelta(hours=1))
        writer.start()
        yield Store(writer, Ledger(Log(KEY), terms, ()), clock)
        writer.close()


async def asked(store: Store, origin: str = "o") -> RequestId:
    return (await store.do(store.ledger.ask, COMMAND, NOW, origin=origin, url="")).id


def rows(connection: Connection, statement: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(text(statement))]


async def test_ten_lines_of_anyones_script_verify_the_chain(store: Store) -> None:
    await asked(store)
    entries = await store.do(rows, "SELECT e.*, salt, body FROM events e JOIN event_bodies USING (n) ORDER BY n")
    previous = "0" * 64
    for n, at, actor, kind, request_id, version, digest, before, mac, salt, body in entries:
        assert isinstance(salt, bytes)
        assert hashlib.sha256(salt + str(body).encode()).hexdigest() == digest
        assert before == previous
        fields = [previous, n, at, actor, kind, request_id, version, digest]
        assert mac == mac_of(KEY, fields)  # type: ignore[arg-type] # rows are of any type
        previous = str(mac)
    assert len(entries) == 1
    assert mac_of(b"", [1]) == hashlib.sha256(json.dumps([1]).encode()).hexdigest()


async def test_the_same_payload_begins_one_request(store: Store) -> None:
    assert await asked(store) == await asked(store)
    assert await asked(store, "another") != await asked(store)


async def test_a_user_is_in_one_open_request_at_most(store: Store) -> None:
    target = Target(RiskySnapshot(ADELE, "Adele", "adelev@contoso.com", "high", "atRisk", NOW))
    first, second = await asked(store, "1"), await asked(store, "2")
    found = FoundUsers("Lynne", (target,), ())
    assert (await store.apply(first, found)).request.state == "pending"
    elsewhere = await store.do(store.ledger.elsewhere, [ADELE], second)
    assert elsewhere == {ADELE: Elsewhere(first, COMMAND.asker.id, NOW)}
    with pytest.raises(Exception, match=r"UNIQUE constraint failed|duplicate key value"):
        await store.apply(second, found)
    assert (await store.entry(second)).request.state == "looking_up"


async def test_refusals_beyond_the_limit_become_one_entry_with_their_count(store: Store) -> None:
    event = ev.ClickRefused(SlackUserId("U9"), "approve", "not_approver")
    before = await store.run(last_entry)
    for _ in range(REFUSALS_AN_HOUR + 5):
        await store.do(store.ledger.refused, event, None, NOW)
    assert await store.run(last_entry) == before + REFUSALS_AN_HOUR
    due = await store.do(outbox.claim, NOW + timedelta(hours=1), 10, owner="me")
    assert [task.kind for task in due] == ["tally"]
    await store.do(store.ledger.count_refusals, NOW + timedelta(hours=1))
    bodies = [str(body) for (body,) in await store.do(rows, "SELECT body FROM event_bodies ORDER BY n DESC LIMIT 2")]
    assert any("25 refusals in the hour" in body for body in bodies)


async def test_what_comes_too_late_is_certainly_not_recorded(store: Store) -> None:
    with pytest.raises(NothingRecorded, match="too late"):
        await store.run(last_entry, deadline=time.monotonic())
    assert await store.run(last_entry, deadline=time.monotonic() + 60) == 0


async def test_of_what_is_committed_together_each_part_fails_alone(store: Store) -> None:
    def bad(connection: Connection) -> None:
        connection.execute(text("INSERT INTO refusal_tally VALUES ('U1', 'h', 1)"))
        raise ValueError("mine alone")

    results = await asyncio.gather(asked(store, "1"), store.run(bad), asked(store, "2"), return_exceptions=True)
    assert isinstance(results[1], ValueError)
    assert len(await store.do(rows, "SELECT id FROM requests")) == 2
    assert await store.do(rows, "SELECT * FROM refusal_tally") == []


async def test_a_part_that_fails_after_it_wrote_leaves_no_gap_in_the_chain(store: Store) -> None:
    """Writes are sent without waiting for each answer: an error may show later, and is still its own part's."""

    def twice(connection: Connection) -> None:
        request = store.ledger.ask(connection, COMMAND, NOW, origin="twice", url="")
        for _ in range(2):  # the second time the version is taken
            event = ev.Withdrawn(COMMAND.asker.id)
            Log(KEY).append(connection, event, NOW, actor="U1", request_id=request.id, version=7)

    results = await asyncio.gather(asked(store, "1"), store.run(twice), asked(store, "2"), return_exceptions=True)
    assert isinstance(results[1], IntegrityError)
    assert [*(await store.do(rows, "SELECT origin FROM requests ORDER BY origin"))] == [("1",), ("2",)]
    chain = await store.do(rows, "SELECT n, previous, mac FROM events ORDER BY n")
    assert [n for n, _, _ in chain] == [1, 2]
    assert [before for _, before, _ in chain] == ["0" * 64, chain[0][2]]


async def test_what_is_not_written_yet_is_read_in_the_same_part_all_the_same(store: Store) -> None:
    def both(connection: Connection) -> str:
        request = store.ledger.ask(connection, COMMAND, NOW, origin="o", url="u")
        again = store.ledger.ask(connection, COMMAND, NOW, origin="o", url="u")
        assert again == request
        assert rows(connection, "SELECT id FROM requests") == [(request.id,)]
        return store.ledger.entry(connection, request.id).response_url

    assert await store.run(both) == "u"


async def test_what_was_posted_is_not_wished_for_again(store: Store) -> None:
    request = await asked(store)
    await store.do(posted, Post("k", request, "C1", "", "1.0"))
    before = await store.do(outbox.count)
    await store.do(outbox.wish, [Wish("tell", "k", NOW)], request)
    assert await store.do(outbox.count) == before
    await store.do(outbox.wish, [Wish("tell", "other", NOW)] * 2, request)
    assert await store.do(outbox.count) == before + 1


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_locked_database_records_nothing_and_is_got_over(store: Store, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(NothingRecorded, match="locked"):
        await asked(store)
    assert "locked" in store.writer.failing
    other.close()
    await asked(store)
    assert store.writer.failing == ""


async def test_a_lane_is_carried_out_one_by_one_and_a_task_asked_for_anew_is_done_again(store: Store) -> None:
    request = await asked(store)
    wishes = [Wish("tell", f"k{n}", NOW, lane="l") for n in range(2)] + [Wish("show", "s", NOW)] * 2
    await store.do(outbox.wish, wishes, request)
    claimed = await store.do(outbox.claim, NOW, 10, owner="me")
    assert [task.key for task in claimed] == ["k0", "s", request]  # look-ups never come first
    await store.do(outbox.wish, [Wish("show", "s", NOW)], request)
    for task in claimed:
        await store.do(outbox.complete, task)
    again = await store.do(outbox.claim, NOW, 10, owner="me")
    assert [task.key for task in again] == ["k1", "s"]
    await store.do(outbox.put_off, again[0], NOW + timedelta(hours=1), doubtful=True)
    await store.do(outbox.release_all)
    left = await store.do(outbox.claim, NOW + timedelta(hours=1), 10, owner="me")
    assert [(task.key, task.doubtful) for task in left] == [(f"{request}.slow", False), ("k1", True), ("s", True)]
    assert await store.do(outbox.count) == 3


async def test_a_task_that_only_waited_for_its_turn_has_not_been_tried(store: Store) -> None:
    request = await asked(store)
    await store.do(outbox.wish, [Wish("tell", "k", NOW)], request)
    tries = []
    for is_try in (False, False, True, False):
        task = next(t for t in await store.do(outbox.claim, NOW, 10, owner="me") if t.key == "k")
        tries.append(task.attempts)
        await store.do(outbox.put_off, task, NOW, doubtful=False, is_try=is_try)
    assert tries == [1, 1, 1, 2]


async def test_an_unknown_request_is_no_request(store: Store) -> None:
    unknown = RequestId("CS-2222")
    assert await store.do(store.ledger.find, unknown) is None
    for look in (store.entry(unknown), store.apply(unknown, FoundUsers("", (), ()))):
        with pytest.raises(LookupError):
            await look


def test_the_schema_of_the_code_is_the_newest_migration() -> None:
    versions = Path(__file__).parents[2] / "bot" / "store" / "migrations" / "versions"
    assert max(path.name[:4] for path in versions.glob("*.py")) == SCHEMA


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    with ExitStack() as files:
        open_database(address(f"sqlite:///{tmp_path}/x.db"), files)
        assert (tmp_path / "x.db").stat().st_mode & 0o777 == 0o600
        with ExitStack() as others, pytest.raises(StoreError, match="is in use by another process of this bot"):
            open_database(address(f"sqlite:///{tmp_path}/x.db"), others)


def test_a_database_of_a_newer_version_is_refused(url: str) -> None:
    with ExitStack() as files:
        database = open_database(address(url), files)
        with database.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with ExitStack() as files, pytest.raises(StoreError, match="made by a newer version of this bot"):
        open_database(address(url), files)


@pytest.mark.parametrize("kind", ["folder", "garbage"])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("missing/x.db" if kind == "folder" else "x.db")
    if kind == "garbage":
        path.write_bytes(b"not a database, but long enough to be looked at" * 50)
    with ExitStack() as files, pytest.raises(StoreError, match="can't be opened"):
        open_database(address(f"sqlite:///{path}"), files)


async def test_what_gives_way_comes_behind_the_others_and_is_never_left_out(store: Store) -> None:
    done: list[str] = []
    behind, began, held = store.giving_way(), threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        began.set()
        held.wait(10)

    def note(_connection: Connection, name: str) -> None:
        done.append(name)

    holding = asyncio.ensure_future(store.run(hold))
    await asyncio.to_thread(began.wait)
    waiting = [asyncio.ensure_future(behind.do(note, f"behind {n}")) for n in range(BESIDE + 1)]
    waiting += [asyncio.ensure_future(store.do(note, f"first {n}")) for n in range(BATCH + 1)]
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(holding, *waiting)
    first, left = [f"first {n}" for n in range(BATCH)], [f"behind {n}" for n in range(BESIDE)]
    assert done == [*first, *left, f"first {BATCH}", f"behind {BESIDE}"]


async def test_what_is_due_is_found_without_looking_at_all_that_is_due_later(store: Store) -> None:
    """Each past request has left something to look at in months, and each open one some in lanes."""
    if store.writer.database.is_shared:
        pytest.skip("PostgreSQL plans by what there is")
    for kinds in (WAITING, ("show", "tell")):
        due = outbox._statement(tuple(kinds))
        await store.run(lambda connection, due=due: due.rows(connection, moment="", most=1))  # type: ignore[misc] # of no type
        compiled = due._compiled["sqlite"]
        names = [compiled.given.get(name, "") for name in compiled.names or ()]

        def plan(connection: Connection, sql: str = compiled.sql, values: Sequence[Any] = names) -> str:
            driver: Any = connection.connection.dbapi_connection
            return " ".join(row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}", values))

        found = await store.run(plan)
        assert "USING INDEX tasks_due (due_at<?)" in found
        assert "tasks_by_lane (lane=? AND id<?)" in found
        assert "SCAN" not in found


async def test_a_request_is_read_on_from_where_it_was_read_before(store: Store) -> None:
    target = Target(RiskySnapshot(ADELE, "Adele", "adelev@contoso.com", "high", "atRisk", NOW))
    request_id = await asked(store)
    assert (await store.entry(request_id)).request.state == "looking_up"
    await store.apply(request_id, FoundUsers("Lynne", (target,), ()))
    read_on = (await store.entry(request_id)).request
    assert read_on.state == "pending"
    assert read_on == fold(request_id, await store.run(lambda c: list(history(c, request_id))))


async def test_what_was_undone_after_it_was_read_is_not_read_on_from(store: Store) -> None:
    target = Target(RiskySnapshot(ADELE, "Adele", "adelev@contoso.com", "high", "atRisk", NOW))
    request_id = await asked(store)

    def undone(connection: Connection) -> None:
        store.ledger.apply(connection, request_id, FoundUsers("Lynne", (target,), ()), NOW)
        assert store.ledger.load(connection, request_id).state == "pending"
        raise ValueError("mine alone")

    with pytest.raises(ValueError, match="mine alone"):
        await store.run(undone)
    assert (await store.entry(request_id)).request.state == "looking_up"
    await store.apply(request_id, DontAsk("dropped"))
    assert (await store.entry(request_id)).request.state == "not_asked"


async def test_no_more_is_remembered_than_so_many_requests(store: Store) -> None:
    ids = [await asked(store, str(n)) for n in range(3)]

    def known(connection: Connection) -> list[RequestId]:
        for n in range(MOST - 1):
            connection.info[RECENT][f"CS-{n}"] = connection.info[RECENT].get(ids[0])
        store.ledger.load(connection, ids[2])
        return list(connection.info[RECENT])

    await store.entry(ids[0])
    assert await store.run(known) == [*(f"CS-{n}" for n in range(MOST - 1)), ids[2]]
