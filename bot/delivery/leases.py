"""Keeps the lease of what is in hand, and lets go of what another process has taken over meanwhile."""

from collections.abc import Callable, Collection

import structlog
from sqlalchemy import Connection

from bot.clock import Clock
from bot.errors import StoreError
from bot.store import tasks as outbox
from bot.store.store import Store

RENEW_EVERY = outbox.LEASE.total_seconds() / 3

log = structlog.get_logger()


async def keep(
    store: Store, clock: Clock, in_hand: Callable[[], Collection[int]], let_go: Callable[[int], None]
) -> None:
    """Renew until cancelled. While the database is away nobody else gets at a lease either."""
    while True:
        await clock.sleep(RENEW_EVERY)
        ids = list(in_hand())
        if not ids:
            continue

        def work(connection: Connection, ids: list[int] = ids) -> set[int]:
            return outbox.renew(connection, clock.now(), ids, owner=store.process)

        try:
            kept = await store.run(work)
        except StoreError as error:
            log.warning("the leases could not be renewed", why=str(error))
            continue
        still = in_hand()
        for task_id in ids:
            if task_id not in kept and task_id in still:
                let_go(task_id)
