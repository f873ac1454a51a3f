"""Checks this machine's clock against the Date of what Slack and Graph answer."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from bot.check import Check, no, ok, warn

NOTED = timedelta(seconds=30)
REFUSED = timedelta(minutes=5)
"""As old as a request of Slack's may be (docs.slack.dev, verifying requests from Slack)."""
SECOND = timedelta(seconds=1)
SET = "Keep it set, by NTP or chrony"


def clock_check(whose: str, date: str, asked: datetime, answered: datetime) -> Check | None:
    """Compare with a Date that was told between these two; None where it is none."""
    told = read_date(date)
    if told is None:
        return None
    about = f"clock {whose}"
    # A Date holds whole seconds: the moment lies between it and a second later.
    ahead, behind = asked - (told + SECOND), told - answered
    off = max(ahead, behind)
    where = f"{round(off.total_seconds())} s {'ahead of' if ahead > behind else 'behind'} {whose}'s"
    if off > REFUSED:
        what = f"clock: {where}, and what Slack sends counts for 5 minutes only"
        return no(about, what, f"Set this machine's clock, or no command and no click is taken. {SET}.")
    if off > NOTED:
        return warn(about, f"clock: {where}", f"{SET}: beyond 5 minutes no command and no click is taken.")
    return ok(about, f"clock: within {NOTED.seconds} s of {whose}'s")


def read_date(date: str) -> datetime | None:
    try:
        told = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)
