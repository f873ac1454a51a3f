"""Which process has a task in hand; and texts as long as others make them, which PostgreSQL holds us to."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

LONGER = {"events": ["actor"], "requests": ["origin"], "tasks": ["key", "lane"], "posts": ["op_id"]}


def upgrade() -> None:
    op.add_column("tasks", sa.Column("owner", sa.String(32)))
    if op.get_bind().dialect.name == "postgresql":  # SQLite takes any length
        for table, columns in LONGER.items():
            for column in columns:
                op.alter_column(table, column, type_=sa.Text)
