"""Who was confirmed safe and is watched for a while: found by the user, however many are watched."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, tuple_, update

from bot.core.ids import ObjectId, RequestId
from bot.core.model import Request
from bot.core.recurrence import WATCHED_FOR, watched
from bot.store.events import as_text, as_time
from bot.store.prepared import Prepared
from bot.store.tables import targets

_OF_IT = targets.c.request_id == bindparam("request")
_UNWATCHED: dict[str, None] = {"safe_since": None, "watched_until": None}
_END = Prepared(update(targets).where(_OF_IT).values(is_open=False, **_UNWATCHED))
_WATCH = Prepared(
    update(targets)
    .where(_OF_IT, targets.c.user_id == bindparam("user"))
    .values(safe_since=bindparam("since"), watched_until=bindparam("until"))
)
_IS_WATCHED = targets.c.safe_since.is_not(None)
_OLDEST = Prepared(select(targets.c.safe_since).where(_IS_WATCHED).order_by(targets.c.safe_since).limit(1))
_KEY = (targets.c.request_id, targets.c.user_id)


def end(connection: Connection, after: Request) -> None:
    """Free the users of a request that has ended, and watch those who were confirmed safe."""
    _END.write(connection, request=after.id)
    if after.ended_at is None:
        return
    until = as_text(after.ended_at + WATCHED_FOR)
    for target in watched(after):
        # From when this one was seen safe, which may be long before all of the request were.
        since = target.last_read.read_at if target.last_read else after.asked_at
        _WATCH.write(connection, request=after.id, user=target.user_id, since=as_text(since), until=until)


def watched_since(connection: Connection) -> datetime | None:
    """Since when the first of those who are watched was seen safe; None where nobody is watched."""
    row = _OLDEST.row(connection)
    return as_time(row[0]) if row else None


def watching(connection: Connection, user_ids: Collection[ObjectId]) -> list[RequestId]:
    """The requests by which any of these users is watched."""
    theirs = select(targets.c.request_id).where(_IS_WATCHED, targets.c.user_id.in_(user_ids)).distinct()
    return [RequestId(one) for one in connection.execute(theirs).scalars()]


def unwatch(connection: Connection, now: datetime, most: int) -> int:
    """Let go of so many of those who have been watched for long enough; returns how many there were."""
    moment, began = as_text(now), as_text(now - WATCHED_FOR)
    over = select(*_KEY).where(_IS_WATCHED, targets.c.safe_since < began, targets.c.watched_until < moment)
    keys = [tuple(row) for row in connection.execute(over.limit(most))]
    if keys:
        connection.execute(update(targets).where(tuple_(*_KEY).in_(keys)).values(**_UNWATCHED))
    return len(keys)
