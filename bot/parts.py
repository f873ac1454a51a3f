"""Opens what the application stands on, each resource once."""

from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import timedelta

from bot.check import Check, ok
from bot.checks import Checks
from bot.clock import Clock
from bot.core.ids import ChannelId
from bot.core.pace import INTERVAL
from bot.core.terms import Terms
from bot.outside import Outside, open_outside
from bot.settings import Settings
from bot.sockets import Sockets
from bot.store.database import open_database
from bot.store.events import Log
from bot.store.ledger import Ledger
from bot.store.pace import StoredSlots
from bot.store.store import Store
from bot.store.writer import Writer


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application stands on."""

    outside: Outside
    store: Store
    checks: Checks
    sockets: Sockets


async def open_parts(
    settings: Settings, clock: Clock, resources: AsyncExitStack, interval: timedelta = INTERVAL
) -> Parts:
    """Open the database and the one session; asks nothing of the network. Raises StoreError."""
    store = open_store(settings, clock, resources)
    outside = await open_outside(settings, clock, resources, StoredSlots(store, interval))

    async def database() -> Check:
        await store.run(lambda _connection: None)
        return ok("database", f"database {settings.database_url.shown}")

    sockets = Sockets(outside)
    return Parts(outside, store, Checks(outside, database, sockets.check), sockets)


def open_store(settings: Settings, clock: Clock, resources: AsyncExitStack) -> Store:
    files = resources.enter_context(ExitStack())
    may_migrate = settings.database_admin_url is None
    writer = Writer(open_database(settings.database_url, files, may_migrate=may_migrate))
    resources.callback(writer.close)
    terms = Terms(settings.approval_ttl, settings.send_within, settings.remind_after, settings.hold, settings.policy)
    ledger = Ledger(Log(settings.chain_key), terms, tuple(ChannelId(c) for c in settings.incident_channels))
    writer.start()
    return Store(writer, ledger, clock)
