"""The back-off holds its bounds for every attempt, jitter and Retry-After."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.backoff import delay

attempts = st.integers(min_value=1, max_value=10**9)
jitters = st.floats(min_value=0, max_value=1, exclude_max=True)
waits = st.floats(min_value=0, max_value=10**9)


@pytest.mark.parametrize(
    ("attempt", "least", "most"),
    [(1, 1, 2), (2, 2, 4), (3, 4, 8), (4, 8, 16), (5, 16, 32), (6, 30, 60), (7, 30, 60), (10**6, 30, 60)],
)
def test_each_attempt_waits_twice_as_long_as_the_one_before_up_to_a_minute(
    attempt: int, least: float, most: float
) -> None:
    assert delay(attempt, 0.0) == least
    assert delay(attempt, 1 - 1e-12) == pytest.approx(most)


@given(attempts, jitters)
def test_without_a_retry_after_it_waits_at_least_a_second_and_never_more_than_a_minute(
    attempt: int, jitter: float
) -> None:
    assert 1 <= delay(attempt, jitter) <= 60


@given(attempts, jitters)
def test_jitter_takes_off_half_at_most(attempt: int, jitter: float) -> None:
    assert delay(attempt, 0.0) <= delay(attempt, jitter) <= 2 * delay(attempt, 0.0)


@given(attempts, jitters, jitters)
def test_more_jitter_never_waits_shorter(attempt: int, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert delay(attempt, less) <= delay(attempt, more)


@given(attempts, jitters)
def test_a_later_attempt_never_waits_shorter(attempt: int, jitter: float) -> None:
    assert delay(attempt, jitter) <= delay(attempt + 1, jitter)


@given(attempts, jitters, waits)
def test_a_retry_after_is_a_minimum_and_only_raises_the_wait(attempt: int, jitter: float, retry_after: float) -> None:
    waited = delay(attempt, jitter, retry_after)

    assert waited >= min(retry_after, 300)
    assert waited == max(delay(attempt, jitter), min(retry_after, 300))


@given(attempts, jitters)
def test_no_retry_after_parks_the_work_for_more_than_five_minutes(attempt: int, jitter: float) -> None:
    assert delay(attempt, jitter, 86_400) == 300


def test_a_retry_after_shorter_than_the_own_wait_shortens_nothing() -> None:
    assert delay(4, 0.5, 1) == delay(4, 0.5) == 12


@pytest.mark.parametrize("attempt", [0, -3])
def test_an_attempt_before_the_first_counts_as_the_first(attempt: int) -> None:
    assert delay(attempt, 0.25) == delay(1, 0.25)
