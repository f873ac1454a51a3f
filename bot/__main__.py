"""The command line: `python -m bot` serves, `python -m bot doctor` checks."""

import argparse
import asyncio
import os
import signal
import sys
import threading
from contextlib import AsyncExitStack, ExitStack

from bot import __version__
from bot.app import Application, open_outside, open_parts
from bot.checks import Checks
from bot.clock import SystemClock
from bot.errors import DatabaseInUse, SettingsInvalid, StoreError
from bot.graph.pacer import SingleCall
from bot.log import configure
from bot.settings import Settings, load
from bot.store.database import open_database

USAGE, FAILED = 2, 1
GRACE = 1.5
"""Seconds beyond DRAIN_SECONDS in which a stop is over: with the default it keeps within ten."""


def main(argv: list[str] | None = None) -> int:
    """Return the exit status: 0 well ended, 1 failed, 2 wrongly set up."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="Confirms users safe in Entra, after a yes.")
    parser.add_argument("--version", action="version", version=f"confirm-safe {__version__}")
    parser.add_argument(
        "command", nargs="?", choices=["serve", "doctor"], default="serve", help="serve (default) or doctor"
    )
    command = parser.parse_args(argv).command
    try:
        settings = load()
    except SettingsInvalid as error:
        print("\n".join(error.problems), file=sys.stderr)
        return USAGE
    if command == "doctor" and settings.log_level == "INFO":
        settings = settings.model_copy(update={"log_level": "ERROR"})  # its lines are what is read
    secrets = (
        settings.slack_bot_token,
        settings.slack_signing_secret,
        settings.azure_client_secret,
        settings.azure_client_certificate_password,
        settings.audit_key,
    )
    configure(settings.log_level, settings.log_format, [s.get_secret_value() for s in secrets if s is not None])
    try:
        return asyncio.run(_doctor(settings) if command == "doctor" else _serve(settings))
    except StoreError as error:
        print(error, file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"Can't listen on {settings.host}:{settings.port}: {error.strerror}.", file=sys.stderr)
        return FAILED


async def _serve(settings: Settings) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as resources:
        application = Application(await open_parts(settings, SystemClock(), resources))
        await application.start()
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


async def _doctor(settings: Settings) -> int:
    failing = 0
    async with AsyncExitStack() as resources:
        clock = SystemClock()
        outside = await open_outside(settings, clock, resources, SingleCall(clock))

        async def database() -> str:
            with ExitStack() as files:
                try:
                    open_database(settings.database_path, files)
                except DatabaseInUse:
                    return f"database {settings.database_path}: a running bot has it"
            return f"database {settings.database_path}"

        checks = Checks(
            settings, outside.client, outside.installation, outside.graph, ends=outside.ends, database=database
        )
        async for check in checks.all():
            print(check)
            failing += check.verdict == "NO"
    return FAILED if failing else 0


if __name__ == "__main__":
    sys.exit(main())
