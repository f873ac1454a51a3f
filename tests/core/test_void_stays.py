"""An approval that was taken back in the open sends nobody any more, whoever may approve again by then."""

from bot.core.commands import BeginSend, Judge, ReadBack, RecordFailed
from bot.core.lifecycle import decide
from bot.core.model import Receipt
from tests.core.test_lifecycle import BEGAN, TERMS, USERS, at_risk, told


def test_whom_reading_back_frees_after_the_approval_was_voided_is_not_sent_again() -> None:
    unchanged = ReadBack((at_risk(USERS[0]),))
    request = told(
        BeginSend(USERS[:1]),
        RecordFailed(USERS[:1], "unclear", Receipt(0)),
        Judge((), void="not_allowed"),
        unchanged,
        unchanged,
    )
    assert request.having("waiting") == ()
    assert [t.progress for t in request.targets] == ["unknown", "voided", "voided"]
    assert decide(request, BeginSend(USERS[:1]), BEGAN, TERMS) == ()
