"""The command line: `python -m bot` serves, `doctor` checks, `policy` tries the rules out, `audit` tells."""

import argparse
import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack

from bot import __version__, audit, manifest, upkeep
from bot.app import Application
from bot.clock import SystemClock
from bot.doctor import doctor
from bot.errors import CannotListen, SettingsInvalid, StoreError
from bot.explain import explain
from bot.explain_question import read_question
from bot.explain_words import summary
from bot.find import find, read_access
from bot.log import configure
from bot.parts import open_parts
from bot.permitted import see_to_permissions
from bot.settings import Settings, load

USAGE, FAILED = 2, 1
COLLECT_AFTER = (2_000, 20, 50)
"""Objects made, and rounds, after which garbage is looked for: a look at all there is holds everybody up."""
GRACE = 1.5
"""Seconds beyond DRAIN_SECONDS in which a stop is over: with the default it keeps within ten."""


def main(argv: list[str] | None = None) -> int:
    """Return the exit status: 0 well ended, 1 failed, 2 wrongly set up."""
    given = _parser().parse_args(argv)
    command = given.command or "serve"
    if command == "manifest":
        print(manifest.written(given.url), end="")
        return 0
    if command == "doctor" and given.find is not None:
        try:
            return 0 if asyncio.run(_find(given.find)) else FAILED
        except SettingsInvalid as error:
            print("\n".join(error.problems), file=sys.stderr)
            return USAGE
    problems: list[str] = []
    question, settings = None, None
    try:
        question = read_question(given.requester, given.approver, given.users) if command == "explain" else None
    except SettingsInvalid as error:
        problems += error.problems
    try:
        settings = load()
    except SettingsInvalid as error:
        problems += error.problems
    if problems or settings is None:
        print("\n".join(problems), file=sys.stderr)
        return USAGE
    if command != "serve" and settings.log_level == "INFO":
        settings = settings.model_copy(update={"log_level": "ERROR"})  # its lines are what is read
    secrets = (
        settings.slack_bot_token,
        settings.slack_signing_secret,
        settings.slack_app_token,
        settings.azure_client_secret,
        settings.azure_client_certificate_password,
        settings.audit_key,
    )
    hidden = [s.get_secret_value() for s in secrets if s is not None]
    hidden += [*settings.database_url.secrets, *settings.owners_url.secrets]
    configure(settings.log_level, settings.log_format, hidden)
    try:
        match command:
            case "check":
                print(f"ok: {summary(settings.policy)}")
                return 0
            case "explain" if question is not None:
                return 0 if asyncio.run(explain(settings, question, SystemClock(), print)) else FAILED
            case "export" | "verify" | "show" | "redact":
                return audit.run(settings, given, SystemClock(), print)
            case "backup" | "prune" | "upgrade":
                return upkeep.run(settings, given, SystemClock(), print)
            case "doctor":
                is_well = asyncio.run(doctor(settings, SystemClock(), print, as_json=given.json))
                return 0 if is_well else FAILED
            case _:
                with asyncio.Runner(loop_factory=_fast_loop()) as runner:
                    return runner.run(_serve(settings))
    except SettingsInvalid as error:
        print("\n".join(error.problems), file=sys.stderr)
        return USAGE
    except (CannotListen, StoreError) as error:
        print(error, file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Confirms users safe in Entra, after a yes.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"confirm-safe {__version__}")
    commands = parser.add_subparsers(
        dest="command", metavar="serve | doctor | policy | audit | db | manifest", title="commands"
    )
    commands.add_parser("serve", help="serve (default)")
    checked = commands.add_parser(
        "doctor",
        help="check what the bot needs, with a remedy for each problem",
        description="Exits with 0 if nothing is NO, with 1 otherwise, with 2 if the settings are wrong.",
        allow_abbrev=False,
    )
    other = checked.add_mutually_exclusive_group()
    other.add_argument("--json", action="store_true", help="write one JSON array")
    other.add_argument(
        "--find",
        metavar="NAME",
        help="instead, list the people, user groups and channels in Slack that are named like this, with their ids; "
        "needs no setting but SLACK_BOT_TOKEN",
    )
    policy = commands.add_parser("policy", help="check the rules, or try them out")
    asked = policy.add_subparsers(dest="command", metavar="check | explain", title="commands", required=True)
    asked.add_parser("check", help="read the settings and the policy file")
    tried = asked.add_parser(
        "explain",
        help="say what a request would take, and whether these people could approve it",
        description="Exits with 0 if they could approve it, with 1 if not or if it can't be told.",
        allow_abbrev=False,
    )
    tried.add_argument("--requester", required=True, metavar="U…", help="who would ask, by Slack user id")
    tried.add_argument(
        "--approver",
        required=True,
        metavar="U…",
        action="extend",
        nargs="+",
        help="who would approve, one or more",
    )
    tried.add_argument(
        "--users", required=True, metavar="ID", action="extend", nargs="+", help="object ids or e-mail addresses"
    )
    audit.add_parser(commands)
    upkeep.add_parser(commands)
    manifest.add_parser(commands)
    return parser


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where there is one for this machine; asyncio's own does the same, slower."""
    try:
        import uvloop  # noqa: PLC0415 - only for serving
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(settings: Settings) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await see_to_permissions(settings, SystemClock(), stop)
    async with AsyncExitStack() as resources:
        application = Application(await open_parts(settings, SystemClock(), resources))
        await application.start()
        gc.freeze()  # what is there now stays: it need not be looked at again
        gc.set_threshold(*COLLECT_AFTER)
        try:
            await stop.wait()
        finally:
            # What hangs in a library's own thread (a name that isn't resolved, say) must not hold us up: all
            # that Slack saw taken is on disk.
            late = threading.Timer(settings.drain_seconds + GRACE, os._exit, [0])
            late.daemon = True
            late.start()
            await application.stop()
    return 0


async def _find(text: str) -> bool:
    access = read_access()
    configure("ERROR", "console", [access.token.get_secret_value()])
    return await find(access, text, SystemClock(), print)


if __name__ == "__main__":
    sys.exit(main())
