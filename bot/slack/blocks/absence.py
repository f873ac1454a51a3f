"""What is told after the bot was away: since when, and what became of the request."""

from datetime import datetime

from bot.core.model import Request
from bot.slack.blocks import words
from bot.slack.blocks.message import Message, joined, said


def back(request: Request, since: datetime, until: datetime, *, is_kept: bool) -> Message:
    """Tell that the bot was offline; `is_kept` where the approval counts on."""
    away = f"I was offline from {words.date(since)} to {words.date(until)}."
    return said(joined([away, _how_it_goes_on(request, is_kept=is_kept)]))


def _how_it_goes_on(request: Request, *, is_kept: bool) -> str:
    if request.state == "pending" and request.open_until is not None:
        return f"This request still waits for a decision, until {words.date(request.open_until)}."
    if is_kept:
        return "The approval was kept; going on now."
    # What waits without being kept is about to lapse, which is told then.
    return "Going on now." if request.is_approved and not request.having("waiting") else ""
