"""A rehearsal: decided like any other request, and nobody in it ever waits to be sent."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from bot.core import events as ev
from bot.core.commands import (
    Approve,
    Ask,
    AskOthers,
    BeginSend,
    Command,
    Deny,
    Expire,
    FoundUsers,
    Judge,
    Lapse,
    RecordAccepted,
    RecordFailed,
    RecordRefused,
    RecordShown,
    Rehearse,
    ReportMistake,
    Stop,
    Withdraw,
)
from bot.core.findings import Elsewhere, Finding
from bot.core.fold import evolve
from bot.core.follow_ups import follow_ups
from bot.core.ids import ChannelId, MessageTs, SlackUserId
from bot.core.lifecycle import ask, decide
from bot.core.model import Receipt, Request, Target
from bot.core.policy import Refusal
from bot.core.quorum import Panel
from bot.core.rules import Need
from bot.core.terms import Terms
from bot.core.wishes import Wish
from tests.core.test_lifecycle import ASKER, BEGAN, ID, RECEIPT, TERMS, USERS, at_risk, told

MEGAN, DIEGO = SlackUserId("U2"), SlackUserId("U3")
HELD = Terms(TERMS.approval_ttl, TERMS.send_within, timedelta(minutes=15), hold=timedelta(minutes=5))
TARGETS = tuple(Target(at_risk(user)) for user in USERS)
FOUND, SHOWN = FoundUsers("Lynne", TARGETS, ()), RecordShown(1, ChannelId("C1"), MessageTs("1.1"), "d")
YES = Approve(MEGAN, "Megan", 1)


def rehearsal(*commands: Command, terms: Terms = TERMS) -> tuple[Request, list[Wish]]:
    """A rehearsal that was told this, and every task that came of it."""
    request: Request | None = None
    wishes: list[Wish] = []
    happened = ask(Ask(ASKER, USERS, "training", "/confirm-safe rehearse", is_rehearsal=True))
    for command in (*commands, None):
        before = request
        for event in happened:
            request = evolve(ID, request, event, BEGAN)
        assert request is not None
        channels = (ChannelId("C2"),)
        wishes += follow_ups(before, request, happened, BEGAN, terms=terms, incident_channels=channels)
        if command is not None:
            verdict = decide(request, command, BEGAN, terms)
            assert not isinstance(verdict, Refusal)
            happened = verdict
    assert request is not None
    return request, wishes


def approved(terms: Terms = TERMS) -> Request:
    return rehearsal(FOUND, SHOWN, YES, terms=terms)[0]


def test_whoever_is_found_practises_and_nobody_waits_to_be_sent() -> None:
    request = approved()
    assert {target.progress for target in request.targets} == {"practised"}
    assert request.sendable == ()
    assert told().sendable == USERS


@pytest.mark.parametrize(
    "command",
    [
        BeginSend(USERS),
        RecordAccepted(USERS, RECEIPT),
        RecordRefused(USERS, Receipt(403)),
        RecordFailed(USERS, "unclear", Receipt(0)),
        RecordFailed(USERS, "throttled", Receipt(429)),
        Judge((), missing=USERS, void={MEGAN: "at_risk"}, is_short=True),
        Lapse(),
    ],
    ids=lambda command: type(command).__name__,
)
def test_nothing_that_has_to_do_with_sending_moves_a_rehearsal(command: Command) -> None:
    assert decide(approved(), command, BEGAN + 2 * TERMS.send_within, TERMS) == ()


def test_it_ends_where_the_others_are_sent() -> None:
    assert decide(approved(), Rehearse(), BEGAN, TERMS) == (ev.Ended("rehearsed"),)
    request, _ = rehearsal(FOUND, SHOWN, YES, Rehearse())
    assert (request.state, request.is_final, request.ended_at) == ("rehearsed", True, BEGAN)
    assert decide(request, Rehearse(), BEGAN, TERMS) == ()


def test_a_request_that_is_none_is_never_ended_as_one() -> None:
    assert decide(told(), Rehearse(), BEGAN, TERMS) == ()


def test_it_waits_for_the_end_of_the_hold() -> None:
    request = approved(HELD)
    assert decide(request, Rehearse(), BEGAN + timedelta(minutes=4), HELD) == ()
    assert decide(request, Rehearse(), BEGAN + timedelta(minutes=5), HELD) == (ev.Ended("rehearsed"),)


def test_after_a_long_time_offline_it_still_ends() -> None:
    assert decide(approved(), Rehearse(), BEGAN + 3 * TERMS.send_within, TERMS) == (ev.Ended("rehearsed"),)


def test_before_enough_people_have_approved_it_does_not_end() -> None:
    panel = Panel((Need(("soc",)), Need(("identity",))), {})
    first = Approve(MEGAN, "Megan", 1, teams=("soc",), panel=panel)
    request, _ = rehearsal(FOUND, SHOWN, first)
    assert request.state == "pending"
    assert decide(request, Rehearse(), BEGAN, TERMS) == ()
    both = Panel(panel.needs, {MEGAN: ("soc",)})
    second = Approve(DIEGO, "Diego", 1, teams=("identity",), panel=both)
    assert rehearsal(FOUND, SHOWN, first, second, Rehearse())[0].state == "rehearsed"


def test_while_it_is_held_it_can_be_stopped() -> None:
    request, _ = rehearsal(FOUND, SHOWN, YES, Stop(DIEGO), terms=HELD)
    assert request.state == "stopped"
    assert {target.progress for target in request.targets} == {"stopped"}
    assert decide(request, Rehearse(), BEGAN + timedelta(minutes=5), HELD) == ()


@pytest.mark.parametrize(
    ("command", "state"),
    [(Deny(MEGAN, "Megan", "no"), "denied"), (Withdraw(ASKER.id), "withdrawn")],
)
def test_it_is_denied_and_withdrawn_like_any_other(command: Command, state: str) -> None:
    request, _ = rehearsal(FOUND, SHOWN, command)
    assert (request.state, request.is_rehearsal) == (state, True)


def test_it_expires_like_any_other() -> None:
    request, _ = rehearsal(FOUND, SHOWN)
    assert decide(request, Expire(1), BEGAN + TERMS.approval_ttl, TERMS) == (ev.Expired(),)


def test_nobody_is_kept_out_of_it_by_a_real_request() -> None:
    elsewhere = {USERS[0]: Elsewhere(ID, ASKER.id, BEGAN)}
    request, _ = rehearsal(FoundUsers("Lynne", TARGETS, (), elsewhere))
    assert (request.state, len(request.targets), request.findings) == ("pending", 3, ())
    problem = FoundUsers("Lynne", TARGETS, (Finding("unknown", "nobody"),), elsewhere)
    request, _ = rehearsal(problem, AskOthers(elsewhere))
    assert (request.state, len(request.targets)) == ("pending", 3)
    assert {target.progress for target in request.targets} == {"practised"}


def test_no_mistake_can_be_reported_of_it() -> None:
    for request in (approved(), rehearsal(FOUND, SHOWN, YES, Rehearse())[0]):
        verdict = decide(request, ReportMistake(DIEGO, "Diego", "why"), BEGAN, TERMS)
        assert verdict == Refusal("nothing_confirmed")


@pytest.mark.parametrize("end", [(YES, Rehearse()), (YES, Stop(DIEGO)), (Deny(MEGAN, "Megan", "no"),)])
def test_no_incident_channel_is_told_and_nobody_is_read_back(end: tuple[Command, ...]) -> None:
    _, wishes = rehearsal(FOUND, SHOWN, *end, terms=HELD if isinstance(end[-1], Stop) else TERMS)
    assert {wish.kind for wish in wishes} <= {"look_up", "answer", "show", "expire", "tell", "confirm"}
    assert not any("C2" in wish.key for wish in wishes)


def test_the_end_is_told_in_the_thread_and_to_whoever_asked() -> None:
    _, wishes = rehearsal(FOUND, SHOWN, YES, Rehearse())
    assert {f"{ID}.rehearsed", f"{ID}.rehearsed.asker"} <= {wish.key for wish in wishes}


def test_approvers_are_reminded_of_it_too() -> None:
    _, wishes = rehearsal(FOUND, SHOWN, terms=HELD)
    assert [wish.payload["topic"] for wish in wishes if wish.kind == "tell"] == ["reminder1.1", "reminder1.4"]


def test_the_record_says_that_it_is_a_rehearsal_and_older_entries_are_of_none() -> None:
    (asked,) = ask(Ask(ASKER, USERS, "training", "/confirm-safe rehearse", is_rehearsal=True))
    assert isinstance(asked, ev.Asked)
    adapter = TypeAdapter(ev.Asked)
    body = adapter.dump_python(asked, mode="json")
    assert body["is_rehearsal"] is True
    del body["is_rehearsal"]
    assert adapter.validate_python(body).is_rehearsal is False
