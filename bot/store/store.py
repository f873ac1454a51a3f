"""The store as the rest of the bot sees it: pieces of work, run in order, each committed or not at all."""

from collections.abc import Callable, Hashable, Iterable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot.clock import Clock
from bot.core.commands import Command
from bot.core.ids import RequestId
from bot.store.ledger import Applied, Entry, Judge, Ledger
from bot.store.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class Store:
    """Runs the ledger's work on the writer."""

    def __init__(self, writer: Writer, ledger: Ledger, clock: Clock, *, gives_way: bool = False) -> None:
        self.writer = writer
        self.ledger = ledger
        self.clock = clock
        self._gives_way = gives_way
        self.process = writer.database.process
        """Names this process in leases."""

    def giving_way(self) -> "Store":
        """Return the same for whatever nobody waits for: it comes behind those who wait for Slack's answer."""
        return Store(self.writer, self.ledger, self.clock, gives_way=True)

    def at_once(self) -> "Store":
        """Return the same for what must not wait for them."""
        return Store(self.writer, self.ledger, self.clock)

    async def run(self, work: Callable[[Connection], T], *, deadline: float | None = None) -> T:
        return await self.writer.run(work, deadline=deadline, gives_way=self._gives_way)

    async def do(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one function of the store with these arguments."""
        return await self.run(lambda connection: work(connection, *args, **kwargs))

    async def each(
        self, items: Iterable[K], do: Callable[[Connection, K], T]
    ) -> tuple[dict[K, T], dict[K, Exception]]:
        """Do something for each in one transaction: what came of it, and for whom it could not be done, and why."""

        def work(connection: Connection) -> tuple[dict[K, T], dict[K, Exception]]:
            done: dict[K, T] = {}
            failed: dict[K, Exception] = {}
            for item in items:
                savepoint = connection.begin_nested()
                try:
                    done[item] = do(connection, item)
                except DBAPIError:
                    raise
                except Exception as error:  # noqa: BLE001 - it is the caller's
                    savepoint.rollback()
                    failed[item] = error
                else:
                    savepoint.commit()
            return done, failed

        return await self.run(work)

    async def apply(self, request_id: RequestId, command: Command, *, judge: Judge | None = None) -> Applied:
        """Record what a task found out; the request exists, since the task was committed with it."""

        def work(connection: Connection) -> Applied:
            now = self.clock.now()
            applied = self.ledger.apply(connection, request_id, command, now, judge=judge)
            if applied is None:
                raise LookupError(request_id)
            return applied

        return await self.run(work)

    async def entry(self, request_id: RequestId) -> Entry:
        return await self.do(self.ledger.entry, request_id)
