"""Who is watched, beside whom a request is for: instead of a task for each request, which came due all at once."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

WATCHED_FOR = timedelta(hours=72)
WATCHED = sa.text("safe_since IS NOT NULL")
# Too many and from too early: who of them was confirmed safe, and when, the request itself tells at each look.
_BEFORE = """
SELECT tasks.request_id, max(requests.asked_at) AS asked_at, max(events.at) AS ended_at FROM tasks
JOIN requests ON requests.id = tasks.request_id JOIN events ON events.request_id = tasks.request_id
WHERE tasks.kind = 'recur' AND events.kind = 'Ended' GROUP BY tasks.request_id
"""
_WATCH = "UPDATE targets SET safe_since = :since, watched_until = :until WHERE request_id = :request"


def upgrade() -> None:
    op.add_column("targets", sa.Column("safe_since", sa.String(32)))
    op.add_column("targets", sa.Column("watched_until", sa.String(32)))
    connection = op.get_bind()
    before = connection.execute(sa.text(_BEFORE)).all()
    watch = [{"request": row.request_id, "since": row.asked_at, "until": _until(row.ended_at)} for row in before]
    if watch:
        connection.execute(sa.text(_WATCH), watch)
    connection.execute(sa.text("DELETE FROM tasks WHERE kind = 'recur'"))
    op.create_index("targets_watched", "targets", ["safe_since"], sqlite_where=WATCHED, postgresql_where=WATCHED)
    op.create_index("users_watched", "targets", ["user_id"], sqlite_where=WATCHED, postgresql_where=WATCHED)


def _until(ended_at: str) -> str:
    return (datetime.fromisoformat(ended_at) + WATCHED_FOR).isoformat(timespec="microseconds")
