"""The threads of requests: what was told in them, and which of them go on."""

from sqlalchemy import Connection, select

from bot.core.ids import MessageTs, RequestId
from bot.core.model import OPEN
from bot.store.tables import posts, requests


def told_in(connection: Connection, request_id: RequestId, thread: MessageTs) -> frozenset[str]:
    """The op_ids of what was told in this thread."""
    told = select(posts.c.op_id).where(posts.c.request_id == request_id, posts.c.thread_ts == thread)
    return frozenset(connection.execute(told).scalars())


def going_on(connection: Connection) -> list[RequestId]:
    """The requests that people can see and that have not ended, oldest first."""
    shown = select(posts.c.op_id).where(posts.c.op_id == requests.c.id + ".message").exists()
    rows = select(requests.c.id).where(requests.c.state.in_(sorted(OPEN)), shown).order_by(requests.c.asked_at)
    return [RequestId(request_id) for request_id in connection.execute(rows).scalars()]
