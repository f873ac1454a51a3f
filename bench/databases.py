"""The two databases as the bench handles them: filled, copied, and read behind the bot's back."""

import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql

from tests.postgres import PostgresServer, name_of

TABLES = ("requests", "events", "event_bodies", "targets", "tasks", "posts")
"""In an order in which each refers only to those before it."""
LAST, NONE_YET = "SELECT n, mac FROM events ORDER BY n DESC LIMIT 1", (0, "0" * 64)
BOTS_LOCK = 0x636F6E6669726D
"""What the bot's transactions take first on PostgreSQL."""
FLAGS = frozenset({"is_open", "doubtful"})
SERVER = {"listen_addresses": "''", "max_connections": "60", "shared_buffers": "128MB"}
"""Synced and with full pages, as anybody's."""

Rows = Mapping[str, Sequence[dict[str, Any]]]


class Tables(Protocol):
    """What a process of its own may be given, to write to."""

    def append(self, rows: Callable[[int, str], Rows]) -> None:
        """Write what is made of the number and mac of the chain's last entry, in one transaction."""
        ...

    def tidy(self) -> None:
        """Do what the server would do by itself a little later, and then in the way of what is timed."""
        ...


class Database(Tables, Protocol):
    """What is done with either."""

    name: str
    url: str
    version: str

    @property
    def tables(self) -> Tables:
        """The same, to be sent to another process."""
        ...

    def copy(self) -> "Database":
        """Make another one of the same content; nobody may have this one open."""
        ...

    def rows(self, table: str, column: str, value: object) -> list[dict[str, Any]]:
        """Read rows of a table."""
        ...

    def count(self, kind: str) -> int:
        """How many entries of a kind there are."""
        ...

    def drop(self) -> None:
        """Throw it away."""
        ...


class SQLiteFile:
    """A `Database`."""

    name = "SQLite"
    version = sqlite3.sqlite_version

    def __init__(self, path: Path) -> None:
        self._path = path
        self.url = f"sqlite:///{path}"

    @property
    def tables(self) -> "SQLiteFile":
        return self

    def copy(self) -> "SQLiteFile":
        free = next(n for n in range(1, 1000) if not self._path.with_suffix(f".{n}.db").exists())
        other = self._path.with_suffix(f".{free}.db")
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(self._path, other)
        return SQLiteFile(other)

    def rows(self, table: str, column: str, value: object) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self._path)) as connection:
            found = connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", [value])  # noqa: S608 - our names
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]

    def append(self, rows: Callable[[int, str], Rows]) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            last = connection.execute(LAST).fetchone()
            made = rows(*(last or NONE_YET))
            for table in TABLES:
                if some := made.get(table):
                    names = ", ".join(some[0])
                    marks = ", ".join("?" for _ in some[0])
                    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our names
                    connection.executemany(statement, [tuple(row.values()) for row in some])
            connection.execute("COMMIT")

    def count(self, kind: str) -> int:
        with closing(sqlite3.connect(self._path)) as connection:
            return int(connection.execute("SELECT count(*) FROM events WHERE kind = ?", [kind]).fetchone()[0])

    def tidy(self) -> None:
        """It does nothing by itself."""

    def drop(self) -> None:
        for path in self._path.parent.glob(f"{self._path.name}*"):
            path.unlink()


class PostgresTables:
    """`Tables` by their address alone."""

    def __init__(self, url: str) -> None:
        self.url = url

    def _connect(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(self.url, autocommit=True)

    def rows(self, table: str, column: str, value: object) -> list[dict[str, Any]]:
        query = sql.SQL("SELECT * FROM {} WHERE {} = %s").format(sql.Identifier(table), sql.Identifier(column))
        with self._connect() as connection:
            found = connection.execute(query, [value])
            names = [column.name for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found]

    def append(self, rows: Callable[[int, str], Rows]) -> None:
        with self._connect() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [BOTS_LOCK])
            last = cursor.execute(LAST).fetchone()
            made = rows(*(last or NONE_YET))
            for table in TABLES:
                if some := made.get(table):
                    names = sql.SQL(", ").join(sql.Identifier(name) for name in some[0])
                    query = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
                    with cursor.copy(query) as copy:
                        for row in some:
                            copy.write_row([bool(v) if name in FLAGS else v for name, v in row.items()])

    def count(self, kind: str) -> int:
        with self._connect() as connection:
            found = connection.execute("SELECT count(*) FROM events WHERE kind = %s", [kind]).fetchone()
            return int(found[0]) if found is not None else 0

    def tidy(self) -> None:
        with self._connect() as connection:
            connection.execute("VACUUM (ANALYZE)")


class PostgresDatabase(PostgresTables):
    """A `Database` on a server of the bench's own."""

    name = "PostgreSQL"

    def __init__(self, server: PostgresServer, url: str) -> None:
        super().__init__(url)
        self._server = server
        with server.admin() as connection:
            self.version = connection.info.parameter_status("server_version") or ""

    @property
    def tables(self) -> PostgresTables:
        return PostgresTables(self.url)

    def copy(self) -> "PostgresDatabase":
        url = self._server.new_database(name_of(self.url))
        return PostgresDatabase(self._server, url)

    def drop(self) -> None:
        with self._server.admin() as connection:
            connection.execute(f"DROP DATABASE {name_of(self.url)} WITH (FORCE)".encode())
