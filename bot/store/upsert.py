"""Insert, or do something else where the row is there already: each database has its own words for it."""

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Table


def upsert(table: Table, build: Callable[[Any], Executable]) -> Callable[[Connection], Any]:
    """Return what gives the statement for a connection's database; it is built once for each."""

    @cache
    def built(dialect: str) -> Executable:
        return build(insert_for(dialect, table))

    return lambda connection: built(connection.dialect.name)


def insert_for(dialect: str, table: Table) -> Any:
    """Begin an INSERT that can say what to do with a row that is there already."""
    # Imported when needed: most have one of the two, and their start need not wait for the other.
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        return postgresql.insert(table).inline()
    from sqlalchemy.dialects import sqlite  # noqa: PLC0415

    return sqlite.insert(table).inline()
