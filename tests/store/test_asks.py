"""Which requests there are: found without reading all that ever were."""

import sqlite3
from datetime import UTC, datetime, timedelta

from sqlalchemy import create_engine

from bot.core.model import FINAL
from bot.store.asks import ended_lately
from bot.store.events import as_text
from bot.store.tables import metadata, requests

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
INSTRUCTIONS = 100
"""Of SQLite's own, between two counts."""


def test_what_ended_last_is_found_without_reading_all_that_ever_ended() -> None:
    states = sorted(FINAL)
    rows = [
        {
            "id": f"CS-{n}",
            "origin": str(n),
            "asker": "U1",
            "asked_at": as_text(NOON + timedelta(seconds=n)),
            "state": states[n % len(states)],
            "users": 1,
            "response_url": "",
        }
        for n in range(20_000)
    ]
    counts: list[None] = []
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(requests.insert(), rows)
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_progress_handler(lambda: counts.append(None), INSTRUCTIONS)
        found = ended_lately(connection, 10)
        driver.set_progress_handler(None, 0)
    engine.dispose()
    assert found == [row["id"] for row in reversed(rows) if row["state"] != "not_asked"][:10]
    assert len(counts) < 100
