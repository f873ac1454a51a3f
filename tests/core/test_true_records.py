"""What was read is on record: of those left out, of a void approval, of the last look; old events still load."""

import json
from dataclasses import replace
from datetime import timedelta

from pydantic import TypeAdapter

from bot.core import events as ev
from bot.core.commands import BeginSend, Judge, Lapse, LookAgain, ReadBack, RecordAccepted, RecordFailed
from bot.core.fold import evolve
from bot.core.follow_ups import follow_ups
from bot.core.ids import SlackUserId
from bot.core.model import Receipt
from tests.core.test_lapse import LATER, NEXT, after
from tests.core.test_lifecycle import BEGAN, ID, RECEIPT, TERMS, USERS, at_risk, safe, told


def test_of_those_left_out_it_is_kept_what_was_read() -> None:
    deleted = replace(at_risk(USERS[0]), is_deleted=True)
    request, happened = after(told(), Judge((deleted, at_risk(USERS[2])), (USERS[1],)))
    assert happened == (ev.SetAside(USERS[:2], seen=(deleted,), missing=(USERS[1],)),)
    first, second, third = request.targets
    assert (first.progress, first.last_read, first.is_missing) == ("left_out", deleted, False)
    assert (second.progress, second.is_missing) == ("left_out", True)
    assert (third.progress, third.last_read, third.is_missing) == ("waiting", None, False)


def test_of_those_left_out_beside_a_drift_of_all_others_it_is_kept_too() -> None:
    risen = tuple(replace(at_risk(user), level="hidden") for user in USERS[1:])
    request, _ = after(told(), Judge((safe(USERS[0], BEGAN), *risen), follow_up=NEXT))
    assert request.state == "pending"
    assert request.targets[0].last_read == safe(USERS[0], BEGAN)


def test_older_records_still_load_and_mean_what_they_meant() -> None:
    body = {"left_out": [USERS[0]], "drifted": [], "follow_up": None}
    aside = TypeAdapter(ev.SetAside).validate_json(json.dumps(body))
    request = evolve(ID, told(), aside, BEGAN)
    assert (request.targets[0].progress, request.targets[0].is_missing) == ("left_out", False)
    asked = json.dumps({"asker": {"id": "U1", "channel": "C1"}, "entries": ["a"], "reason": "x", "command": "/x"})
    begun = TypeAdapter(ev.Asked).validate_json(asked)
    assert (begun.known_by, begun.alert, begun.is_rehearsal) == ("", None, False)
    assert TypeAdapter(ev.LookedAgain).validate_json('{"snapshots": []}') == ev.LookedAgain(())


def test_an_approver_found_at_risk_after_a_part_was_sent_voids_the_rest_in_the_open() -> None:
    sent = told(BeginSend(USERS[:1]), RecordAccepted(USERS[:1], RECEIPT))
    request, happened = after(sent, Judge((), void={SlackUserId("U2"): "at_risk"}))
    assert happened == (ev.GaveUp(USERS[1:], "voided", by=SlackUserId("U2")),)
    assert [t.progress for t in request.targets] == ["accepted", "voided", "voided"]
    wishes = follow_ups(sent, request, happened, BEGAN, terms=TERMS, incident_channels=())
    assert [wish.payload["topic"] for wish in wishes if wish.kind == "tell"] == ["partly_voided0", "accepted"]


def test_a_lapse_after_a_part_was_sent_is_no_void_approval() -> None:
    sent = told(BeginSend(USERS[:1]), RecordAccepted(USERS[:1], RECEIPT))
    request, happened = after(sent, Lapse(), LATER)
    wishes = follow_ups(sent, request, happened, LATER, terms=TERMS, incident_channels=())
    assert not any("voided" in str(wish.payload) for wish in wishes)


def test_who_was_taken_without_an_answer_gets_no_receipt_of_a_204() -> None:
    request = told(BeginSend(USERS), RecordFailed(USERS, "unclear", Receipt(0)))
    moving = tuple(replace(at_risk(user), is_processing=True) for user in USERS)
    request, _ = after(request, ReadBack(moving))
    assert {t.progress for t in request.targets} == {"accepted"}
    assert {t.receipt for t in request.targets} == {Receipt(0)}


def test_the_last_look_keeps_who_was_read_and_who_has_no_record() -> None:
    request = told(BeginSend(USERS), RecordAccepted(USERS, RECEIPT))
    quarter = BEGAN + timedelta(minutes=16)
    request, _ = after(request, ReadBack(tuple(at_risk(user, quarter) for user in USERS)), quarter)
    assert request.is_final
    day = quarter + timedelta(days=1)
    looked, happened = after(request, LookAgain((safe(USERS[0], day),), (USERS[1],)), day)
    assert happened == (ev.LookedAgain((safe(USERS[0], day),), (USERS[1],)),)
    assert [t.is_missing for t in looked.targets] == [False, True, False]
    assert [t.last_read.read_at for t in looked.targets if t.last_read] == [day, quarter, quarter]
    wishes = follow_ups(request, looked, happened, day, terms=TERMS, incident_channels=())
    assert [wish.payload["topic"] for wish in wishes] == ["looked_again"]


def test_a_last_look_that_could_read_nobody_is_told_too() -> None:
    request = told(BeginSend(USERS), RecordAccepted(USERS, RECEIPT))
    quarter = BEGAN + timedelta(minutes=16)
    request, _ = after(request, ReadBack((), USERS), quarter)
    _, happened = after(request, LookAgain(()), quarter)
    assert happened == (ev.LookedAgain(()),)
