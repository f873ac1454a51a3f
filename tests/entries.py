"""What tests ask of the log."""

from sqlalchemy import Connection, func, select

from bot.store.tables import events


def last_entry(connection: Connection) -> int:
    """The number of the newest entry; 0 for an empty log."""
    return connection.execute(select(func.max(events.c.n))).scalar() or 0
