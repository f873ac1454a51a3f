"""Both databases: what holds on one holds on the other."""

from pathlib import Path

import pytest

from tests.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The DATABASE_URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/x.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()
