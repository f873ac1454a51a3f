"""Opening the database to read it beside a running bot: no lock is taken, nothing can be written."""

import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from bot.errors import StoreError
from bot.setting_database import Address
from bot.store.tables import events


def open_reader(address: Address, resources: ExitStack) -> Engine:
    """Open the database for reading; each transaction sees one moment. Raises StoreError."""
    path = address.shown
    engine = _sqlite(address.path) if address.path is not None else _postgresql(address.url)
    resources.callback(engine.dispose)
    try:
        with engine.connect() as connection:
            is_ours = inspect(connection).has_table(events.name)
    except DBAPIError as error:
        raise StoreError(f"The database {path} can't be read: {error.orig}.") from error
    if not is_ours:
        raise StoreError(f"The database {path} is not one of this bot.")
    return engine


def _sqlite(path: Path) -> Engine:
    if not path.is_file():
        raise StoreError(f"There is no database {path}.")
    uri = f"file:{quote(str(path))}?mode=ro"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5.0)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    return engine


def _postgresql(url: str) -> Engine:
    where = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(where, poolclass=NullPool, isolation_level="REPEATABLE READ")
    return engine.execution_options(postgresql_readonly=True)


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")
