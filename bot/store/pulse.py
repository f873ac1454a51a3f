"""A write that means nothing: only a write shows that one is taken."""

from datetime import datetime

from sqlalchemy import Connection

from bot.store.events import as_text
from bot.store.tables import pulse
from bot.store.upsert import upsert

_BEAT = upsert(pulse, lambda new: new.on_conflict_do_update(index_elements=["id"], set_={"at": new.excluded.at}))


def beat(connection: Connection, now: datetime) -> None:
    """Show that the database takes what it is given."""
    connection.execute(_BEAT(connection), {"id": 1, "at": as_text(now)})
