"""A report of a mistake: when it can be made, by whom, once only; it undoes and sends nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from bot.core import events as ev
from bot.core.commands import BeginSend, Command, ReadBack, RecordAccepted, RecordFailed, ReportMistake, Stop
from bot.core.decisions import Decision
from bot.core.fold import evolve
from bot.core.follow_ups import follow_ups
from bot.core.ids import ChannelId, SlackUserId
from bot.core.lifecycle import decide
from bot.core.mistake import unreportable
from bot.core.model import Receipt, Request, State
from bot.core.persons import Person
from bot.core.policy import Refusal, Standing, may_report
from bot.core.rules import of_lists
from bot.core.wishes import Wish
from tests.core.test_lifecycle import ASKER, BEGAN, ID, RECEIPT, TERMS, USERS, safe, told

REPORT = ReportMistake(SlackUserId("U3"), "Diego", "It was not the VPN")
TAKEN = (BeginSend(USERS), RecordAccepted(USERS, RECEIPT))
DONE = (*TAKEN, ReadBack(tuple(safe(user, BEGAN + timedelta(minutes=1)) for user in USERS)))
CHANNELS = (ChannelId("C2"), ChannelId("C3"))


def after(request: Request, command: Command) -> Request:
    verdict = decide(request, command, BEGAN, TERMS)
    assert not isinstance(verdict, Refusal)
    for event in verdict:
        request = evolve(ID, request, event, BEGAN)
    return request


def wishes(before: Request, command: Command) -> list[Wish]:
    verdict = decide(before, command, BEGAN, TERMS)
    assert not isinstance(verdict, Refusal)
    now = BEGAN + timedelta(hours=1)
    return follow_ups(before, after(before, command), verdict, now, terms=TERMS, incident_channels=CHANNELS)


@pytest.mark.parametrize("so_far", [TAKEN, DONE], ids=["sent", "confirmed"])
def test_a_report_says_who_when_and_why_and_moves_nothing_else(so_far: tuple[Command, ...]) -> None:
    before = told(*so_far)
    request = after(before, REPORT)
    assert request.mistake == Decision(REPORT.by, BEGAN, before.view, REPORT.reason)
    assert request == replace(before, version=before.version + 1, mistake=request.mistake)


def test_where_these_tests_begin_is_sent_and_confirmed() -> None:
    assert [told(*so_far).state for so_far in (TAKEN, DONE)] == ["sent", "confirmed"]


def test_what_was_sent_is_read_back_to_its_end_after_a_report() -> None:
    request = after(after(told(*TAKEN), REPORT), DONE[-1])
    assert request.state == "confirmed"
    assert request.mistake is not None


def test_it_is_reported_once() -> None:
    assert decide(after(told(*DONE), REPORT), REPORT, BEGAN, TERMS) == Refusal("marked")


@pytest.mark.parametrize("state", get_args(State))
def test_only_what_entra_took_can_be_a_mistake(state: State) -> None:
    request = replace(told(*TAKEN), state=state)
    can = {"sent", "confirmed", "partly_confirmed", "accepted_unseen"}
    assert unreportable(request) == (None if state in can else Refusal("nothing_confirmed"))


@pytest.mark.parametrize(
    "so_far",
    [
        (),
        (BeginSend(USERS[:1]), RecordAccepted(USERS[:1], RECEIPT)),
        (BeginSend(USERS), RecordAccepted(USERS[:1], RECEIPT), RecordFailed(USERS[1:], "unclear", Receipt(0))),
    ],
    ids=["approved", "sent in part", "in doubt"],
)
def test_while_somebody_may_still_be_sent_stopping_comes_first(so_far: tuple[Command, ...]) -> None:
    assert unreportable(told(*so_far)) == Refusal("still_sending")


def test_once_the_rest_was_stopped_it_can_be_reported() -> None:
    request = told(BeginSend(USERS[:1]), RecordAccepted(USERS[:1], RECEIPT), Stop(SlackUserId("U2")))
    assert after(request, REPORT).having("stopped")


def test_the_approvers_and_every_incident_channel_are_told_once() -> None:
    found = {(wish.kind, wish.key): wish.payload for wish in wishes(told(*DONE), REPORT)}
    expected: Mapping[tuple[str, str], Mapping[str, str]] = {
        ("show", ID): {},
        ("tell", f"{ID}.mistake"): {"topic": "mistake"},
        **{("line", f"{ID}.line.{channel}"): {"channel": channel} for channel in CHANNELS},
        **{("tell", f"{ID}.mistake.{channel}"): {"channel": channel, "topic": "marked"} for channel in CHANNELS},
    }
    assert found == expected


def test_the_end_is_told_after_a_report_too() -> None:
    keys = {wish.key for wish in wishes(after(told(*TAKEN), REPORT), DONE[-1])}
    assert {f"{ID}.ended", f"{ID}.end.C2", f"{ID}.end.C3"} <= keys
    assert not any("mistake" in key for key in keys)


@pytest.mark.parametrize(
    ("user", "is_guest", "why"),
    [
        ("U2", False, None),
        ("U9", False, None),
        (ASKER.id, False, None),
        ("U5", False, Refusal("only_approvers_report")),
        ("U2", True, Refusal("not_member")),
        (ASKER.id, True, Refusal("not_member")),
    ],
)
def test_any_approver_may_report_it_and_whoever_asked(user: str, is_guest: bool, why: Refusal | None) -> None:  # noqa: FBT001 - pytest passes it by name
    person = Person(SlackUserId(user), "T1", "", "", is_guest=is_guest)
    standing = Standing(person, frozenset({"approvers"}) if user in {"U2", "U9"} else frozenset())
    assert may_report(of_lists(("U2", "S1")), standing, told(*DONE)) == why


def test_a_report_is_part_of_the_compare_and_set() -> None:
    before = told(*DONE)
    event = ev.Mistaken(REPORT.by, REPORT.name, REPORT.reason)
    assert evolve(ID, before, event, BEGAN).version == before.version + 1
