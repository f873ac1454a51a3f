"""What the doctor says of the database's file, which it does not change."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot import check_database
from bot.check import Check
from bot.check_database import database_check
from bot.setting_database import address
from bot.store.database import SCHEMA, open_database
from tests.postgres import PostgresServer, name_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with ExitStack() as files:
        open_database(address(f"sqlite:///{tmp_path / 'bot.db'}"), files)
    return tmp_path / "bot.db"


@pytest.fixture
def held(path: Path) -> Iterator[Path]:
    with ExitStack() as files:
        open_database(address(f"sqlite:///{path}"), files)
        yield path


def check(path: Path) -> Check:
    return database_check(address(f"sqlite:///{path}"))


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_one_that_is_up_to_date_is_writable(path: Path) -> None:
    assert str(check(path)) == f"ok  database {path}: schema {SCHEMA}, writable"
    with ExitStack() as files:
        open_database(address(f"sqlite:///{path}"), files)  # the doctor has let go of it


def test_one_that_a_running_bot_has_is_only_read(held: Path) -> None:
    assert str(check(held)) == f"ok  database {held}: a running bot has it, schema {SCHEMA}"


def test_one_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    assert str(check(path)) == f"ok  database {path}: made at the first start, schema {SCHEMA}"
    assert list(tmp_path.iterdir()) == []


def test_one_of_an_older_version_is_left_to_the_next_start(path: Path) -> None:
    change(path, "UPDATE alembic_version SET version_num = '0001'")
    for _ in range(2):
        line = str(check(path))
        assert line == f"ok  database {path}: schema 0001, the next start makes it {SCHEMA}; writable"


def test_an_empty_one_has_no_schema_yet(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    path.touch()
    line = str(check(path))
    assert line == f"ok  database {path}: no schema yet, the next start makes it {SCHEMA}; writable"


def test_one_of_a_newer_version_is_refused(path: Path) -> None:
    change(path, "UPDATE alembic_version SET version_num = '9999'")
    assert str(check(path)) == (
        f"NO  database {path}: schema 9999 is of a newer version of this bot; this one knows {SCHEMA}. "
        "Start the newer version, or restore a backup from before the upgrade."
    )


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    path.write_text("notes, not a database, and long enough to have a header\n" * 20)
    assert str(check(path)) == (
        f"NO  database {path}: can't be used (file is not a database). "
        "Is it this bot's file? Restore a backup, or correct DATABASE_URL."
    )


def test_one_that_another_program_keeps_locked_is_told(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert str(check(path)).startswith(f"NO  database {path}: can't be used (database is locked). ")


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "bot.db"
    line = str(check(path))
    assert line == f"NO  database {path}: there is no such directory. Make it, or correct DATABASE_URL."


@contextmanager
def as_another_user(home: Path, mode: int) -> Iterator[None]:
    """Be somebody who is not root, in a directory of that mode."""
    is_root = os.geteuid() == 0
    home.chmod(mode)
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        home.chmod(0o700)


@pytest.mark.parametrize(
    ("mode", "words"),
    [(0o555, "may not be written by this user"), (0o000, "can't be looked at (Permission denied)")],
)
def test_where_this_user_may_not_write_or_look_it_is_told_as_whom_to_run(mode: int, words: str) -> None:
    with TemporaryDirectory() as home:
        path = Path(home) / "bot.db"
        with as_another_user(Path(home), mode):
            found = check(path)
        assert str(found) == f"NO  database {path}: {words}. {check_database.AS_THE_BOT}"


# -- PostgreSQL


OWNED = "; postgres owns it"


def test_a_database_on_a_server_is_looked_at_and_not_changed(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    place = address(url)
    name = f"database postgresql:///{name_of(url)}?host={postgres.folder}"
    assert (
        str(database_check(place)) == f"ok  {name}: no schema yet, the next start makes it {SCHEMA}; writable{OWNED}"
    )
    with ExitStack() as resources:
        open_database(place, resources)
        assert str(database_check(place)) == f"ok  {name}: schema {SCHEMA}, writable{OWNED}"
    with postgres.admin(name_of(url)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert str(database_check(place)).startswith(f"NO  {name}: schema 9999 is of a newer version of this bot")


def test_a_server_that_takes_no_write_is_told(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    with postgres.admin() as connection:
        connection.execute(f"ALTER DATABASE {name_of(url)} SET default_transaction_read_only = on".encode())
    assert str(database_check(address(url))).endswith(
        ": can't be written. Is it a standby? DATABASE_URL must lead to the primary."
    )


def test_a_server_out_of_reach_is_told_without_its_password() -> None:
    line = str(database_check(address("postgresql://bot:hush-hush@127.0.0.1:1/safe")))
    assert line.startswith("NO  database postgresql://127.0.0.1:1/safe: can't be used (connection failed: ")
    assert line.endswith("). Is the server up, and DATABASE_URL right?")
    assert "hush" not in line
