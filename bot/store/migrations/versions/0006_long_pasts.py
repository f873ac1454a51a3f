"""Indexes by which what is at work never goes through what is long over, or due in days."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

LANES, LEASES, NOTES = sa.text("lane <> ''"), sa.text("lease_until IS NOT NULL"), sa.text("request_id IS NULL")


def upgrade() -> None:
    op.drop_index("tasks_due", "tasks")
    op.create_index("tasks_due", "tasks", ["due_at", "id"])
    op.create_index("tasks_by_lane", "tasks", ["lane", "id"], sqlite_where=LANES, postgresql_where=LANES)
    op.create_index("tasks_leased", "tasks", ["lease_until"], sqlite_where=LEASES, postgresql_where=LEASES)
    op.create_index("posts_by_request", "posts", ["request_id"])
    op.create_index("notes_by_kind", "events", ["kind", "n"], sqlite_where=NOTES, postgresql_where=NOTES)
