"""Seen, then sent: what is more than was approved, and what becomes of those whose risk rose."""

from dataclasses import replace
from datetime import timedelta

from bot.core import events as ev
from bot.core.commands import BeginSend, Explain, Judge, ReadBack, RecordFailed, RecordRefused
from bot.core.fold import evolve
from bot.core.ids import ObjectId, RequestId
from bot.core.judging import follow_up, has_risen
from bot.core.lifecycle import decide
from bot.core.model import Receipt, Request, Target
from bot.core.pace import WIDEST
from bot.core.policy import Refusal
from bot.core.reasons import Reason
from bot.delivery.freshness import MARGIN, SEEN_WITHIN
from tests.core.test_lifecycle import ABROAD, BEGAN, ID, LEAKED, MORE, TERMS, TRAVEL, USERS, at_risk, safe, told

ADELE = at_risk(USERS[0])


def judged(target: Target, why: tuple[Reason, ...] | None) -> bool:
    return has_risen(target, at_risk(target.user_id), why)


def test_a_new_kind_of_detection_or_a_new_country_is_a_risen_risk() -> None:
    target = Target(ADELE, why=TRAVEL)
    assert judged(target, LEAKED)
    assert judged(target, ABROAD)


def test_more_of_the_same_or_less_of_it_is_no_risen_risk() -> None:
    target = Target(ADELE, why=LEAKED)
    assert not judged(target, LEAKED)
    assert not judged(target, MORE)
    assert not judged(target, ())
    assert not judged(target, None)


def test_who_approved_without_the_reasons_approved_the_level() -> None:
    assert not judged(Target(ADELE), LEAKED)
    low = Target(replace(ADELE, level="low"))
    assert judged(low, None)


def test_who_moved_on_is_asked_for_with_what_was_approved_and_what_is_new() -> None:
    request = told()
    request = replace(request, targets=tuple(replace(t, why=TRAVEL) for t in request.targets))
    seen = tuple(at_risk(u) for u in USERS)
    judge = Judge(seen, follow_up=RequestId("CS-NEXT"), why={USERS[0]: LEAKED, USERS[1]: MORE})
    verdict = decide(request, judge, BEGAN, TERMS)
    assert not isinstance(verdict, Refusal)
    (event,) = verdict
    assert isinstance(event, ev.SetAside)
    assert [s.user_id for s in event.drifted] == [USERS[0]]
    after = evolve(ID, request, event, BEGAN)
    assert [(t.progress, t.why, t.knew) for t in after.having("moved")] == [("moved", LEAKED, TRAVEL)]
    _, found, _ = follow_up(request, event, BEGAN, TERMS)
    assert isinstance(found, ev.Found)
    assert [(t.why, t.knew) for t in found.targets] == [(LEAKED, TRAVEL)]


def test_an_account_that_an_admin_confirmed_as_compromised_meanwhile_is_a_risen_risk() -> None:
    target = Target(ADELE, why=LEAKED)
    assert has_risen(target, replace(ADELE, state="confirmedCompromised"), LEAKED)


def test_reasons_that_were_read_before_the_risk_moved_explain_it_no_longer() -> None:
    request = told()
    request = replace(request, targets=tuple(replace(t, why=TRAVEL) for t in request.targets))
    seen = tuple(replace(at_risk(u), level="hidden", last_updated=BEGAN + timedelta(hours=1)) for u in USERS)
    verdict = decide(request, Judge(seen, follow_up=RequestId("CS-NEXT"), blind="no_permission"), BEGAN, TERMS)
    assert not isinstance(verdict, Refusal)
    for event in verdict:
        request = evolve(ID, request, event, BEGAN)
    assert request.state == "pending"
    assert [(t.why, t.knew) for t in request.targets] == [(None, TRAVEL)] * 3
    assert (request.is_blind, request.blind) == (True, "no_permission")


def test_an_explanation_of_an_older_risk_is_not_taken() -> None:
    request = replace(told(), state="pending", blind="busy")
    why = dict.fromkeys(USERS, TRAVEL)
    old = Explain(why, dict.fromkeys(USERS, BEGAN - timedelta(hours=1)))
    assert decide(request, old, BEGAN, TERMS) == ()
    new = decide(request, Explain(why, {USERS[0]: BEGAN}), BEGAN, TERMS)
    assert not isinstance(new, Refusal)
    assert new[0] == ev.Explained({USERS[0]: TRAVEL}, "busy")


def test_what_nobody_could_explain_for_long_needs_a_new_approval() -> None:
    request = told()
    request = replace(request, targets=tuple(replace(t, why=TRAVEL) for t in request.targets))
    seen = tuple(replace(at_risk(u), last_updated=BEGAN + timedelta(hours=1)) for u in USERS)
    judge = Judge(seen, follow_up=RequestId("CS-NEXT"), unexplained=frozenset(USERS[:1]), blind="busy")
    verdict = decide(request, judge, BEGAN, TERMS)
    assert not isinstance(verdict, Refusal)
    (event,) = verdict
    assert isinstance(event, ev.SetAside)
    assert [s.user_id for s in event.drifted] == [USERS[0]]
    _, found, _ = follow_up(request, event, BEGAN, TERMS)
    assert isinstance(found, ev.Found)
    assert ([t.why for t in found.targets], found.blind) == ([None], "busy")


def doubted(*users: ObjectId) -> Request:
    """A request of which these users were sent without an answer, and are to be sent again."""
    unchanged = ReadBack(tuple(at_risk(u) for u in users))
    return told(BeginSend(users), RecordFailed(users, "unclear", Receipt(0)), unchanged, unchanged)


def test_whom_a_call_without_an_answer_confirmed_after_all_is_confirmed_and_not_left_out() -> None:
    late = safe(USERS[0], BEGAN + timedelta(seconds=10))
    seen = (late, safe(USERS[1], BEGAN + timedelta(seconds=10)), at_risk(USERS[2]))
    verdict = decide(doubted(USERS[0]), Judge(seen), BEGAN, TERMS)
    assert verdict == (ev.Verified((late,)), ev.SetAside((USERS[1],), seen=seen[1:2]))


def test_if_it_confirmed_all_of_them_the_request_is_over() -> None:
    seen = tuple(safe(u, BEGAN + timedelta(seconds=10)) for u in USERS)
    assert decide(doubted(*USERS), Judge(seen), BEGAN, TERMS) == (ev.Verified(seen), ev.Ended("confirmed"))


def test_a_record_that_is_no_newer_than_what_was_sent_shows_no_such_thing() -> None:
    old = safe(USERS[0], BEGAN)
    verdict = decide(doubted(USERS[0]), Judge((old, at_risk(USERS[1]), at_risk(USERS[2]))), BEGAN, TERMS)
    assert verdict == (ev.SetAside((USERS[0],), seen=(old,)),)


def test_what_comes_too_late_for_a_lapsed_approval_ends_nothing() -> None:
    pending = replace(told(), state="pending", decision=None)
    assert decide(pending, RecordRefused(USERS, Receipt(403)), BEGAN, TERMS) == ()
    assert decide(pending, RecordFailed(USERS, "sign_in", code="7000222"), BEGAN, TERMS) == ()


def test_a_call_that_came_too_late_to_be_sent_is_no_trouble_of_anybodys() -> None:
    request = told(BeginSend(USERS), RecordFailed(USERS, "late"))
    assert [(t.progress, t.attempts) for t in request.targets] == [("waiting", 0)] * 3
    assert request.trouble is None


def test_the_widest_pace_leaves_time_to_read_and_to_send() -> None:
    assert (SEEN_WITHIN - MARGIN).total_seconds() > 3 * WIDEST
