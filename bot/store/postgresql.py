"""PostgreSQL: any number of processes on one database, of which one is in a transaction at a time."""

import contextlib
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, NullPool, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from bot.store.listener import CHANNEL, Listener
from bot.store.prepared import QUEUE, settle
from bot.store.roles import rights

T = TypeVar("T")
LOCK = 0x636F6E6669726D  # "confirm"
"""What every transaction takes first. So there is one chain and one who decides, and nothing is ever tried again."""
PATIENCE = 5_000
"""Milliseconds after which whoever is frozen, or waits for them, gives up."""
SESSION = {
    "lock_timeout": PATIENCE,
    "statement_timeout": PATIENCE,
    "idle_in_transaction_session_timeout": PATIENCE,
    "client_connection_check_interval": 1_000,
}
FROZEN = 7.0
"""Seconds without an answer after which the server counts as frozen: one that lives has given up after PATIENCE.

Its machine may answer for it all the while, so that neither keepalives nor TCP's own time-out notice.
"""
NETWORK = {
    "connect_timeout": 3,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": PATIENCE,
    "application_name": "confirm-safe",
}
"""libpq's, for a server that has gone without a word; what DATABASE_URL says comes before them."""
UNKNOWN_END = ("08", "57", "58", "XX")
"""Classes of SQLSTATE after which a COMMIT may have happened: the connection, an operator, the system."""

_IS_NEW = """
SELECT to_regclass('alembic_version') IS NULL AND coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)
"""
_SEAL = text(
    "SELECT pg_notify(:channel, :process) FROM pg_current_xact_id_if_assigned() AS written WHERE written IS NOT NULL"
)


class PostgreSQL:
    """A `bot.store.database.Database`. A pooler in front of it has to be one that pools sessions."""

    is_shared = True

    def __init__(self, url: str) -> None:
        self.process = uuid.uuid4().hex
        address = make_url(url).set(drivername="postgresql+psycopg")
        network = {name: value for name, value in NETWORK.items() if name not in address.query}
        self.engine = create_engine(address, poolclass=NullPool, pool_reset_on_return=None, connect_args=network)
        event.listen(self.engine, "do_connect", _connect)
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin)
        # SQLAlchemy knows nothing of the queue, and looks at each answer.
        event.listen(self.engine, "before_cursor_execute", lambda connection, *_: settle(connection))
        event.listen(self.engine, "commit", settle)
        event.listen(self.engine, "rollback", _drop_queue)

    def connect_unhurried(self) -> Connection:
        connection = self.engine.connect()
        driver = _driver(connection)
        driver.execute("SET lock_timeout = 60000; SET statement_timeout = 0")
        driver.frozen_after = None
        return connection

    def lacks(self, connection: Connection) -> tuple[str, ...] | None:
        driver = _driver(connection)
        if driver.execute(_IS_NEW).fetchone() == (True,):
            return None
        found = rights(driver)
        return None if found.owns else found.lacks

    def is_open(self, connection: Connection) -> bool:
        # After an error that no savepoint took back, COMMIT would roll back and say nothing of it.
        return bool(_driver(connection).info.transaction_status == TransactionStatus.INTRANS)

    def changes(self, connection: Connection) -> int:  # noqa: ARG002 - the transaction's own id tells in the end
        return 0

    def seal(self, connection: Connection, before: int) -> bool:  # noqa: ARG002 - likewise
        return connection.execute(_SEAL, {"channel": CHANNEL, "process": self.process}).rowcount > 0

    def is_refusal(self, error: DBAPIError) -> bool:
        state = getattr(error.orig, "sqlstate", None)
        return state is not None and not state.startswith(UNKNOWN_END)

    def listen(self, notify: Callable[[], None]) -> Callable[[], None]:
        listener = Listener(self.engine, self.process, notify)
        listener.start()
        return listener.close


class Watched(psycopg.Connection[Any]):
    """A connection that waits for no answer longer than `frozen_after` seconds, and is closed then."""

    frozen_after: float | None = FROZEN

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        try:
            return super().wait(gen, interval=interval, timeout=self.frozen_after if timeout is None else timeout)
        except psycopg.OperationalError as error:
            is_silence = error.sqlstate is None and not isinstance(error, psycopg.errors.PipelineAborted)
            if timeout is None and is_silence and not self.closed:
                self.pgconn.finish()  # an answer that comes now would be taken for the next one's
                raise psycopg.OperationalError("the server does not answer") from error
            raise


def _connect(_dialect: object, _record: object, arguments: Any, options: Any) -> Watched:
    return Watched.connect(*arguments, **options)


def _driver(connection: Connection) -> Any:
    """The driver's own connection: psycopg's."""
    return connection.connection.dbapi_connection


class Queue:
    """Sends writes without waiting for each one's answer; reading waits for what was sent before, in order."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._pipeline: Any = None

    def begin(self) -> None:
        """From here on nothing is waited for that is not read."""
        if self._pipeline is None:
            self._pipeline = self._driver.pipeline()
            self._pipeline.__enter__()

    def end(self) -> None:
        """Wait for all answers. Raises psycopg.Error: one of them was an error."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.__exit__(None, None, None)

    def drop(self) -> None:
        """Be rid of what is left after an error, which was told once."""
        with contextlib.suppress(psycopg.Error):
            self.end()


def _drop_queue(connection: Connection) -> None:
    if not connection.invalidated:
        connection.info[QUEUE].drop()


def _prepare(connection: Any, record: Any) -> None:
    record.info[QUEUE] = Queue(connection)
    connection.autocommit = True  # the driver would otherwise send BEGIN by itself, and alone
    # An acknowledged COMMIT is on disk, whatever the server's own default is.
    connection.execute(
        "; ".join(f"SET {name} = {value}" for name, value in (*SESSION.items(), ("synchronous_commit", "on")))
    )


def _begin(connection: Any) -> None:
    connection.exec_driver_sql(
        f"BEGIN; SELECT pg_advisory_xact_lock({LOCK})", execution_options={"no_parameters": True}
    )
