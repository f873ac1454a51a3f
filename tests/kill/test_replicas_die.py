"""Real processes on one PostgreSQL: one is killed or frozen in the middle of its call, the other goes on."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import psycopg
import pytest
from yarl import URL

from bot.clock import SystemClock
from demo.entra import LocalEntra
from demo.graph import LocalGraph
from demo.local_slack import LocalSlack, Message
from demo.wire import Books, Fault
from tests.kill.stage import ROOT, free_port
from tests.postgres import PostgresServer, name_of
from tests.rig import APPROVALS, CONFIRM, settings_for

WITHIN = 100.0


@asynccontextmanager
async def replica(settings: Mapping[str, str], log: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The bot as its own process, once it is ready, and where it listens."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("COV")}
    environ = {**kept, "PYTHONPATH": str(ROOT), **settings, "PORT": str(port)}
    with log.open("ab") as lines:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", env=environ, stderr=lines)
    try:
        async with asyncio.timeout(WITHIN), aiohttp.ClientSession() as session:
            is_ready = False
            while not is_ready:
                await asyncio.sleep(0.1)
                is_ready = await _is_ready(session, port)
        yield process, f"http://127.0.0.1:{port}/slack/events"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        await process.wait()


async def has_recorded(log: Path, address: str) -> None:
    """Wait until a call has ended for a replica, and what it had to record of it stands before a later write."""
    port = URL(address).port
    assert port is not None
    async with asyncio.timeout(WITHIN), aiohttp.ClientSession() as session:
        answers = 0
        while answers < 2:  # what it records is queued by the time it has answered once
            await asyncio.sleep(0.1)
            answers += _says(log, "confirmSafe called") and await _is_ready(session, port)


def _says(log: Path, words: str) -> bool:
    return words in log.read_text()


async def _is_ready(session: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


def outcomes(slack: LocalSlack, message: Message) -> list[Message]:
    return [m for m in slack.thread(message) if "read back" in slack.plain(m)]


def count(database: "psycopg.Connection[tuple[object, ...]]", kind: str) -> int:
    row = database.execute("SELECT count(*) FROM events WHERE kind = %s", [kind]).fetchone()
    assert row is not None
    return int(str(row[0]))


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_whoever_dies_in_its_call_is_stood_in_for_and_nothing_is_done_twice(
    tmp_path: Path, postgres: PostgresServer, how: signal.Signals
) -> None:
    clock, books, url = SystemClock(), Books(), postgres.new_database()
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(books, now=clock.now))
        entra = await stack.enter_async_context(LocalEntra(books, now=clock.now))
        graph = await stack.enter_async_context(
            LocalGraph(
                books, now=clock.now, is_live=entra.is_live, token_roles=entra.roles_of, rate=None, processing=0.5
            )
        )
        settings = settings_for(slack, entra, graph, tmp_path / "unused") | {
            "DATABASE_URL": url,
            "REQUESTS_CA_BUNDLE": str(entra.ca_file),
        }
        first, slack.bot_url = await stack.enter_async_context(replica(settings, tmp_path / "first"))
        address = slack.bot_url
        await slack.command("adelev@contoso.com VPN")
        await books.until(lambda: slack.messages(APPROVALS), WITHIN)
        message = slack.messages(APPROVALS)[0]
        await books.until(
            lambda: any("is waiting" in slack.plain(m) for u in slack.users for m in slack.ephemerals(u)), WITHIN
        )
        graph.faults.add(Fault("confirmSafe", "hang"))
        await slack.click(message, "approve")
        await books.until(lambda: books.of(CONFIRM), WITHIN)
        first.send_signal(how)
        _, slack.bot_url = await stack.enter_async_context(replica(settings, tmp_path / "second"))
        await books.until(lambda: "1 user confirmed safe" in slack.plain(message), WITHIN)
        assert len(books.of(CONFIRM)) == 2  # the second after it was read back twice
        if how == signal.SIGSTOP:
            first.send_signal(signal.SIGCONT)
            await has_recorded(tmp_path / "first", address)
        await books.until(lambda: outcomes(slack, message), WITHIN)
        assert len(books.of(CONFIRM)) == 2
        assert "1 user confirmed safe" in slack.plain(message)
        assert len(outcomes(slack, message)) == 1
        with postgres.admin(name_of(url)) as database:
            assert (count(database, "Approved"), count(database, "Accepted")) == (1, 1)
        assert books.complaints == []
