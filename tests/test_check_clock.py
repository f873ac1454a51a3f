"""How far this machine's clock is off, as told by a vendor's Date."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.check_clock import clock_check

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
SET = "Keep it set, by NTP or chrony"
NO = "and what Slack sends counts for 5 minutes only. Set this machine's clock, or no command and no click is taken."
LATE = f"{SET}: beyond 5 minutes no command and no click is taken."


@pytest.mark.parametrize(
    ("off", "line"),
    [
        (0.0, "ok  clock: within 30 s of Slack's"),
        (31.0, "ok  clock: within 30 s of Slack's"),
        (-30.0, "ok  clock: within 30 s of Slack's"),
        (32.0, f"WARN  clock: 31 s ahead of Slack's. {LATE}"),
        (-31.0, f"WARN  clock: 31 s behind Slack's. {LATE}"),
        (301.0, f"WARN  clock: 300 s ahead of Slack's. {LATE}"),
        (302.0, f"NO  clock: 301 s ahead of Slack's, {NO} {SET}."),
        (-3600.0, f"NO  clock: 3600 s behind Slack's, {NO} {SET}."),
    ],
)
def test_a_clock_is_judged_by_how_far_it_is_off_for_certain(off: float, line: str) -> None:
    here = NOW + timedelta(seconds=off)
    assert str(clock_check("Slack", DATE, here, here)) == line


def test_an_answer_that_took_long_does_not_make_the_clock_wrong() -> None:
    found = clock_check("Graph", DATE, NOW - timedelta(minutes=1), NOW + timedelta(minutes=9))
    assert str(found) == "ok  clock: within 30 s of Graph's"


@pytest.mark.parametrize("date", ["", "soon", "Sun, 99 Mar 2026 12:00:00 GMT"])
def test_a_date_that_is_none_tells_nothing(date: str) -> None:
    assert clock_check("Slack", date, NOW, NOW) is None


def test_a_date_without_a_zone_is_utc() -> None:
    found = clock_check("Slack", "Sun, 01 Mar 2026 12:00:00 -0000", NOW, NOW)
    assert found is not None
    assert found.verdict == "ok"
