"""Runs the bot with its commits counted; before or after the n-th it kills itself as kill -9 does.

Only commits that write are counted. Reads its orders from the environment, as it is a process of its own:
COMMITS_LOG names the file that gets one character a commit, KILL_AT is such as `before 7`.
"""

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import event
from sqlalchemy.engine import Dialect, Engine

from bot.__main__ import main

WHEN, _, NTH = os.environ.get("KILL_AT", "never 0").partition(" ")
commits = 0


def counted(commit: Callable[[], None]) -> None:
    """Commit what was written; and die, if this is the one."""
    global commits  # noqa: PLW0603 - over all connections of the process
    commits += 1
    is_it = commits == int(NTH)
    if is_it and WHEN == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    commit()
    with Path(os.environ["COMMITS_LOG"]).open("a") as log:
        log.write(".")
    if is_it and WHEN == "after":
        os.kill(os.getpid(), signal.SIGKILL)


class CountingSqlite(sqlite3.Connection):
    """A connection that tells of its commits."""

    written = 0

    def commit(self) -> None:
        if self.total_changes > self.written:
            self.written = self.total_changes
            counted(super().commit)
        else:
            super().commit()


class CountingPostgres(psycopg.Connection[Any]):
    """Likewise."""

    def commit(self) -> None:
        if self._has_written():
            counted(super().commit)
        else:
            super().commit()

    def _has_written(self) -> bool:
        if self.info.transaction_status != TransactionStatus.INTRANS:
            return False
        row = self.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL").fetchone()
        return row is not None and bool(row[0])


@event.listens_for(Engine, "do_connect")
def count(
    dialect: Dialect, _record: object, args: list[Any], kwargs: dict[str, Any]
) -> psycopg.Connection[Any] | None:
    """Connect to PostgreSQL so, or tell sqlite3 to."""
    if dialect.name == "sqlite":
        kwargs["factory"] = CountingSqlite
        return None
    return CountingPostgres.connect(*args, **kwargs)


if __name__ == "__main__":
    sys.exit(main([]))
