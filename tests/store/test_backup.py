"""A backup of a running bot's database: whole, its owner's only, and never over something else."""

import sqlite3
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.setting_database import address
from bot.store.database import open_database
from bot.store.files import scrub
from tests.command_line import run
from tests.journeys.test_audit import confirmed
from tests.rig import running


async def test_a_backup_of_a_running_bot_is_whole_and_its_owners_only(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        request = await confirmed(rig)
        copy = tmp_path / "copy.db"
        said = await run(rig, "db", "backup", str(copy))
        assert said == (0, f"ok: {rig.database} is in {copy}\n", "")
        assert copy.stat().st_mode & 0o777 == 0o600
        at = f"sqlite:///{copy}"
        assert (await run(rig, "audit", "verify", DATABASE_URL=at))[1].startswith("ok: ")
        assert (await run(rig, "audit", "show", request, DATABASE_URL=at))[1].startswith(f"{request}: confirmed")
        await rig.stop()
        await rig.start(DATABASE_URL=at)
        await rig.asked("rehearse alexw@contoso.com after the restore")


async def test_a_backup_is_not_written_over_a_file_or_into_nowhere(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        there = tmp_path / "there.db"
        there.write_text("mine")
        assert await run(rig, "db", "backup", str(there)) == (
            1,
            "",
            f"{there} exists already: nothing is written over it.\n",
        )
        assert there.read_text() == "mine"
        nowhere = tmp_path / "missing" / "x.db"
        status, _, err = await run(rig, "db", "backup", str(nowhere))
        assert (status, err) == (1, f"{nowhere} can't be written: No such file or directory.\n")


async def test_a_copy_of_what_is_damaged_is_not_kept(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        await rig.start()
        await rig.stop()
        with sqlite3.connect(rig.database) as connection:
            (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()
            (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.close()
        data = bytearray(rig.database.read_bytes())
        data[(page - 1) * size : page * size] = b"\xff" * size
        rig.database.write_bytes(data)
        copy = tmp_path / "copy.db"
        assert (await run(rig, "db", "backup", str(copy)))[0] == 1
        assert not copy.exists()


def test_a_file_that_could_not_be_cleared_of_old_text_is_said_to_hold_it(tmp_path: Path) -> None:
    with ExitStack() as files:
        engine = open_database(address(f"sqlite:///{tmp_path}/x.db"), files)
        other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="old text may still be in the file"):
            scrub(engine)
        other.close()
        scrub(engine)
