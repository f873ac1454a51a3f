"""Pruning removes the old end of the trail, whole requests only, and leaves a chain that verifies from there."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bot.core.commands import Ask, DontAsk
from bot.core.ids import ChannelId, ObjectId, RequestId, SlackUserId
from bot.core.model import Asker
from bot.core.notes import Pruned
from bot.core.terms import Terms
from bot.errors import StoreError
from bot.setting_database import address
from bot.store.chain import Verdict, check
from bot.store.database import open_database
from bot.store.events import Log
from bot.store.ledger import Ledger
from bot.store.pruning import prune
from bot.store.trail import cuts, emptied, entries
from tests.command_line import run
from tests.journeys.test_audit import KEY, confirmed
from tests.rig import running

OLD = datetime(2024, 3, 1, 3, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)
BEFORE = NOW - timedelta(days=365)
LYNNE = SlackUserId("U0ANALYST")


class Past:
    """A trail that was written over years; `ledger` writes as the bot does."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.ledger = Ledger(Log(KEY.encode()), Terms(timedelta(hours=8), timedelta(hours=1)), ())

    def asked(self, at: datetime) -> RequestId:
        command = Ask(Asker(LYNNE, ChannelId("C1")), (ObjectId("x"),), "VPN", "/confirm-safe")
        return self.ledger.ask(self.connection, command, at, origin=f"{at}", url="").id

    def ended(self, request_id: RequestId, at: datetime) -> None:
        self.ledger.apply(self.connection, request_id, DontAsk("dropped"), at)
        self.connection.execute(text("DELETE FROM tasks"))

    def verdict(self) -> Verdict:
        found = entries(self.connection)
        return check(found, KEY.encode(), emptied(self.connection), cuts(self.connection))

    def pruned(self, key: str = KEY) -> Pruned | None:
        return prune(self.connection, key.encode(), BEFORE, NOW)

    def left(self) -> list[str]:
        return list(self.connection.execute(text("SELECT id FROM requests ORDER BY asked_at")).scalars())


@pytest.fixture
def past(url: str) -> Iterator[Past]:
    with ExitStack() as files:
        database = open_database(address(url), files)
        with database.engine.connect() as connection, connection.begin():
            yield Past(connection)


def test_old_requests_go_wholly_and_the_chain_goes_on_from_the_sealed_end(past: Past) -> None:
    for day in range(3):
        at = OLD + timedelta(days=day)
        past.ended(past.asked(at), at)
    new = past.asked(NOW)
    macs = {line.n: line.mac for line in entries(past.connection)}
    assert past.pruned() == Pruned(6, macs[6], BEFORE, 3)
    verdict = past.verdict()
    assert (verdict.first, verdict.last, verdict.broken) == (7, 8, "")
    assert past.left() == [new]
    assert past.pruned() is None


def test_nothing_of_an_open_request_goes_nor_what_came_after_it_began(past: Past) -> None:
    past.ended(past.asked(OLD), OLD)
    still_open = past.asked(OLD + timedelta(days=1))
    past.ended(past.asked(OLD + timedelta(days=2)), OLD + timedelta(days=2))
    note = past.pruned()
    assert note is not None
    assert (note.through, note.requests) == (2, 1)
    assert past.left()[0] == still_open
    assert past.verdict().broken == ""


def test_a_request_that_reaches_over_the_end_keeps_what_reaches_into_it(past: Past) -> None:
    first = past.asked(OLD)
    second = past.asked(OLD + timedelta(hours=1))
    past.ended(first, OLD + timedelta(hours=2))
    third = past.asked(OLD + timedelta(hours=3))
    past.ended(second, OLD + timedelta(hours=4))
    past.ended(third, NOW)
    assert past.pruned() is None
    assert past.left() == [first, second, third]


def test_what_is_left_to_do_keeps_a_request(past: Past) -> None:
    request = past.asked(OLD)
    past.ended(request, OLD)
    row = "INSERT INTO tasks (kind, key, request_id, due_at) VALUES ('look_again', 'k', :id, '2999')"
    past.connection.execute(text(row), {"id": request})
    assert past.pruned() is None


def test_a_trail_that_is_empty_or_of_another_key_is_left_alone(past: Past) -> None:
    assert past.pruned() is None
    past.ended(past.asked(OLD), OLD)
    with pytest.raises(StoreError, match="AUDIT_KEY is not the one that the audit trail was made with"):
        past.pruned("another")


def test_a_second_pruning_goes_on_from_the_first(past: Past) -> None:
    past.ended(past.asked(OLD), OLD)
    assert past.pruned() is not None
    past.ended(past.asked(NOW), NOW)
    note = prune(past.connection, KEY.encode(), NOW + timedelta(days=1), NOW + timedelta(days=2))
    assert note is not None
    verdict = past.verdict()
    assert (verdict.first, verdict.entries, verdict.broken) == (note.through + 1, 1, "")


def test_removing_the_old_end_without_its_entry_is_noticed(past: Past) -> None:
    past.ended(past.asked(OLD), OLD)
    past.ended(past.asked(NOW), NOW)
    past.connection.execute(text("DELETE FROM event_bodies WHERE n < 3"))
    past.connection.execute(text("DELETE FROM events WHERE n < 3"))
    assert past.verdict().broken == "entries 1 to 2 are missing"


async def test_from_the_command_line_as_long_as_the_setting_says(tmp_path: Path) -> None:
    async with running(tmp_path, AUDIT_KEY=KEY) as rig:
        await confirmed(rig)
        assert (await run(rig, "db", "prune"))[:2] == (1, "AUDIT_RETENTION is not set: everything is kept.\n")
        status, _, err = await run(rig, "db", "prune", AUDIT_RETENTION="P1D")
        assert status == 1
        assert "is in use by another process of this bot" in err
        await rig.stop()
        status, out, _ = await run(rig, "db", "prune", AUDIT_RETENTION="P1D")
        assert status == 0
        assert out.startswith("ok: nothing to remove that is older than ")
