"""`python -m bot audit`: the trail exported, verified, told of one request; a person's data taken out of it."""

import argparse
import asyncio
import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime

from bot.audit_anchors import Collected, collect, compared
from bot.audit_export import Export
from bot.audit_story import Story
from bot.clock import Clock
from bot.core.ids import ObjectId
from bot.setting_values import GUID
from bot.settings import Settings
from bot.slack.blocks.words import one_line
from bot.store.chain import Verdict, check
from bot.store.database import open_owned
from bot.store.files import scrub
from bot.store.reader import open_reader
from bot.store.redaction import redact
from bot.store.trail import Span, about, cuts, emptied, entries, state_of

FAILED = 1
POLL = 1.0
"""Seconds between looks for new entries."""
STOPS = {signal.SIGINT, signal.SIGTERM}

Say = Callable[[str], None]


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    audit = commands.add_parser("audit", help="export the audit trail, verify it, or tell of one request")
    names = "export | verify | show | redact"
    asked = audit.add_subparsers(dest="command", metavar=names, title="commands", required=True)
    export = asked.add_parser("export", help="write the entries to standard output", allow_abbrev=False)
    export.add_argument("--since", type=moment, metavar="TIME", help="from this time on (ISO 8601, UTC)")
    end = export.add_mutually_exclusive_group()
    end.add_argument("--until", type=moment, metavar="TIME", help="before this time")
    end.add_argument("--follow", action="store_true", help="go on with new entries until interrupted")
    export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="JSON lines (default) or CSV")
    story = asked.add_parser("show", help="tell the story of one request", allow_abbrev=False)
    story.add_argument("request", metavar="CS-…", help="its id")
    redaction = asked.add_parser("redact", help="take a person's data out of the trail", allow_abbrev=False)
    redaction.add_argument("--user", required=True, type=object_id, metavar="ID", help="their object id in Entra")
    verify = asked.add_parser("verify", help="check the chain; exits with 1 if it is broken", allow_abbrev=False)
    verify.add_argument("--anchors", action="store_true", help="also compare it with what the posts in Slack name")


def moment(text: str) -> datetime:
    """Read a time; without an offset it is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no time such as 2026-03-01 or 2026-03-01T03:00:00Z") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def object_id(text: str) -> ObjectId:
    if not re.fullmatch(GUID, text):
        raise argparse.ArgumentTypeError("give the object id (a GUID)")
    return ObjectId(text.lower())


def run(settings: Settings, given: argparse.Namespace, clock: Clock, say: Say) -> int:
    """Carry out one of the commands. Raises StoreError."""
    with ExitStack() as resources:
        match given.command:
            case "export":
                return _export(settings, given, clock, resources)
            case "redact":
                return _redact(settings, given.user, clock, say, resources)
            case "show":
                return _show(settings, given.request, say, resources)
            case _:
                # Slack first: what is posted by then is in the chain that is read after it.
                collected = asyncio.run(collect(settings, clock)) if given.anchors else None
                return _verify(settings, collected, say, resources)


def _export(settings: Settings, given: argparse.Namespace, clock: Clock, resources: ExitStack) -> int:
    if given.follow:
        # Looked for between two lines: none is cut in two.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    export = Export(
        open_reader(settings.database_url, resources),
        given.format,
        _to_stdout,
        lambda: bool(signal.sigpending() & STOPS),
    )
    try:
        export.write(Span(given.since, given.until), clock.now())
        sys.stdout.flush()
        while given.follow and signal.sigtimedwait(STOPS, POLL) is None:
            export.more()
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read it has enough; Python would complain when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _to_stdout(line: str) -> None:
    sys.stdout.buffer.write(line.encode() + b"\n")


def _show(settings: Settings, typed: str, say: Say, resources: ExitStack) -> int:
    request_id = typed.strip().upper()
    engine = open_reader(settings.database_url, resources)
    with engine.connect() as connection, connection.begin():
        state = state_of(connection, request_id)
        lines = about(connection, request_id)
        redacted = emptied(connection)
    if state is None:
        say(f"There is no request {one_line(typed)} in {settings.database_url.shown}.")
        return FAILED
    say(f"{request_id}: {state}")
    if by := sorted({redacted[line.n].by for line in lines if line.n in redacted}):
        say(f"Somebody's data was taken out of it, see entry {', '.join(map(str, by))}")
    for line in Story(lines).told():
        say(line)
    return 0


def _redact(settings: Settings, user_id: ObjectId, clock: Clock, say: Say, resources: ExitStack) -> int:
    database = open_owned(settings.owners_url, resources)
    with closing(database.connect_unhurried()) as connection, connection.begin():
        done = redact(connection, settings.chain_key, user_id, clock.now())
    if done is None:
        say(f"No entry holds anything of {user_id}.")
        return FAILED
    scrub(database)
    say(f"ok: {done.entries:,} entries of {', '.join(done.requests)} were redacted, by entry {done.by:,}.")
    return 0


def _verify(settings: Settings, collected: Collected | None, say: Say, resources: ExitStack) -> int:
    engine = open_reader(settings.database_url, resources)
    wanted = [post.n for post in collected.posts] if collected else []
    with engine.connect() as connection, connection.begin():
        verdict = check(entries(connection), settings.chain_key, emptied(connection), cuts(connection), wanted)
    for line in found(verdict, is_keyed=bool(settings.audit_key)):
        say(line)
    if collected is None or verdict.broken:
        return FAILED if verdict.broken else 0
    wrong = compared(collected.posts, verdict)
    if wrong:
        say(f"BROKEN: {wrong[0]}. Unless an older backup was restored, somebody did that.")
    else:
        say(f"ok: {len(collected.posts):,} posts in Slack name entries of this chain.")
    for where in collected.unread:
        say(f"NOT READ: {where}")
    return FAILED if wrong or collected.unread else 0


def found(verdict: Verdict, *, is_keyed: bool) -> list[str]:
    """Say what came of it."""
    if verdict.broken:
        return [f"BROKEN: {verdict.broken}.", f"{verdict.entries:,} entries before it are whole."]
    if not verdict.entries:
        return ["ok: the trail is empty."]
    how = "with AUDIT_KEY" if is_keyed else "without a key: whoever can write the database can make such a chain"
    redacted = f", {verdict.redacted:,} of them redacted" if verdict.redacted else ""
    pruned = f" Entries up to {verdict.first - 1:,} were pruned." if verdict.first > 1 else ""
    whole = (
        f"ok: {verdict.entries:,} entries{redacted}, {verdict.first:,} to {verdict.last:,}, chained {how}.{pruned}"
    )
    return [whole, f"The last is {verdict.last:,}, mac {verdict.mac}."]
