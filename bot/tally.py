"""Brings what the database knows into the operator's numbers: when they are asked for, and never for long."""

import asyncio
import contextlib
import time
from collections import Counter
from typing import get_args

from bot.core.model import FINAL, State
from bot.core.policy import Action, Why
from bot.core.wishes import TaskKind
from bot.errors import StoreError
from bot.metrics import Metrics
from bot.store import counts
from bot.store.counts import Counts, Happened
from bot.store.store import Store

WITHIN = 0.5
"""Seconds that a scrape waits for the database; after them it shows what was read before."""
DECISIONS = {"Approved": "approved", "Denied": "denied", "Withdrawn": "withdrawn", "Expired": "expired"}
KINDS = frozenset({"Asked", *DECISIONS, *counts.ENDS, "Ended", "ClickRefused"})


class Tally:
    """One for the process. What happens is counted from its start on, by whichever replica it was done."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._read_to: int | None = None
        self._ended: Counter[str] = Counter()
        self._open: frozenset[str] = frozenset()
        self._one_at_a_time = asyncio.Lock()

    async def begin(self, deadline: float | None = None) -> None:
        """Count what there is. All requests are read for it, once: while nobody waits for an answer yet."""
        with contextlib.suppress(StoreError):
            start = await self._store.run(counts.begin, deadline=deadline)
            self._ended.update({state: n for state, n in start.states.items() if state in FINAL})
            self._read_to, self._open = start.entries, start.open

    async def read(self) -> None:
        """Read the database again; while it is slow or away, what was read last stays."""
        async with self._one_at_a_time:
            if self._read_to is None:
                await self.begin(time.monotonic() + WITHIN)
            if self._read_to is None:
                return
            after, now = self._read_to, self._store.clock.now()
            with contextlib.suppress(StoreError):
                found = await self._store.run(
                    lambda connection: counts.read(connection, now, after, KINDS, self._open),
                    deadline=time.monotonic() + WITHIN,
                )
                self._take(found)
                self._metrics.read_at.set(now.timestamp())

    def _take(self, found: Counts) -> None:
        metrics = self._metrics
        self._read_to, self._open = found.read_to, frozenset(found.open)
        for one in found.happened:
            self._count(one)
        metrics.entries.set(found.entries)
        for kind in get_args(TaskKind):
            waiting = found.tasks.get(kind)
            metrics.tasks.labels(kind).set(waiting.count if waiting else 0)
            metrics.overdue.labels(kind).set(waiting.overdue if waiting else 0)
            metrics.attempts.labels(kind).set(waiting.attempts if waiting else 0)
        still_open = Counter(found.open.values())
        for state in get_args(State):
            metrics.requests.labels(state).set(self._ended[state] if state in FINAL else still_open[state])

    def _count(self, one: Happened) -> None:
        metrics, body = self._metrics, one.body
        if one.kind == "ClickRefused":
            action, ground = _known(body.get("action"), Action, "ask", "many"), _known(body.get("why"), Why, "limit")
            metrics.refusals.labels(action, ground).inc()
        if (decision := DECISIONS.get(one.kind)) and body.get("is_last", True):
            metrics.decisions.labels(decision).observe(one.after)
        if one.ends_in:
            state = _known(one.ends_in, State)
            self._ended[state] += 1
            metrics.ended.labels(state).inc()


def _known(value: object, of: object, *more: str) -> str:
    """One of so many words, so that there are never more labels than these."""
    return value if isinstance(value, str) and value in {*get_args(of), *more} else "other"
