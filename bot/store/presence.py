"""When the bot was last there for people: up, with a database that takes records, and with Slack."""

from datetime import datetime

from sqlalchemy import Connection, select

from bot.store.events import as_text, as_time
from bot.store.tables import pulse
from bot.store.upsert import upsert

ROW = 2
"""Beside the row of `beat`, which says nothing about Slack; one for all processes on the database."""
# Never back: of two clocks that differ the one ahead counts, else whoever starts next would see an absence.
_THERE = upsert(
    pulse,
    lambda new: new.on_conflict_do_update(
        index_elements=["id"], set_={"at": new.excluded.at}, where=pulse.c.at < new.excluded.at
    ),
)


def last_there(connection: Connection) -> datetime | None:
    """The last moment of which that is known, of any process; None before the first."""
    at = connection.execute(select(pulse.c.at).where(pulse.c.id == ROW)).scalar()
    return as_time(at) if at else None


def is_there(connection: Connection, now: datetime) -> None:
    """Note that it is there now."""
    connection.execute(_THERE(connection), {"id": ROW, "at": as_text(now)})
