"""Opening the database to read it beside a running bot: no lock is taken, nothing can be written."""

import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from bot.errors import StoreError
from bot.store.tables import events


def open_reader(path: Path, resources: ExitStack) -> Engine:
    """Open the SQLite file for reading; each transaction sees one moment. Raises StoreError."""
    if not path.is_file():
        raise StoreError(f"There is no database {path}.")
    address = f"file:{quote(str(path))}?mode=ro"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True, isolation_level=None, timeout=5.0)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    resources.callback(engine.dispose)
    event.listen(engine, "begin", _begin)
    try:
        with engine.connect() as connection:
            is_ours = inspect(connection).has_table(events.name)
    except DBAPIError as error:
        raise StoreError(f"The database {path} can't be read: {error.orig}.") from error
    if not is_ours:
        raise StoreError(f"The database {path} is not one of this bot.")
    return engine


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")
