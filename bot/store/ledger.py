"""The one way anything is recorded: fold, decide, append, project and wish, in one transaction."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from bot.core import events as ev
from bot.core import judging, lifecycle
from bot.core.commands import Ask, Command
from bot.core.findings import Elsewhere
from bot.core.fold import UNVERSIONED, evolve
from bot.core.follow_ups import follow_ups
from bot.core.ids import ChannelId, MessageTs, ObjectId, RequestId, SlackUserId
from bot.core.model import Request
from bot.core.notes import Note
from bot.core.policy import Refusal
from bot.core.terms import Terms
from bot.core.wishes import Wish
from bot.store import tasks as outbox
from bot.store import watched
from bot.store.beginning import begin, begun_or_free
from bot.store.events import Anchor, Log, anchor_of, as_text, as_time
from bot.store.prepared import Prepared
from bot.store.recent import read
from bot.store.tables import posts, refusal_tally, requests, targets
from bot.store.upsert import upsert

REFUSALS_AN_HOUR = 20
"""Beyond these, a person's refusals of one hour become one entry with their count."""

_REQUEST = requests.c.id == bindparam("request")
_URL = Prepared(select(requests.c.response_url).where(_REQUEST))
_STATE = Prepared(update(requests).where(_REQUEST).values(state=bindparam("becomes")))
_OCCUPY = Prepared(targets.insert(), "request_id", "user_id", "is_open")
_TALLY = upsert(
    refusal_tally,
    lambda new: new.on_conflict_do_update(
        index_elements=["person", "hour"], set_={"count": refusal_tally.c.count + 1}
    ).returning(refusal_tally.c.count),
)
_POSTED = upsert(
    posts,
    lambda new: new.on_conflict_do_update(
        index_elements=["op_id"], set_={name: new.excluded[name] for name in ("channel", "thread_ts", "ts")}
    ),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One request as the store has it, with what is no part of the record."""

    request: Request
    response_url: str
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Applied:
    """What a command did: the request after it, and what happened; a refusal where it did nothing."""

    request: Request
    happened: tuple[ev.Event, ...] = ()
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A message that Slack took."""

    op_id: str
    request_id: RequestId
    channel: str
    thread_ts: str
    ts: str


Judge = Callable[[Request], Refusal | None]


class Ledger:
    """Records; every method runs inside a transaction of the writer's thread."""

    def __init__(self, log: Log, terms: Terms, incident_channels: tuple[ChannelId, ...]) -> None:
        self._log = log
        self.terms = terms
        self._incident_channels = incident_channels

    def ask(self, connection: Connection, command: Ask, now: datetime, *, origin: str, url: str) -> Request:
        """Begin a request; the same origin (a replayed payload) gives the request it began."""
        known, request_id = begun_or_free(connection, origin)
        if known is not None:
            return self.load(connection, known)
        users = 0 if command.is_rehearsal else len(command.entries)
        begin(connection, request_id, origin, command.asker.id, now, users=users, url=url)
        return self._record(connection, request_id, None, lifecycle.ask(command), now, actor=command.asker.id)

    def begun_by(self, connection: Connection, origin: str) -> RequestId | None:
        """The request that this very payload began already."""
        return begun_or_free(connection, origin)[0]

    def apply(
        self,
        connection: Connection,
        request_id: RequestId,
        command: Command,
        now: datetime,
        *,
        actor: str = "bot",
        judge: Judge | None = None,
    ) -> Applied | None:
        """Decide on the newest state and record what happens; None for an unknown request."""
        request = self.find(connection, request_id)
        if request is None:
            return None
        return self.decide(connection, request, command, now, actor=actor, judge=judge)

    def decide(
        self,
        connection: Connection,
        request: Request,
        command: Command,
        now: datetime,
        *,
        actor: str,
        judge: Judge | None = None,
    ) -> Applied:
        """Decide on a request as this transaction has read it, and record what happens."""
        verdict = (judge(request) if judge else None) or lifecycle.decide(request, command, now, self.terms)
        if isinstance(verdict, Refusal):
            return Applied(request, refusal=verdict)
        if not verdict:
            return Applied(request)
        after = self._record(connection, request.id, request, verdict, now, actor=actor)
        for event in verdict:
            if isinstance(event, ev.SetAside) and event.follow_up is not None:
                self._follow_up(connection, request, event, event.follow_up, now)
        return Applied(after, verdict)

    def _follow_up(
        self, connection: Connection, request: Request, event: ev.SetAside, new_id: RequestId, now: datetime
    ) -> None:
        """Ask anew for those whose risk rose, in the transaction that takes them out of their request."""
        begin(connection, new_id, f"after {request.id}:{new_id}", request.asker.id, now)
        begun = judging.follow_up(request, event, now, self.terms)
        self._record(connection, new_id, None, begun, now, actor="bot")

    def refused(
        self, connection: Connection, event: ev.ClickRefused, request_id: RequestId | None, now: datetime
    ) -> bool:
        """Enter a refusal; False once a person has more of them in this hour than are entered singly."""
        began = now.replace(minute=0, second=0, microsecond=0)
        hour = as_text(began)
        row = {"person": event.by, "hour": hour, "count": 1}
        nth = connection.execute(_TALLY(connection), row).scalar_one()
        if nth <= REFUSALS_AN_HOUR:
            self._log.append(connection, event, now, actor=event.by, request_id=request_id, version=None)
        if nth == REFUSALS_AN_HOUR + 1:
            outbox.wish(connection, [Wish("tally", hour, began + timedelta(hours=1))], None)
        return bool(nth <= REFUSALS_AN_HOUR)

    def note(self, connection: Connection, note: Note, now: datetime, *, actor: str) -> Anchor:
        """Enter what is about no request."""
        return self._log.append(connection, note, now, actor=actor, request_id=None, version=None)

    def count_refusals(self, connection: Connection, now: datetime) -> None:
        """Enter what the hours that are over had beyond the limit, one entry a person and hour."""
        hour = as_text(now.replace(minute=0, second=0, microsecond=0))
        over = connection.execute(
            refusal_tally.delete()
            .where(refusal_tally.c.hour < hour)
            .returning(refusal_tally.c.person, refusal_tally.c.hour, refusal_tally.c.count)
        ).all()
        for who, of_hour, total in over:
            if total > REFUSALS_AN_HOUR:
                person = SlackUserId(who)
                event = ev.ClickRefused(person, "many", f"{total} refusals in the hour from {of_hour}")
                self._log.append(connection, event, now, actor=person, request_id=None, version=None)

    def find(self, connection: Connection, request_id: RequestId) -> Request | None:
        return read(connection, request_id)

    def load(self, connection: Connection, request_id: RequestId) -> Request:
        if (request := self.find(connection, request_id)) is None:
            raise LookupError(request_id)
        return request

    def entry(self, connection: Connection, request_id: RequestId) -> Entry:
        """Read a request together with where its asker is answered and its newest anchor."""
        url = _URL.row(connection, request=request_id)
        return Entry(self.load(connection, request_id), url[0] if url else "", anchor_of(connection, request_id))

    def elsewhere(
        self, connection: Connection, user_ids: Iterable[ObjectId], but: RequestId
    ) -> Mapping[ObjectId, Elsewhere]:
        """Name the open request that each of these users is in already."""
        rows = connection.execute(
            select(
                targets.c.user_id,
                targets.c.request_id,
                requests.c.asker,
                requests.c.asked_at,
                posts.c.channel,
                posts.c.ts,
            )
            .join(requests, requests.c.id == targets.c.request_id)
            .outerjoin(posts, posts.c.op_id == targets.c.request_id + ".message")
            .where(targets.c.is_open, targets.c.user_id.in_(list(user_ids)), targets.c.request_id != but)
        )
        return {
            ObjectId(row.user_id): Elsewhere(
                RequestId(row.request_id),
                SlackUserId(row.asker),
                as_time(row.asked_at),
                ChannelId(row.channel) if row.channel else None,
                MessageTs(row.ts) if row.ts else None,
            )
            for row in rows
        }

    def answer_to(self, connection: Connection, request_id: RequestId, url: str) -> None:
        """From now on the asker's private answer goes to another response_url."""
        connection.execute(update(requests).where(requests.c.id == request_id).values(response_url=url))

    def _record(
        self,
        connection: Connection,
        request_id: RequestId,
        before: Request | None,
        happened: tuple[ev.Event, ...],
        now: datetime,
        *,
        actor: str,
    ) -> Request:
        after = before
        for event in happened:
            after = evolve(request_id, after, event, now)
            version = None if isinstance(event, UNVERSIONED) else after.version
            self._log.append(connection, event, now, actor=actor, request_id=request_id, version=version)
        if after is None:
            raise ValueError("nothing happened")
        _project(connection, before, after)
        wishes = follow_ups(before, after, happened, now, terms=self.terms, incident_channels=self._incident_channels)
        outbox.wish(connection, wishes, request_id)
        return after


def _project(connection: Connection, before: Request | None, after: Request) -> None:
    if after.state != (before.state if before is not None else "looking_up"):  # as it was inserted
        _STATE.write(connection, request=after.id, becomes=after.state)
    if after.state == "pending" and (before is None or before.state == "looking_up"):
        for user_id in after.sendable:  # a rehearsal occupies nobody
            _OCCUPY.write(connection, request_id=after.id, user_id=user_id, is_open=True)
    if after.is_final:
        watched.end(connection, after)
    elif aside := [t.user_id for t in after.having("left_out", "moved", "spared")]:
        of_it = targets.c.request_id == after.id
        connection.execute(update(targets).where(of_it, targets.c.user_id.in_(aside)).values(is_open=False))


def posted(connection: Connection, post: Post) -> None:
    """Remember where Slack put a message; of doubles the one that stays."""
    connection.execute(_POSTED(connection), asdict(post))


def find_post(connection: Connection, op_id: str) -> Post | None:
    row = connection.execute(select(posts).where(posts.c.op_id == op_id)).first()
    return Post(row.op_id, RequestId(row.request_id), row.channel, row.thread_ts, row.ts) if row else None


def wish(connection: Connection, request_id: RequestId | None, *wishes: Wish) -> None:
    outbox.wish(connection, wishes, request_id)
