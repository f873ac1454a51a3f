"""Checks the database's file without changing it: its schema, and whether the bot could write it."""

import contextlib
import fcntl
import os
import sqlite3
from pathlib import Path

from bot.check import Check, no, ok, warn
from bot.setting_database import Address
from bot.store.database import BY_THE_OWNER, SCHEMA
from bot.store.roles import Rights, rights
from bot.store.sqlite import lock_of

ABOUT = "database"
VERSIONS = "alembic_version"
AS_THE_BOT = "Run the doctor as the user that the bot runs as, and let that user write the file and its directory."


def database_check(address: Address, *, is_split: bool = False) -> Check:
    """Look at the file or at the server; nothing is made, migrated or kept.

    `is_split`: another role than the one that serves is to own the database.
    """
    name = f"database {address.shown}"
    if address.path is None:
        return _on_a_server(address, name, is_split=is_split)
    try:
        return _looked_at(address.path, name)
    except OSError as error:
        return no(ABOUT, f"{name}: can't be looked at ({error.strerror})", AS_THE_BOT)


def _looked_at(path: Path, name: str) -> Check:
    if not path.parent.is_dir():
        return no(ABOUT, f"{name}: there is no such directory", "Make it, or correct DATABASE_URL.")
    written = [path.parent, *([path] if path.exists() else [])]  # SQLite makes files of its own beside it
    if not all(os.access(one, os.W_OK, effective_ids=True) for one in written):
        return no(ABOUT, f"{name}: may not be written by this user", AS_THE_BOT)
    if not path.exists():
        return ok(ABOUT, f"{name}: made at the first start, schema {SCHEMA}")
    is_held = _is_held(path)
    try:
        schema = _schema(path, is_held=is_held)
    except sqlite3.Error as error:
        return no(
            ABOUT,
            f"{name}: can't be used ({error})",
            "Is it this bot's file? Restore a backup, or correct DATABASE_URL.",
        )
    if is_held and not _is_newer(schema):
        return ok(ABOUT, f"{name}: a running bot has it, schema {schema}")
    return _of_schema(name, schema)


def _is_newer(schema: str | None) -> bool:
    return schema is not None and schema > SCHEMA


def _of_schema(name: str, schema: str | None) -> Check:
    """Say what becomes of a database that can be written."""
    if _is_newer(schema):
        what = f"{name}: schema {schema} is of a newer version of this bot; this one knows {SCHEMA}"
        return no(ABOUT, what, "Start the newer version, or restore a backup from before the upgrade.")
    if schema == SCHEMA:
        return ok(ABOUT, f"{name}: schema {schema}, writable")
    old = f"schema {schema}" if schema else "no schema yet"
    return ok(ABOUT, f"{name}: {old}, the next start makes it {SCHEMA}; writable")


def _is_held(path: Path) -> bool:
    """Whether a running bot has locked it."""
    try:
        lock = os.open(lock_of(path), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _schema(path: Path, *, is_held: bool) -> str | None:
    """Read the newest migration that was made; where nobody has the file, begin a write to see that it can be."""
    mode = "ro" if is_held else "rw"
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, timeout=1.0)) as connection:
        if not is_held:
            connection.execute("BEGIN IMMEDIATE")
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
        connection.rollback()
    return str(row[0]) if row else None


def _on_a_server(address: Address, name: str, *, is_split: bool) -> Check:
    """Ask PostgreSQL, without the lock by which the bots take turns."""
    import psycopg  # noqa: PLC0415 - it takes a while to import

    try:
        with psycopg.connect(address.url, connect_timeout=3, autocommit=True) as connection:
            is_standby = connection.execute("SHOW transaction_read_only").fetchone() == ("on",)
            known = connection.execute("SELECT to_regclass('alembic_version')").fetchone() != (None,)
            found = rights(connection)
            may_look = known and f"SELECT on {VERSIONS}" not in found.lacks
            row = connection.execute(f"SELECT version_num FROM {VERSIONS}").fetchone() if may_look else None  # noqa: S608 - ours
    except psycopg.Error as error:
        why = " ".join(str(error).split())
        for secret in address.secrets:
            why = why.replace(secret, "…")
        return no(ABOUT, f"{name}: can't be used ({why})", "Is the server up, and DATABASE_URL right?")
    if is_standby:
        return no(ABOUT, f"{name}: can't be written", "Is it a standby? DATABASE_URL must lead to the primary.")
    return _by_roles(name, str(row[0]) if row else None, found, is_split=is_split)


def _by_roles(name: str, schema: str | None, found: Rights, *, is_split: bool) -> Check:
    """Judge it by what the role that serves may do."""
    is_owner = found.owns or (schema is None and "may make tables" in found.beyond)
    if is_owner and not is_split:
        judged = _of_schema(name, schema)
        return ok(ABOUT, f"{judged.text}; {found.role} owns it") if judged.verdict == "ok" else judged
    if found.lacks:
        return no(ABOUT, f"{name}: {found.role} lacks {', '.join(found.lacks)}", f"Run {BY_THE_OWNER}.")
    if schema is None or schema < SCHEMA:
        old = f"schema {schema}" if schema else "no schema yet"
        return no(ABOUT, f"{name}: {old}, and this version needs {SCHEMA}", f"Run {BY_THE_OWNER}.")
    judged = _of_schema(name, schema)
    if judged.verdict != "ok":
        return judged
    if found.beyond:
        what = f"{name}: {found.role}, which serves, has more than that takes: it {', '.join(found.beyond)}"
        return warn(ABOUT, what, f"Take it away, then run {BY_THE_OWNER}: README, *Two roles*.")
    return ok(ABOUT, f"{judged.text}; {found.role} can add to the record and not change it")
