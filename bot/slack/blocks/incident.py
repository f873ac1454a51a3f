"""The line in the incident channels: that something was asked, and how it ended. It names no users."""

from typing import assert_never

from bot.core.levels import rank_of
from bot.core.model import Request
from bot.core.recurrence import count_recurred
from bot.slack.blocks import looked, people, words
from bot.slack.blocks.message import Message, said
from bot.slack.blocks.place import Place

_LOW = rank_of("low")


def line(request: Request, place: Place) -> Message:
    """Say what was asked and how far it is; this line is redrawn."""
    n = len(people.to_confirm(request).targets)
    asks = f"{words.who(request.asker.id)} asks to confirm {words.users(n)} safe{highest(request)}"
    return said(_parts(request, place, asks, standing(request), again(request), _mark(request)))


def end(request: Request, place: Place) -> Message:
    """Say how it ended, as a post of its own."""
    n = len(people.to_confirm(request).targets)
    return said(_parts(request, place, words.users(n), standing(request), _mark(request)))


def marked(request: Request, place: Place) -> Message:
    """Say that it was a mistake, as a post of its own."""
    n = len(people.to_confirm(request).targets)
    return said(_parts(request, place, words.users(n), _mark(request) or "marked as a mistake"))


def contested(request: Request, place: Place) -> Message:
    """Say that some are at risk again, as a post of its own."""
    n = len(people.to_confirm(request).targets)
    return said(_parts(request, place, words.users(n), f"{again(request)} after they were confirmed safe"))


def again(request: Request) -> str:
    """How many of those who were confirmed safe are at risk again; empty where none is."""
    n = count_recurred(request)
    return f"{n} at risk again" if n else ""


def _parts(request: Request, place: Place, *parts: str) -> str:
    opened = words.link(place, request.channel, request.ts, "open")
    return " · ".join(part for part in (request.id, *parts, opened) if part)


def _mark(request: Request) -> str:
    return f"marked as a mistake by {words.who(request.mistake.by)}" if request.mistake else ""


def highest(request: Request) -> str:
    """How many are at the highest level; empty where that is no risk."""
    request = people.to_confirm(request)
    if not request.targets:
        return ""
    highest = request.highest.shown.level
    if rank_of(highest) < _LOW:
        return ""
    n = sum(target.shown.level == highest for target in request.targets)
    return f" ({n} {people.level(highest)})"


def standing(request: Request, *, by_whom: bool = True) -> str:
    """How far it is; without names where its readers need not know them."""
    by = words.who(request.decision.by) if request.decision else "an approver"
    match request.state:
        case "looking_up" | "pending":
            return "waiting"
        case "not_asked":
            return "not asked"
        case "approved" | "sent":
            return f"approved by {words.all_of(request.approvals) or by}" if by_whom else "approved"
        case "denied":
            return f"denied by {by}" if by_whom else "denied"
        case "stopped":
            return "stopped" if people.doubted(request.targets) else "stopped before it was sent"
        case "rehearsed":
            return "rehearsed: nothing was changed"
        case "withdrawn":
            return "withdrawn"
        case "expired":
            return "expired: nobody decided"
        case "confirmed" | "partly_confirmed":
            return looked.result(people.to_confirm(request))
        case "not_confirmed":
            return "not confirmed"
        case "accepted_unseen":
            return "accepted, not visible yet"
        case "unknown":
            return "not known"
        case _:
            assert_never(request.state)


POSTS = {"end": end, "marked": marked, "contested": contested}
"""Posts of their own, by their topic."""
