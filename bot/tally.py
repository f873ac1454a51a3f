"""Brings what the database knows into the operator's numbers: when they are asked for, and never for long."""

import asyncio
import contextlib
import time
from typing import get_args

from bot.core.follow_ups import TaskKind
from bot.core.model import State
from bot.core.policy import Action, Why
from bot.errors import StoreError
from bot.metrics import Metrics
from bot.store import counts
from bot.store.counts import Counts, Happened
from bot.store.store import Store

WITHIN = 0.5
"""Seconds that a scrape waits for the database; after them it shows what was read before."""
SHARE = 500
"""Counting all requests reads them all: it may take so small a part of the time in which others write."""
DECISIONS = {"Approved": "approved", "Denied": "denied", "Withdrawn": "withdrawn", "Expired": "expired"}
ENDS = {"Denied": "denied", "Withdrawn": "withdrawn", "Expired": "expired", "NotAsked": "not_asked"}
"""The events that end a request by themselves; Ended says how it does."""
KINDS = frozenset({*DECISIONS, *ENDS, "Ended", "ClickRefused"})


class Tally:
    """One for the process. What happens is counted from its start on, by whichever replica it was done."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._read_to: int | None = None
        self._count_again_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def begin(self) -> None:
        """What is in the log by now is past."""
        with contextlib.suppress(StoreError):
            self._read_to = await self._store.run(counts.entries)

    async def read(self) -> None:
        """Read the database again; while it is slow or away, what was read last stays."""
        async with self._one_at_a_time:
            if self._read_to is None:
                await self.begin()
            after, is_time = self._read_to, time.monotonic() >= self._count_again_at
            if after is None:
                return
            now = self._store.clock.now()
            with contextlib.suppress(StoreError):
                found = await self._store.run(
                    lambda connection: counts.read(connection, now, after, KINDS, with_states=is_time),
                    deadline=time.monotonic() + WITHIN,
                )
                self._take(found)
                self._metrics.read_at.set(now.timestamp())

    def _take(self, found: Counts) -> None:
        metrics, self._read_to = self._metrics, found.read_to
        metrics.entries.set(found.entries)
        for kind in get_args(TaskKind):
            waiting = found.tasks.get(kind)
            metrics.tasks.labels(kind).set(waiting.count if waiting else 0)
            metrics.overdue.labels(kind).set(waiting.overdue if waiting else 0)
            metrics.attempts.labels(kind).set(waiting.attempts if waiting else 0)
        if found.states is not None:
            self._count_again_at = time.monotonic() + SHARE * found.counting
            for state in get_args(State):
                metrics.requests.labels(state).set(found.states.get(state, 0))
        for one in found.happened:
            self._count(one)

    def _count(self, one: Happened) -> None:
        metrics, body = self._metrics, one.body
        if one.kind == "ClickRefused":
            action, ground = _known(body.get("action"), Action, "ask", "many"), _known(body.get("why"), Why, "limit")
            metrics.refusals.labels(action, ground).inc()
        if (decision := DECISIONS.get(one.kind)) and body.get("is_last", True):
            metrics.decisions.labels(decision).observe(one.after)
        if state := ENDS.get(one.kind) or (_known(body.get("state"), State) if one.kind == "Ended" else ""):
            metrics.ended.labels(state).inc()


def _known(value: object, of: object, *more: str) -> str:
    """One of so many words, so that there are never more labels than these."""
    return value if isinstance(value, str) and value in {*get_args(of), *more} else "other"
