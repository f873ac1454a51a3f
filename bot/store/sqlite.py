"""SQLite: one file, readable by its owner only, and one process at a time."""

import fcntl
import os
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError

from bot.errors import DatabaseInUse

NEVER_STORED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_LOCKED}
"""After these a COMMIT certainly did not happen (https://www.sqlite.org/rescode.html)."""


class SQLite:
    """A `bot.store.database.Database`. Raises OSError, DatabaseInUse."""

    is_shared = False

    def __init__(self, path: Path, resources: ExitStack) -> None:
        self.process = uuid.uuid4().hex
        _hold(path, resources)
        self.engine = create_engine(f"sqlite:///{path}", isolation_level=None, connect_args={"timeout": 1.0})
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin)

    def connect_unhurried(self) -> Connection:
        return self.engine.connect()

    def lacks(self, connection: Connection) -> None:  # noqa: ARG002 - whoever can write the file owns it
        return None

    def is_open(self, connection: Connection) -> bool:
        return bool(_driver(connection).in_transaction)

    def changes(self, connection: Connection) -> int:
        return int(_driver(connection).total_changes)

    def seal(self, connection: Connection, before: int) -> bool:
        return self.changes(connection) != before

    def is_refusal(self, error: DBAPIError) -> bool:
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in NEVER_STORED

    def listen(self, notify: Callable[[], None]) -> Callable[[], None]:  # noqa: ARG002 - there is nobody else
        return lambda: None


def _driver(connection: Connection) -> Any:
    """The driver's own connection: sqlite3's."""
    return connection.connection.dbapi_connection


def lock_of(path: Path) -> Path:
    """The file whose lock says that a process has the database."""
    return path.with_name(path.name + ".lock")


def _hold(path: Path, resources: ExitStack) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    resources.callback(os.close, descriptor)
    os.fchmod(descriptor, 0o600)
    # A lock of its own: SQLite's live on the file itself, and closing any descriptor of it drops them.
    lock = os.open(lock_of(path), os.O_RDWR | os.O_CREAT, 0o600)
    resources.callback(os.close, lock)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DatabaseInUse(
            f"The database {path} is in use by another process of this bot. Only one may serve from it: "
            "stop the other one first."
        ) from error


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would otherwise begin, deferred, when it likes
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
