"""What is noted beside a call neither sends nor frees anybody: not after a void, nor while nobody can judge."""

from bot.core.commands import BeginSend, Judge, ReadBack, RecordFailed
from bot.core.ids import SlackUserId
from bot.core.lifecycle import decide
from bot.core.model import Receipt
from tests.core.test_lifecycle import BEGAN, TERMS, USERS, at_risk, told


def test_whom_reading_back_frees_after_the_approval_was_voided_is_not_sent_again() -> None:
    unchanged = ReadBack((at_risk(USERS[0]),))
    request = told(
        BeginSend(USERS[:1]),
        RecordFailed(USERS[:1], "unclear", Receipt(0)),
        Judge((), void={SlackUserId("U2"): "not_allowed"}),
        unchanged,
        unchanged,
    )
    assert request.having("waiting") == ()
    assert [t.progress for t in request.targets] == ["unknown", "voided", "voided"]
    assert decide(request, BeginSend(USERS[:1]), BEGAN, TERMS) == ()


def test_a_note_that_nobody_can_judge_says_nothing_of_who_is_on_the_way() -> None:
    ahead = RecordFailed(USERS, "unchecked", Receipt(0), is_ahead=True)
    request = told(BeginSend(USERS[:1]), ahead)
    assert [t.progress for t in request.targets] == ["attempted", "waiting", "waiting"]
    assert [t.attempts for t in request.targets] == [1, 0, 0]
