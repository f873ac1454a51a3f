"""Whether the app may read what the rules need, as far as its token tells before the bot serves."""

import asyncio

from bot.clock import Clock
from bot.errors import SettingsInvalid
from bot.graph.credentials import credentials_of
from bot.graph.permissions import lacking
from bot.graph.tokens import Tokens
from bot.remedies import permissions_missing
from bot.settings import Settings

TOKEN_WITHIN = 10.0
"""Seconds for Entra to hand out a token; the bot serves without one."""


async def see_to_permissions(settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """Raise SettingsInvalid where the token shows that a permission which a rule needs is missing.

    Without a token, or with one that doesn't show its permissions, the bot starts, and what can't be read counts as
    the worst. It stops waiting once it is told to stop.
    """
    if not lacking(settings.policy, frozenset()):
        return
    roles = await _roles(settings, clock, stop)
    if roles is not None and (missing := permissions_missing(lacking(settings.policy, roles))):
        raise SettingsInvalid([str(what) for _, what in missing])


async def _roles(settings: Settings, clock: Clock, stop: asyncio.Event) -> frozenset[str] | None:
    tokens = Tokens(credentials_of(settings), clock)
    signing_in, stopped = asyncio.create_task(tokens.token()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({signing_in, stopped}, timeout=TOKEN_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        return tokens.roles()
    finally:
        for task in (signing_in, stopped):
            task.cancel()
        await asyncio.gather(signing_in, stopped, return_exceptions=True)
        await tokens.close()
