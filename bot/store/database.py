"""Opening the database: one process at a time, its file readable by its owner only, its schema up to date."""

import fcntl
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError

from bot.errors import DatabaseInUse, StoreError

SCHEMA = "0003"
"""The newest revision in migrations/versions; a test holds the two together."""


def open_database(path: Path, resources: ExitStack) -> Engine:
    """Open or make the SQLite file; closing `resources` gives it back.

    Raises StoreError where it can't be opened, another process has it, or a newer version made it.
    """
    try:
        _hold(path, resources)
        engine = create_engine(f"sqlite:///{path}", isolation_level=None, connect_args={"timeout": 1.0})
        resources.callback(engine.dispose)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        _migrate(engine)
    except (OSError, DBAPIError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error.strerror
        raise StoreError(f"The database {path} can't be opened: {reason}.") from error
    return engine


def _hold(path: Path, resources: ExitStack) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    resources.callback(os.close, descriptor)
    os.fchmod(descriptor, 0o600)
    # A lock of its own: SQLite's live on the file itself, and closing any descriptor of it drops them.
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
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


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection:
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
    _upgrade(engine)


def _upgrade(engine: Engine) -> None:
    # Imported only when a migration is due: it costs a third of the start.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, SCHEMA)
