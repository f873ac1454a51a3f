"""Seen, then sent: what was read just before sending is held against what was approved."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.core import events as ev
from bot.core.commands import Judge
from bot.core.decisions import Void
from bot.core.detections import is_news
from bot.core.ending import end_of
from bot.core.fold import evolve, reasons_now
from bot.core.ids import ObjectId, SlackUserId
from bot.core.levels import rank_of
from bot.core.model import Progress, Request, RiskySnapshot, Target
from bot.core.read_back import was_taken
from bot.core.reasons import Reason
from bot.core.terms import Terms, may_send

_UNTOUCHED: tuple[Progress, ...] = ("waiting", "left_out", "moved", "spared")


def judge(request: Request, command: Judge, now: datetime, terms: Terms) -> tuple[ev.Event, ...]:
    """Set aside whom the approval does not cover any more; nothing happens where all is as it was seen."""
    waiting = request.having("waiting")
    if not waiting or not may_send(request, now, terms):
        return ()
    if (taken := _taken(request, command)) is not None:
        moved = evolve(request.id, request, taken, now)
        return (taken, *(judge(moved, command, now, terms) or end_of(moved)))
    untouched = nobody_was_sent(request)
    if command.void or command.is_short:
        return _voided(request, command, now, terms, untouched=untouched)
    read = {snapshot.user_id: snapshot for snapshot in command.seen}
    left_out = tuple(t.user_id for t in waiting if t.user_id in command.missing or _is_over(read.get(t.user_id)))
    drifted = tuple(
        read[t.user_id]
        for t in waiting
        if t.user_id in read
        and t.user_id not in left_out
        and (t.user_id in command.unexplained or has_risen(t, read[t.user_id], command.why.get(t.user_id)))
    )
    if not left_out and not drifted:
        return ()
    why = {s.user_id: command.why[s.user_id] for s in drifted if s.user_id in command.why}
    if drifted and untouched and len(left_out) + len(drifted) == len(waiting):
        aside: tuple[ev.Event, ...] = (_leaving_out(ev.SetAside(left_out), read),) if left_out else ()
        return (*aside, ev.Drifted(drifted, why, command.blind), _opened_for(request, drifted, now, terms))
    follow_up = command.follow_up if drifted else None
    event = _leaving_out(ev.SetAside(left_out, drifted, follow_up, why, command.blind), read)
    return (event, *end_of(evolve(request.id, request, event, now)))


def _opened_for(request: Request, drifted: tuple[RiskySnapshot, ...], now: datetime, terms: Terms) -> ev.Opened:
    """As long as the rule says that decides them as they are now."""
    risen = {snapshot.user_id: snapshot for snapshot in drifted}
    now_shown = [replace(t, shown=risen[t.user_id]) for t in request.targets if t.user_id in risen]
    return ev.Opened(now + terms.open_for(now_shown))


def _taken(request: Request, command: Judge) -> ev.Verified | None:
    """Those whom a call did confirm of which no answer came, though it did not show in the two read-backs."""
    doubted = {t.user_id: t for t in request.having("waiting") if t.was_doubted}
    safe = tuple(s for s in command.seen if s.user_id in doubted and was_taken(doubted[s.user_id], s))
    return ev.Verified(safe) if safe else None


def nobody_was_sent(request: Request) -> bool:
    """Whether all who are to be sent still wait, so that the whole request can wait for a decision again."""
    return len(request.having(*_UNTOUCHED)) == len(request.targets)


def _leaving_out(event: ev.SetAside, read: Mapping[ObjectId, RiskySnapshot]) -> ev.SetAside:
    """Keep what was read of those left out, so that each can be told why."""
    seen = tuple(read[user_id] for user_id in event.left_out if user_id in read)
    return replace(event, seen=seen, missing=tuple(user_id for user_id in event.left_out if user_id not in read))


def _voided(
    request: Request, command: Judge, now: datetime, terms: Terms, *, untouched: bool
) -> tuple[ev.Event, ...]:
    """Take back what counts no longer; the others' approvals stay, since nothing else is shown for it."""
    void: tuple[tuple[SlackUserId | None, Void], ...] = tuple(command.void.items()) or ((None, "not_enough"),)
    if untouched:
        until = now + terms.open_for(request.asked_for)
        return (*(ev.Voided(why, by, command.teams) for by, why in void), ev.Opened(until, keeps_approvals=True))
    by, why = void[0]
    rest = ev.GaveUp(tuple(t.user_id for t in request.having("waiting")), "voided", void=why, by=by)
    return (rest, *end_of(evolve(request.id, request, rest, now)))


def _is_over(snapshot: RiskySnapshot | None) -> bool:
    """Whether there is nothing to confirm any more: the risk has ended, or the account."""
    return snapshot is not None and (snapshot.is_deleted or not snapshot.is_at_risk)


def has_risen(target: Target, read: RiskySnapshot, why: tuple[Reason, ...] | None) -> bool:
    """Whether it is more than what was approved: a higher level, another state, kind of detection or country.

    More of the same is not, or a live incident would never end. Whoever approved without having been shown the
    reasons approved the level.
    """
    if rank_of(read.level) > rank_of(target.shown.level) or read.state != target.shown.state:
        return True  # still at risk, as it is judged here: an admin has confirmed a compromise, for one
    return why is not None and target.why is not None and is_news(target.why, why)


def follow_up(request: Request, event: ev.SetAside, now: datetime, terms: Terms) -> tuple[ev.Event, ...]:
    """Begin the request in which those whose risk rose are asked for anew, by the same person."""
    old = {target.user_id: target for target in request.targets}
    targets = tuple(
        Target(
            snapshot,
            old[snapshot.user_id].addresses,
            old[snapshot.user_id].not_in,
            was=old[snapshot.user_id].shown,
            why=reasons_now(old[snapshot.user_id], snapshot, event.why),
            knew=old[snapshot.user_id].why,
        )
        for snapshot in event.drifted
    )
    return (
        ev.Asked(
            asker=request.asker,
            entries=tuple(target.user_id for target in targets),
            reason=request.reason,
            command=request.command,
            again_of=request.id,
            known_by=request.known_by,
            alert=request.alert,
        ),
        ev.Found(request.asker.name, targets, (), event.blind or request.blind, request.asker.accounts),
        ev.Opened(now + terms.open_for(targets)),
    )
