"""How a request ends once every user of it is settled."""

from bot.core import events as ev
from bot.core.model import Request, State


def end_of(request: Request) -> tuple[ev.Event, ...]:
    """End a request that has nobody left to wait for; nothing while it has."""
    if request.is_final or request.having("waiting", "practised", "attempted", "accepted"):
        return ()
    return (ev.Ended(outcome(request)),)


def outcome(request: Request) -> State:
    """Name the end of a request whose users are all settled."""
    confirmed = len(request.having("confirmed"))
    if confirmed:
        return "confirmed" if confirmed == len(request.asked_for) else "partly_confirmed"
    if request.having("unknown"):
        return "unknown"
    if request.having("unseen"):
        return "accepted_unseen"
    was_only_stopped = len(request.having("stopped")) == len(request.asked_for) > 0
    return "stopped" if was_only_stopped else "not_confirmed"
