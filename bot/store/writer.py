"""One thread that owns the database connection and commits what waits together, each part failing alone."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.errors import CannotTell, NothingRecorded, StoreError
from bot.store.batches import Batches, Item, Result, settle_all
from bot.store.database import Database
from bot.store.prepared import settle

T = TypeVar("T")
LAST_MOMENT = 0.4
"""Seconds after its deadline that whoever waits is still given: then Slack's three are nearly over."""
TROUBLE_LASTS = 30.0
"""Seconds after a failed record for which the store is still called troubled."""
TROUBLE = (DBAPIError, OSError)
"""What drivers raise; a lost connection sometimes bare."""

log = structlog.get_logger()


class Writer:
    """Runs small pieces of work in as few transactions as possible: in order, what gives way behind the rest."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._stop_listening: Callable[[], None] = lambda: None
        self._batches = Batches()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._committed: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self.failing: str = ""
        """Why the last transaction failed; empty when it did not."""
        self._last_failure = (float("-inf"), "")

    def start(self) -> None:
        self._thread.start()
        self._stop_listening = self.database.listen(self._tell)

    @property
    def trouble(self) -> str:
        """Why records are not taken now or were not just before; a small one may fit where the next does not."""
        at, why = self._last_failure
        return self.failing or (why if time.monotonic() - at < TROUBLE_LASTS else "")

    def on_commit(self, notify: Callable[[], None]) -> None:
        """Call this, from another thread, after each transaction that changed something, whoever's it was."""
        self._committed.append(notify)

    def _tell(self) -> None:
        for notify in self._committed:
            notify()

    async def run(
        self, work: Callable[[Connection], T], *, deadline: float | None = None, gives_way: bool = False
    ) -> T:
        """Return what the work returns, once that is committed; `deadline` is in `time.monotonic`'s seconds.

        With `gives_way` others come before it, but not all of them: something of it is in each transaction.
        Raises NothingRecorded if it never reached BEGIN or was rolled back, CannotTell if COMMIT broke.
        What the work itself raises undoes that work alone. It may be called twice, so all it changes is the database.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        item = Item(work, answer, deadline, gives_way)
        self._batches.put(item)
        if deadline is None:
            return await answer
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic()) + LAST_MOMENT):
                return await answer
        except TimeoutError as error:
            raise self._withdraw(item) from error

    def _withdraw(self, item: Item) -> StoreError:
        """Whoever waits has to be answered now: with the truth, as far as it can be told."""
        with self._lock:
            if item.state == "waiting":
                item.state = "withdrawn"
                return NothingRecorded("the database is busy")
            return CannotTell("the database has not answered yet")

    def close(self) -> None:
        """Finish what waits and give the connection back."""
        self._stop_listening()
        self._batches.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        connection: Connection | None = None
        while True:
            batch, is_last = self._batches.take()
            if batch:
                try:
                    connection = connection or self.database.engine.connect()
                    self._transact(connection, batch)
                except (*TROUBLE, _RolledBack) as error:
                    self._failed(batch, NothingRecorded(_why(error)))
                    self._give_up(connection)
                    connection = None
                except BaseException as error:
                    log.exception("the store's thread met a bug")
                    self._fail(batch, error)
                    self._give_up(connection)
                    connection = None
            if is_last:
                _drop(connection)
                return

    def _give_up(self, connection: Connection | None) -> None:
        """End it as it is: a server that has failed may not answer to a ROLLBACK either."""
        if connection is not None and self.database.is_shared:
            with contextlib.suppress(*TROUBLE):
                connection.invalidate()
        _drop(connection)

    def _transact(self, connection: Connection, batch: list[Item]) -> None:
        database = self.database
        self._fail_late(batch)
        if all(item.is_settled for item in batch):
            return
        before = database.changes(connection)
        transaction = connection.begin()
        # It may have taken a while: others have the database too, or it was away.
        self._fail_late(batch)
        todo = [item for item in batch if not item.is_settled and self._take_up(item)]
        try:
            results, has_written = self._together(connection, todo, before)
        except Exception as error:
            if connection.invalidated:
                raise _RolledBack(_why(error) if isinstance(error, TROUBLE) else str(error)) from error
            transaction.rollback()  # whoever's it was: each is now done on its own
            before = database.changes(connection)
            transaction = connection.begin()
            results, has_written = self._one_by_one(connection, todo, before)
        try:
            transaction.commit()
        except TROUBLE as error:
            if isinstance(error, DBAPIError) and database.is_refusal(error):
                raise
            self._failed(todo, CannotTell(_why(error)))
            raise
        self._note(results, has_written=has_written)
        settle_all(results)
        # Reading wakes nobody: the loop reads what is due, and would wake itself for ever.
        if has_written:
            self._tell()

    def _together(self, connection: Connection, todo: list[Item], before: int) -> tuple[list[Result], bool]:
        """As if nothing could fail; what does, raises, and none of it is to be committed."""
        results: list[Result] = [(item, item.work(connection), None) for item in todo]
        has_written = self.database.seal(connection, before)
        if not self.database.is_open(connection):
            raise _RolledBack(_why_of(None))
        return results, has_written

    def _one_by_one(self, connection: Connection, todo: list[Item], before: int) -> tuple[list[Result], bool]:
        """Each in a savepoint, so that what fails fails alone."""
        results: list[Result] = []
        for item in todo:
            results.append((item, *_attempt(connection, item)))
            if connection.invalidated or not self.database.is_open(connection):
                # A full disk, for one, undoes the whole transaction: what came before in it is gone too, and
                # what came after would be committed on its own (https://www.sqlite.org/lang_transaction.html).
                raise _RolledBack(_why_of(results[-1][2]))
        return results, self.database.seal(connection, before)

    def _fail_late(self, batch: list[Item]) -> None:
        now = time.monotonic()  # of the person who waits for Slack, whatever the clock on the wall says
        late = [item for item in batch if item.deadline is not None and now >= item.deadline]
        self._fail(late, NothingRecorded("too late"))

    def _take_up(self, item: Item) -> bool:
        """Begin with it, unless it was withdrawn."""
        with self._lock:
            if item.state != "waiting":
                return False
            item.state = "taken"
            return True

    def _note(self, results: list[Result], *, has_written: bool) -> None:
        """Remember whether the database takes what it is given: readiness and the log tell."""
        failing = next((str(raised) for _, _, raised in results if isinstance(raised, NothingRecorded)), "")
        if failing:
            self._note_failure(failing)
        elif self.failing and has_written:
            log.info("the database takes records again")
            self.failing = ""

    def _failed(self, batch: list[Item], error: StoreError) -> None:
        self._note_failure(str(error))
        self._fail(batch, error)

    def _note_failure(self, why: str) -> None:
        if not self.failing:
            log.error("the database takes no record", why=why)
        self.failing = why
        self._last_failure = (time.monotonic(), why)

    @staticmethod
    def _fail(batch: list[Item], error: BaseException) -> None:
        settle_all([(item, None, error) for item in batch if not item.is_settled])


class _RolledBack(Exception):
    """The database has undone the whole transaction by itself."""


def _attempt(connection: Connection, item: Item) -> tuple[Any, BaseException | None]:
    savepoint = connection.begin_nested()
    try:
        result = item.work(connection)
        settle(connection)
        savepoint.commit()
    except TROUBLE as error:
        with contextlib.suppress(*TROUBLE):
            savepoint.rollback()
        is_ours = isinstance(error, IntegrityError)
        return None, error if is_ours else NothingRecorded(_why(error))
    except Exception as error:  # noqa: BLE001 - it goes to whoever asked for this work, and undoes only theirs
        with contextlib.suppress(*TROUBLE):
            savepoint.rollback()
        return None, error
    return result, None


def _drop(connection: Connection | None) -> None:
    if connection is not None:
        with contextlib.suppress(*TROUBLE):
            connection.close()


def _why(error: DBAPIError | OSError | _RolledBack) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    words = " ".join(str(cause).split())
    return words if isinstance(error, _RolledBack) else f"{type(cause).__name__}: {words}"


def _why_of(error: BaseException | None) -> str:
    return str(error) if error is not None else "the transaction ended by itself"
