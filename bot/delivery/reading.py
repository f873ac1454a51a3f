"""Reads risky users for everybody who waits at that moment: shared pages of one list, the rest one by one."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.core.ids import ObjectId
from bot.core.model import RiskySnapshot
from bot.core.planning import Search, next_call
from bot.delivery.listing import Listing, ListKind, first_page
from bot.delivery.wants import Want
from bot.errors import Garbled, Rejected, Unavailable
from bot.graph import wire
from bot.graph.client import MAX_PAGES, Graph
from bot.graph.pacer import Turn

REMEMBERED = timedelta(seconds=60)
MOST_FAILURES = 2
"""Failures in a row to get one user alone before Graph is taken not to tell of them for now."""
TOGETHER = timedelta(seconds=1)
"""Who waits for a change is told by no reading that began longer than this before it was asked for."""


class Reading:
    """One for the process; each step is one call, made when its turn has come."""

    def __init__(self, graph: Graph, clock: Clock, most_pages: int = MAX_PAGES) -> None:
        self._graph = graph
        self._most_pages = most_pages
        self._clock = clock
        self._wants: list[Want] = []
        self._known: dict[ObjectId, RiskySnapshot] = {}
        self._missing: dict[ObjectId, datetime] = {}
        self._named: dict[str, datetime] = {}
        self._failed: Counter[ObjectId] = Counter()
        self.tells_by_upn = True
        """Whether Graph takes a filter by UPN."""
        self._listed_at = datetime.min.replace(tzinfo=clock.now().tzinfo)
        self._listing: Listing | None = None
        self._listing_began = self._listed_at
        self._listings = 0
        self._pages: dict[ListKind, int] = {}

    def want(
        self,
        since: Mapping[ObjectId, datetime],
        turn: Turn,
        within: float,
        singles: int,
        *,
        beside: int = 0,
        is_alone: bool = False,
    ) -> Want:
        """Ask for users; awaiting `done` gives what was read of them."""
        now, left = self._clock.monotonic(), dict.fromkeys(since)
        want = Want(since, turn, now + within, singles, now, self._listings, beside, is_alone, left=left)
        if turn in {Turn.DOUBT, Turn.READ_BACK}:
            want.fresh = self._clock.now() - TOGETHER
        self._wants.append(want)
        self._settle()
        return want

    def want_list(self, turn: Turn, within: float, updated_since: datetime | None = None) -> Want:
        """Ask for everybody at risk (`listed_at` tells if all came in time), or who was updated since then."""
        now = self._clock.monotonic()
        want = Want({}, turn, now + within, 0, now, self._listings, updated_since=updated_since)
        want.is_whole = updated_since is None
        self._wants.append(want)
        return want

    def want_upn(self, upn: str, turn: Turn, within: float) -> Want:
        """Ask whether anybody of that UPN is at risk; `upn_read_at` tells whether it came in time."""
        now = self._clock.monotonic()
        want = Want({}, turn, now + within, 0, now, self._listings, upn=upn)
        self._wants.append(want)
        return want

    def forget(self, want: Want) -> None:
        """Nobody waits for it any more."""
        if want in self._wants:
            self._wants.remove(want)

    @property
    def most_urgent(self) -> Want | None:
        self._expire()
        return min(self._wants, key=lambda want: want.urgency, default=None)

    def of(self, user_id: ObjectId, since: datetime) -> RiskySnapshot | None:
        """What was read of a user by a call that began after that moment."""
        known = self._known.get(user_id)
        return known if known is not None and self._in_time(known.read_at, since) else None

    def is_missing(self, user_id: ObjectId, since: datetime) -> bool:
        """Whether Graph had no record of a user since then."""
        return self._in_time(self._missing.get(user_id), since) is not None

    def upn_read_at(self, upn: str, since: datetime) -> datetime | None:
        """When it was last asked who of that UPN is at risk, if it was since then."""
        return self._in_time(self._named.get(upn.casefold()), since)

    def listed_at(self, since: datetime) -> datetime | None:
        """When it was begun to read the whole list of the users at risk, if it was since then."""
        return self._in_time(self._listed_at, since)

    def read_at(self, user_id: ObjectId, since: datetime) -> datetime | None:
        """When a user was read, or found to have no record, if it was since then."""
        known = self._known.get(user_id)
        found = self._in_time(known.read_at if known else None, since)
        return found or self._in_time(self._missing.get(user_id), since)

    def _in_time(self, at: datetime | None, since: datetime) -> datetime | None:
        # What a clock that was set back since calls the future was read before who knows what.
        return at if at is not None and since <= at <= self._clock.now() else None

    def at_risk(self, since: datetime) -> list[RiskySnapshot]:
        """Everybody who was read as being at risk since then."""
        return [known for user_id in self._known if (known := self.of(user_id, since)) and known.is_at_risk]

    def fail(self, error: Exception) -> None:
        """Tell everybody who waits that nothing can be read."""
        for want in self._wants:
            if not want.done.done():
                want.done.set_exception(error)
                want.done.exception()  # whoever waits has it; nobody may be looking any more
        self._wants.clear()

    async def step(self) -> None:
        """Make the one call that helps most. Raises GraphError; what was read until then stays."""
        self._expire()
        if alone := next((user_id for want in self._wants if want.is_alone for user_id in want.left), None):
            await self._single(alone)
            self._settle()
            return
        if named := next((want for want in self._wants if want.upn), None):
            await self._of_upn(named)
            return
        on_list = {user_id for want in self._wants for user_id in want.left if user_id not in want.tried}
        active = self._listing
        kind = active.kind if active else self._kind()
        beside = max((want.beside for want in self._wants if set(want.left) & on_list), default=0)
        search = Search(len(on_list) + beside, active.read if active else 0, self._pages.get(kind))
        is_of_all = any(want.is_of_all for want in self._wants)
        match "page" if is_of_all else next_call(search):
            case "page":
                await self._page(active or self._new_listing(kind))
            case "single":
                await self._single(self._first(on_list))
            case "nothing":
                if alone := self._alone():
                    await self._single(alone)
        self._settle()

    def _first(self, user_ids: set[ObjectId]) -> ObjectId:
        wants = sorted(self._wants, key=lambda want: want.urgency)
        return next(user_id for want in wants for user_id in want.left if user_id in user_ids)

    def _alone(self) -> ObjectId | None:
        """Somebody whom the list does not name, of who may still be got one by one."""
        for want in sorted(self._wants, key=lambda want: want.urgency):
            if want.singles > 0 and want.left:
                return next(iter(want.left))
        return None

    def _kind(self) -> ListKind:
        """What a new list has to hold."""
        looking = [want for want in self._wants if want.is_of_all or set(want.left) - want.tried]
        kinds = {want.turn == Turn.READ_BACK for want in looking}
        return "both" if len(kinds) > 1 else "updated" if True in kinds else "at risk"

    def _new_listing(self, kind: ListKind) -> Listing:
        self._listings += 1
        moments = [at for want in self._wants if want.turn == Turn.READ_BACK for at in want.moments]
        first = first_page(kind, min(moments, default=self._clock.now()))
        for want in self._wants:
            if want.is_of_all:
                want.read.found.clear()  # who was on pages of a list that broke off may have left it
        self._listing = Listing(kind, self._listings, first)
        self._listing_began = self._clock.now()
        return self._listing

    async def _page(self, listing: Listing) -> None:
        if listing.next is None:
            raise ValueError("the list is over")
        try:
            page = await self._graph.page(listing.next, self._turn())
        except Exception:
            self._listing = None  # a next link does not keep
            raise
        for snapshot in page.users:
            self._note(snapshot)
        for want in self._wants:
            if want.is_of_all and want.joined < listing.number:
                # What is known to all is forgotten before the last page of a long list is read.
                want.read.found.update((snapshot.user_id, snapshot) for snapshot in page.users)
        listing.read += 1
        listing.next = wire.next_page(page.next_link) if page.next_link else None
        # Endless next links were seen in the field.
        if listing.next is None or listing.read >= self._most_pages:
            self._over(listing, is_whole=listing.next is None)

    def _over(self, listing: Listing, *, is_whole: bool) -> None:
        self._listing = None
        self._pages[listing.kind] = listing.read
        if listing.kind != "updated" and is_whole:
            self._listed_at = self._listing_began
        self._settle()
        for want in self._wants:
            if want.joined < listing.number:
                want.tried.update(want.left)
                if is_whole and listing.kind != "updated":
                    want.read.not_listed.update(want.left)
                want.is_whole = want.is_whole and listing.kind == "updated"
                want.updated_since = want.updated_since if listing.kind == "at risk" else None

    async def _single(self, user_id: ObjectId) -> None:
        began = self._clock.now()
        for want in self._wants:
            if user_id in want.left:
                want.singles -= 1
        try:
            snapshot = await self._graph.risky_user(user_id, self._turn())
        except Rejected:
            self._drop(user_id)
            return
        except (Unavailable, Garbled):
            # Of one user Graph may never tell: nobody else has to wait for that.
            self._failed[user_id] += 1
            if self._failed[user_id] < MOST_FAILURES:
                raise
            self._drop(user_id)
        else:
            if snapshot is None:
                self._missing[user_id] = began
            else:
                self._note(snapshot)
        self._failed.pop(user_id, None)

    async def _of_upn(self, want: Want) -> None:
        began = self._clock.now()
        try:
            page = await self._graph.page(wire.at_risk_by_upn(want.upn), self._turn())
        except Rejected:
            self.tells_by_upn = False  # the list has to do
            self._let_go(want)
            return
        for snapshot in page.users:
            self._note(snapshot)
        self._named[want.upn.casefold()] = began
        self._let_go(want)

    def _turn(self) -> Turn:
        urgent = self.most_urgent
        return urgent.turn if urgent else Turn.LOOK_UP

    def _drop(self, user_id: ObjectId) -> None:
        """Graph will not tell of this one."""
        for want in self._wants:
            if want.left.pop(user_id, "absent") is None:
                want.read.unread.add(user_id)

    def _note(self, snapshot: RiskySnapshot) -> None:
        known = self._known.get(snapshot.user_id)
        if known is None or known.read_at <= snapshot.read_at:
            self._known[snapshot.user_id] = snapshot

    def _settle(self) -> None:
        """Give everybody what was read, and let go who has it all or can get no more."""
        for want in list(self._wants):
            for user_id in list(want.left):
                since = max(want.since[user_id], want.fresh or want.since[user_id])
                if (snapshot := self.of(user_id, since)) is not None:
                    want.read.found[user_id] = snapshot
                elif self.is_missing(user_id, since):
                    want.read.missing.add(user_id)
                else:
                    continue
                del want.left[user_id]
            if want.is_of_all or want.upn:
                continue
            if not want.left or (want.singles <= 0 and not set(want.left) - want.tried):
                self._let_go(want)
        self._prune()

    def _expire(self) -> None:
        now = self._clock.monotonic()
        for want in [want for want in self._wants if want.until <= now or want.done.done()]:
            self._let_go(want)

    def _let_go(self, want: Want) -> None:
        self.forget(want)
        want.read.unread.update(want.left)
        if not want.done.done():
            want.done.set_result(want.read)

    def _prune(self) -> None:
        now = self._clock.now()
        self._known = {i: s for i, s in self._known.items() if now - REMEMBERED <= s.read_at <= now}
        self._missing = {i: at for i, at in self._missing.items() if now - REMEMBERED <= at <= now}
        self._named = {upn: at for upn, at in self._named.items() if now - REMEMBERED <= at <= now}
