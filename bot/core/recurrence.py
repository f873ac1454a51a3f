"""Whoever was confirmed safe and is at risk again soon after: then the decision is contested."""

from datetime import datetime, timedelta

from bot.core import events as ev
from bot.core.commands import RecordRecurrence
from bot.core.model import Request, RiskySnapshot, Target

WATCHED_FOR = timedelta(hours=72)
"""How long after the end those who were confirmed safe are watched."""
EVERY = timedelta(hours=1)


def watched(request: Request) -> tuple[Target, ...]:
    """Those whose risk would be news: confirmed safe, and not seen at risk since."""
    return tuple(t for t in request.having("confirmed") if t.recurred is None) if request.is_final else ()


def count_recurred(request: Request) -> int:
    """How many of those who were confirmed safe were at risk again: with one, the decision is contested."""
    return sum(target.recurred is not None for target in request.targets)


def next_look(now: datetime) -> datetime:
    """Looks come at full hours, at all who are watched: one list is read for them."""
    return now + timedelta(seconds=EVERY.total_seconds() - now.timestamp() % EVERY.total_seconds())


def is_again_at_risk(target: Target, snapshot: RiskySnapshot) -> bool:
    """Whether it is a new risk: what was read back as safe was read before it came."""
    read, updated = target.last_read, snapshot.last_updated
    if not snapshot.is_at_risk or snapshot.is_deleted or read is None:
        return False
    return updated is None or read.last_updated is None or updated > read.last_updated


def recurred(request: Request, command: RecordRecurrence) -> tuple[ev.Event, ...]:
    """Record each of them once."""
    known = {target.user_id: target for target in watched(request)}
    news = tuple(s for s in command.snapshots if s.user_id in known and is_again_at_risk(known[s.user_id], s))
    why = {s.user_id: command.why[s.user_id] for s in news if s.user_id in command.why}
    return (ev.Recurred(news, why),) if news else ()
