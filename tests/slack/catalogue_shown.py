"""The catalogue's examples of the approval message, the windows, the Home tab and the lists."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core import events as ev
from bot.core.alert import Alert
from bot.core.decisions import Decision
from bot.core.findings import Finding
from bot.core.form import FieldProblem, Opening
from bot.core.ids import ChannelId, MessageTs, RequestId
from bot.core.listed import Listed
from bot.core.model import Receipt, Request
from bot.core.named import Named
from bot.core.shared import Group
from bot.core.trouble import Trouble
from bot.slack.blocks import details, form, home, modals, options, standing
from bot.slack.blocks.approval import approval_message as message
from bot.slack.blocks.place import Place, PlaceOf
from tests.slack.cast import ANCHOR, JONI, LATER, LEAKED, MEGAN, NOON, QUORUM, TEAMS, Cast
from tests.slack.catalogue import Kinds, kind, of_several

_ALERT = Alert(ChannelId("C0ALERTS"), MessageTs("1772625600.000042"))
_OPENING = Opening(JONI, ChannelId("C0GENERAL"))
_FOR_PRACTICE: dict[str, Any] = {"is_rehearsal": True}


def shown(cast: Cast) -> Kinds:
    yield from _waiting(cast, cast.place())
    yield from _again(cast, cast.place())
    yield from _being_sent(cast, cast.place())
    yield from _ended(cast, cast.place())
    yield from _windows(cast, cast.place())
    yield from _details(cast, cast.place())
    yield from _form(cast, cast.place())
    yield from _lists(cast, lambda request=None: cast.place())


def _waiting(cast: Cast, place: Place) -> Kinds:
    asked = cast.asked
    gone = (Finding("no_risk", "a"), Finding("already_safe", "b"))
    yield kind("A1-A3 waits", message, asked(), place)
    yield kind("A1-A3 waits, by a rule", message, asked(), cast.place(TEAMS))
    yield kind("A1-A3 from the form, on an alert", message, asked(known_by="phone", alert=_ALERT), place)
    yield kind("A5-A9 leaked", message, asked(targets=cast.far("waiting", why=(LEAKED,))), place)
    yield kind("A5-A9 a test", message, asked(reason="Red team exercise in Oslo"), place)
    yield kind("A5-A9 blind", message, asked(targets=cast.far("waiting", why=None), blind="no_permission"), place)
    yield kind("A5-A9 busy", message, asked(targets=cast.far("waiting", why=None), blind="busy"), place)
    yield kind("A5-A9 some left out", message, asked(left_out=gone), place)
    yield kind("A5-A9 lost message", message, asked(lost="deleted", times_lost=1), place)
    yield kind("S16 rehearsal waits", message, asked("pending", "practised", **_FOR_PRACTICE), place)
    yield kind("S16 approved", message, asked("approved", "practised", **_FOR_PRACTICE), place, can_stop=True)
    yield kind("S16 over", message, asked("rehearsed", "practised", **_FOR_PRACTICE), place)
    yield kind("S16 denied", message, asked("denied", "practised", **_FOR_PRACTICE), place)


def _again(cast: Cast, place: Place) -> Kinds:
    """Waiting, after somebody has approved."""
    asked, given = cast.asked, cast.approval()
    void = replace(given, void="at_risk")
    back: dict[str, Any] = {"rounds": 1, "last_decision": given}
    risen = cast.risen()
    yield kind("S1 quorum", message, asked(approvals=(given,)), cast.place(QUORUM))
    yield kind("S1 one struck", message, asked(approvals=(cast.approval(JONI),), struck=(void,)), cast.place(QUORUM))
    yield kind("S10 drift", message, asked(targets=risen, reopened="drifted", **back), place)
    yield of_several(
        "S10 drift of one", message, asked(targets=(*risen[:1], *cast.far("waiting")[1:]), reopened="drifted"), place
    )
    yield kind("S10b lapsed", message, asked(reopened="lapsed", **back), place)
    doubted = cast.far("waiting", was_doubted=True)
    yield kind("S10b lapsed in doubt", message, asked(targets=doubted, reopened="lapsed", **back), place)
    yield kind("S10b void", message, asked(reopened="voided", rounds=1, last_decision=void), place)


def _being_sent(cast: Cast, place: Place) -> Kinds:
    asked = cast.asked
    held = replace(place, hold=timedelta(minutes=2))
    yield kind("S2 hold", message, asked("approved"), held, can_stop=True)
    yield kind("S3 sending", message, asked("approved"), place, can_stop=True)
    yield of_several("S4 progress", message, asked("sent", "accepted", "waiting"), place, can_stop=True)
    for what in ("throttled", "sign_in", "unreachable", "unchecked", "unclear", "bisecting", "late"):
        trouble = Trouble(what, NOON, LATER)
        name = "S5b" if what == "sign_in" else "S5"
        yield kind(f"{name} {what}", message, asked("approved", trouble=trouble), place, can_stop=True)
    yield of_several(
        "S5 throttled in part",
        message,
        asked("sent", "accepted", "waiting", trouble=Trouble("throttled", NOON, LATER)),
        place,
        can_stop=True,
    )
    yield kind("S6 sent", message, asked("sent", "accepted"), place)
    taken = cast.far("accepted", receipt=None)
    yield kind("S6 taken without an answer", message, asked("sent", targets=taken), place)


def _ended(cast: Cast, place: Place) -> Kinds:
    asked = cast.asked
    dismissed = replace(cast.snapshot(0), state="dismissed", level="none")
    yield kind("S7 done", message, asked("confirmed", "confirmed"), place)
    both = (cast.approval(), cast.approval(JONI))
    yield kind("S7 done by two", message, asked("confirmed", "confirmed", approvals=both), cast.place(QUORUM))
    yield of_several("S7 some spared", message, asked("confirmed", "confirmed", "spared"), place)
    yield kind("S7 dismissed", message, asked("confirmed", targets=cast.far("confirmed", last_read=dismissed)), place)
    yield kind("S7 contested", message, asked("confirmed", targets=cast.recurred()), place)
    yield of_several("S8 part", message, asked("partly_confirmed", "confirmed", "confirmed", "unchanged"), place)
    yield kind("S9 refused", message, asked("not_confirmed", "refused"), place)
    yield kind("S9 no effect", message, asked("not_confirmed", "unchanged"), place)
    yield kind("S9 nobody left", message, asked("not_confirmed", "left_out"), place)
    yield kind("S9b unseen", message, asked("accepted_unseen", "unseen"), place)
    yield of_several("S9b unseen in part", message, asked("accepted_unseen", "confirmed", "unseen"), place)
    yield kind("S9c unknown", message, asked("unknown", "unknown"), place)
    yield kind("S11 denied", message, asked("denied"), place)
    yield kind("S12 withdrawn", message, asked("withdrawn", decision=None), place)
    yield kind("S13 expired", message, asked("expired"), place)
    yield kind("S13 expired, one approved", message, asked("expired", approvals=(cast.approval(),)), place)
    stop = {"stopped": Decision(JONI, LATER, 1)}
    yield kind("S14 stopped", message, asked("stopped", "stopped", **stop), place)
    yield of_several("S14 stopped in part", message, asked("partly_confirmed", "confirmed", "stopped", **stop), place)
    wrong = Decision(JONI, LATER, 1, cast.typed("It was not the VPN"))
    yield kind("S15 mistake", message, asked("confirmed", "confirmed", mistake=wrong), place)


def _windows(cast: Cast, place: Place) -> Kinds:
    asked = cast.asked
    yield kind("C3 review", modals.review_modal, asked(), place)
    yield kind("C3 review after a drift", modals.review_modal, asked(targets=cast.risen(), reopened="drifted"), place)
    yield kind("C3 review of a rehearsal", modals.review_modal, asked("pending", "practised", **_FOR_PRACTICE), place)
    yield kind("C4 deny", modals.deny_modal, asked())
    yield kind("C4 deny a rehearsal", modals.deny_modal, asked(**_FOR_PRACTICE))
    yield kind("C5 mistake", modals.mistake_modal, asked("confirmed", "confirmed"))
    yield kind("C7 not counted", modals.gone_modal, "This request is still being looked up.")


def _happened(cast: Cast) -> list[tuple[Any, ev.Event]]:
    ids = tuple(target.user_id for target in cast.far("waiting"))
    because = cast.named(
        "The rule “High risk” decides: the highest risk is high (high or more). It takes one from SOC."
    )
    events: list[ev.Event] = [
        ev.Asked(cast.asked().asker, ("a",), "why", "c", again_of=RequestId("CS-9F3M")),
        ev.Explained({}),
        ev.ClickRefused(JONI, "approve", "not_approver"),
        ev.Approved(JONI, "Joni", 1, is_last=False, because=because),
        ev.Voided("at_risk", JONI),
        ev.Approved(MEGAN, "Megan", 2, left_out=ids[:1], because=because),
        ev.SetAside(ids[:1], (cast.snapshot(0),), RequestId("CS-4K8R")),
        ev.CallFailed(ids, "throttled", Receipt(429, "TooManyRequests", "c8a1-429")),
        ev.Accepted(ids, Receipt(204, request_id="c8a1-204")),
        ev.Verified(tuple(cast.snapshot(i, state="confirmedSafe") for i in range(cast.n))),
        ev.Ended("confirmed"),
        ev.Recurred((cast.snapshot(0),)),
        ev.Mistaken(JONI, "Joni", cast.typed("It was not the VPN")),
    ]
    return [(NOON + timedelta(minutes=n), event) for n, event in enumerate(events)]


def _details(cast: Cast, place: Place) -> Kinds:
    asked, happened = cast.asked, _happened(cast)
    because = cast.typed("No rule before “rest” fits. It takes one from SOC.")
    yield kind("D while it waits", details.window, asked(), place, happened[:2], ANCHOR, because=because)
    done = asked("confirmed", "confirmed", again_of=RequestId("CS-9F3M"))
    yield kind("D when it has ended", details.window, done, place, happened, ANCHOR, because=because)
    dismissed = replace(cast.snapshot(0), state="dismissed", level="none")
    gone = asked("confirmed", targets=cast.far("confirmed", last_read=dismissed))
    yield kind("D dismissed", details.window, gone, place, [], ANCHOR)
    yield kind("D left out", details.window, asked("not_confirmed", "left_out"), place, [], ANCHOR)
    yield kind("D contested", details.window, asked("confirmed", targets=cast.recurred()), place, [], ANCHOR)
    yield kind("D next page", details.window, asked(), place, happened[:2], ANCHOR, page=1)
    early = asked("looking_up", entries=("adelev@contoso.com",))
    yield kind("D of none yet", details.window, replace(early, targets=()), place, happened[:1], ANCHOR)
    yield kind(
        "D of a rehearsal", details.window, asked("rehearsed", "practised", **_FOR_PRACTICE), place, [], ANCHOR
    )
    yield kind("D gone", details.gone)
    yield kind("D not for you", details.not_for_you, place)
    yield kind("D could not check", details.could_not_check, "Entra")


def _form(cast: Cast, place: Place) -> Kinds:
    users = tuple(cast.snapshot(i) for i in range(cast.n))
    yield kind("F while the list is read", form.window, _OPENING, place)
    listed = form.state(Listed(users, NOON), place)
    yield kind("F with the list", form.window, _OPENING, place, listed)
    for trouble in ("not_read", "refused", "sign_in"):
        said = form.state(Listed(trouble=trouble), place)
        yield kind(f"F without a list: {trouble}", form.window, _OPENING, place, said)
    yield kind("F who could not be checked", form.window, _OPENING, place, form.NOT_CHECKED)
    yield kind("F for who may not ask", form.window, _OPENING, place, form.MAY_NOT_ASK)
    on_alert = replace(_OPENING, alert=_ALERT, named=Named({}, is_cut=True))
    offered = [form.Proposed(user, "in an attachment") for user in users]
    yield kind("F on an alert", form.window, on_alert, place, listed, offered, is_known=True)
    yield kind("F on an alert that names nobody", form.window, on_alert, place, listed, [], is_known=True)
    yield kind("F list of users", options.of_users, users, "")
    groups = [Group("network", "203.0.113.0/24", NOON, users), Group("detection", "Atypical travel", None, users)]
    note = f"Of {cast.n} of {cast.n:,} users at risk it is known why"
    yield kind("F list of groups", options.of_groups, groups, "", note)
    yield kind("F list that has too much to do", options.remark, options.BUSY)
    yield kind("F problems", _at_fields, cast)


def _at_fields(cast: Cast) -> dict[str, str]:
    """Everything that can be wrong, by kind: each is at its field."""
    words = tuple(cast.named("foo") for _ in range(cast.n))
    problems = {
        "remark": FieldProblem("users", "remark"),
        "gone": FieldProblem("shared", "gone"),
        "reading": FieldProblem("shared", "reading"),
        "unreadable": FieldProblem("pasted", "unreadable", words, cast.n),
        "no users": FieldProblem("users", "no_users"),
        "too many": FieldProblem("users", "too_many", count=513),
        "no reason": FieldProblem("reason", "no_reason"),
        "too long": FieldProblem("reason", "too_long", count=1_501),
        "how it is known": FieldProblem("known_by", "unknown"),
    }
    return {name: form.errors([one])[one.field] for name, one in problems.items()}


def _lists(cast: Cast, place: PlaceOf) -> Kinds:
    every = [
        cast.asked(),
        cast.asked("looking_up"),
        cast.asked("approved"),
        cast.asked("confirmed", "confirmed"),
        cast.asked("not_confirmed", "refused"),
        cast.asked("expired", is_rehearsal=True),
        cast.asked("not_asked"),
    ]
    requests = [replace(one, id=RequestId(f"CS-4K7{n}")) for n, one in enumerate(every)]
    waiting, over = [requests[0], requests[0]], requests[3:5]
    waiting[1] = replace(requests[0], id=RequestId("CS-5M2X"), is_rehearsal=True)
    seen = home.Seen(waiting, requests, over, may_ask=True, may_approve=True)
    yield kind("H home of an approver", home.home, seen, place)
    nothing = home.Seen([], [], [], may_ask=True, may_approve=True)
    yield kind("H home with nothing to do", home.home, nothing, place)
    yield kind("H home of others", home.home, replace(nothing, may_ask=False, may_approve=False), place)
    unclear = replace(nothing, may_ask=None, may_approve=None, silent="Slack")
    yield kind("H home unchecked", home.home, unclear, place)
    yield kind("H mine", standing.mine, requests, place, more=False)
    yield kind("E15 mine, none", standing.mine, [], place, more=False)
    yield kind("H list", standing.still_open, requests[:3], place, more=True)
    yield kind("H list, none", standing.still_open, [], place, more=False)
    yield kind("H list, not for you", standing.not_for_you, place())
    yield kind("H list, unchecked", standing.could_not_check, "Slack")
    yield from (kind(f"E15 status {one.state}", standing.status, one, place(one)) for one in _statuses(requests))
    early = replace(cast.asked("withdrawn", decision=None), targets=(), entries=("adelev@contoso.com",))
    yield kind("E15 status withdrawn early", standing.status, early, place(early))
    yield kind("E15 status contested", standing.status, cast.asked("confirmed", targets=cast.recurred()), place())
    yield kind("E15 status, which", standing.which_one)
    yield kind("E15 status, unknown", standing.no_such, cast.named("CS-2222"))


def _statuses(requests: list[Request]) -> list[Request]:
    return [one for one in requests if not one.is_rehearsal]
