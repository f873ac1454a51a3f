"""How much one person may ask for, and when the next such ask is possible."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.limits import HOUR, Limited, PastAsk, reached
from bot.core.rules import Limits

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def asks(*users: int) -> list[PastAsk]:
    """So many users each, a minute apart."""
    return [PastAsk(NOON + n * MINUTE, each) for n, each in enumerate(users)]


def test_the_next_request_is_possible_when_enough_of_them_are_an_hour_old() -> None:
    assert reached(Limits(requests_per_hour=3), asks(1, 1), 0, 1) is None
    assert reached(Limits(requests_per_hour=3), asks(1, 1, 1), 0, 1) == Limited("requests", 3, NOON + HOUR)
    assert reached(Limits(requests_per_hour=3), asks(1, 1, 1, 1), 0, 1) == Limited(
        "requests", 3, NOON + MINUTE + HOUR
    )


@pytest.mark.parametrize(
    ("past", "users", "next_at"),
    [
        ((40, 40), 20, "now"),
        ((40, 40), 21, NOON + HOUR),
        ((10, 80), 30, NOON + MINUTE + HOUR),
        ((10, 80), 101, None),
        ((), 101, None),
    ],
)
def test_users_are_counted_over_an_hour(past: tuple[int, ...], users: int, next_at: datetime | str | None) -> None:
    found = reached(Limits(users_per_hour=100), asks(*past), 0, users)
    if next_at == "now":
        assert found is None
    else:
        assert found == Limited("users", 100, next_at, sum(past))  # type: ignore[arg-type] # not "now"


def test_requests_that_are_open_are_counted_apart() -> None:
    assert reached(Limits(open_at_once=2), asks(), 1, 1) is None
    assert reached(Limits(open_at_once=2), asks(), 2, 1) == Limited("open", 2)


def test_without_a_limit_nothing_is_counted() -> None:
    assert reached(Limits(), asks(500, 500), 400, 500) is None
