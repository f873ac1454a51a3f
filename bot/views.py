"""What people look at without changing anything: lists, how a request stands, all that is known of it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.authority import Authority
from bot.core.events import Event
from bot.core.fold import fold
from bot.core.ids import RequestId, SlackUserId
from bot.core.model import Request
from bot.core.policy import Standing, may_decide, may_vouch
from bot.errors import GraphError, SignInFailed, SlackError
from bot.slack.blocks import details, standing
from bot.slack.blocks.home import Seen
from bot.slack.blocks.message import Block, Message
from bot.slack.blocks.place import PlaceOf
from bot.slack.blocks.rules import because
from bot.store.asks import ended_lately, of_asker, unended
from bot.store.events import Anchor, anchor_of, history
from bot.store.store import Store

LOOK_UP_WITHIN = 1.2
"""Seconds: with opening a window it has to stay within the three that Slack waits."""
LAST = timedelta(days=30)
"""How far back one's own requests are listed."""
ON_HOME = 10
"""Requests of a kind on the Home tab; of those that wait for the reader, twice as many."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody may see and do; None where nobody can tell just now."""

    may_ask: bool | None
    standing: Standing | None
    silent: str = ""
    """Who did not answer, where something could not be told."""

    @property
    def may_approve(self) -> bool | None:
        """Whether they may approve anything at all."""
        if self.standing is None:
            return None
        return self.standing.person.is_full_member and may_vouch(self.standing, self.standing.teams)

    @property
    def is_wide(self) -> bool:
        """Whether they see what others asked for."""
        return bool(self.may_ask or self.may_approve)


@dataclass(frozen=True, slots=True)
class Known:
    """A request with everything that happened to it."""

    request: Request
    happened: tuple[tuple[datetime, Event], ...]
    anchor: Anchor


class Views:
    """Reads and shows; raises StoreError."""

    def __init__(self, store: Store, authority: Authority, place: PlaceOf) -> None:
        self._store = store
        self._authority = authority
        self._place = place

    async def mine(self, by: SlackUserId) -> Message:
        found = await self._store.do(self._mine, by, standing.MOST + 1)
        return standing.mine(found[: standing.MOST], self._place, more=len(found) > standing.MOST)

    async def still_open(self, by: SlackUserId) -> Message:
        sight = await self.sight(by)
        if not sight.is_wide:
            return standing.could_not_check(sight.silent) if sight.silent else standing.not_for_you(self._place())
        found = await self._store.do(self._open, standing.MOST + 1)
        return standing.still_open(found[: standing.MOST], self._place, more=len(found) > standing.MOST)

    async def status(self, by: SlackUserId, request_id: str) -> Message:
        if not request_id:
            return standing.which_one()
        request = await self._store.do(self._store.ledger.find, RequestId(request_id))
        if request is not None and request.asker.id != by:
            sight = await self.sight(by)
            if not sight.is_wide and sight.silent:
                return standing.could_not_check(sight.silent)
            request = request if sight.is_wide else None
        return standing.status(request, self._place(request)) if request else standing.no_such(request_id)

    async def details(self, by: SlackUserId, request_id: RequestId, page: int = 0) -> Block:
        """The window with all that is known of a request; for who may not see it, one that says so."""
        known = await self._store.do(self._known, request_id)
        if known is None:
            return details.gone()
        if known.request.asker.id != by:
            sight = await self.sight(by)
            if not sight.is_wide:
                return details.could_not_check(sight.silent) if sight.silent else details.not_for_you(self._place())
        request, head = known.request, (known.anchor.n, known.anchor.mac)
        because = self._because(request)
        return details.window(request, self._place(request), known.happened, head, because=because, page=page)

    async def seen_from(self, by: SlackUserId) -> Seen:
        """What the Home tab of somebody shows."""
        sight = await self.sight(by)
        waiting, own, ended = await self._store.do(self._for_home, by, sight)
        return Seen(
            waiting=waiting,
            own=own,
            ended=ended,
            may_ask=sight.may_ask,
            may_approve=sight.may_approve,
            silent=sight.silent,
        )

    async def sight(self, by: SlackUserId) -> Sight:
        """Look up what somebody may see and do."""
        asks, stands = await asyncio.gather(self._may_ask(by), self._standing(by))
        silent = next((one for one in (asks, stands) if isinstance(one, str)), "")
        return Sight(
            asks if isinstance(asks, bool) else None, stands if isinstance(stands, Standing) else None, silent
        )

    async def _may_ask(self, by: SlackUserId) -> bool | str:
        try:
            _, refusal = await self._authority.may_ask(by, self._place().channel, LOOK_UP_WITHIN)
        except SlackError:
            return "Slack"
        except (GraphError, SignInFailed):
            return "Entra"
        return refusal is None

    async def _standing(self, by: SlackUserId) -> Standing | str:
        try:
            found = await self._authority.standing(by, tuple(self._authority.policy.teams), LOOK_UP_WITHIN)
        except SlackError:
            return "Slack"
        return "Entra" if found.is_unsure else found

    def _because(self, request: Request) -> str:
        """By which rule it is decided; of what was decided the record says it."""
        is_waiting = request.state == "pending" and not request.approvals
        return because(self._authority.policy, request.as_shown) if is_waiting else ""

    def _mine(self, connection: Connection, by: SlackUserId, most: int) -> list[Request]:
        since = self._store.clock.now() - LAST
        return self._found(connection, of_asker(connection, by, since, most))

    def _open(self, connection: Connection, most: int) -> list[Request]:
        return self._found(connection, unended(connection, most))

    def _known(self, connection: Connection, request_id: RequestId) -> Known | None:
        happened = tuple(history(connection, request_id))
        request = fold(request_id, happened)
        return Known(request, happened, anchor_of(connection, request_id)) if request is not None else None

    def _for_home(
        self, connection: Connection, by: SlackUserId, sight: Sight
    ) -> tuple[list[Request], list[Request], list[Request]]:
        own = self._mine(connection, by, ON_HOME)
        waiting = self._found(connection, unended(connection, 10 * ON_HOME, "pending")) if sight.may_approve else []
        ended = self._found(connection, ended_lately(connection, ON_HOME)) if sight.is_wide else []
        return [one for one in waiting if self._waits_for(sight, one)][: 2 * ON_HOME], own, ended

    def _waits_for(self, sight: Sight, request: Request) -> bool:
        """Whether somebody may approve it, as far as it can be told now."""
        policy = self._authority.policy
        return sight.standing is not None and may_decide(policy, sight.standing, request, "approve") is None

    def _found(self, connection: Connection, ids: list[RequestId]) -> list[Request]:
        found = (self._store.ledger.find(connection, one) for one in ids)
        return [one for one in found if one is not None]
