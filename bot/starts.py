"""Each start's entry in the trail: version, policy, approvers and every setting but the secrets."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection

from bot import __version__
from bot.checks import Checks
from bot.clock import Clock
from bot.core.notes import Started
from bot.errors import SettingsInvalid, StoreError
from bot.setting_database import Address
from bot.settings import NO_SETTINGS, Settings
from bot.store.keys import misfit
from bot.store.ledger import Ledger
from bot.store.store import Store
from bot.store.trail import last_start

SET = "(set)"
"""Stands for a secret."""


def enter_start(connection: Connection, ledger: Ledger, settings: Settings, now: datetime) -> None:
    """Enter that the bot starts, and what is not as at the start before. Raises SettingsInvalid."""
    if wrong := misfit(connection, settings.chain_key):
        raise SettingsInvalid([wrong])  # going on would break the chain, for good
    start, before = started(settings), last_start(connection)
    if before is not None:
        start = replace(start, changed=_changed(before, start))
    ledger.note(connection, start, now, actor="bot")


async def record_approvers(store: Store, checks: Checks, clock: Clock) -> None:
    """Enter who can approve, as Slack has told."""
    with contextlib.suppress(StoreError):  # the writer has logged it
        await store.run(lambda connection: store.ledger.note(connection, checks.resolved, clock.now(), actor="bot"))


def started(settings: Settings) -> Started:
    approvers = {team.key: team.members for team in settings.policy.teams.values()}
    return Started(__version__, _plain(settings), settings.policy.digest, approvers)


def _plain(settings: Settings) -> Mapping[str, str]:
    names = [name for name in type(settings).model_fields if name not in NO_SETTINGS]
    return {name.upper(): _text(getattr(settings, name)) for name in names}


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return SET
        case tuple():
            return ",".join(map(str, value))
        case Address():
            return value.shown
        case _:
            return str(value)


def _changed(before: Started, now: Started) -> tuple[str, ...]:
    names = dict.fromkeys((*before.settings, *now.settings))
    settings = [name for name in names if before.settings.get(name) != now.settings.get(name)]
    policy = ["policy"] if before.policy != now.policy else []
    return tuple(settings + policy)
