"""How a request enters the store: under an id that is free, once for each payload."""

import secrets
from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select

from bot.core.ids import RequestId, SlackUserId
from bot.store.events import as_text
from bot.store.prepared import Prepared
from bot.store.tables import requests

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without 0 O 1 I L: ids are read out on the phone."""
SHORTEST = 4

# Both questions in one: each takes as long as the way to the database and back.
_THERE = Prepared(
    select(requests.c.id, requests.c.origin).where(
        or_(requests.c.origin == bindparam("of_origin"), requests.c.id == bindparam("candidate"))
    )
)
_BEGIN = Prepared(requests.insert(), *requests.c.keys())


def begun_or_free(connection: Connection, origin: str) -> tuple[RequestId | None, RequestId]:
    """Find the request that this very payload began already, and an id that is free for another.

    The more requests there are, the longer the ids get. Counting them all would take ever longer.
    """
    length = SHORTEST
    while True:
        candidate = RequestId("CS-" + "".join(secrets.choice(ALPHABET) for _ in range(length)))
        there = _THERE.rows(connection, of_origin=origin, candidate=candidate)
        begun = next((RequestId(id_) for id_, its_origin in there if its_origin == origin), None)
        if begun is not None or not there:
            return begun, candidate
        length += 1


def new_id(connection: Connection) -> RequestId:
    """Find an id that is free."""
    return begun_or_free(connection, "")[1]


def begin(
    connection: Connection,
    request_id: RequestId,
    origin: str,
    asker: SlackUserId,
    now: datetime,
    *,
    users: int = 0,
    url: str = "",
) -> None:
    """Insert it, before anything is recorded of it."""
    moment = as_text(now)
    row = {"id": request_id, "origin": origin, "asker": asker, "asked_at": moment, "state": "looking_up"}
    _BEGIN.write(connection, **row, users=users, response_url=url)
