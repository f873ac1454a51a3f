"""The catalogue's examples of what is told in threads, in incident channels and privately."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

from bot.core.decisions import Decision
from bot.core.findings import Elsewhere, Finding
from bot.core.ids import ChannelId, MessageTs, RequestId, SlackUserId
from bot.core.limits import Limited
from bot.core.model import Receipt
from bot.core.policy import Why
from bot.core.problems import Problem
from bot.slack.blocks import (
    absence,
    alert,
    answers,
    changed,
    findings,
    incident,
    mistake,
    refusals,
    rehearsal,
    renewal,
    thread,
)
from bot.slack.blocks.message import elsewhere
from bot.slack.blocks.place import Place
from tests.slack.cast import ANCHOR, JONI, LATER, MEGAN, NOON, QUORUM, TEAMS, Cast
from tests.slack.catalogue import Kinds, kind, of_several

_FORBIDDEN = Receipt(403, "Forbidden", "c8a1-403", date="Wed, 04 Mar 2026 12:00:00 GMT")
_CONSENT = "IdentityRiskyUser.ReadWrite.All"
_LAPSES = NOON + timedelta(hours=1)
_STOP: dict[str, Any] = {"stopped": Decision(JONI, LATER, 1)}
_R: dict[Why, str] = {
    "not_approver": "R1",
    "own_request": "R2",
    "asked_elsewhere": "R2",
    "own_account": "R3",
    "account_disabled": "R4",
    "could_not_check": "R5",
    "entra_silent": "R5",
    "no_email": "R5",
    "no_account": "R5",
    "several_accounts": "R5",
    "not_member": "R6",
    "decided": "R8",
    "marked": "R8",
    "old_view": "R9",
    "approved_already": "R10",
    "same_account": "R10",
    "wrong_team": "R10",
    "unknown_request": "R11",
    "not_shown": "R11",
}
"""Where a refusal is kept; the others are with R12, what may not be done or comes too late."""


def told(cast: Cast) -> Kinds:
    yield from _of_sending(cast, cast.place())
    yield from _outcomes(cast, cast.place())
    yield from _of_changes(cast, cast.place())
    yield from _of_decisions(cast, cast.place())
    yield from _elsewhere(cast, cast.place())
    yield from _answers(cast, cast.place())
    yield from _found(cast, cast.place())
    yield from _not_taken(cast, cast.place())
    yield from _refusals(cast, cast.place())


def _of_sending(cast: Cast, place: Place) -> Kinds:
    asked = cast.asked
    yield kind("T1 sent", thread.accepted, asked("sent", "accepted"), NOON, ANCHOR)
    yield of_several("T1 sent in part", thread.accepted, asked("sent", "accepted", "waiting"), NOON, ANCHOR)
    taken = asked("sent", targets=cast.far("accepted", receipt=None))
    yield kind("T1 taken without an answer", thread.accepted, taken, NOON, ANCHOR)
    for name, roles in (
        ("cause unknown", None),
        ("no permission", frozenset[str]()),
        ("no P2", frozenset({_CONSENT})),
    ):
        yield kind(
            f"T7 403, {name}", thread.forbidden, asked("approved", "refused"), place, roles, _FORBIDDEN, ANCHOR
        )
    for code in ("AADSTS7000222", "AADSTS700016", "AADSTS90002", "AADSTS700211", "AADSTS1", "401", ""):
        yield kind(f"T8 sign-in {code}", thread.sign_in, asked("approved"), place, code, _LAPSES)
    yield kind("T9 throttled", thread.throttled, _LAPSES)
    yield kind("T9 unreachable", thread.unreachable, _LAPSES)
    yield kind("T9 unchecked", thread.unchecked, _LAPSES)
    yield kind("T10 lapsed", thread.lapsed, asked(), place)
    in_doubt = asked(targets=cast.far("waiting", was_doubted=True))
    yield kind("T10 lapsed in doubt", thread.lapsed, in_doubt, place)
    yield kind("T11 resumed", absence.back, asked("approved"), NOON, LATER, is_kept=True)
    yield kind("T11 still waiting", absence.back, asked(), NOON, LATER, is_kept=False)
    broke = Receipt(504, client_request_id="5b3c-11")
    yield kind("T12 unclear", thread.unclear, asked("approved", "attempted"), None)
    yield kind("T12 unclear answer", thread.unclear, asked("approved", "attempted"), broke)
    yield kind("T12 sent again", thread.sent_again, cast.n)


def _outcomes(cast: Cast, place: Place) -> Kinds:
    dismissed = replace(cast.snapshot(0), state="dismissed", level="none")
    gone = cast.asked("confirmed", targets=cast.far("confirmed", last_read=dismissed))
    for name, request in {
        "T2 confirmed": cast.asked("confirmed", "confirmed"),
        "T2 dismissed": gone,
        "T4 not visible": cast.asked("accepted_unseen", "unseen"),
        "T4 not readable": cast.asked("accepted_unseen", targets=cast.far("unseen", last_read=None)),
        "T5 no effect": cast.asked("not_confirmed", "unchanged"),
        "T6 risky again": cast.asked("partly_confirmed", "risky_again"),
        "T12 not known": cast.asked("unknown", "unknown"),
        "T13 refused": cast.asked("not_confirmed", "refused"),
        "T13 forbidden": cast.asked("not_confirmed", targets=cast.far("refused", receipt=_FORBIDDEN)),
        "T14 nobody left": cast.asked("not_confirmed", "left_out"),
        "T22 ended void": cast.asked("not_confirmed", "voided"),
    }.items():
        yield kind(name, thread.ended, request, place, LATER, ANCHOR)
    for name, request in {
        "T3 part": cast.asked("partly_confirmed", "confirmed", "confirmed", "unchanged"),
        "T3 lapsed in part": cast.asked("partly_confirmed", "confirmed", "not_sent"),
        "T3 void in part": cast.asked("partly_confirmed", "confirmed", "voided"),
        "T3 stopped in part": cast.asked("partly_confirmed", "confirmed", "stopped", **_STOP),
        "T3 some spared": cast.asked("confirmed", "confirmed", "spared"),
        "T4 in part": cast.asked("accepted_unseen", "confirmed", "unseen"),
        "T12 not known in part": cast.asked("unknown", "confirmed", "unknown"),
        "T13 refused in part": cast.asked("partly_confirmed", "confirmed", "confirmed", "refused"),
        "T14 left out in part": cast.asked("confirmed", "confirmed", "left_out"),
    }.items():
        yield of_several(name, thread.ended, request, place, LATER, ANCHOR)


def _of_changes(cast: Cast, place: Place) -> Kinds:
    asked = cast.asked
    risen = tuple(replace(t, progress="moved") for t in cast.risen())
    one = (*risen[:1], *cast.far("accepted")[1:])
    ids = [target.user_id for target in risen]
    yield of_several("T14 drift", changed.set_aside, asked("sent", targets=one), place, ids[:1], "CS-4K8R")
    yield kind("T14 drift of all", changed.drifted, asked(targets=cast.risen(), reopened="drifted"), place)
    spared = (*cast.far("spared")[:1], *cast.far("waiting")[1:])
    yield kind("T14 spared", changed.spared, asked("approved", targets=spared), ids[:1])
    void = replace(cast.approval(), void="at_risk")
    yield kind("T22 void", changed.voided, asked(reopened="voided", struck=(void,)), place)
    partly = asked("sent", "confirmed", "voided", struck=(void,))
    yield of_several("T22 void in part", changed.partly_voided, partly, place)
    yield kind("T6 contested", changed.recurred, asked("confirmed", targets=cast.recurred()), ids)
    unseen = cast.far("unseen")
    ended = NOON - timedelta(days=1)
    yield kind("T6 a day later", changed.looked_again, asked("accepted_unseen", targets=unseen, ended_at=ended))


def _of_decisions(cast: Cast, place: Place) -> Kinds:
    asked = cast.asked
    practice: dict[str, Any] = {"is_rehearsal": True}
    yield kind("T15 denied", thread.denied, asked("denied"))
    yield kind("T15 withdrawn", thread.withdrawn, asked("withdrawn"))
    yield kind("T15 stopped", thread.stopped, asked("stopped", "stopped", **_STOP))
    yield of_several("T15 stopped in part", thread.stopped, asked("sent", "accepted", "stopped", **_STOP))
    yield kind("T16 expired", thread.expired, asked("expired"))
    yield kind("T17 reminder", thread.reminder, asked(), place)
    yield kind("T18 quorum", thread.approved_in_part, MEGAN, cast.place(QUORUM))
    wrong = Decision(JONI, LATER, 1, cast.typed("It was not the VPN"))
    yield kind("T20 mistake", mistake.marked, asked("confirmed", "confirmed", mistake=wrong), place)
    over = asked("rehearsed", "practised", **practice)
    yield kind("T21 rehearsal over", rehearsal.over, over)
    yield kind("T21 rehearsal denied", rehearsal.marked, thread.denied(asked("denied", **practice)), over)


def _elsewhere(cast: Cast, place: Place) -> Kinds:
    asked = cast.asked
    wrong = asked("confirmed", "confirmed", mistake=Decision(JONI, LATER, 1, "x"))
    contested = asked("confirmed", targets=cast.recurred())
    for request in (
        asked(),
        asked("approved"),
        asked("confirmed", "confirmed"),
        asked("denied"),
        asked("withdrawn"),
        asked("stopped", "stopped", **_STOP),
        asked("expired"),
        asked("partly_confirmed", "confirmed", "unchanged"),
        asked("not_confirmed", "refused"),
        asked("accepted_unseen", "unseen"),
        asked("unknown", "unknown"),
    ):
        yield kind(f"N1 line {request.state}", incident.line, request, place)
        yield kind(f"N2 alert {request.state}", alert.line, request, place)
    yield kind("N1 end", incident.end, asked("confirmed", "confirmed"), place)
    yield kind("N1 line of a mistake", incident.line, wrong, place)
    yield kind("N1 mistake", incident.marked, wrong, place)
    yield kind("N1 contested", incident.contested, contested, place)
    yield kind("N1 line contested", incident.line, contested, place)
    yield kind("N2 alert end", alert.end, asked("confirmed", "confirmed"), place)
    yield kind("N2 alert mistake", alert.marked, wrong, place)
    yield kind("T23 secret ends", renewal.ends, "secret", NOON, place)
    yield kind("T23 certificate ends", renewal.ends, "certificate", NOON, place)
    yield kind("N1 told directly", elsewhere, thread.denied(asked("denied")), "C0APPROVE", "is_archived", "CS-4K7Q")


def _answers(cast: Cast, place: Place) -> Kinds:
    asked, command, new = cast.asked, _command(cast), RequestId("CS-4K7Q")
    yield kind("E1 taken", answers.taken, new, cast.n, place)
    gone = tuple(Finding("no_risk", "a@contoso.com", cast.named("Megan Bowen")) for _ in range(cast.n))
    yield kind("E1 waiting", answers.waiting, asked(), place)
    yield kind("E1 waiting, some left out", answers.waiting, asked(left_out=gone), place)
    yield kind("E1 not linked", answers.waiting, asked(ts=None), place)
    yield kind("E1 withdrawn", answers.withdrawn, asked("withdrawn"))
    yield kind("E2 slow", answers.slow, cast.n, is_limited=False)
    yield kind("E2 slow, limited", answers.slow, cast.n, is_limited=True)
    yield kind("E2 gave up", answers.gave_up, command)
    yield kind("E3 others asked for", answers.asked_for_others, asked(), place)
    yield kind("E3 dropped", answers.dropped, asked("not_asked"))
    yield kind("E8 help", answers.help_text, place, may_ask=True, may_approve=False)
    yield kind("E8 help for others", answers.help_text, place, may_ask=False, may_approve=None)
    yield kind("E8 help for approvers", answers.help_text, place, may_ask=True, may_approve=True)
    yield kind("E15 withdraw, unknown", answers.no_such_request, cast.named("CS-2222"))
    yield kind("E15 withdraw, which", answers.no_such_request, "")


def _command(cast: Cast) -> str:
    ids = ", ".join(target.shown.upn for target in cast.far("waiting"))
    return f"/confirm-safe {ids} {cast.typed('VPN exit moved to Oslo')}"


def _found(cast: Cast, place: Place) -> Kinds:
    name = cast.named
    other = Elsewhere(
        RequestId("CS-9F3M"), SlackUserId("U0LYNNE"), NOON, ChannelId("C0APPROVE"), MessageTs("1772625600.000100")
    )
    one_each = (
        Finding("unreadable", name("adelev@contoso,com")),
        Finding("no_risk", "meganb@contoso.com", name("Megan Bowen")),
        Finding("not_listed", "irvins@contoso.com", name("Irvin Sayers")),
        Finding("not_read", "miriamg@contoso.com", name("Miriam Graham")),
        Finding("already_safe", "lynner@contoso.com", name("Lynne Robbins")),
        Finding("unknown", name("adelve@contoso.com")),
        Finding("deleted", name("jonis@contoso.com"), name("Joni Sherman")),
        Finding("open_elsewhere", "alexw@contoso.com", name("Alex Wilber"), other),
        Finding("own_account", "diegos@contoso.com", name("Diego Siciliani")),
        Finding("no_email", "<@U0NOMAIL>"),
    )
    early = cast.asked("looking_up")
    yield kind("E3 some problems", findings.findings, replace(early, findings=one_each), place)
    there = tuple(Finding("open_elsewhere", "a@contoso.com", name("Alex Wilber"), other) for _ in range(cast.n))
    yield kind("E7 already asked", findings.findings, replace(early, findings=there), place)
    none = replace(early, targets=())
    calm = tuple(Finding("no_risk", "a@contoso.com", name("Megan Bowen")) for _ in range(cast.n))
    yield kind("E4 none left", findings.findings, replace(none, findings=calm), place)
    dead = tuple(Finding("deleted", name("jonis@contoso.com")) for _ in range(cast.n))
    yield kind("E6 deleted", findings.findings, replace(none, findings=dead), place)


def _not_taken(cast: Cast, place: Place) -> Kinds:
    command = _command(cast)
    problems = (
        Problem("unreadable", cast.named("adelev@contoso,com")),
        Problem("no_users"),
        Problem("id_in_reason", cast.named("alexw@contoso.com"), 1),
        Problem("too_many", count=513),
        Problem("no_reason"),
        Problem("reason_too_long", count=1_501),
        Problem("text_too_long", count=20_001),
    )
    yield kind("E5 not readable", answers.unreadable, problems, command)
    yield kind("E5 not readable, rehearsal", answers.unreadable, problems[:1], command, is_rehearsal=True)
    yield kind("E5 many not readable", answers.unreadable, problems[:1] * cast.n, command)
    yield kind("E9 not in channel", answers.not_in_channel, place, command)
    yield kind("E10 shared", answers.bad_channel, place, "shared")
    yield kind("E10 archived", answers.bad_channel, place, "archived")
    yield kind("E11 not recorded", answers.not_recorded, command)
    yield kind("E11 can't tell", answers.cannot_tell, command)
    yield kind("E11 click not recorded", answers.click_not_recorded)
    yield kind("E11 can't tell of a click", answers.click_cannot_tell)
    yield kind("E11 not shown", answers.not_shown, command)
    yield kind("E11 no window", answers.no_window)
    yield kind("E11 form not opened", answers.form_not_opened)
    yield kind("E12 nothing recorded", answers.unexpected, "k3x9", place, "nothing")
    yield kind("E12 can't tell", answers.unexpected, "k3x9", place, "unknown")
    yield kind("E12 recorded", answers.unexpected, "k3x9", place, RequestId("CS-4K7Q"))
    yield kind("E13 requests", answers.limit, Limited("requests", 20, LATER), place)
    yield kind("E13 users", answers.limit, Limited("users", 50, LATER, 40), place)
    yield kind("E13 never at once", answers.limit, Limited("users", 50, None, 0), place)
    yield kind("E13 open", answers.limit, Limited("open", 3), place)
    what, more = (
        "it may not read risky users yet",
        f"Missing: admin consent for {_CONSENT}, see `python -m bot doctor`",
    )
    yield kind("E14 not set up", answers.not_ready, what, place)
    yield kind("E14 not set up, to an approver", answers.not_ready, what, place, more)


def _refusals(cast: Cast, place: Place) -> Kinds:
    asked = cast.asked
    of = {
        "own_request": asked(),
        "old_view": asked(targets=cast.risen(), reopened="drifted", view=2, last_decision=cast.approval()),
        "decided": asked("approved"),
        "marked": asked("confirmed", "confirmed", mistake=Decision(JONI, LATER, 1, "x")),
    }
    teams = cast.place(TEAMS)
    for why in (one for one in get_args(Why) if one not in {"may_not_ask", "only_asker_withdraws"}):
        tried = refusals.Tried("approve", 1, NOON, "k3x9", cast.named("megan@contoso.com"))
        there = teams if why in {"not_approver", "wrong_team", "approved_already", "same_account"} else place
        yield kind(f"{_R.get(why, 'R12')} {why}", refusals.said_of, why, tried, of.get(why, asked()), there)
    plain = refusals.Tried("approve", 1, NOON, "k3x9")
    yield kind("R1 not on the list", refusals.said_of, "not_approver", plain, asked(), place)
    yield kind("R2 denying it oneself", refusals.own_request_denied, place)
    yield kind("R5 no account of the policy", refusals.said_of, "no_account", plain, asked(), place)
    yield kind("R7 may not ask", refusals.may_not_ask, place)
    yield kind("R7 no e-mail to ask", refusals.no_email_to_ask, place)
    for state in ("looking_up", "pending", "not_asked", "denied", "withdrawn", "expired", "rehearsed"):
        yield kind(f"R8 {state}", refusals.decided, asked(state))
    yield kind("R8 stopped", refusals.decided, asked("stopped", "stopped", **_STOP))
    late = asked(view=2, explained_view=2)
    yield kind("R9 the reasons came in", refusals.said_of, "old_view", plain, late, place)
    yield kind("R9 shown anew", refusals.said_of, "old_view", plain, asked(view=2), place)
    yield kind("R12 withdraw", refusals.only_asker_withdraws, asked())
    yield kind("R12 still sending", refusals.still_sending, asked("sent", "attempted"))
