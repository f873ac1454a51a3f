"""Once a call broke off, nobody is told that nothing was sent, or that those users stay at risk."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.decisions import Decision
from bot.core.model import Progress, Request, State, Target
from bot.slack.blocks import answers, changed, incident, thread
from bot.slack.blocks.approval import approval_message
from bot.slack.blocks.message import Message
from bot.slack.blocks.words import date
from tests.slack.made import ANCHOR, MEGAN, NOON, PLACE, far, faults, request, seen, snapshot, words_of

AT = date(NOON)
CALLED = "<!subteam^S0SOC>, <@U0MEGAN>"
VOID = "The approval by <@U0MEGAN> no longer counts: their own Entra account is at risk."
ONE = "An earlier call broke off and may have been taken for 1 user: look at them in Entra."
BOTH = "An earlier call broke off and may have been taken for 2 users: look at them in Entra."
UNTRUE = (
    "Nothing was",
    "before sending",
    "before it was sent",
    "before it could be sent",
    "could not be sent to",
    "stays at risk",
    "The users stay",
    "The 2 users stay",
    "not sent:",
    "not sent,",
    "not sent before",
)


def doubted(*progress: Progress, risen: bool = False) -> tuple[Target, ...]:
    was = snapshot(level="medium") if risen else None
    return tuple(replace(target, was_doubted=True, was=was) for target in far(*progress))


def again(targets: tuple[Target, ...], why: str) -> Request:
    """A request that waits again after an approval by Megan."""
    return request(targets, "pending", reopened=why, rounds=1, last_decision=Decision(MEGAN, NOON, 1))


def line(whole: Request) -> str:
    message = approval_message(whole, PLACE)
    assert faults(message) == []
    return seen(message.blocks[1]["text"]["text"])


def truly(message: Message) -> str:
    """Everything it says, of which nothing is untrue of users in doubt."""
    assert faults(message) == []
    told = words_of(message)
    assert [words for words in UNTRUE if words in told] == []
    return told


def test_a_void_approval_whose_call_broke_off_says_that_it_may_have_been_taken() -> None:
    whole = again(doubted("waiting", "waiting"), "voided")
    assert truly(changed.voided(whole, PLACE)) == f"{CALLED} {VOID} {BOTH} CS-4K7Q needs another approval."
    assert line(whole).startswith(f"{VOID} {BOTH} <@U0DIEGO> asks")
    truly(approval_message(whole, PLACE))


def test_a_risk_that_rose_after_a_call_broke_off_says_that_it_may_have_been_taken() -> None:
    whole = again(doubted("waiting", risen=True), "drifted")
    assert truly(changed.drifted(whole, PLACE)) == (
        f"{CALLED} The risk rose after the approval: *Adele Vance*, Medium → High. {ONE} "
        "CS-4K7Q needs a new approval."
    )
    assert line(whole).startswith(f"1 user's risk rose after the approval. {ONE} Approve again?")
    truly(approval_message(whole, PLACE))


@pytest.mark.parametrize("why", ["voided", "drifted", "lapsed"])
def test_also_who_was_left_out_since_keeps_it_from_being_said_that_nothing_was_sent(why: str) -> None:
    risen = replace(far("waiting", "waiting")[1], was=snapshot(level="medium"))
    whole = again((*doubted("left_out"), risen), why)
    assert ONE in line(whole)
    tell = {"voided": changed.voided, "drifted": changed.drifted, "lapsed": thread.lapsed}[why]
    told = words_of(tell(whole, PLACE))
    assert ONE in told
    assert "Nothing was sent" not in told + line(whole)


def test_whose_risk_rose_and_is_asked_for_elsewhere_may_have_been_sent_before() -> None:
    rose = doubted("moved", risen=True)
    whole = request((*rose, far("waiting", "waiting")[1]), "approved")
    assert truly(changed.set_aside(whole, PLACE, [rose[0].user_id], "CS-4K8R")) == (
        f"{CALLED} 1 of 2 changed after the approval: *Adele Vance*, Medium → High. {ONE} 1 user goes on. "
        "This one is now CS-4K8R, for a new approval."
    )


def test_a_lapse_after_a_call_broke_off_says_that_it_may_have_been_taken() -> None:
    whole = again(doubted("waiting", "waiting"), "lapsed")
    assert line(whole).startswith(f"The approval of {AT} lapsed. {BOTH} <@U0DIEGO> asks")
    told = truly(thread.lapsed(whole, PLACE))
    assert f"could not be sent again to Entra within an hour, so the approval has lapsed. {BOTH} Please" in told


@pytest.mark.parametrize(
    ("state", "begins"),
    [
        ("denied", f"<@U0MEGAN> denied it at {AT}."),
        ("withdrawn", f"<@U0DIEGO> withdrew it at {AT}."),
        ("expired", "Nobody decided by"),
        ("stopped", "<@U0MEGAN> stopped it."),
    ],
)
def test_an_end_without_a_new_call_claims_of_nobody_in_doubt_that_they_stay_at_risk(
    state: State, begins: str
) -> None:
    progress: Progress = "stopped" if state == "stopped" else "waiting"
    more: dict[str, Any] = {"stopped": Decision(MEGAN, NOON, 1), "ended_at": NOON}
    whole = request(doubted(progress, progress), state, **more)
    assert line(whole).startswith(begins)
    assert line(whole).endswith(BOTH)
    truly(approval_message(whole, PLACE))
    tell = {
        "denied": thread.denied,
        "withdrawn": answers.withdrawn,
        "expired": thread.expired,
        "stopped": thread.stopped,
    }[state]
    assert BOTH in truly(tell(whole))
    assert "before it was sent" not in incident.end(whole, PLACE).text
    part = replace(whole, targets=(*doubted(progress), *far(progress, progress)[1:]))
    assert line(part).endswith(f"{ONE} The other one stays at risk.")
    assert f"{ONE} The other one stays at risk." in words_of(tell(part))
    most = replace(whole, targets=(*doubted(progress), *far(progress, progress, progress)[1:]))
    assert line(most).endswith(f"{ONE} The other 2 stay at risk.")
    assert f"{ONE} The other 2 stay at risk." in words_of(tell(most))


def test_who_is_stopped_in_doubt_after_others_were_sent_is_not_said_to_stay_at_risk() -> None:
    stopped = Decision(MEGAN, NOON, 1)
    whole = request((*far("confirmed"), *doubted("stopped", "stopped")), "sent", stopped=stopped)
    assert truly(thread.stopped(whole)) == f"<@U0DIEGO> Stopped by <@U0MEGAN> after 1 of 3 was sent. {BOTH}"
    told = truly(thread.ended(replace(whole, state="partly_confirmed"), PLACE, NOON, ANCHOR))
    assert f"2 users were not sent again, as <@U0MEGAN> stopped it: *Adele Vance*, *Alex Wilber*. {BOTH}" in told


def test_who_is_not_sent_again_is_told_apart_from_who_was_never_sent() -> None:
    whole = request((*far("confirmed", "not_sent"), *doubted("not_sent")), "partly_confirmed")
    told = words_of(thread.ended(whole, PLACE, NOON, ANCHOR))
    assert "2 users were not sent, or not again (1) before the approval lapsed: *Alex Wilber*, *Adele" in told
    assert ONE in told


def test_a_call_that_broke_off_before_an_approval_was_void_counts_as_perhaps_sent() -> None:
    whole = request((*far("confirmed"), *doubted("voided", "voided")), "partly_confirmed")
    expected = "2 users may have been sent before that: look at them. 2 users were not sent again: *Adele Vance*, "
    assert expected in truly(changed.partly_voided(whole, PLACE))
    told = truly(thread.ended(whole, PLACE, NOON, ANCHOR))
    assert expected in told
    assert "broke off" not in told


def test_who_is_left_out_after_a_call_broke_off_may_have_been_sent() -> None:
    whole = request(doubted("left_out"), "not_confirmed")
    assert line(whole) == f"The user is no longer at risk. {ONE}"
    assert f"1 user was left out, no longer at risk: *Adele Vance*. {ONE}" in truly(
        thread.ended(whole, PLACE, NOON, ANCHOR)
    )
    beside = request((*doubted("left_out"), *far("refused")), "not_confirmed")
    assert "Nothing was changed" not in words_of(thread.ended(beside, PLACE, NOON, ANCHOR)) + line(beside)
    assert line(beside) == "The user could not be read back as safe. What to do is in the thread."


@pytest.mark.parametrize("progress", ["accepted", "confirmed", "attempted", "unknown"])
def test_a_doubt_that_was_settled_or_is_told_as_such_is_not_told_again(progress: Progress) -> None:
    whole = request((*doubted(progress), *far("not_sent")), "partly_confirmed")
    assert "broke off" not in words_of(thread.ended(whole, PLACE, NOON, ANCHOR))
