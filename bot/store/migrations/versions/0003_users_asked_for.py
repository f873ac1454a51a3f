"""For how many users each request was asked, so that what one person asks for can be limited."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("requests", sa.Column("users", sa.Integer, nullable=False, server_default="0"))
