"""The bench's own reckoning: what the naive client makes of a quota, who was seen safe, and what is called missed."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.databases import SQLiteFile
from bench.load import Volley
from bench.naive import confirm_each, naively
from bench.past import Copy, Pattern, fill, fill_past, pattern_of
from bench.stage import seen_safe
from bench.table import Figure, Part, over, ratio, table
from bot.clock import SystemClock
from bot.core.commands import Ask
from bot.core.ids import ChannelId, ObjectId, RequestId, SlackUserId
from bot.core.model import Asker
from bot.core.terms import Terms
from bot.setting_database import address
from bot.store.chain import check
from bot.store.database import open_database
from bot.store.events import BEGINNING, Log
from bot.store.ledger import Ledger
from bot.store.store import Store
from bot.store.trail import entries
from bot.store.writer import Writer
from demo.wire import Call

NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)
ANALYST = SlackUserId("U0ANALYST")
COMMAND = Ask(Asker(ANALYST, ChannelId("C1")), (ObjectId("user-1"),), "VPN", "/confirm-safe user-1 VPN")


async def test_the_naive_client_makes_two_calls_a_user_and_one_more_for_each_refusal() -> None:
    answers = iter([200, 429, 429, 204, 200, 204])
    waits: list[float] = []

    async def ask(_method: str, _user_id: str) -> int:
        return next(answers)

    tally = await confirm_each(["a", "b"], ask, waits.append)
    assert (tally.calls, tally.refused, tally.seconds) == (6, 2, 4.0)
    assert waits == [1.0, 2.0]


async def test_it_does_not_go_on_after_an_answer_that_is_neither() -> None:
    async def ask(_method: str, _user_id: str) -> int:
        return 404

    with pytest.raises(RuntimeError, match="GET for a was answered 404"):
        await confirm_each(["a"], ask, lambda _: None)


async def test_at_the_local_graph_every_call_of_it_but_the_first_is_refused_once() -> None:
    tally = await naively(3)
    assert (tally.calls, tally.refused, tally.seconds) == (11, 5, 6.0)


def test_who_is_still_processed_is_not_seen_safe_yet() -> None:
    def read(*rows: dict[str, object]) -> Call:
        return Call(1, "graph", "GET", "GET /v1.0/identityProtection/riskyUsers", {}, 0.0, None, 200, {"value": rows})

    safe: dict[str, object] = {"riskState": "confirmedSafe", "isProcessing": False}
    answered = [
        (1.0, read({"id": "a", **safe})),
        (5.0, read({"id": "a", "riskState": "atRisk", "isProcessing": True}, {"id": "b", **safe})),
        (6.0, read({"id": "a", **safe})),
        (7.0, read({"id": "a", **safe})),
    ]
    assert seen_safe(answered, 2.0) == {"a": 6.0, "b": 5.0}


@pytest.mark.parametrize(
    ("figure", "is_met"),
    [
        (Figure("calls", 12, 12), True),
        (Figure("calls", 13, 12), False),
        (Figure("refusals", 1, 0), False),
        (Figure("gap", 0.9, 1.15, "s", least=1.0), False),
        (Figure("nothing measured", math.nan, 15), False),
        (Figure("nothing promised", 1000), True),
    ],
)
def test_a_promise_is_kept_within_its_bounds(figure: Figure, *, is_met: bool) -> None:
    assert figure.is_met is is_met


def test_the_table_says_what_was_missed() -> None:
    figures = (
        Figure("calls", 13, 12),
        Figure("gap", 1.05, 1.15, "s", least=1.0, spread=(1.01, 1.1)),
        Figure("size", 9, unit="MB"),
    )
    assert table([Part("many", figures, ("a note",))]).splitlines() == [
        "         measured  lowest to highest  promised",
        "many",
        "  calls  13                           at most 12   MISSED",
        "  gap    1.05 s    1.01 to 1.1 s      1 to 1.15 s  met",
        "  size   9 MB",
        "  a note",
    ]


def test_a_ratio_is_the_median_of_the_rounds_own_ratios_with_its_lowest_and_highest() -> None:
    figure = ratio("ask", [2.0, 30.0, 4.0], [1.0, 10.0, 8.0], float, 1.2)
    assert figure == Figure("ask", 2.0, 1.2, "x", spread=(0.5, 3.0))


def test_what_is_no_ratio_is_told_with_its_lowest_and_highest_too() -> None:
    assert over("read", [3.0, 1.0, 2.0], 15, "ms") == Figure("read", 2.0, 15, "ms", spread=(1.0, 3.0))


@asynccontextmanager
async def asked_once(made: SQLiteFile) -> AsyncIterator[tuple[Store, Pattern]]:
    """Keep a store open in which one request was recorded, and read that as a pattern."""
    with ExitStack() as files:
        writer = Writer(open_database(address(made.url), files))
        writer.start()
        store = Store(writer, Ledger(Log(b""), Terms(timedelta(hours=8), timedelta(hours=1)), ()), SystemClock())
        request = await store.do(store.ledger.ask, COMMAND, NOW, origin="o", url="")
        yield store, pattern_of(made, request.id, "user-1", ANALYST)
        writer.close()


async def test_copies_are_requests_like_any_other_in_a_chain_that_verifies(tmp_path: Path) -> None:
    made = SQLiteFile(tmp_path / "x.db")
    async with asked_once(made) as (store, pattern):
        fill(made, pattern, [Copy(f"CS-X{n}", f"user-{n}", "U0ASK", timedelta(hours=n)) for n in range(2, 5)])
        copied = (await store.entry(RequestId("CS-X3"))).request
        await store.do(store.ledger.ask, COMMAND, NOW, origin="another", url="")
        lines = await store.run(lambda connection: list(entries(connection)))
    assert (copied.asker.id, copied.entries, copied.asked_at) == ("U0ASK", ("user-3",), NOW - timedelta(hours=3))
    verdict = check(lines, b"", {}, {0: BEGINNING})
    assert (verdict.broken, verdict.entries) == ("", 5)


async def test_a_copy_that_waits_has_its_tasks_and_one_of_long_ago_none_that_would_be_done(
    tmp_path: Path,
) -> None:
    made = SQLiteFile(tmp_path / "x.db")
    async with asked_once(made) as (_, pattern):
        assert pattern.others["tasks"]
        fill(made, pattern, [Copy("CS-X2", "user-2", "U0ASK")])
        fill_past(made, pattern, 3)
    assert len(made.rows("tasks", "request_id", "CS-X2")) == len(pattern.others["tasks"])
    assert [made.rows("tasks", "request_id", f"CS-Y000000{n}") for n in (1, 2, 3)] == [[], [], []]


async def test_who_was_confirmed_in_a_copy_is_watched_only_as_long_as_a_bot_would_have(tmp_path: Path) -> None:
    made, now = SQLiteFile(tmp_path / "x.db"), datetime.now(UTC)
    until = (now + timedelta(hours=72)).isoformat(timespec="microseconds")
    async with asked_once(made) as (_, pattern):
        since = now.isoformat(timespec="microseconds")
        who = {"request_id": pattern.request_id, "user_id": pattern.user_id, "is_open": 0}
        pattern.others["targets"].append(who | {"safe_since": since, "watched_until": until})
        fill(made, pattern, [Copy(f"CS-X{n}", f"user-{n}", "U0ASK", timedelta(hours=n)) for n in (71, 73)])
    (watched,), (over,) = (made.rows("targets", "request_id", f"CS-X{n}") for n in (71, 73))
    assert datetime.fromisoformat(watched["watched_until"]) == now + timedelta(hours=1)
    assert (over["safe_since"], over["watched_until"]) == (None, None)


async def test_requests_are_dealt_out_in_turn() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("sockname")[1]
        with contextlib.suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                came.append((head.split()[1].decode(), port))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        gone.release()

    came: list[tuple[str, int]] = []
    gone = asyncio.Semaphore(0)
    servers = [await asyncio.start_server(answer, "127.0.0.1", 0) for _ in range(2)]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    volley = Volley(ports, [f"GET /{n} HTTP/1.1\r\n\r\n".encode() for n in range(4)], b"")
    await volley.fire(rate=200.0, lines=1)
    volley.hang_up()
    for server in servers:
        await gone.acquire()
        server.close()
    assert sorted(came) == [("/0", ports[0]), ("/1", ports[1]), ("/2", ports[0]), ("/3", ports[1])]
    assert volley.failed == []


async def test_what_is_not_answered_as_expected_has_failed_and_is_counted_from_when_it_was_due() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                body = next(bodies)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()
        gone.set()

    bodies, gone = iter([b"Got it", b"no", b"Got it"]), asyncio.Event()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        volley = Volley([port], [b"GET / HTTP/1.1\r\n\r\n"] * 3, b"Got it")
        await volley.fire(rate=200.0, lines=1)
        volley.hang_up()
        await gone.wait()
    assert volley.failed == ["200 no"]
    assert len(volley.took) == 3
