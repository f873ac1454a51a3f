"""Whether AUDIT_KEY is the one that the audit trail was made with: a chain goes on with the key it began with."""

from sqlalchemy import Connection

from bot.errors import StoreError
from bot.store.events import mac_of
from bot.store.trail import newest


def misfit(connection: Connection, key: bytes) -> str:
    """Say what is wrong with the key; empty for one that fits, and for a trail that is empty yet."""
    last = newest(connection)
    if last is None or last.mac == mac_of(key, last.chained):
        return ""
    if key and last.mac == mac_of(b"", last.chained):
        return f"AUDIT_KEY is set, but the audit trail was made without a key up to entry {last.n}: leave it out."
    wrong = "is not the one that the audit trail was made with" if key else "is missing: the audit trail has one"
    return f"AUDIT_KEY {wrong}. Or its newest entry ({last.n}) was changed: see `python -m bot audit verify`."


def make_sure_of_key(connection: Connection, key: bytes) -> None:
    """Make sure that what is appended goes on with the chain. Raises StoreError."""
    if wrong := misfit(connection, key):
        raise StoreError(wrong)
