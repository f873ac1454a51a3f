"""What is done to the machines: processes killed and frozen, connections cut, the database locked or restarted."""

import asyncio
import contextlib
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from demo.wire import Books
from tests.chaos.replicas import Replica
from tests.postgres import PostgresServer

SPARED = 0.8
GETS_ON, GETS_ON_WITHIN = 10, 60.0
"""Calls that the bot makes between two troubles, and seconds after which there is one all the same."""

Action = Callable[[], Awaitable[None]]


class Trouble:
    """Does one thing after the other until cancelled; a subclass knows its database."""

    pauses = (2.0, 6.0)
    """Seconds between two troubles, at least and at most."""
    frozen = (2.0, 20.0)
    """The longest is more than a lease: whoever wakes up has been stood in for."""

    def __init__(self, replicas: Sequence[Replica], books: Books, seed: int) -> None:
        self._replicas = replicas
        self._books = books
        self._random = random.Random(f"trouble {seed}")
        self._beside: set[asyncio.Task[None]] = set()
        self.done: Counter[str] = Counter()

    async def rage(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._random.uniform(*self.pauses))
                with contextlib.suppress(TimeoutError):
                    seen = len(self._books.calls)
                    await self._books.until(partial(self._has_got_on, seen), GETS_ON_WITHIN)
                await self._random.choice(self.choices())()
        finally:
            for task in self._beside:
                task.cancel()
            await asyncio.gather(*self._beside, return_exceptions=True)

    def choices(self) -> list[Action]:
        return [*[self._kill] * 6, self._freeze]

    def _has_got_on(self, seen: int) -> bool:
        return len(self._books.calls) >= seen + GETS_ON

    async def _kill(self) -> None:
        """Kill one; who is starting is mostly spared: on a busy machine nobody would ever get up."""
        replica, is_spared = self._random.choice(self._replicas), self._random.random() < SPARED
        if not is_spared or await replica.is_ready():
            self.done["killed"] += replica.tell(signal.SIGKILL)

    async def _freeze(self) -> None:
        replica, seconds = self._random.choice(self._replicas), self._random.uniform(*self.frozen)
        process = replica.process
        self.done["frozen"] += replica.tell(signal.SIGSTOP)

        async def thaw() -> None:
            try:
                await asyncio.sleep(seconds)
            finally:
                if replica.process is process:
                    replica.tell(signal.SIGCONT)

        self._beside_this(thaw())

    def _beside_this(self, doing: Awaitable[None]) -> None:
        task = asyncio.ensure_future(doing)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)


class PostgresTrouble(Trouble):
    """Connections are cut, and the server is restarted: once, and then every few minutes."""

    between_restarts = 180.0
    down = (0.5, 4.0)

    def __init__(
        self, replicas: Sequence[Replica], books: Books, seed: int, server: PostgresServer, database: str
    ) -> None:
        super().__init__(replicas, books, seed)
        self._server = server
        self._database = database
        self._restart_at = asyncio.get_running_loop().time() + self._random.uniform(20.0, 45.0)

    def choices(self) -> list[Action]:
        now = asyncio.get_running_loop().time()
        if now >= self._restart_at:
            self._restart_at = now + self.between_restarts
            return [self._restart]
        return [*super().choices(), *[self._cut] * 3]

    async def _cut(self) -> None:
        self.done["connections cut"] += await asyncio.to_thread(self._server.cut, self._database)

    async def _restart(self) -> None:
        mode, seconds = self._random.choice(("fast", "immediate")), self._random.uniform(*self.down)

        def restart() -> None:
            self._server.stop(mode)
            time.sleep(seconds)  # in a thread of its own
            self._server.start()

        restarting = asyncio.ensure_future(asyncio.to_thread(restart))
        try:
            await asyncio.shield(restarting)
        finally:
            await restarting  # also when the trouble is over: nobody goes on without a server
        self.done[f"restarted ({mode})"] += 1


class SqliteTrouble(Trouble):
    """Somebody else holds the file's lock for a while."""

    pauses = (4.0, 9.0)  # there is nobody to stand in
    frozen = (1.0, 6.0)
    locked = (0.5, 4.0)

    def __init__(self, replicas: Sequence[Replica], books: Books, seed: int, database: Path) -> None:
        super().__init__(replicas, books, seed)
        self._database = database

    def choices(self) -> list[Action]:
        return [*super().choices(), *[self._lock] * 2]

    async def _lock(self) -> None:
        with closing(sqlite3.connect(self._database, isolation_level=None, timeout=0)) as holder:
            try:
                holder.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return  # the bot writes just now, or has not made it yet
            await asyncio.sleep(self._random.uniform(*self.locked))
        self.done["locked"] += 1
