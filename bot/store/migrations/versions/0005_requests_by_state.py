"""An index by which what waits, and what ended lately, is found among very many requests."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("requests_by_state", "requests", ["state", "asked_at"])
