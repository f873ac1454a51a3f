"""`python -m bot db`: the database is backed up, and what is older than AUDIT_RETENTION removed."""

import argparse
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from bot.audit import FAILED, Say
from bot.clock import Clock
from bot.settings import Settings
from bot.slack.blocks.words import utc
from bot.store.database import open_database
from bot.store.files import back_up, scrub
from bot.store.pruning import prune


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    db = commands.add_parser("db", help="back the database up, or prune it")
    asked = db.add_subparsers(dest="command", metavar="backup | prune", title="commands", required=True)
    backup = asked.add_parser("backup", help="copy the database of a running bot into a new file", allow_abbrev=False)
    backup.add_argument("file", type=Path, metavar="FILE", help="where to; it must not exist")
    asked.add_parser("prune", help="remove what is older than AUDIT_RETENTION", allow_abbrev=False)


def run(settings: Settings, given: argparse.Namespace, clock: Clock, say: Say) -> int:
    """Carry out one of the commands. Raises StoreError."""
    if given.command == "backup":
        back_up(settings.database_url, given.file)
        say(f"ok: {settings.database_url.shown} is in {given.file}")
        return 0
    if settings.audit_retention is None:
        say("AUDIT_RETENTION is not set: everything is kept.")
        return FAILED
    return _prune(settings, clock.now() - settings.audit_retention, clock, say)


def _prune(settings: Settings, before: datetime, clock: Clock, say: Say) -> int:
    with ExitStack() as resources:
        database = open_database(settings.database_url, resources)
        with database.engine.connect() as connection, connection.begin():
            done = prune(connection, settings.chain_key, before, clock.now())
        if done is None:
            say(f"ok: nothing to remove that is older than {utc(before)}.")
            return 0
        scrub(database)
    say(f"ok: entries up to {done.through:,} were removed, and {done.requests:,} requests with them.")
    return 0
