"""Which requests there are: what somebody asked for, what is open, what ended lately."""

from datetime import datetime

from sqlalchemy import Connection, Select, bindparam, select, union_all

from bot.core.ids import RequestId, SlackUserId
from bot.core.limits import PastAsk
from bot.core.model import FINAL, OPEN, State
from bot.core.wishes import Wish
from bot.store import tasks as outbox
from bot.store.events import as_text, as_time
from bot.store.prepared import Prepared
from bot.store.tables import requests

_OF_ASKER = requests.c.asker == bindparam("of_asker")
_SINCE = Prepared(
    select(requests.c.asked_at, requests.c.users)
    .where(_OF_ASKER, requests.c.asked_at > bindparam("since"))
    .order_by(requests.c.asked_at)
)
_OPEN_ASKERS = select(requests.c.asker).where(requests.c.state.in_(sorted(OPEN)), requests.c.users > 0)


def asks_since(connection: Connection, asker: SlackUserId, since: datetime) -> list[PastAsk]:
    """List what this person asked for, oldest first."""
    rows = _SINCE.rows(connection, of_asker=asker, since=as_text(since))
    return [PastAsk(as_time(asked_at), users) for asked_at, users in rows]


def count_open(connection: Connection, asker: SlackUserId) -> int:
    """Count what this person asked for and has not ended; a rehearsal is in nobody's way."""
    # Of everybody's, which are few: of one person there can be very many that have ended.
    return sum(one == asker for one in connection.execute(_OPEN_ASKERS).scalars())


def show_pending(connection: Connection, now: datetime) -> None:
    """Have everything that waits for a decision drawn anew."""
    waiting = connection.execute(select(requests.c.id).where(requests.c.state == "pending")).scalars().all()
    for request_id in waiting:
        outbox.wish(connection, [Wish("show", request_id, now)], RequestId(request_id))


def of_asker(connection: Connection, asker: SlackUserId, since: datetime, most: int) -> list[RequestId]:
    """List what somebody asked for since then, the newest first."""
    chosen = select(requests.c.id).where(requests.c.asker == asker, requests.c.asked_at > as_text(since))
    return _ids(connection, chosen.order_by(requests.c.asked_at.desc()), most)


def unended(connection: Connection, most: int, *states: State) -> list[RequestId]:
    """List what has not ended, the oldest first: all of it, or what is in one of these states."""
    chosen = select(requests.c.id).where(requests.c.state.in_(states or sorted(OPEN)))
    return _ids(connection, chosen.order_by(requests.c.asked_at), most)


def ended_lately(connection: Connection, most: int) -> list[RequestId]:
    """List the newest of what was asked and has ended."""
    newest = select(requests.c.id, requests.c.asked_at).order_by(requests.c.asked_at.desc()).limit(most)
    # Of each state by itself: to sort those of all states together, all that ever ended would be read.
    each = [newest.where(requests.c.state == state).subquery() for state in sorted(FINAL - {"not_asked"})]
    ended = union_all(*(select(one) for one in each)).subquery()
    return _ids(connection, select(ended.c.id).order_by(ended.c.asked_at.desc()), most)


def _ids(connection: Connection, chosen: Select, most: int) -> list[RequestId]:  # type: ignore[type-arg] # any
    return [RequestId(one) for one in connection.execute(chosen.limit(most)).scalars()]
