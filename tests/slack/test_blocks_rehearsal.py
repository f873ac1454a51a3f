"""A rehearsal reads as one wherever it is read from, and claims nothing that is not so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from bot.core.decisions import Decision
from bot.core.findings import Finding
from bot.core.ids import RequestId
from bot.core.model import Request, State, Target
from bot.core.problems import Problem
from bot.slack.blocks import answers, findings, looked, rehearsal, thread
from bot.slack.blocks.approval import approval_message
from bot.slack.blocks.message import MAX_SECTION, Message, header, said, section
from bot.slack.blocks.modals import deny_modal, review_modal
from bot.slack.blocks.rehearsal import as_rehearsal, marked
from bot.slack.blocks.words import date
from tests.slack import made
from tests.slack.made import MEGAN, NOON, PLACE, buttons_of, far, faults, faults_in, many, target, words_of

SHOWN: tuple[State, ...] = ("pending", "approved", "rehearsed", "denied", "withdrawn", "stopped", "expired")
EXTREMES = ("n", "&" * 256, "*_~`" * 64, "שלום " * 51, "👩‍👩‍👧" * 51, "\ud800")


def at_ease(name: str = "Joni Sherman", state: str = "none") -> Target:
    one = target(name)
    return replace(one, shown=replace(one.shown, level="none", state=state, last_updated=None), why=())


def request(targets: tuple[Target, ...], state: State = "pending", **changed: object) -> Request:
    practised = tuple(replace(t, progress="practised") if t.progress == "waiting" else t for t in targets)
    ended = NOON if state != "pending" else None
    return made.request(practised, state, **{"is_rehearsal": True, "ended_at": ended, **changed})


def head(message: Message) -> str:
    return str(message.blocks[0]["text"]["text"])


def line(message: Message) -> str:
    return str(message.blocks[1]["text"]["text"])


@pytest.mark.parametrize("name", EXTREMES, ids=range(len(EXTREMES)))
@pytest.mark.parametrize("n", [1, 20, 60, 500])
@pytest.mark.parametrize("state", SHOWN)
def test_every_state_is_marked_first_and_fits_whatever_the_names(state: State, n: int, name: str) -> None:
    long = (target(name, f"{'u' * 64}@{'d' * 48}", "unknownFutureValue" * 3),) * n
    extreme = request(long, state, reason="<&>" * 500)
    extreme = replace(extreme, asker=replace(extreme.asker, name=name))
    message = approval_message(extreme, PLACE, can_stop=state == "approved")
    assert faults(message) == []
    assert head(message).startswith("Rehearsal: ")
    assert line(message).startswith("Practice only: Entra will not be changed. ")
    assert message.text.startswith("Rehearsal. ")
    assert len(message.text) <= 150
    assert extreme.id in message.text
    assert all("ehears" in button["text"]["text"] for button in buttons_of(message).values())
    assert all("ehears" in button["accessibility_label"] for button in buttons_of(message).values())


def test_it_asks_as_the_others_do_and_says_before_that_what_it_is() -> None:
    message = approval_message(request(many(3, "high")), PLACE)
    assert head(message) == "Rehearsal: confirm 3 users safe?"
    assert line(message) == (
        "Practice only: Entra will not be changed. <@U0DIEGO> asks <!subteam^S0SOC>, <@U0MEGAN>. "
        f"Highest risk: *High* (3 of 3). Open until {date(NOON + timedelta(hours=8))}."
    )
    assert message.text == (
        "Rehearsal. Diego Siciliani asks to confirm 3 users safe. Highest risk: High. "
        "Approve or deny in Slack. CS-4K7Q"
    )
    assert "With a real request, confirming clears *all* current risk" in words_of(message)


def test_the_button_and_its_dialog_say_that_nothing_will_be_changed() -> None:
    approve = buttons_of(approval_message(request(many(3)), PLACE))["approve"]
    assert approve["text"]["text"] == "Approve rehearsal"
    assert approve["accessibility_label"] == "Approve rehearsal CS-4K7Q, 3 users"
    assert {key: value["text"] for key, value in approve["confirm"].items()} == {
        "title": "Rehearsal: confirm 3 users safe?",
        "text": "Practice only: Entra will not be changed.",
        "confirm": "Approve rehearsal",
        "deny": "Go back",
    }
    alone = buttons_of(approval_message(request((target(),)), PLACE))["approve"]["confirm"]
    assert alone["title"]["text"] == "Rehearsal: confirm Adele Vance safe?"


def test_what_is_held_can_be_stopped_and_says_when_a_real_one_would_go() -> None:
    held = approval_message(
        request(many(3), "approved", ended_at=None), replace(PLACE, hold=timedelta(minutes=5)), can_stop=True
    )
    assert head(held) == "Rehearsal: approved, 3 users"
    then = date(NOON + timedelta(minutes=5))
    assert line(held).endswith(f"Approved by <@U0MEGAN>. A real request would go to Entra at {then}.")
    stop = buttons_of(held)["stop"]
    assert stop["text"]["text"] == "Stop rehearsal"
    assert stop["confirm"]["text"]["text"] == "Practice only: Entra will not be changed."


def test_its_end_says_who_approved_it_and_that_nothing_was_sent() -> None:
    message = approval_message(request(many(3), "rehearsed"), PLACE)
    assert head(message) == "Rehearsal: over, 3 users"
    assert line(message).endswith(f"Approved by <@U0MEGAN> at {date(NOON)}. Nothing was sent.")
    assert set(buttons_of(message)) == {"details"}


@pytest.mark.parametrize("state", ["expired", "stopped"])
def test_asking_again_rehearses_again(state: State) -> None:
    stopped = Decision(MEGAN, NOON, 1)
    buttons = buttons_of(approval_message(request(many(3), state, stopped=stopped), PLACE))
    assert buttons["ask_again"]["text"]["text"] == "Rehearse again"


@pytest.mark.parametrize("state", ["denied", "withdrawn", "expired", "stopped"])
def test_of_nobody_is_it_said_that_they_stay_at_risk(state: State) -> None:
    ended = request((at_ease(), target(progress="spared")), state)
    told = {"denied": thread.denied, "expired": thread.expired, "stopped": thread.stopped}
    message = approval_message(ended, PLACE)
    assert "Nothing was changed." in line(message)
    assert "at risk." not in line(message)
    if state in told:
        assert "at risk." not in told[state](ended).text
    assert looked.spared(ended) == ["1 user was left out by whoever approved."]


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (1, "With a real request, Entra would now get this user in 1 call."),
        (20, "With a real request, Entra would now get these 20 users in 1 call."),
        (60, "With a real request, Entra would now get these 60 users in 1 call."),
        (61, "With a real request, Entra would now get these 61 users in 2 calls."),
        (500, "With a real request, Entra would now get these 500 users in 9 calls."),
    ],
)
def test_the_end_tells_in_how_many_calls_they_would_have_gone(n: int, words: str) -> None:
    message = rehearsal.over(request(many(n), "rehearsed"))
    assert message.text == f"Rehearsal over, <@U0DIEGO>. {words} Nothing was changed."
    assert as_rehearsal(message) == message
    assert faults(message) == []


def test_whom_a_real_request_would_leave_out_is_not_counted() -> None:
    some = rehearsal.over(request((target(), at_ease(), at_ease(), target(progress="spared")), "rehearsed")).text
    assert "Entra would now get 1 of these 3 users in 1 call. 2 are not at risk." in some
    none = rehearsal.over(request((at_ease(), at_ease()), "rehearsed")).text
    assert "None of these 2 users is at risk, so with a real request Entra would get nobody." in none
    assert "The user is not at risk" in rehearsal.over(request((at_ease(),), "rehearsed")).text


def test_whoever_is_not_at_risk_is_shown_so_and_needs_no_reasons() -> None:
    few = words_of(approval_message(request((at_ease(), at_ease("Pradeep Gupta", "remediated"))), PLACE))
    assert "*Joni Sherman* · joni@contoso.com\nNot at risk\n" in few
    assert "Not at risk, remediated" in few
    assert "Highest risk: *None* (2 of 2)." in few
    assert "detection" not in few.replace("Confirming", "")
    many_of_them = words_of(approval_message(request((at_ease(),) * 12), PLACE))
    assert "*Joni Sherman* · joni@contoso.com · Not at risk\n" in many_of_them
    assert "Why they are at risk" not in few + many_of_them


@pytest.mark.parametrize("n", [21, 60, 500])
def test_the_review_is_marked_and_fits(n: int) -> None:
    view = review_modal(request(many(n), id=RequestId("CS-4K7QX")), PLACE)
    assert faults_in(view) == []
    assert view["title"]["text"] == "Rehearsal of CS-4K7QX"
    assert view["submit"]["text"] == "Approve rehearsal"
    assert view["blocks"][0]["text"]["text"] == "Practice only: Entra will not be changed."
    assert "With a real request, confirming clears" in words_of(view)


def test_the_denial_is_marked_and_fits() -> None:
    view = deny_modal(request(many(3), id=RequestId("CS-4K7QX")))
    assert faults_in(view) == []
    assert (view["title"]["text"], view["submit"]["text"]) == ("Rehearsal: deny CS-4K7QX", "Deny rehearsal")
    assert view["blocks"][0]["text"]["text"] == "Practice only: Entra will not be changed."


@pytest.mark.parametrize(
    "build",
    [
        thread.denied,
        thread.expired,
        thread.withdrawn,
        lambda r: thread.reminder(r, PLACE),
        lambda r: answers.waiting(r, PLACE),
        answers.withdrawn,
        lambda r: findings.findings(replace(r, findings=(Finding("unknown", "nobody"),)), PLACE),
    ],
)
def test_what_is_told_begins_with_what_it_is(build: Callable[[Request], Message]) -> None:
    practised = request(many(3), "expired")
    message = marked(build(practised), practised)
    assert message.text.startswith("Rehearsal. ")
    assert head(message).startswith("Rehearsal. ")
    assert faults(message) == []
    assert marked(message, practised) == message
    real = replace(practised, is_rehearsal=False)
    assert marked(build(real), real) == build(real)


def test_a_text_that_leaves_no_room_is_marked_all_the_same() -> None:
    message = as_rehearsal(said("x" * MAX_SECTION))
    assert [block["text"]["text"] for block in message.blocks] == ["Rehearsal.", "x" * MAX_SECTION]
    first = as_rehearsal(Message("t", [header("H" * 150), section("s")])).blocks[0]
    assert first["text"]["text"] == f"Rehearsal: h{'H' * 137}…"


def test_the_choice_asks_to_rehearse_with_the_others_and_gives_the_command_back_as_one() -> None:
    looking = request(many(2), "looking_up", findings=(Finding("unknown", "nobody"),))
    message = findings.findings(looking, PLACE)
    assert [b["text"]["text"] for b in buttons_of(message).values()] == [
        "Rehearse with the other 2",
        "Drop rehearsal",
    ]
    assert "Corrected: `/confirm-safe rehearse user0@contoso.com" in words_of(message)


def test_what_cannot_be_read_comes_with_an_example_of_a_rehearsal() -> None:
    text = answers.unreadable([Problem("no_users")], "/confirm-safe rehearse", is_rehearsal=True).text
    assert "Example: `/confirm-safe rehearse adelev@contoso.com VPN exit moved to Oslo`" in text


def test_a_real_request_never_reads_as_a_rehearsal() -> None:
    for state in get_args(State):
        if state not in {"looking_up", "not_asked", "rehearsed"}:
            message = approval_message(made.request(far("waiting", "waiting"), state), PLACE, can_stop=True)
            assert "ehears" not in words_of(message) + message.text
