"""PostgreSQL with two roles: one owns the tables, the other serves and can't change what is on record."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from bot.errors import StoreError

_READ, _ADD, _CHANGE, _REMOVE = "SELECT", "INSERT", "UPDATE", "DELETE"
NEEDS = {
    "alembic_version": (_READ,),
    "events": (_READ, _ADD),
    "event_bodies": (_READ, _ADD),
    "requests": (_READ, _ADD, _CHANGE),
    "targets": (_READ, _ADD, _CHANGE),
    "posts": (_READ, _ADD, _CHANGE),
    "pulse": (_READ, _ADD, _CHANGE),
    "graph_pace": (_READ, _ADD, _CHANGE),
    "tasks": (_READ, _ADD, _CHANGE, _REMOVE),
    "refusal_tally": (_READ, _ADD, _CHANGE, _REMOVE),
}
"""What serving takes of each table; a test holds it to the tables there are."""
SEQUENCE = "tasks_id_seq"

# The ways to hold more than was granted table by table: https://www.postgresql.org/docs/current/ddl-priv.html
_AT_LARGE = """
SELECT what FROM (
  SELECT 'is a superuser' AS what, rolsuper AS has FROM pg_roles WHERE rolname = %(role)s
  UNION ALL SELECT 'may make roles', rolcreaterole FROM pg_roles WHERE rolname = %(role)s
  UNION ALL SELECT 'owns the database', pg_has_role(%(role)s, datdba, 'MEMBER')
    FROM pg_database WHERE datname = current_database()
  UNION ALL SELECT 'owns the schema', pg_has_role(%(role)s, nspowner, 'MEMBER')
    FROM pg_namespace WHERE nspname = current_schema()
  UNION ALL SELECT 'may make tables', has_schema_privilege(%(role)s, current_schema(), 'CREATE')
  UNION ALL SELECT 'owns the tables', bool_or(pg_has_role(%(role)s, relowner, 'MEMBER'))
    FROM pg_class WHERE oid IN (SELECT to_regclass(name) FROM unnest(%(tables)s::text[]) AS name)
) AS found WHERE has
"""
_BY_TABLE = """
SELECT name, may, has_table_privilege(%(role)s, to_regclass(name), may),
  may IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege(%(role)s, to_regclass(name), may)
FROM unnest(%(tables)s::text[]) AS name,
  unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS may
WHERE to_regclass(name) IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Rights:
    """How what a role has differs from what serving takes, in words such as "UPDATE on events"."""

    role: str
    lacks: tuple[str, ...]
    beyond: tuple[str, ...]
    owns: bool
    """Whether it can do to the tables whatever it likes."""


def rights(driver: Any, role: str | None = None) -> Rights:
    """Compare what a role has, by default that of psycopg's connection, with what serving takes."""
    if role is None:
        (role,) = driver.execute("SELECT current_user::text").fetchone() or ("",)
    named = {"role": role, "tables": list(NEEDS)}
    at_large = [what for (what,) in driver.execute(_AT_LARGE, named)]
    table_by_table = driver.execute(_BY_TABLE, named).fetchall()
    lacks = [f"{may} on {name}" for name, may, has, _ in table_by_table if may in NEEDS[name] and not has]
    more = [
        f"{may} on {name}"
        for name, may, has, has_of_columns in table_by_table
        if may not in NEEDS[name] and (has or has_of_columns)
    ]
    owns = not {"is a superuser", "owns the tables"}.isdisjoint(at_large)
    return Rights(role, tuple(lacks), tuple(at_large if owns else at_large + more), owns)


def grant(connection: Connection, role: str) -> Rights:
    """Give a role what serving takes and take everything else in these tables from it. Raises StoreError."""
    from psycopg import sql  # noqa: PLC0415 - it takes a while to import

    driver: Any = connection.connection.driver_connection
    if driver.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
        raise StoreError(f"There is no role {role}, as which DATABASE_URL serves: CREATE ROLE it, then try again.")
    before = rights(driver, role)
    if before.owns:
        return before
    name = sql.Identifier(role)
    (schema,) = driver.execute("SELECT current_schema()::text").fetchone() or ("",)
    driver.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), name))
    tables = sql.SQL(", ").join(map(sql.Identifier, NEEDS))
    driver.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(tables, name))
    driver.execute(sql.SQL("REVOKE ALL ON SEQUENCE {} FROM {}").format(sql.Identifier(SEQUENCE), name))
    for table, needed in NEEDS.items():
        may = sql.SQL(", ").join(map(sql.SQL, needed))
        driver.execute(sql.SQL("GRANT {} ON {} TO {}").format(may, sql.Identifier(table), name))
    driver.execute(sql.SQL("GRANT USAGE ON SEQUENCE {} TO {}").format(sql.Identifier(SEQUENCE), name))
    return rights(driver, role)
