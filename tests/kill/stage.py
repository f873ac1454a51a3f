"""One run of the story with a real process that is killed once, and what must be true afterwards."""

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text

from bot.clock import SystemClock
from demo.entra import LocalEntra
from demo.graph import LocalGraph
from demo.local_slack import Answer, LocalSlack, Message
from demo.wire import Books, Call
from tests.rig import APPROVALS, INCIDENT, SOCKET_MODE, settings_for

ROOT = Path(__file__).parents[2]
WITHIN = 100.0
ANSWER_TAKES = 0.25
"""Seconds a stopped process gets for the answer to reach its socket, before it is killed unread."""


@dataclass(frozen=True)
class Kill:
    """When to kill: at the n-th call, arrived or answered; or at the n-th commit, before or after it."""

    what: str
    nth: int

    def __str__(self) -> str:
        return f"{self.what} {self.nth}"


NEVER = Kill("never", 0)


@dataclass
class Stage:
    """The look-alikes and the process between them."""

    books: Books
    slack: LocalSlack
    entra: LocalEntra
    graph: LocalGraph
    folder: Path
    kill: Kill
    database: str
    """Its DATABASE_URL."""
    process: asyncio.subprocess.Process | None = None
    port: int = 0
    deaths: int = 0
    calls: int = 0
    acked: list[int] = field(default_factory=list)
    """How many commits there were when a command or click was answered."""
    unanswered: int = 0
    """Commands and clicks that reached the bot and were not."""
    _watch: set[asyncio.Task[None]] = field(default_factory=set)

    async def tap(self, what: str, call: Call) -> None:
        """Kill at the call that was ordered; only the bot's own calls are in the books."""
        if what == "arrived":
            self.calls += 1
        if self.deaths or self.process is None:
            return
        if (what, self.kill.what, call.n) == ("arrived", "arrived", self.kill.nth):
            await self._end(self.process)
        if self.kill.what == "answered" and call.n == self.kill.nth:
            if what == "arrived":
                self.process.send_signal(signal.SIGSTOP)
            else:
                await asyncio.sleep(ANSWER_TAKES)  # the answer lies in the dead process's socket, unread
                await self._end(self.process)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        self.deaths += 1

    async def serve(self) -> None:
        """Keep the bot running: a process that died is started again."""
        while True:
            environ = {
                **{name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("COV")},
                "PYTHONPATH": str(ROOT),
                "REQUESTS_CA_BUNDLE": str(self.entra.ca_file),
                "COMMITS_LOG": str(self.folder / "commits"),
                "KILL_AT": str(self.kill) if self.kill.what in {"before", "after"} and not self.deaths else "never 0",
                **settings_for(self.slack, self.entra, self.graph, self.folder / "unused"),
                "DATABASE_URL": self.database,
                "PORT": str(self.port),
            }
            with (self.folder / "log").open("ab") as log:
                self.process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "tests.kill.killable", env=environ, cwd=self.folder, stderr=log
                )
                status = await self.process.wait()
            if status == -signal.SIGKILL and self.kill.what in {"before", "after"}:
                self.deaths += 1
            self.books.note_change()

    async def comes_to_rest(self) -> None:
        """Wait until who was to be killed was, and nothing is in hand or due: the end has no event of its own."""
        async with asyncio.timeout(WITHIN):
            is_at_rest = False
            while not is_at_rest:
                await asyncio.sleep(0.05)
                is_at_rest = not self._is_alive_too_long() and await asyncio.to_thread(self._is_at_rest)

    def _is_alive_too_long(self) -> bool:
        reached = self.calls if self.kill.what in {"arrived", "answered"} else self.commits()
        return self.kill is not NEVER and not self.deaths and reached >= self.kill.nth

    def _is_at_rest(self) -> bool:
        """Whether no task is leased, or due within a second."""
        soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        engine = create_engine(self.database.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
        with engine.connect() as connection:
            left = connection.execute(
                text("SELECT count(*) FROM tasks WHERE lease_until IS NOT NULL OR due_at <= :soon"), {"soon": soon}
            )
            return bool(left.scalar_one() == 0)

    def commits(self) -> int:
        log = self.folder / "commits"
        return len(log.read_text()) if log.exists() else 0

    async def tell_story(self) -> Message:
        """Act as people do: whoever gets no answer tries again, until it is plain that it was taken."""
        while not self.slack.messages(APPROVALS):
            answer = await self.slack.command("adelev@contoso.com, alexw@contoso.com VPN exit moved")
            self._count(answer)
            if answer.status == 200 and "Got it" in str(answer.body):
                await self.books.until(lambda: self.slack.messages(APPROVALS), WITHIN)
                break
            await asyncio.sleep(0.3)
        message = self.slack.messages(APPROVALS)[0]
        while not self._is_decided(message):
            told = len(self.slack.ephemerals("U0MEGAN"))
            answer = await self.slack.click(_with_button(message), "approve", by="U0MEGAN")
            self._count(answer)
            if answer.status == 200:
                await self.books.until(partial(self._is_answered, message, told), WITHIN)
            else:
                await asyncio.sleep(0.3)
        await self.books.until(lambda: "2 of 2 confirmed safe" in self.slack.plain(message), WITHIN)
        await self.books.until(self._all_told, WITHIN)
        return message

    def _count(self, answer: Answer) -> None:
        if answer.status == 200:
            self.acked.append(self.commits())
        elif answer.error == TimeoutError.__name__:
            self.unanswered += 1

    def _is_decided(self, message: Message) -> bool:
        return "[Approve]" not in self.slack.plain(message)

    def _is_answered(self, message: Message, told: int) -> bool:
        """A click that was accepted shows in the message, or the person is told why it did not count."""
        return self._is_decided(message) or len(self.slack.ephemerals("U0MEGAN")) > told

    def _all_told(self) -> bool:
        message = self.slack.messages(APPROVALS)[0]
        told = [self.slack.plain(m) for m in self.slack.thread(message)]
        lines = [self.slack.plain(m) for m in self.slack.messages(INCIDENT)]
        return any("read back" in t for t in told) and len(lines) >= 2 and "2 of 2" in lines[0]


def _with_button(message: Message) -> Message:
    """The message with the buttons it was first shown with: people click what they have on their screen."""
    for blocks in (message.blocks, *(blocks for _, blocks in message.edits)):
        if any(e.get("action_id") == "approve" for b in blocks for e in b.get("elements", [])):
            shown = Message(message.channel, message.ts, message.user, message.text, blocks)
            shown.thread_ts = message.thread_ts
            return shown
    raise LookupError("it never had an Approve button")


@asynccontextmanager
async def staged(folder: Path, kill: Kill = NEVER, *, way: str = "HTTP", database: str = "") -> AsyncIterator[Stage]:
    """Everything up; the first start is part of what may be killed. Without a URL it is SQLite in the folder."""
    database = database or f"sqlite:///{folder / 'confirm-safe.db'}"
    clock = SystemClock()
    books = Books()
    async with contextlib.AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(books, now=clock.now))
        slack.sockets.is_on = way == SOCKET_MODE
        entra = await stack.enter_async_context(LocalEntra(books, now=clock.now))
        graph = await stack.enter_async_context(
            LocalGraph(
                books, now=clock.now, is_live=entra.is_live, token_roles=entra.roles_of, rate=None, processing=0.5
            )
        )
        stage = Stage(books, slack, entra, graph, folder, kill, database, port=free_port())
        books.tap = stage.tap
        slack.bot_url = f"http://127.0.0.1:{stage.port}/slack/events"
        serving = asyncio.create_task(stage.serve())
        try:
            yield stage
        finally:
            serving.cancel()
            await asyncio.wait([serving])
            if stage.process is not None and stage.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    stage.process.kill()
                await stage.process.wait()
    await asyncio.sleep(0)


_PORTS = itertools.count(20_000 + os.getpid() % 100 * 100)


def free_port() -> int:
    """Choose a port that stays ours while the bot is dead: below those that others are given by chance."""
    while True:
        port = next(_PORTS)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
