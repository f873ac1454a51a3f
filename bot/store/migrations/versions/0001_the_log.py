"""The event log, its projections and the tasks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("request_id", sa.String(16)),
        sa.Column("version", sa.Integer),
        sa.Column("body_digest", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
        sa.UniqueConstraint("request_id", "version"),
    )
    op.create_index("events_by_request", "events", ["request_id", "n"])
    op.create_table(
        "event_bodies",
        sa.Column("n", sa.Integer, sa.ForeignKey("events.n"), primary_key=True, autoincrement=False),
        sa.Column("salt", sa.LargeBinary(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("origin", sa.String(128), nullable=False, unique=True),
        sa.Column("asker", sa.String(32), nullable=False),
        sa.Column("asked_at", sa.String(32), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("response_url", sa.Text, nullable=False),
    )
    op.create_index("requests_by_asker", "requests", ["asker", "asked_at"])
    op.create_table(
        "targets",
        sa.Column("request_id", sa.String(16), sa.ForeignKey("requests.id"), primary_key=True),
        sa.Column("user_id", sa.String(64), primary_key=True),
        sa.Column("is_open", sa.Boolean, nullable=False),
    )
    op.create_index(
        "one_open_request_a_user",
        "targets",
        ["user_id"],
        unique=True,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    _work()


def _work() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("request_id", sa.String(16)),
        sa.Column("lane", sa.String(64), nullable=False, server_default=""),
        sa.Column("due_at", sa.String(32), nullable=False),
        sa.Column("lease_until", sa.String(32)),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("generation", sa.Integer, nullable=False, server_default="1"),
        sa.Column("doubtful", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("payload", sa.Text, nullable=False, server_default="{}"),
        sa.UniqueConstraint("kind", "key"),
        sqlite_autoincrement=True,
    )
    op.create_index("tasks_due", "tasks", ["due_at"])
    op.create_table(
        "posts",
        sa.Column("op_id", sa.String(128), primary_key=True),
        sa.Column("request_id", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("thread_ts", sa.String(32), nullable=False),
        sa.Column("ts", sa.String(32), nullable=False),
    )
    op.create_table(
        "pulse", sa.Column("id", sa.Integer, primary_key=True), sa.Column("at", sa.String(32), nullable=False)
    )
    op.create_table(
        "refusal_tally",
        sa.Column("person", sa.String(32), primary_key=True),
        sa.Column("hour", sa.String(32), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
