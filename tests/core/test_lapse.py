"""A lapse: whoever was left out or asked for anew meanwhile does not keep the rest from waiting again."""

from dataclasses import replace
from datetime import datetime

from bot.core import events as ev
from bot.core.commands import BeginSend, Command, Judge, Lapse, ReadBack, RecordAccepted
from bot.core.fold import evolve
from bot.core.ids import RequestId
from bot.core.lifecycle import decide
from bot.core.model import Request
from bot.core.policy import Refusal
from tests.core.test_lifecycle import BEGAN, ID, RECEIPT, TERMS, USERS, at_risk, safe, told

LATER = BEGAN + TERMS.send_within
NEXT = RequestId("CS-NEXT")


def after(request: Request, command: Command, now: datetime = BEGAN) -> tuple[Request, tuple[ev.Event, ...]]:
    verdict = decide(request, command, now, TERMS)
    assert not isinstance(verdict, Refusal)
    for event in verdict:
        request = evolve(ID, request, event, now)
    return request, verdict


def test_a_lapse_after_some_were_left_out_waits_for_a_decision_again() -> None:
    over = safe(USERS[0], BEGAN)
    request, _ = after(told(), Judge((over, *map(at_risk, USERS[1:]))))
    request, happened = after(request, Lapse(), LATER)
    assert isinstance(happened[0], ev.Lapsed)
    assert request.state == "pending"
    assert [t.progress for t in request.targets] == ["left_out", "waiting", "waiting"]


def test_a_lapse_after_some_moved_on_waits_for_a_decision_again() -> None:
    risen = replace(at_risk(USERS[0]), level="hidden")
    request, _ = after(told(), Judge((risen, *map(at_risk, USERS[1:])), follow_up=NEXT))
    request, _ = after(request, Lapse(), LATER)
    assert request.state == "pending"


def test_a_lapse_after_a_part_was_sent_ends_it() -> None:
    request = told(BeginSend(USERS[:1]), RecordAccepted(USERS[:1], RECEIPT))
    request, happened = after(request, Lapse(), LATER)
    assert happened == (ev.GaveUp(USERS[1:], "not_sent"),)
    request, _ = after(request, ReadBack((safe(USERS[0], LATER),)), LATER)
    assert request.state == "partly_confirmed"
