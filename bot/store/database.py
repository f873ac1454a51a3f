"""Opening the database, and the schema in it: up to date, or refused if a newer version of the bot made it."""

import contextlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.setting_database import Address
from bot.store.events import forget_tail
from bot.store.recent import forget_recent
from bot.store.sqlite import SQLite

SCHEMA = "0007"
"""The newest revision in migrations/versions; a test holds the two together."""

BY_THE_OWNER = "`python -m bot db upgrade` with the owner's DATABASE_ADMIN_URL"


class Database(Protocol):
    """What one of the two does in its own way."""

    engine: Engine
    process: str
    """Names this process in leases and notifications."""
    is_shared: bool
    """Whether other processes may be at work on it."""

    def connect_unhurried(self) -> Connection:
        """Return a connection that waits for whoever migrates just now, and is not hurried itself."""
        ...

    def lacks(self, connection: Connection) -> tuple[str, ...] | None:
        """What this process's role may not do that serving takes; None for the owner, who may do all."""
        ...

    def is_open(self, connection: Connection) -> bool:
        """Whether the transaction is still there, and COMMIT would commit it."""
        ...

    def changes(self, connection: Connection) -> int:
        """A count that `seal` compares with, taken before BEGIN."""
        ...

    def seal(self, connection: Connection, before: int) -> bool:
        """Last before COMMIT: whether anything was written; if so, the other processes learn of it by the COMMIT."""
        ...

    def is_refusal(self, error: DBAPIError) -> bool:
        """Whether a COMMIT that failed so certainly did not happen."""
        ...

    def listen(self, notify: Callable[[], None]) -> Callable[[], None]:
        """Call this, from any thread, when another process has written; returns what ends it."""
        ...


def open_database(address: Address, resources: ExitStack, *, may_migrate: bool = True) -> Database:
    """Open the database or make its file; closing `resources` gives it back.

    Raises StoreError where it can't be opened, another process has it, a newer version made it, or it has to be
    brought up to date by its owner first.
    """
    try:
        database = _open(address, resources)
        resources.callback(database.engine.dispose)
        forget_tail(database.engine)
        forget_recent(database.engine)
        _migrate(database, address, may_migrate=may_migrate)
    except (OSError, DBAPIError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error.strerror or error
        words = " ".join(str(reason).split())
        raise StoreError(f"The database {address.shown} can't be opened: {words}.") from error
    return database


def open_owned(address: Address, resources: ExitStack) -> Database:
    """Open it to change what is on record already, which takes its owner. Raises StoreError."""
    database = open_database(address, resources)
    with contextlib.closing(database.connect_unhurried()) as connection, connection.begin():
        if database.lacks(connection) is not None:
            raise StoreError(f"Only the owner of {address.shown} may do that: set DATABASE_ADMIN_URL.")
    return database


def _open(address: Address, resources: ExitStack) -> Database:
    if address.path is not None:
        return SQLite(address.path, resources)
    from bot.store.postgresql import PostgreSQL  # noqa: PLC0415 - its driver takes a while to import

    return PostgreSQL(address.url)


def _migrate(database: Database, address: Address, *, may_migrate: bool) -> None:
    """In one transaction, which nobody else can begin meanwhile."""
    with contextlib.closing(database.connect_unhurried()) as connection, connection.begin():
        lacks = database.lacks(connection)
        if lacks:
            raise StoreError(
                f"The role that DATABASE_URL names lacks {', '.join(lacks)}. {BY_THE_OWNER} gives it what it needs."
            )
        known = None
        if inspect(connection).has_table("alembic_version"):
            known = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if known == SCHEMA:
            return
        if known is not None and known > SCHEMA:
            raise StoreError(
                f"The database is of schema {known}, made by a newer version of this bot; this one knows "
                f"{SCHEMA}. Start the newer version, or restore a backup from before the upgrade."
            )
        if not may_migrate or lacks is not None:
            what = f"is of schema {known}" if known else "has no schema yet"
            raise StoreError(
                f"The database {address.shown} {what}, and this version needs {SCHEMA}. {BY_THE_OWNER} brings it up "
                "to date; then start again."
            )
        upgrade(connection)


def upgrade(connection: Connection, to: str = SCHEMA) -> None:
    """Make the migrations up to one of them."""
    # Imported only when a migration is due: it costs a third of the start.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
