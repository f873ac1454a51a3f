"""What is done to the SQLite file as a whole: copying it while it is in use, and leaving no old text in it."""

import contextlib
import os
import sqlite3
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import Engine

from bot.errors import StoreError
from bot.setting_database import Address
from bot.store.database import Database
from bot.store.reader import open_reader


def back_up(address: Address, to: Path) -> None:
    """Copy a database that may be in use into a new file, readable by its owner only. Raises StoreError."""
    if address.path is None:
        raise StoreError(f"{address.shown} is PostgreSQL's: back it up with pg_dump.")
    with ExitStack() as resources:
        engine = open_reader(address, resources)
        try:
            os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            raise StoreError(f"{to} exists already: nothing is written over it.") from None
        except OSError as error:
            raise StoreError(f"{to} can't be written: {error.strerror}.") from error
        try:
            _copy(engine, to)
        except BaseException as error:
            to.unlink()
            if isinstance(error, sqlite3.Error):
                raise StoreError(f"{to} can't be written: {error}.") from error
            raise


def _copy(engine: Engine, to: Path) -> None:
    with contextlib.closing(sqlite3.connect(to)) as copy, contextlib.closing(engine.raw_connection()) as source:
        source.driver_connection.backup(copy)  # type: ignore[union-attr] # sqlite3's own
        (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
    if verdict != "ok":
        raise StoreError(f"The copy is damaged ({verdict}): so is the database, most likely.")
    with to.open("rb") as file:
        os.fsync(file.fileno())


def scrub(database: Database) -> None:
    """Leave nothing in SQLite's file and its log that was deleted or replaced. Raises StoreError.

    PostgreSQL's own VACUUM sees to its files, in its own time.
    """
    if database.is_shared:
        return
    try:
        with contextlib.closing(database.engine.raw_connection()) as raw:
            connection = raw.driver_connection
            connection.execute("VACUUM")  # type: ignore[union-attr] # sqlite3's own
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # type: ignore[union-attr] # likewise
    except sqlite3.Error as error:
        raise StoreError(f"It was done, but old text may still be in the file ({error}): VACUUM it.") from error
