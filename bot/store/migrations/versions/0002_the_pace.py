"""The pace of calls to Graph, shared by everybody on the database."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "graph_pace",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("next_at", sa.String(32), nullable=False),
        sa.Column("reserved_at", sa.String(32), nullable=False),
        sa.Column("gap", sa.Float, nullable=False),
        sa.Column("refusals", sa.Integer, nullable=False),
    )
