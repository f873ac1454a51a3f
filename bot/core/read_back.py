"""What reading users back settles: who is safe, who is in doubt, and for whom waiting is over."""

from datetime import datetime, timedelta
from typing import Literal

from bot.core import events as ev
from bot.core.commands import ReadBack
from bot.core.ending import end_of
from bot.core.fold import evolve
from bot.core.model import Request, RiskySnapshot, Target
from bot.core.terms import Terms, is_kept

WAIT_FOR_RISK = timedelta(minutes=15)
"""How long after a 204 a user is read back; Graph documents no bound, seconds to minutes are usual."""
READS_IN_DOUBT = 2
MAX_ATTEMPTS = 2


def read_back(request: Request, command: ReadBack, now: datetime, terms: Terms) -> tuple[ev.Event, ...]:
    """Judge what was read of users that were sent."""
    if request.is_final:
        return ()
    moved = request
    happened: list[ev.Event] = []
    judged = (*_settled(request, command, now), *_doubts(request, command))
    for event in (*_reread(request, command), *judged, *_unread(request, command, now)):
        happened.append(event)
        moved = evolve(request.id, moved, event, now)
    for event in _after_doubt(moved, now, terms):
        happened.append(event)
        moved = evolve(request.id, moved, event, now)
    return (*happened, *end_of(moved)) if happened else ()


def is_over(target: Target, now: datetime) -> bool:
    """Whether an accepted user was waited for long enough: what is read from now on is the last reading."""
    return target.accepted_at is not None and now - target.accepted_at >= WAIT_FOR_RISK


def _settled(request: Request, command: ReadBack, now: datetime) -> list[ev.Event]:
    read = {s.user_id: s for s in command.snapshots}
    accepted = request.having("accepted")
    safe = tuple(read[t.user_id] for t in accepted if t.user_id in read and _is_confirmed(t, read[t.user_id]))
    done = {s.user_id for s in safe}
    late = [
        t
        for t in accepted
        if t.user_id not in done
        and (t.user_id in read or t.user_id in command.missing or t.user_id in command.unseen)
        and is_over(t, now)
    ]
    happened: list[ev.Event] = [ev.Verified(safe)] if safe else []
    kinds: tuple[Literal["unchanged", "unseen", "risky_again"], ...] = ("unchanged", "unseen", "risky_again")
    for progress in kinds:
        ids = tuple(t.user_id for t in late if _given_up(t, read.get(t.user_id)) == progress)
        if ids:
            snapshots = tuple(read[i] for i in ids if i in read)
            happened.append(ev.GaveUp(ids, progress, snapshots))
    return happened


def _reread(request: Request, command: ReadBack) -> list[ev.Event]:
    told = {s.user_id for s in command.snapshots} | set(command.missing)
    # Of those who were accepted it is enough that the list of the updated could be read: few are on it.
    told |= {t.user_id for t in request.having("accepted")} - set(command.unread)
    again = tuple(t.user_id for t in request.targets if t.unread_since is not None and t.user_id in told)
    return [ev.Reread(again)] if again else []


def _unread(request: Request, command: ReadBack, now: datetime) -> list[ev.Event]:
    """Give up on users whom Graph has not let us read for too long, counted from the first time it would not."""
    unread = [t for t in request.having("accepted", "attempted") if t.user_id in command.unread]
    first = tuple(t.user_id for t in unread if t.unread_since is None)
    over = [t for t in unread if t.unread_since is not None and now - t.unread_since >= WAIT_FOR_RISK]
    happened: list[ev.Event] = [ev.Unread(first)] if first else []
    if accepted := tuple(t.user_id for t in over if t.progress == "accepted"):
        happened.append(ev.GaveUp(accepted, "unseen"))
    if doubted := tuple(t.user_id for t in over if t.progress == "attempted"):
        happened.append(ev.GaveUp(doubted, "unknown"))
    return happened


def _is_safe(snapshot: RiskySnapshot) -> bool:
    return snapshot.is_safe and not snapshot.is_processing


def _is_confirmed(target: Target, snapshot: RiskySnapshot) -> bool:
    """Whether a record that was read after the 204 shows what it did: safe, and updated since it was sent."""
    before = (target.sent_as or target.shown).last_updated
    is_newer = before is None or snapshot.last_updated is None or snapshot.last_updated > before
    return _is_safe(snapshot) and is_newer


def was_taken(target: Target, snapshot: RiskySnapshot) -> bool:
    """Whether Graph took a doubtful call; a risk that ended in another way shows nothing of what became of it."""
    return snapshot.state == "confirmedSafe" and _is_confirmed(target, snapshot)


def _given_up(target: Target, snapshot: RiskySnapshot | None) -> Literal["unchanged", "unseen", "risky_again"]:
    if snapshot is None or snapshot.is_processing:
        return "unseen"
    updated, accepted = snapshot.last_updated, target.accepted_at
    is_later = updated is not None and accepted is not None and updated > accepted
    return "risky_again" if snapshot.is_at_risk and is_later else "unchanged"


def _doubts(request: Request, command: ReadBack) -> list[ev.Event]:
    """Judge users of whom it is not known whether Graph took them."""
    doubtful = {t.user_id: t for t in request.having("attempted") if t.doubted_at is not None}
    read = {s.user_id: s for s in command.snapshots if s.user_id in doubtful}
    missing = tuple(i for i in command.missing if i in doubtful)
    safe = tuple(s for s in read.values() if was_taken(doubtful[s.user_id], s))
    moving = tuple(s for s in read.values() if s not in safe and s.is_processing)
    rest = tuple(s for s in read.values() if s not in safe and s not in moving)
    happened: list[ev.Event] = []
    if safe:
        happened.append(ev.Verified(safe))
    if moving:
        happened.append(ev.Taken(moving))
    if rest or missing:
        happened.append(ev.Doubted(rest, missing))
    return happened


def _after_doubt(request: Request, now: datetime, terms: Terms) -> list[ev.Event]:
    over = [t for t in request.having("attempted") if t.doubted_at and t.doubtful_reads >= READS_IN_DOUBT]
    again = tuple(
        t.user_id
        for t in over
        if t.unchanged_reads >= READS_IN_DOUBT and t.attempts < MAX_ATTEMPTS and is_kept(request, now, terms)
    )
    unknown = tuple(t.user_id for t in over if t.user_id not in again)
    happened: list[ev.Event] = [ev.Released(again)] if again else []
    if unknown:
        happened.append(ev.GaveUp(unknown, "unknown"))
    return happened
