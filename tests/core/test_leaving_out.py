"""An approval that leaves out those who look different: they are never sent, and stay out of it for good."""

from dataclasses import replace
from datetime import timedelta

from pydantic import TypeAdapter

from bot.core import events as ev
from bot.core.alike import split
from bot.core.commands import (
    Approve,
    Ask,
    BeginSend,
    Command,
    FoundUsers,
    Judge,
    Lapse,
    ReadBack,
    RecordAccepted,
    RecordRefused,
    RecordShown,
)
from bot.core.fold import evolve
from bot.core.follow_ups import follow_ups
from bot.core.ids import ChannelId, MessageTs, ObjectId, SlackUserId
from bot.core.lifecycle import ask, decide
from bot.core.model import Receipt, Request
from bot.core.policy import Refusal
from bot.core.reasons import Origin, Reason
from tests.core.test_alike import LEAKED, TRAVEL, crowd, user
from tests.core.test_lapse import after
from tests.core.test_lifecycle import ASKER, BEGAN, ID, RECEIPT, TERMS, USERS, at_risk, safe

MEGAN = SlackUserId("U2")
ODD = user(1, why=(LEAKED, TRAVEL))
CROWD = crowd(30)
REST = tuple(target.user_id for target in CROWD)
LATER = BEGAN + TERMS.send_within


def shown() -> Request:
    request: Request | None = None
    for event in ask(Ask(ASKER, USERS, "VPN", "/confirm-safe")):
        request = evolve(ID, request, event, BEGAN)
    assert request is not None
    request, _ = after(request, FoundUsers("Lynne", (ODD, *CROWD), ()))
    return _seen(request)


def _seen(request: Request) -> Request:
    return after(request, RecordShown(request.view, ChannelId("C1"), MessageTs("1.1"), "d"))[0]


def approve(request: Request) -> Command:
    return Approve(MEGAN, "Megan", request.view, leave_out=split(request.asked_for).mark)


def left_out() -> Request:
    request = shown()
    return after(request, approve(request))[0]


def test_the_record_names_those_who_were_left_out() -> None:
    request = shown()
    request, happened = after(request, approve(request))
    assert happened == (ev.Approved(MEGAN, "Megan", 1, left_out=(ODD.user_id,)),)
    assert [(t.user_id, t.spared_by) for t in request.having("spared")] == [(ODD.user_id, MEGAN)]
    assert tuple(t.user_id for t in request.asked_for) == REST
    assert request.state == "approved"


def test_without_the_tick_nobody_is_left_out() -> None:
    request, happened = after(shown(), Approve(MEGAN, "Megan", 1))
    assert happened == (ev.Approved(MEGAN, "Megan", 1),)
    assert len(request.asked_for) == 31


def test_a_mark_of_others_than_were_shown_is_not_counted() -> None:
    for mark in ("0" * 32, ODD.user_id, split(CROWD).mark):
        assert decide(shown(), Approve(MEGAN, "Megan", 1, leave_out=mark), BEGAN, TERMS) == Refusal("old_view")


def test_leaving_out_everybody_is_no_approval() -> None:
    request = shown()
    odd = replace(request, targets=tuple(replace(t, why=(LEAKED,)) for t in request.targets))
    assert decide(odd, approve(odd), BEGAN, TERMS) == Refusal("nobody_left")


def test_who_was_left_out_can_not_be_sent() -> None:
    request = left_out()
    assert decide(request, BeginSend((ODD.user_id, *REST)), BEGAN, TERMS) == ()
    assert decide(request, BeginSend((ODD.user_id,)), BEGAN, TERMS) == ()
    assert decide(request, BeginSend(REST), BEGAN, TERMS) == (ev.Attempted(REST),)


def test_all_others_confirmed_is_all_confirmed() -> None:
    request = left_out()
    for command in (BeginSend(REST), RecordAccepted(REST, RECEIPT)):
        request, _ = after(request, command)
    later = BEGAN + timedelta(seconds=5)
    request, happened = after(request, ReadBack(tuple(safe(i, later) for i in REST)), later)
    assert happened[-1] == ev.Ended("confirmed")
    assert [t.progress for t in request.targets if t.user_id == ODD.user_id] == ["spared"]


def test_after_a_lapse_they_stay_left_out_of_the_new_view() -> None:
    request, happened = after(left_out(), Lapse(), LATER)
    assert [type(event) for event in happened] == [ev.Lapsed, ev.Opened]
    assert (request.state, request.view) == ("pending", 2)
    assert tuple(t.user_id for t in request.asked_for) == REST
    request, _ = after(_seen(request), Approve(SlackUserId("U3"), "Diego", 2), LATER)
    assert [(t.user_id, t.spared_by) for t in request.having("spared")] == [(ODD.user_id, MEGAN)]


def test_after_a_void_approval_and_a_drift_of_all_others_too() -> None:
    seen = tuple(replace(at_risk(i), level="medium") for i in REST)
    void, _ = after(left_out(), Judge(seen, void={SlackUserId("U2"): "at_risk"}))
    risen, _ = after(left_out(), Judge(tuple(replace(s, level="hidden") for s in seen)))
    for request in (void, risen):
        assert request.state == "pending"
        assert tuple(t.user_id for t in request.asked_for) == REST


def test_the_thread_is_told_once_whom_it_leaves_out() -> None:
    request = shown()
    approved, happened = after(request, approve(request))
    wishes = follow_ups(request, approved, happened, BEGAN, terms=TERMS, incident_channels=())
    told = [wish.payload for wish in wishes if wish.kind == "tell"]
    assert told == [{"topic": "spared0", "user_ids": [ODD.user_id]}]


def test_where_entra_refuses_all_others_that_is_told_alone() -> None:
    request, _ = after(left_out(), BeginSend(REST))
    refused, happened = after(request, RecordRefused(REST, Receipt(403)))
    assert refused.state == "not_confirmed"
    wishes = follow_ups(request, refused, happened, BEGAN, terms=TERMS, incident_channels=())
    assert [wish.payload["topic"] for wish in wishes if wish.kind == "tell"] == ["forbidden0"]


def test_what_was_recorded_before_there_was_anything_to_leave_out_still_loads() -> None:
    old = b'{"by": "U2", "name": "Megan", "view": 1, "email": "megan@contoso.com"}'
    approved = TypeAdapter(ev.Approved)
    assert approved.validate_json(old) == ev.Approved(MEGAN, "Megan", 1, "megan@contoso.com")
    new = ev.Approved(MEGAN, "Megan", 1, left_out=(ObjectId("a"), ObjectId("b")))
    assert approved.validate_json(approved.dump_json(new)) == new


def test_reasons_keep_where_all_of_them_came_from() -> None:
    reasons = TypeAdapter(Reason)
    whole = replace(TRAVEL, more=1, origins=(Origin("198.51.100.0/24", "Oslo", "NO"), Origin()), since=BEGAN)
    assert reasons.validate_json(reasons.dump_json(whole)) == whole
    assert reasons.validate_json(b'{"type": "unlikelyTravel", "more": 1}') == Reason("unlikelyTravel", more=1)
