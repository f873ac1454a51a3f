"""The state machine: a command on a request, at a time, gives events or a refusal, and nothing else."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import assert_never

from bot.core import events as ev
from bot.core.approving import approved
from bot.core.commands import (
    Approve,
    Ask,
    AskOthers,
    BeginSend,
    Command,
    Deny,
    DontAsk,
    Expire,
    Explain,
    FoundUsers,
    Judge,
    Lapse,
    LookAgain,
    PlaceUsers,
    ReadBack,
    RecordAccepted,
    RecordFailed,
    RecordRecurrence,
    RecordRefused,
    RecordShown,
    Rehearse,
    ReportMistake,
    Stop,
    Withdraw,
)
from bot.core.ending import end_of
from bot.core.findings import Elsewhere, Finding
from bot.core.fold import evolve
from bot.core.ids import ObjectId
from bot.core.judging import judge, nobody_was_sent
from bot.core.mistake import unreportable
from bot.core.model import Request, Target
from bot.core.policy import Refusal
from bot.core.read_back import read_back
from bot.core.reasons import Blind
from bot.core.recurrence import recurred
from bot.core.terms import Terms, is_hold_over, is_kept, may_send

WAIT_FOR_CHOICE = timedelta(hours=1)
"""How long *Ask for the other n* stays open."""


Verdict = tuple[ev.Event, ...] | Refusal


def decide(request: Request, command: Command, now: datetime, terms: Terms) -> Verdict:
    """Return what happens; an empty tuple means that nothing does, since the world has moved on."""
    match command:
        case Ask():
            raise ValueError(f"{request.id} was asked already")
        case FoundUsers() | AskOthers() | DontAsk():
            return _look_up(request, command, now, terms)
        case RecordShown():
            return _shown(request, command)
        case Explain():
            return _explained(request, command)
        case PlaceUsers():
            known = {target.user_id: target.not_in for target in request.asked_for}
            news = {user_id: ids for user_id, ids in command.not_in.items() if known.get(user_id, ids) != ids}
            return (ev.Placed(news),) if news and not request.is_final else ()
        case Approve() | Deny() | Expire():
            return _decision(request, command, now)
        case Withdraw():
            return _withdrawn(request, command)
        case Stop():
            return _stopped(request, command, now)
        case Rehearse():
            return _rehearsed(request, now, terms)
        case ReportMistake():
            return unreportable(request) or (ev.Mistaken(command.by, command.name, command.reason),)
        case Judge():
            return judge(request, command, now, terms)
        case BeginSend():
            return _begin(request, command, now, terms)
        case LookAgain():
            return (ev.LookedAgain(command.snapshots, command.missing),) if request.is_final else ()
        case RecordRecurrence():
            return recurred(request, command)
        case RecordAccepted():
            return _accepted(request, command)
        case RecordRefused():
            users = _in(request, command.user_ids, "attempted", "waiting") if request.is_approved else ()
            event = ev.Refused(users, command.receipt, command.roles)
            return _with_end(request, event, now) if event.user_ids else ()
        case RecordFailed():
            return _failed(request, command, now)
        case ReadBack():
            return read_back(request, command, now, terms)
        case Lapse():
            return _lapse(request, now, terms)
        case _:
            assert_never(command)


def ask(command: Ask) -> tuple[ev.Event, ...]:
    """Begin a request."""
    return (
        ev.Asked(
            asker=command.asker,
            entries=command.entries,
            reason=command.reason,
            command=command.command,
            unreadable=command.unreadable,
            again_of=command.again_of,
            is_rehearsal=command.is_rehearsal,
            known_by=command.known_by,
            alert=command.alert,
        ),
    )


def _look_up(request: Request, command: FoundUsers | AskOthers | DontAsk, now: datetime, terms: Terms) -> Verdict:
    match command:
        case DontAsk():
            # Dropping is for what waits for a choice; the other grounds also end what could not be shown.
            is_choice = command.why in {"no_choice", "dropped"}
            unseen = request.state == "pending" and not request.shown_view and not is_choice
            early = request.state == "looking_up" or unseen
            return (ev.NotAsked(command.why),) if early else ()
        case _ if request.state != "looking_up":
            return Refusal("decided") if isinstance(command, AskOthers) else ()
        case FoundUsers():
            found = _found(request, command)
            if not found.targets:
                return found, ev.NotAsked("none_left")
            if any(finding.is_problem for finding in found.findings):
                return (found,)
            return found, ev.Opened(now + terms.open_for(found.targets), found.findings)
        case AskOthers():
            free, taken = _apart(request, request.targets, command.elsewhere)
            kept = tuple(f for f in request.findings if f.kind != "open_elsewhere")
            found = ev.Found(request.asker.name, free, (*kept, *taken), request.blind, request.asker.accounts)
            if not free:
                return found, ev.NotAsked("none_left")
            calm = tuple(f for f in kept if not f.is_problem)
            return found, ev.Opened(now + terms.open_for(free), calm)
        case _:
            assert_never(command)


def _found(request: Request, command: FoundUsers) -> ev.Found:
    free, taken = _apart(request, command.targets, command.elsewhere)
    return ev.Found(command.name, free, (*command.findings, *taken), command.blind, command.accounts)


def _apart(
    request: Request, targets: tuple[Target, ...], elsewhere: Mapping[ObjectId, Elsewhere]
) -> tuple[tuple[Target, ...], tuple[Finding, ...]]:
    """Tell those who are free from those in an open request, which keeps nobody from being in a rehearsal too."""
    if request.is_rehearsal:
        return targets, ()
    taken = tuple(
        Finding("open_elsewhere", t.shown.upn or t.user_id, t.name, elsewhere[t.user_id])
        for t in targets
        if t.user_id in elsewhere
    )
    return tuple(t for t in targets if t.user_id not in elsewhere), taken


def _explained(request: Request, command: Explain) -> Verdict:
    """What is said of the reasons makes a new view: who approves has seen them, or that they are not shown."""
    if request.state != "pending" or request.open_until is None:
        return ()
    # What was read before the risk moved explains nothing of what is shown now.
    news = {
        t.user_id: command.why[t.user_id]
        for t in request.asked_for
        if t.why is None and t.user_id in command.why and command.updated.get(t.user_id) == t.shown.last_updated
    }
    is_left = any(t.why is None and t.user_id not in news for t in request.asked_for)
    blind: Blind = (command.blind or "busy") if is_left else ""
    if not request.is_blind or not (news or blind != request.blind):
        return ()
    return ev.Explained(news, blind), ev.Opened(request.open_until)


def _shown(request: Request, command: RecordShown) -> Verdict:
    place = (command.view, command.channel, command.ts)
    if (
        request.state == "not_asked"
        or command.view < request.shown_view
        or place == (request.shown_view, request.channel, request.ts)
    ):
        return ()
    return (ev.Shown(command.view, command.channel, command.ts, command.digest, command.lost),)


def _decision(request: Request, command: Approve | Deny | Expire, now: datetime) -> Verdict:
    if request.state != "pending":
        return () if isinstance(command, Expire) else Refusal("decided")
    assert request.open_until is not None  # noqa: S101 - every pending request was opened
    is_over = now >= request.open_until
    match command:
        case Expire():
            return (ev.Expired(),) if is_over and command.view == request.view else ()
        case _ if is_over:
            return (ev.Expired(),)
        case Deny():
            return (ev.Denied(command.by, command.name, command.reason),)
        case Approve() if command.view != request.view:
            return Refusal("old_view")
        case Approve() if request.shown_view < request.view:
            return Refusal("not_shown")
        case Approve():
            return approved(request, command)
        case _:
            assert_never(command)


def _withdrawn(request: Request, command: Withdraw) -> Verdict:
    if command.by != request.asker.id:
        return Refusal("only_asker_withdraws")
    if request.state not in {"looking_up", "pending"}:
        return Refusal("decided")
    return (ev.Withdrawn(command.by),)


def _stopped(request: Request, command: Stop, now: datetime) -> Verdict:
    """Whoever was not sent yet is not sent any more; those who were go on to their end."""
    waiting = tuple(t.user_id for t in request.having("waiting", "practised"))
    if not request.is_approved:
        return Refusal("decided")
    if not waiting:
        return Refusal("too_late")
    return _with_end(request, ev.Stopped(command.by, waiting), now)


def _rehearsed(request: Request, now: datetime, terms: Terms) -> Verdict:
    """A rehearsal ends where others are sent; its approval does not lapse, as nothing comes of it."""
    is_due = request.state == "approved" and is_hold_over(request, now, terms)
    return (ev.Ended("rehearsed"),) if is_due and request.having("practised") else ()


def _begin(request: Request, command: BeginSend, now: datetime, terms: Terms) -> Verdict:
    users = _in(request, command.user_ids, "waiting")
    if not may_send(request, now, terms) or users != command.user_ids:
        return ()
    return (ev.Attempted(users, tuple(s for s in command.seen if s.user_id in users)),)


def _accepted(request: Request, command: RecordAccepted) -> Verdict:
    users = _in(request, command.user_ids, "attempted")
    return (ev.Accepted(users, command.receipt),) if users else ()


def _failed(request: Request, command: RecordFailed, now: datetime) -> Verdict:
    """Only what was recorded as about to be sent can be in doubt, and only read-backs settle a doubt."""
    if not request.is_approved:
        return ()  # somebody else has to decide by now
    if command.kind == "unclear":
        users = _in(request, command.user_ids, "attempted")
    else:
        doubted = {t.user_id for t in request.targets if t.doubted_at is not None and t.progress == "attempted"}
        concerned = ("waiting",) if command.is_ahead else ("attempted", "waiting")
        users = tuple(i for i in _in(request, command.user_ids, *concerned) if i not in doubted)
    event = ev.CallFailed(users, command.kind, command.receipt, command.code)
    return _with_end(request, event, now) if users else ()


def _lapse(request: Request, now: datetime, terms: Terms) -> Verdict:
    waiting = request.having("waiting")
    if not request.is_approved or is_kept(request, now, terms) or not waiting:
        return ()
    if nobody_was_sent(request):
        return ev.Lapsed(), ev.Opened(now + terms.open_for(request.asked_for))
    return _with_end(request, ev.GaveUp(tuple(t.user_id for t in waiting), "not_sent"), now)


def _with_end(request: Request, event: ev.Event, now: datetime) -> tuple[ev.Event, ...]:
    return event, *end_of(evolve(request.id, request, event, now))


def _in(request: Request, user_ids: tuple[ObjectId, ...], *progress: str) -> tuple[ObjectId, ...]:
    chosen = frozenset(user_ids)
    return tuple(t.user_id for t in request.targets if t.user_id in chosen and t.progress in progress)
