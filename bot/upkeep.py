"""`python -m bot db`: the database brought up to date, backed up, and rid of what is older than AUDIT_RETENTION."""

import argparse
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

from bot.audit import FAILED, Say
from bot.clock import Clock
from bot.settings import Settings
from bot.slack.blocks.words import utc
from bot.store.database import SCHEMA, open_database, open_owned
from bot.store.files import back_up, scrub
from bot.store.pruning import prune
from bot.store.roles import grant


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    db = commands.add_parser("db", help="bring the database up to date, back it up, or prune it")
    asked = db.add_subparsers(dest="command", metavar="upgrade | backup | prune", title="commands", required=True)
    asked.add_parser(
        "upgrade",
        help="bring the schema up to date; with DATABASE_ADMIN_URL also give the role of DATABASE_URL what it needs",
        allow_abbrev=False,
    )
    backup = asked.add_parser("backup", help="copy the database of a running bot into a new file", allow_abbrev=False)
    backup.add_argument("file", type=Path, metavar="FILE", help="where to; it must not exist")
    asked.add_parser("prune", help="remove what is older than AUDIT_RETENTION", allow_abbrev=False)


def run(settings: Settings, given: argparse.Namespace, clock: Clock, say: Say) -> int:
    """Carry out one of the commands. Raises StoreError."""
    if given.command == "backup":
        back_up(settings.database_url, given.file)
        say(f"ok: {settings.database_url.shown} is in {given.file}")
        return 0
    if given.command == "upgrade":
        return _upgrade(settings, say)
    if settings.audit_retention is None:
        say("AUDIT_RETENTION is not set: everything is kept.")
        return FAILED
    return _prune(settings, clock.now() - settings.audit_retention, clock, say)


def _upgrade(settings: Settings, say: Say) -> int:
    owner = settings.owners_url
    with ExitStack() as resources:
        database = open_database(owner, resources)
        say(f"ok: {owner.shown} is of schema {SCHEMA}.")
        if settings.database_admin_url is None:
            return 0
        with closing(database.connect_unhurried()) as connection, connection.begin():
            given = grant(connection, settings.database_url.user)
    if given.beyond:
        say(f"BUT: {given.role} has more than serving takes: it {', '.join(given.beyond)}.")
        return FAILED
    say(f"ok: {given.role} has what serving takes, and nothing more.")
    return 0


def _prune(settings: Settings, before: datetime, clock: Clock, say: Say) -> int:
    with ExitStack() as resources:
        database = open_owned(settings.owners_url, resources)
        with closing(database.connect_unhurried()) as connection, connection.begin():
            done = prune(connection, settings.chain_key, before, clock.now())
        if done is None:
            say(f"ok: nothing to remove that is older than {utc(before)}.")
            return 0
        scrub(database)
    say(f"ok: entries up to {done.through:,} were removed, and {done.requests:,} requests with them.")
    return 0
