"""PostgreSQL with two roles: one owns the tables, the one that serves can only add to the record."""

import itertools
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from bot.check_database import database_check
from bot.errors import StoreError
from bot.setting_database import address
from bot.store.database import SCHEMA, open_database, upgrade
from bot.store.postgresql import PostgreSQL
from bot.store.roles import NEEDS, grant
from bot.store.tables import metadata
from demo.graph.directory import ADELE
from tests.command_line import run
from tests.journeys.test_replicas import all_is_well
from tests.postgres import PostgresServer, name_of
from tests.rig import Rig, running
from tests.test_readme import fenced, section

NAMES = (f"roles{n}" for n in itertools.count(1))
KEY = "hush-hush-audit"
ONE = "adelev@contoso.com VPN"


@pytest.fixture
def urls(postgres: PostgresServer) -> tuple[str, str]:
    """Whose address serves and whose owns, made by the very statements of the README."""
    statements, _ = fenced(section("### Two roles"), "sql")
    return postgres.two_roles(statements, next(NAMES))


def as_who_serves(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(url, autocommit=True)


def upgraded(urls: tuple[str, str]) -> None:
    """Do what `db upgrade` does."""
    serving, owning = urls
    with ExitStack() as resources:
        database = open_database(address(owning), resources)
        with closing(database.connect_unhurried()) as connection, connection.begin():
            grant(connection, address(serving).user)


def starting(url: str) -> None:
    with ExitStack() as resources:
        open_database(address(url), resources)


def test_what_serving_needs_is_said_of_each_table_there_is() -> None:
    assert set(NEEDS) == {*metadata.tables, "alembic_version"}
    assert NEEDS["events"] == NEEDS["event_bodies"] == ("SELECT", "INSERT")


async def test_from_the_empty_database_to_a_pruned_one_by_the_readmes_commands(
    tmp_path: Path, urls: tuple[str, str]
) -> None:
    serving, owning = urls
    async with running(tmp_path, start=False, DATABASE_URL=serving, AUDIT_KEY=KEY) as rig:
        shown, user = address(serving).shown, address(serving).user
        status, _, err = await run(rig, "serve")
        assert status == 1
        assert err == (
            f"The database {shown} has no schema yet, and this version needs {SCHEMA}. `python -m bot db upgrade` "
            "with the owner's DATABASE_ADMIN_URL brings it up to date; then start again.\n"
        )
        said = f"ok: {shown} is of schema {SCHEMA}.\nok: {user} has what serving takes, and nothing more.\n"
        assert await run(rig, "db", "upgrade", DATABASE_ADMIN_URL=owning) == (0, said, "")
        await rig.start()
        request = await story(rig)
        await rig.stop()
        await as_the_owner(rig, owning, request)


async def story(rig: Rig) -> str:
    """Ask, be refused, approve and be confirmed."""
    message = await rig.asked(ONE)
    await rig.slack.click(message, "approve", by="U0ANALYST")
    await rig.slack.click(message, "approve")
    await rig.shows(message, "1 user confirmed safe")
    await rig.thread_says(message, "read back")
    return rig.id_of(message)


async def as_the_owner(rig: Rig, owning: str, request: str) -> None:
    """What only the owner may: redact and prune."""
    redact = ("audit", "redact", "--user", ADELE)
    refused = f"Only the owner of {address(owning).shown} may do that: set DATABASE_ADMIN_URL.\n"
    assert await run(rig, *redact) == (1, "", refused)
    with psycopg.connect(owning, autocommit=True) as connection:
        connection.execute("DELETE FROM tasks")
    status, out, err = await run(rig, *redact, DATABASE_ADMIN_URL=owning)
    assert (status, err) == (0, "")
    assert f"entries of {request} were redacted, by entry " in out
    verified = await run(rig, "audit", "verify")
    assert verified[0] == 0, verified
    status, out, err = await run(rig, "audit", "export")
    assert (status, err) == (0, "")
    assert ADELE not in out
    status, out, err = await run(rig, "db", "prune", AUDIT_RETENTION="P1D", DATABASE_ADMIN_URL=owning)
    assert (status, err) == (0, "")
    assert out.startswith("ok: nothing to remove that is older than "), out


async def test_the_story_of_a_request_is_told_as_who_only_serves(tmp_path: Path, urls: tuple[str, str]) -> None:
    upgraded(urls)
    async with running(tmp_path, start=False, DATABASE_URL=urls[0]) as rig:
        await rig.start()
        async with rig.beside() as other:
            first = await rig.asked(ONE)
            other.serves()
            await rig.slack.click(first, "approve")
            await rig.shows(first, "1 user confirmed safe")
            rig.serves()
            second = await rig.asked("alexw@contoso.com VPN")
            await rig.slack.command(f"withdraw {rig.id_of(second)}")
            await rig.shows(second, "Withdrawn: 1 user")
            await all_is_well(rig)


FORBIDDEN = [
    "UPDATE events SET actor = 'nobody'",
    "DELETE FROM events",
    "TRUNCATE events CASCADE",
    "UPDATE event_bodies SET body = '{}'",
    "DELETE FROM event_bodies",
    "DELETE FROM requests",
    "DROP TABLE events",
    "DROP TABLE tasks",
    "DROP INDEX tasks_due",
    "ALTER TABLE events ADD COLUMN more text",
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "CREATE TABLE mine (n int)",
    "CREATE TRIGGER mine BEFORE INSERT ON events EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "UPDATE alembic_version SET version_num = '9999'",
    "SELECT setval('tasks_id_seq', 1)",
    "DROP SCHEMA public CASCADE",
]


def test_who_serves_can_change_nothing_that_is_on_record(urls: tuple[str, str]) -> None:
    upgraded(urls)
    with as_who_serves(urls[0]) as connection:
        for statement in FORBIDDEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_after_the_next_migration_who_serves_has_what_it_takes_again(urls: tuple[str, str]) -> None:
    serving, owning = urls
    with closing(PostgreSQL(owning).connect_unhurried()) as connection, connection.begin():
        upgrade(connection, to="0001")
    with psycopg.connect(owning, autocommit=True) as owner:
        old = [name for name in NEEDS if name != "graph_pace"]
        for name in old:
            owner.execute(f"GRANT ALL ON {name} TO {address(serving).user}".encode())
    with pytest.raises(StoreError, match=f"is of schema 0001, and this version needs {SCHEMA}. `python -m bot db up"):
        starting(serving)
    line = str(database_check(address(serving), is_split=True))
    assert line.endswith(
        f"schema 0001, and this version needs {SCHEMA}. Run `python -m bot db upgrade` with the owner's "
        "DATABASE_ADMIN_URL."
    )
    for _ in range(2):  # once more does no harm
        upgraded(urls)
    starting(serving)
    line = str(database_check(address(serving), is_split=True))
    assert line.startswith("ok  ")
    assert line.endswith(
        f"schema {SCHEMA}, writable; {address(serving).user} can add to the record and not change it"
    )


def test_who_serves_without_what_it_takes_is_told_by_whom_it_is_given(urls: tuple[str, str]) -> None:
    serving, owning = urls
    starting(owning)
    name = address(serving).user
    with psycopg.connect(owning, autocommit=True) as owner:
        for table in NEEDS:
            if table != "events":
                owner.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {name}".encode())
        owner.execute(f"GRANT INSERT ON events TO {name}".encode())
    what = "lacks SELECT on events. "
    with pytest.raises(StoreError) as caught:
        starting(serving)
    assert str(caught.value) == (
        f"The role that DATABASE_URL names {what}`python -m bot db upgrade` with the owner's DATABASE_ADMIN_URL "
        "gives it what it needs."
    )
    assert str(database_check(address(serving))).endswith(
        f": {name} {what}Run `python -m bot db upgrade` with the owner's DATABASE_ADMIN_URL."
    )


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("GRANT UPDATE (actor) ON events TO {name}", "UPDATE on events"),
        ("GRANT DELETE ON event_bodies TO {name}", "DELETE on event_bodies"),
        ("GRANT CREATE ON SCHEMA public TO {name}", "may make tables"),
        ("GRANT {name}_owner TO {name}", "owns the database, owns the schema, may make tables, owns the tables"),
        ("ALTER ROLE {name} CREATEROLE", "may make roles"),
    ],
)
def test_the_doctor_says_what_who_serves_has_beyond_its_needs(
    urls: tuple[str, str], postgres: PostgresServer, statement: str, what: str
) -> None:
    upgraded(urls)
    name = address(urls[0]).user
    with postgres.admin(name_of(urls[0])) as connection:
        connection.execute(statement.format(name=name).encode())
    line = str(database_check(address(urls[0]), is_split=True))
    assert line.startswith("WARN  ")
    assert line.endswith(
        f": {name}, which serves, has more than that takes: it {what}. Take it away, then run `python -m bot db "
        "upgrade` with the owner's DATABASE_ADMIN_URL: README, *Two roles*."
    )


async def test_with_an_owner_named_the_bot_itself_changes_no_schema_even_where_it_could(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url = postgres.new_database()
    owning = url.replace("postgres:unused", "somebody:unused")
    async with running(tmp_path, start=False, DATABASE_URL=url) as rig:
        status, _, err = await run(rig, "serve", DATABASE_ADMIN_URL=owning)
        assert status == 1
        assert "has no schema yet" in err


async def test_a_role_that_is_not_there_is_named(tmp_path: Path, urls: tuple[str, str]) -> None:
    serving = urls[0].replace("//", "//nobody_", 1)
    async with running(tmp_path, start=False, DATABASE_URL=serving) as rig:
        status, _, err = await run(rig, "db", "upgrade", DATABASE_ADMIN_URL=urls[1])
        name = address(serving).user
        assert (status, err) == (
            1,
            f"There is no role {name}, as which DATABASE_URL serves: CREATE ROLE it, then try again.\n",
        )


def test_a_database_that_one_role_made_and_served_becomes_one_of_two(postgres: PostgresServer) -> None:
    name = next(NAMES)
    simple = fenced(section("## Several at once"), "sql")[0]
    url, _ = postgres.two_roles(simple, name)
    starting(url)
    _, later = fenced(section("### Two roles"), "sql")
    with postgres.admin(name_of(url)) as connection:
        for statement in later.replace("confirm_safe", name).split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
    urls = url, url.replace(f"{name}:", f"{name}_owner:", 1)
    upgraded(urls)
    assert str(database_check(address(url), is_split=True)).startswith("ok  ")
    with as_who_serves(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM events")
