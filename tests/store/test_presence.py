"""When the bot was last there: one answer for all processes on the database, and never an earlier one again."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from bot.setting_database import address
from bot.store.database import open_database
from bot.store.presence import is_there, last_there

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def test_the_newest_moment_of_any_process_counts(url: str) -> None:
    assert there(url, NOON) is None
    assert there(url, NOON + timedelta(minutes=3)) == NOON
    behind = NOON - timedelta(minutes=6)  # its clock
    assert there(url, behind) == NOON + timedelta(minutes=3)
    assert there(url, NOON) == NOON + timedelta(minutes=3)


def there(url: str, now: datetime) -> datetime | None:
    """Be there as another process; return when one was before."""
    with ExitStack() as files, open_database(address(url), files).engine.begin() as connection:
        before = last_there(connection)
        is_there(connection, now)
        return before
