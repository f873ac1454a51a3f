"""Runs the bot with its commits counted; before or after the n-th it kills itself as kill -9 does.

Only commits that write are counted. Reads its orders from the environment, as it is a process of its own:
COMMITS_LOG names the file that gets one character a commit, KILL_AT is such as `before 7`.
"""

import os
import signal
import sqlite3
import sys
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.__main__ import main

WHEN, _, NTH = os.environ.get("KILL_AT", "never 0").partition(" ")


class Counting(sqlite3.Connection):
    """A connection that tells of its commits."""

    commits = 0
    written = 0

    def commit(self) -> None:
        writes = self.total_changes > self.written
        if writes:
            Counting.commits += 1
            self.written = self.total_changes
        is_it = writes and Counting.commits == int(NTH)
        if is_it and WHEN == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        super().commit()
        if writes:
            with Path(os.environ["COMMITS_LOG"]).open("a") as log:
                log.write(".")
        if is_it and WHEN == "after":
            os.kill(os.getpid(), signal.SIGKILL)


@event.listens_for(Engine, "do_connect")
def count(_dialect: object, _record: object, _args: object, kwargs: dict[str, object]) -> None:
    kwargs["factory"] = Counting


if __name__ == "__main__":
    sys.exit(main([]))
