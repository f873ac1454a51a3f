"""Statements compiled once and given to the driver: SQLAlchemy's own execute takes longer than the database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.exc import DBAPIError

QUEUE = "queue"
"""Under this name a connection's `info` has what sends writes without waiting for each, where the database can."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    names: tuple[str, ...] | None
    """The parameters in order; None where the driver takes them by name."""
    given: Mapping[str, Any]
    """The values that are part of the statement."""


class Prepared:
    """One statement, for whichever database a connection is to; every method raises DBAPIError."""

    def __init__(self, statement: Executable | Callable[[str], Executable], *columns: str) -> None:
        """`statement` may depend on the dialect's name; `columns` are those that a bare INSERT or UPDATE sets."""
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """Read all rows; what waits to be written is written first."""
        rows: list[tuple[Any, ...]] = self._run(connection, values, lambda cursor: cursor.fetchall())
        return rows

    def row(self, connection: Connection, **values: Any) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._run(connection, values, lambda cursor: cursor.fetchone())
        return row

    def write(self, connection: Connection, **values: Any) -> None:
        """Write; that it failed may show only at the next reading, or at the transaction's end."""
        if (queue := connection.info.get(QUEUE)) is not None:
            queue.begin()
        self._run(connection, values, lambda _cursor: None)

    def count(self, connection: Connection, **values: Any) -> int:
        """Write, and tell how many rows it changed."""

        def read(cursor: Any) -> int:
            if (queue := connection.info.get(QUEUE)) is not None:
                queue.end()
            return int(cursor.rowcount)

        return int(self._run(connection, values, read))

    def _run(self, connection: Connection, values: Mapping[str, Any], read: Callable[[Any], Any]) -> Any:
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection)
        all_values = {**compiled.given, **values}
        driver: Any = connection.connection.dbapi_connection
        taken = all_values if compiled.names is None else [all_values[name] for name in compiled.names]
        try:
            return read(driver.execute(compiled.sql, taken))
        except connection.dialect.loaded_dbapi.Error as error:
            if (queue := connection.info.get(QUEUE)) is not None:
                queue.drop()
            raise translated(connection, error, compiled.sql) from error

    def _compile(self, connection: Connection) -> _Compiled:
        statement = self._statement
        if not isinstance(statement, Executable):
            statement = statement(connection.dialect.name)
        compiled: Any = statement.compile(dialect=connection.dialect, column_keys=list(self._columns) or None)  # type: ignore[attr-defined] # every statement can be compiled
        given = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        names = tuple(compiled.positiontup) if compiled.positional else None
        made = self._compiled[connection.dialect.name] = _Compiled(str(compiled), names, given)
        return made


def settle(connection: Connection) -> None:
    """Wait until all that was written is answered. Raises DBAPIError: something was not taken."""
    queue = None if connection.invalidated else connection.info.get(QUEUE)
    if queue is not None:
        try:
            queue.end()
        except connection.dialect.loaded_dbapi.Error as error:
            raise translated(connection, error) from error


def translated(connection: Connection, error: Exception, sql: str | None = None) -> BaseException:
    """Make of a driver's error what SQLAlchemy makes of it."""
    base = connection.dialect.loaded_dbapi.Error
    return DBAPIError.instance(sql, None, error, base, hide_parameters=True, dialect=connection.dialect)
