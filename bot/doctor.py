"""`python -m bot doctor`: every check once, as lines for people or as JSON for machines."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

from bot.check import Check
from bot.check_database import database_check
from bot.check_socket import token_check
from bot.checks import Checks
from bot.clock import Clock
from bot.graph.pacer import SingleCall
from bot.outside import open_outside
from bot.settings import Settings

Say = Callable[[str], None]


async def doctor(settings: Settings, clock: Clock, say: Say, *, as_json: bool = False) -> bool:
    """Say what was found, each line as soon as it is known; return whether nothing keeps people from the bot."""
    found: list[Check] = []
    async for check in _checks(settings, clock):
        found.append(check)
        if not as_json:
            say(str(check))
    if as_json:
        say(json.dumps([check.as_json() for check in found], ensure_ascii=False, indent=2))
    return all(check.verdict != "NO" for check in found)


async def _checks(settings: Settings, clock: Clock) -> AsyncIterator[Check]:
    async def database() -> Check:
        return database_check(settings.database_url, is_split=settings.database_admin_url is not None)

    async with AsyncExitStack() as resources:
        # One call, and slots beside those of a bot that may be running.
        outside = await open_outside(settings, clock, resources, SingleCall(clock))
        async for check in Checks(outside, database, lambda: token_check(outside.client, settings)).all():
            yield check
