"""A disk that fills up in the middle of a batch: nobody is told that something was recorded which was not."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bot.errors import NothingRecorded
from bot.setting_database import address
from bot.store.database import open_database
from bot.store.writer import Writer


def small(connection: Connection) -> str:
    connection.execute(text("INSERT INTO refusal_tally (person, hour, count) VALUES ('U1', 'h', 1)"))
    return "recorded"


def too_big(connection: Connection) -> None:
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    row = "INSERT INTO requests (id, origin, asker, asked_at, state, response_url) VALUES ('r','o','a','t','s',:u)"
    try:
        connection.execute(text(row), {"u": "x" * 200_000})
    finally:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")


async def test_what_a_full_disk_undid_is_told_as_not_recorded_and_the_next_is_taken(tmp_path: Path) -> None:
    with ExitStack() as files:
        writer = Writer(open_database(address(f"sqlite:///{tmp_path}/x.db"), files))
        files.callback(writer.close)
        before, full, behind = (asyncio.ensure_future(writer.run(work)) for work in (small, too_big, small))
        await asyncio.sleep(0)  # all three wait, and are taken as one batch
        writer.start()
        for told in (before, full, behind):
            with pytest.raises(NothingRecorded, match="full"):
                await told
        assert "full" in writer.failing
        assert await writer.run(lambda c: c.execute(text("SELECT count(*) FROM refusal_tally")).scalar()) == 0
        assert await writer.run(small) == "recorded"
        assert writer.failing == ""
