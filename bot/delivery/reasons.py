"""Reads why users are at risk, for everybody who waits at that moment: each call for many users."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from bot.clock import Clock
from bot.core.detections import Detection, reasons_of
from bot.core.ids import ObjectId
from bot.core.reasons import Blind, Reason
from bot.errors import Forbidden, Garbled, GraphError, Rejected, Throttled, Unauthorized
from bot.graph import detections as wire
from bot.graph.client import MAX_PAGES, Graph
from bot.graph.pacer import Turn
from bot.graph.wire import GraphRequest, next_page

REMEMBERED = 600.0
BUSY_AFTER = 20.0
"""Seconds of 429s after which whoever waits is told that Entra is busy."""
FORBIDDEN_FOR = 60.0
"""Seconds until it is tried again where the token does not show what it may."""

log = structlog.get_logger()

Updated = Mapping[ObjectId, datetime | None]
"""Users with their riskLastUpdatedDateTime: what was read for one value of it holds until it moves."""


@dataclass(slots=True, eq=False)
class WhyWant:
    """Users of whom somebody waits to hear why they are at risk; `done` says what kept it from being read."""

    updated: Updated
    turn: Turn
    began: float
    asked_at: float
    """Its place in the queue: it gives way after a 429."""
    done: "asyncio.Future[Blind]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def urgency(self) -> float:
        """The less, the sooner."""
        return self.asked_at + self.turn


@dataclass(frozen=True, slots=True)
class _Known:
    updated: datetime | None
    reasons: tuple[Reason, ...]
    at: float


@dataclass(slots=True)
class _Batch:
    """The users of one call, and of those for its next pages."""

    updated: Updated
    next: GraphRequest
    found: list[Detection] = field(default_factory=list)
    pages: int = 0


class Reasons:
    """One for the process; each step is one call, made when its turn has come."""

    def __init__(self, graph: Graph, clock: Clock) -> None:
        self._graph = graph
        self._clock = clock
        self._wants: list[WhyWant] = []
        self._known: dict[ObjectId, _Known] = {}
        self._batch: _Batch | None = None
        self._forbidden_until = float("-inf")
        self._most = wire.USERS_A_CALL
        self._shrunk_at = float("-inf")

    @property
    def is_forbidden(self) -> bool:
        """Whether the app may not read detections, as far as can be told."""
        roles = self._graph.tokens.roles()
        if roles is not None:
            return not roles & wire.PERMISSIONS
        return self._clock.monotonic() < self._forbidden_until

    def want(self, updated: Updated, turn: Turn) -> WhyWant:
        """Ask why users are at risk; once `done`, `of` tells."""
        now = self._clock.monotonic()
        want = WhyWant(updated, turn, now, now)
        self._wants.append(want)
        self._settle()
        return want

    def forget(self, want: WhyWant) -> None:
        """Nobody waits for it any more."""
        if want in self._wants:
            self._wants.remove(want)

    def give_way(self) -> None:
        """Graph answered 429: whatever else waits goes first, and who has waited long is told so."""
        now = self._clock.monotonic()
        for want in list(self._wants):
            if now - want.began >= BUSY_AFTER:
                self._let_go(want, "busy")
            want.asked_at = now

    @property
    def most_urgent(self) -> WhyWant | None:
        return min(self._wants, key=lambda want: want.urgency, default=None)

    def of(self, user_id: ObjectId, updated: datetime | None) -> tuple[Reason, ...] | None:
        """Why a user is at risk, if it was read since their risk was last updated."""
        known = self._known.get(user_id)
        return known.reasons if known is not None and known.updated == updated else None

    def fail(self) -> None:
        """Tell everybody who waits that nothing can be read just now."""
        for want in list(self._wants):
            self._let_go(want, "busy")

    async def step(self) -> None:
        """Make one call. Raises Throttled, Unauthorized, SignInFailed: what nothing else can be read for either."""
        batch = self._batch or self._new_batch()
        if batch is None:
            return
        try:
            page = await self._graph.detections(batch.next, self._turn())
        except (Throttled, Unauthorized):
            raise
        except GraphError as error:
            self._could_not(batch, error)
            return
        batch.found += page.detections
        batch.pages += 1
        if not page.next_link:
            self._note(batch)
        elif batch.pages < MAX_PAGES:
            batch.next, self._batch = next_page(page.next_link), batch
        else:
            self._give(batch, "refused")
        self._settle()

    def _turn(self) -> Turn:
        urgent = self.most_urgent
        return urgent.turn if urgent else Turn.WHY

    def _new_batch(self) -> _Batch | None:
        """As many users as one call asks for, of those who are waited for most urgently."""
        if self._clock.monotonic() - self._shrunk_at >= REMEMBERED:
            self._most = wire.USERS_A_CALL
        sought: dict[ObjectId, datetime | None] = {}
        for want in sorted(self._wants, key=lambda want: want.urgency):
            for user_id, updated in want.updated.items():
                if self.of(user_id, updated) is None and len(sought) < self._most:
                    sought.setdefault(user_id, updated)
        return _Batch(sought, wire.of_users(sought)) if sought else None

    def _note(self, batch: _Batch) -> None:
        self._batch = None
        now = self._clock.monotonic()
        self._known = {user_id: known for user_id, known in self._known.items() if now - known.at < REMEMBERED}
        found: dict[ObjectId, list[Detection]] = {user_id: [] for user_id in batch.updated}
        for detection in batch.found:
            if detection.user_id in found:
                found[detection.user_id].append(detection)
        for user_id, of_user in found.items():
            self._known[user_id] = _Known(batch.updated[user_id], reasons_of(of_user), now)

    def _could_not(self, batch: _Batch, error: GraphError) -> None:
        log.warning("why users are at risk can't be read", why=str(error))
        match error:
            case Forbidden():
                self._forbidden_until = self._clock.monotonic() + FORBIDDEN_FOR
                self._give(batch, "no_permission")
            case Rejected() if len(batch.updated) > 1:
                # Graph documents no limit of its own for such a filter: with fewer users it may take it.
                self._most, self._batch = len(batch.updated) // 2, None
                self._shrunk_at = self._clock.monotonic()
            case Rejected() | Garbled():
                self._give(batch, "refused")
            case _:
                self._give(batch, "busy")
        self._settle()

    def _give(self, batch: _Batch, blind: Blind) -> None:
        """Tell those who wait for users of this batch that it can't be read."""
        self._batch = None  # a next link does not keep
        for want in list(self._wants):
            if not want.updated.keys().isdisjoint(batch.updated):
                self._let_go(want, blind)

    def _settle(self) -> None:
        for want in list(self._wants):
            if all(self.of(user_id, updated) is not None for user_id, updated in want.updated.items()):
                self._let_go(want, "")
            elif self.is_forbidden:
                self._let_go(want, "no_permission")

    def _let_go(self, want: WhyWant, blind: Blind) -> None:
        self.forget(want)
        if not want.done.done():
            want.done.set_result(blind)
