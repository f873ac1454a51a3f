"""The state is the fold of the events: how each of them moves a request."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from bot.core import approvals
from bot.core import events as ev
from bot.core.decisions import Decision, Reopened
from bot.core.ids import RequestId
from bot.core.model import Progress, Request, RiskySnapshot, Target
from bot.core.reasons import Reason
from bot.core.targets import update
from bot.core.trouble import Trouble

UNVERSIONED = (ev.ClickRefused, ev.CallFailed, ev.LookedAgain, ev.Recurred)
"""These take no part in the compare-and-set: a hundred refused clicks can't make an approver lose."""


def fold(request_id: RequestId, history: Iterable[tuple[datetime, ev.Event]]) -> Request | None:
    """Replay everything that happened to one request; None if nothing did."""
    request: Request | None = None
    for at, event in history:
        request = evolve(request_id, request, event, at)
    return request


def evolve(request_id: RequestId, request: Request | None, event: ev.Event, at: datetime) -> Request:
    """Return the request as it is after the event."""
    if isinstance(event, ev.Asked):
        return Request(
            id=request_id,
            version=1,
            state="looking_up",
            asker=event.asker,
            entries=event.entries,
            reason=event.reason,
            command=event.command,
            unreadable=event.unreadable,
            asked_at=at,
            again_of=event.again_of,
            is_rehearsal=event.is_rehearsal,
            known_by=event.known_by,
            alert=event.alert,
        )
    if request is None:
        raise ValueError(f"{request_id} begins with {type(event).__name__}")
    if not isinstance(event, UNVERSIONED):
        request = replace(request, version=request.version + 1)
    return _moved(request, event, at)


def _moved(request: Request, event: ev.Event, at: datetime) -> Request:
    match event:
        case ev.Asked() | ev.ClickRefused():
            return request
        case ev.Found():
            asker = replace(request.asker, name=event.name, accounts=event.accounts)
            found = replace(request, asker=asker, targets=_beginning(request, event.targets))
            return replace(found, findings=event.findings, blind=event.blind)
        case ev.Explained():
            explained = update(request, event.why, lambda t: replace(t, why=event.why[t.user_id]))
            view = request.view + 1 if event.why else request.explained_view
            return replace(explained, blind=event.blind, explained_view=view)
        case ev.Placed():
            return update(request, event.not_in, lambda t: replace(t, not_in=event.not_in[t.user_id]))
        case ev.Opened():
            return approvals.opened(request, event)
        case ev.NotAsked():
            return replace(request, state="not_asked", why_not_asked=event.why, ended_at=at)
        case ev.Shown():
            shown = max(request.shown_view, event.view)
            moved = replace(request, shown_view=shown, channel=event.channel, ts=event.ts)
            return replace(moved, lost=event.lost, times_lost=moved.times_lost + 1) if event.lost else moved
        case ev.Approved():
            return approvals.approved(request, event, at)
        case ev.Denied():
            decision = Decision(event.by, at, request.view, event.reason)
            return replace(request, state="denied", decision=decision, ended_at=at)
        case ev.Withdrawn():
            return replace(request, state="withdrawn", ended_at=at)
        case ev.Stopped():
            stopped = replace(request, stopped=Decision(event.by, at, request.view))
            return update(stopped, event.user_ids, lambda t: replace(t, progress="stopped"))
        case ev.Expired():
            return replace(request, state="expired", ended_at=at)
        case ev.Lapsed():
            return _reopened(request, "lapsed")
        case ev.Voided():
            struck = approvals.struck(request, event.why, event.by, event.others)
            return struck if struck.decision is None else _reopened(struck, "voided")
        case ev.Drifted():
            anew = _seen_anew(_reopened(request, "drifted"), event.seen, event.why)
            return replace(anew, blind=event.blind or anew.blind)
        case ev.Ended():
            return replace(request, state=event.state, ended_at=at, trouble=None)
        case ev.Mistaken():
            return replace(request, mistake=Decision(event.by, at, request.view, event.reason))
        case _:
            return _sent(request, event, at)


def _beginning(request: Request, targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """In a rehearsal nobody ever waits to be sent, so that whatever sends finds nobody."""
    return tuple(replace(t, progress="practised") for t in targets) if request.is_rehearsal else targets


def _reopened(request: Request, why: Reopened) -> Request:
    return replace(
        request,
        rounds=request.rounds + 1,
        reopened=why,
        last_decision=request.decision,
        decision=None,
        trouble=None,
    )


def _seen_anew(request: Request, snapshots: Iterable[RiskySnapshot], why: ev.Why) -> Request:
    """What was approved is remembered beside what is to be approved now."""
    seen = {snapshot.user_id: snapshot for snapshot in snapshots}

    def anew(target: Target) -> Target:
        shown = seen[target.user_id]
        return replace(target, was=target.shown, shown=shown, knew=target.why, why=reasons_now(target, shown, why))

    return update(request, seen, anew)


def _sent(request: Request, event: ev.SendingEvent, at: datetime) -> Request:
    match event:
        case ev.Attempted():
            seen = {snapshot.user_id: snapshot for snapshot in event.seen}
            return update(
                request,
                event.user_ids,
                lambda t: replace(
                    t,
                    progress="attempted",
                    attempts=t.attempts + 1,
                    doubted_at=None,
                    sent_as=seen.get(t.user_id, t.sent_as or t.shown),
                ),
            )
        case ev.SetAside():
            request = update(request, event.left_out, lambda t: replace(t, progress="left_out"))
            request = _looked(request, event)
            request = _seen_anew(request, event.drifted, event.why)
            return update(request, [s.user_id for s in event.drifted], lambda t: replace(t, progress="moved"))
        case ev.LookedAgain():
            return _looked(request, event)
        case ev.Recurred():
            anew = {snapshot.user_id: snapshot for snapshot in event.snapshots}
            return update(
                request,
                anew,
                lambda t: replace(t, recurred=anew[t.user_id], recurred_why=event.why.get(t.user_id, ())),
            )
        case ev.Accepted():
            moved = update(
                request,
                event.user_ids,
                lambda t: replace(t, progress="accepted", accepted_at=at, receipt=event.receipt),
            )
            return replace(moved, state="sent", trouble=None)
        case ev.Refused():
            return update(request, event.user_ids, lambda t: replace(t, progress="refused", receipt=event.receipt))
        case ev.CallFailed():
            return _failed(request, event, at)
        case ev.Unread():
            return update(request, event.user_ids, lambda t: replace(t, unread_since=at))
        case ev.Reread():
            return update(request, event.user_ids, lambda t: replace(t, unread_since=None))
        case ev.Released():
            return update(request, event.user_ids, lambda t: replace(t, progress="waiting"))
        case ev.Doubted() | ev.Taken() | ev.Verified():
            return _read_back(request, event, at)
        case ev.GaveUp():
            if event.progress == "voided":
                request = approvals.void(request, event)
            read = {snapshot.user_id: snapshot for snapshot in event.snapshots}
            return update(
                request,
                event.user_ids,
                lambda t: replace(t, progress=event.progress, last_read=read.get(t.user_id, t.last_read)),
            )
        case _:
            assert_never(event)


def _looked(request: Request, event: ev.SetAside | ev.LookedAgain) -> Request:
    """Remember what was read of them, or that there was nothing to read."""
    read = {s.user_id: s for s in (event.seen if isinstance(event, ev.SetAside) else event.snapshots)}
    request = update(request, read, lambda t: replace(t, last_read=read[t.user_id], is_missing=False))
    return update(request, event.missing, lambda t: replace(t, is_missing=True))


def _read_back(request: Request, event: ev.Doubted | ev.Taken | ev.Verified, at: datetime) -> Request:
    read = {snapshot.user_id: snapshot for snapshot in event.snapshots}

    def seen(target: Target) -> Target:
        target = replace(target, last_read=read.get(target.user_id, target.last_read))
        match event:
            case ev.Verified():
                return replace(target, progress="confirmed")
            case ev.Taken():
                return replace(target, progress="accepted", accepted_at=at)
            case ev.Doubted():
                unchanged = target.last_read is not None and is_unchanged(
                    target.sent_as or target.shown, target.last_read
                )
                return replace(
                    target,
                    doubt_read_at=at,
                    doubtful_reads=target.doubtful_reads + 1,
                    unchanged_reads=target.unchanged_reads + (unchanged and target.user_id in read),
                )

    missing = event.missing if isinstance(event, ev.Doubted) else ()
    moved = update(request, (*read, *missing), seen)
    return replace(moved, state="sent", trouble=None) if isinstance(event, ev.Taken) else moved


def _failed(request: Request, event: ev.CallFailed, at: datetime) -> Request:
    if event.kind == "unclear":
        request = update(
            request,
            event.user_ids,
            lambda t: replace(
                t,
                doubted_at=at,
                was_doubted=True,
                doubt_read_at=None,
                doubtful_reads=0,
                unchanged_reads=0,
                receipt=event.receipt,
            ),
        )
    else:
        back: Progress = "stopped" if request.stopped else "waiting"
        request = update(
            request,
            event.user_ids,
            # A failure before anything was recorded as about to be sent gives no attempt back.
            lambda t: replace(t, progress=back, attempts=t.attempts - (t.progress == "attempted")),
        )
    before = request.trouble
    if event.kind == "late":
        return request  # that nobody was sent on an old reading is no trouble of anybody's
    since = before.since if before and before.kind == event.kind else at
    return replace(request, trouble=Trouble(event.kind, since, at, event.code))


def reasons_now(target: Target, shown: RiskySnapshot, why: ev.Why) -> tuple[Reason, ...] | None:
    """Why a user is at risk who is shown anew: what was read before the risk moved explains it no longer."""
    kept = target.why if shown.last_updated == target.shown.last_updated else None
    return why.get(target.user_id, kept)


def is_unchanged(shown: RiskySnapshot, read: RiskySnapshot) -> bool:
    """Whether nothing about the user's risk moved since it was shown, and nothing is about to."""
    return (
        read.is_at_risk
        and not (read.is_processing or read.is_deleted)
        and (read.level, read.state, read.last_updated) == (shown.level, shown.state, shown.last_updated)
    )
