"""What reading back settles: when waiting is over, and for whom."""

from dataclasses import replace
from datetime import timedelta

from bot.core import events as ev
from bot.core.commands import BeginSend, ReadBack, RecordAccepted
from bot.core.fold import evolve
from bot.core.lifecycle import decide
from bot.core.model import Request
from bot.core.read_back import WAIT_FOR_RISK
from tests.core.test_lifecycle import BEGAN, ID, RECEIPT, TERMS, USERS, at_risk, told


def accepted() -> Request:
    return told(BeginSend(USERS), RecordAccepted(USERS, RECEIPT))


def test_of_whom_the_last_reading_told_nothing_waiting_is_over_once_the_time_is() -> None:
    last = ReadBack((at_risk(USERS[0]),), unseen=USERS[1:])
    assert decide(accepted(), last, BEGAN + WAIT_FOR_RISK - timedelta(seconds=1), TERMS) == ()
    assert decide(accepted(), last, BEGAN + WAIT_FOR_RISK, TERMS) == (
        ev.GaveUp(USERS[:1], "unchanged", (at_risk(USERS[0]),)),
        ev.GaveUp(USERS[1:], "unseen"),
        ev.Ended("accepted_unseen"),
    )


def test_a_round_that_could_be_read_ends_a_time_when_none_could_whoever_was_on_the_list() -> None:
    request = accepted()
    (unread,) = _events(request, ReadBack((), unread=USERS))
    request = evolve(ID, request, unread, BEGAN)
    assert _events(request, ReadBack(())) == (ev.Reread(USERS),)
    assert _events(request, ReadBack((), unread=USERS)) == ()


def test_who_is_processing_is_waited_for() -> None:
    processing = tuple(replace(at_risk(u), is_processing=True) for u in USERS)
    assert _events(accepted(), ReadBack(processing)) == ()


def _events(request: Request, command: ReadBack) -> tuple[ev.Event, ...]:
    verdict = decide(request, command, BEGAN, TERMS)
    assert isinstance(verdict, tuple)
    return verdict
