"""Insert, or do something else where the row is there already: each database has its own words for it."""

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Table


def upsert(table: Table, build: Callable[[Any], Executable]) -> Callable[[Connection], Any]:
    """Return what gives the statement for a connection's database; it is built once for each."""

    @cache
    def built(dialect: str) -> Executable:
        # Imported when needed: most have one of the two, and their start need not wait for the other.
        if dialect == "postgresql":
            from sqlalchemy.dialects import postgresql  # noqa: PLC0415

            return build(postgresql.insert(table))
        from sqlalchemy.dialects import sqlite  # noqa: PLC0415

        return build(sqlite.insert(table))

    return lambda connection: built(connection.dialect.name)
