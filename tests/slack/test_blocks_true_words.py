"""Each user is called what was read of them: confirmed safe, risk gone, deleted, without a record, not read."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest

from bot.core.ids import ObjectId
from bot.core.model import Progress, Receipt, RiskySnapshot, State, Target
from bot.slack.blocks import changed, incident, thread
from bot.slack.blocks.approval import approval_message
from bot.slack.blocks.words import date
from tests.slack.made import ANCHOR, NOON, PLACE, far, faults, request, safe, seen, snapshot, target, words_of

AT = date(NOON)
BROKEN = Receipt(0, client_request_id="our-id")
VOID = "The approval by <@U0MEGAN> no longer counts: their own Entra account is at risk."


def read(one: Target, **as_read: Any) -> Target:
    return replace(one, last_read=replace(one.shown, **as_read))


def ended_otherwise(one: Target, state: str) -> Target:
    return read(one, level="none", state=state)


def shown(targets: tuple[Target, ...], state: State) -> tuple[str, str]:
    message = approval_message(request(targets, state), PLACE)
    assert faults(message) == []
    return message.blocks[0]["text"]["text"], seen(message.blocks[1]["text"]["text"])


def told(targets: tuple[Target, ...], state: State) -> str:
    message = thread.ended(request(targets, state), PLACE, NOON, ANCHOR)
    assert faults(message) == []
    return words_of(message)


def test_who_was_dismissed_after_the_call_is_not_called_confirmed_safe() -> None:
    one = (ended_otherwise(target(progress="confirmed"), "dismissed"),)
    header, line = shown(one, "confirmed")
    assert header == "No longer at risk: 1 user"
    assert line == f"The risk is gone (dismissed), read back at {AT}. Approved by <@U0MEGAN>."
    assert told(one, "confirmed").startswith(f"<@U0DIEGO> The risk is gone (dismissed), read back at {AT}.\n")
    assert "· the risk is gone (dismissed) ·" in incident.end(request(one, "confirmed"), PLACE).text


def test_of_some_confirmed_safe_and_some_at_no_risk_for_another_reason_each_is_counted() -> None:
    first, second, third = far("confirmed", "confirmed", "confirmed")
    mixed = (first, ended_otherwise(second, "dismissed"), third)
    header, line = shown(mixed, "confirmed")
    assert header == "2 of 3 users confirmed safe"
    expected = "2 of 3 confirmed safe; for 1 the risk is gone (dismissed)"
    assert line == f"{expected}, read back at {AT}. Approved by <@U0MEGAN>."
    result = f"2 of 3 confirmed safe; for 1 the risk is gone (dismissed: *Alex Wilber*), read back at {AT}."
    assert result in told(mixed, "confirmed")
    assert f"· {expected} ·" in incident.line(request(mixed, "confirmed"), PLACE).text


def test_if_the_risk_of_all_ended_in_other_ways_each_way_is_counted() -> None:
    first, second, third = far("confirmed", "confirmed", "confirmed")
    gone = (
        ended_otherwise(first, "dismissed"),
        ended_otherwise(second, "remediated"),
        ended_otherwise(third, "none"),
    )
    header, line = shown(gone, "confirmed")
    assert header == "No longer at risk: 3 users"
    assert line.startswith("For 3 of 3 the risk is gone (1 dismissed, 1 remediated, 1 no risk), read back")


def test_who_is_still_at_risk_beside_a_dismissal_was_not_changed_by_the_call() -> None:
    first, second = far("confirmed", "unchanged")
    part = (ended_otherwise(first, "dismissed"), second)
    header, line = shown(part, "partly_confirmed")
    assert header == "No longer at risk: 1 of 2 users"
    assert line == (
        "For 1 of 2 the risk is gone (dismissed). 1 user needs a look: in the thread. Approved by <@U0MEGAN>."
    )
    words = told(part, "partly_confirmed")
    assert words.startswith("<@U0DIEGO> <@U0MEGAN> For 1 of 2 the risk is gone (dismissed: *Adele Vance*)")
    assert "Entra accepted the request but changed nothing for 1 user (*Alex Wilber*)." in words
    assert "confirmed safe" not in words
    both = (*far("confirmed"), *part)
    header, line = shown(both, "partly_confirmed")
    assert header == "1 of 3 users confirmed safe"
    assert line.startswith("For 1 the risk is gone (dismissed). 1 user needs a look")


def left_out(**as_read: Any) -> Target:
    return read(target(progress="left_out"), **as_read)


MISSING = replace(target(progress="left_out"), last_read=None, is_missing=True)
OLD = replace(target(progress="left_out"), last_read=None)
"""As the record of an earlier version has it."""


@pytest.mark.parametrize(
    ("one", "in_thread", "on_message"),
    [
        (left_out(state="remediated"), "no longer at risk", "is no longer at risk"),
        (left_out(state="atRisk", is_deleted=True), "deleted", "is deleted"),
        (left_out(state="remediated", is_deleted=True), "deleted", "is deleted"),
        (MISSING, "without a risk record any more", "has no risk record any more"),
        (replace(MISSING, last_read=snapshot()), "without a risk record any more", "has no risk record any more"),
        (OLD, "with nothing to confirm any more", "had nothing to confirm any more"),
        (replace(OLD, last_read=snapshot()), "with nothing to confirm any more", "had nothing to confirm any more"),
    ],
)
def test_who_is_left_out_is_called_what_was_read_of_them(one: Target, in_thread: str, on_message: str) -> None:
    words = told((one,), "not_confirmed")
    assert words.startswith(f"<@U0DIEGO> 1 user was left out, {in_thread}: *Adele Vance*. Nothing was changed.")
    beside = told((*far("confirmed"), one), "confirmed")
    assert f"1 user was left out, {in_thread}: *Adele Vance*." in beside
    header, line = shown((one,), "not_confirmed")
    assert header == "Not confirmed: 1 user"
    assert line == f"Nothing was sent: the user {on_message}. Nothing was changed in Entra."


def test_several_who_are_left_out_are_told_apart() -> None:
    some = (left_out(state="dismissed"), left_out(is_deleted=True), left_out(state="none"), MISSING)
    _, line = shown(some, "not_confirmed")
    assert line == (
        "Nothing was sent: 2 users are no longer at risk, 1 user is deleted, 1 user has no risk record any more. "
        "Nothing was changed in Entra."
    )
    assert (
        "2 users were left out, no longer at risk: *Adele Vance*, *Adele Vance*. 1 user was left out, deleted: "
        in told(some, "not_confirmed")
    )
    moved = (*far("moved"), left_out(is_deleted=True))
    assert shown(moved, "not_confirmed")[1].startswith(
        "Nothing was sent: 1 user is asked for anew, 1 user is deleted."
    )


def test_what_was_taken_without_an_answer_is_known_by_reading_back() -> None:
    one = (target(progress="accepted", receipt=BROKEN),)
    message = thread.accepted(request(one, "sent"), NOON, ANCHOR)
    assert message.text == (
        "Reading back shows that Entra took 1 user. Checking that the risk is gone, usually a few minutes."
    )
    assert "204" not in words_of(message)
    assert "request-id" not in words_of(message)
    accepted = replace(one[0], accepted_at=NOON)
    _, line = shown((accepted,), "sent")
    assert line == f"Reading back at {AT} shows that Entra took it. Checking that the risk is gone."
    _, line = shown((accepted, *far("refused")), "sent")
    assert line.startswith(f"Reading back at {AT} shows that Entra took 1 of 2.")


def test_of_those_taken_the_ones_without_an_answer_are_counted_apart() -> None:
    both = (*far("accepted", "accepted"), target(progress="accepted", receipt=Receipt(503, request_id="no-receipt")))
    message = thread.accepted(request(both, "sent"), NOON, ANCHOR)
    assert "Entra accepted 2 of 3 users (204 No Content). Reading back shows that it took 1 more." in message.text
    assert "request-id c8a1-204 ·" in words_of(message)
    assert "no-receipt" not in words_of(message)


@pytest.mark.parametrize(
    ("receipts", "small"),
    [
        ([None], "204 No Content · request-id c8a1-204 ·"),
        ([BROKEN], "\ntaken as reading back shows · 2026"),
        ([None, BROKEN], "204 No Content · 1 taken as reading back shows · request-id c8a1-204 ·"),
    ],
)
def test_the_small_print_names_a_204_only_where_one_came(receipts: list[Receipt | None], small: str) -> None:
    done = tuple(target(progress="confirmed", receipt=one) for one in receipts)
    assert small in told(done, "confirmed")
    assert ("204" in told(done, "confirmed")) == (None in receipts)


DAY = timedelta(days=1)


def looked_at(progress: Progress = "unseen", **as_read: Any) -> Target:
    return read(target(progress=progress), read_at=NOON + DAY, **as_read)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (looked_at(level="none", state="confirmedSafe"), "is safe now in Entra."),
        (looked_at(level="none", state="dismissed"), "is no longer at risk in Entra (dismissed)."),
        (looked_at(level="low", state="remediated"), "is no longer at risk in Entra (remediated)."),
        (looked_at(is_deleted=True), "is deleted in Entra."),
        (looked_at(state="confirmedSafe", is_deleted=True), "is deleted in Entra."),
        (replace(target(progress="unseen"), is_missing=True), "has no risk record in Entra any more."),
        (looked_at("unchanged"), "is still at risk: look at the account in Entra."),
        (target(progress="unseen"), "could not be read: look at the account in Entra."),
        (replace(target(progress="unseen"), last_read=None), "could not be read: look at the account in Entra."),
        (replace(target(progress="unknown"), last_read=safe(snapshot())), "could not be read: look at the account"),
    ],
)
def test_a_last_look_speaks_of_what_it_read_and_of_nothing_older(one: Target, words: str) -> None:
    message = changed.looked_again(request((one,), "accepted_unseen", ended_at=NOON))
    assert seen(message.text).startswith(f"<@U0DIEGO> Looked again after a day. *Adele Vance* {words}")


def test_a_last_look_tells_everybody_apart() -> None:
    every: tuple[tuple[str, RiskySnapshot | None], ...] = (
        ("safe", safe(snapshot())),
        ("at risk", snapshot()),
        ("unread", None),
    )
    looks = tuple(
        replace(one, last_read=replace(as_read, read_at=NOON + DAY) if as_read else None)
        for one in far("unseen", "unchanged")
        for _, as_read in every
    )
    message = changed.looked_again(request(looks, "accepted_unseen", ended_at=NOON))
    assert seen(message.text) == (
        "<@U0DIEGO> Looked again after a day. *Adele Vance*, *Alex Wilber* are safe now in Entra. "
        "*Adele Vance*, *Alex Wilber* are still at risk: look at the accounts in Entra. "
        "*Adele Vance*, *Alex Wilber* could not be read: look at the accounts in Entra."
    )
    assert faults(message) == []


def test_an_approval_void_after_a_part_was_sent_says_whom_to_look_at() -> None:
    part = far("confirmed", "accepted", "voided")
    message = changed.partly_voided(request(part, "sent"), PLACE)
    assert faults(message) == []
    assert seen(message.text) == (
        f"<!subteam^S0SOC>, <@U0MEGAN> {VOID} 2 users were sent before that: look at them. "
        "1 user was not sent: *Lynne Robbins*."
    )
    assert "Sent: *Adele Vance*, *Alex Wilber*" in words_of(message)
    _, line = shown(part, "sent")
    assert line.endswith(f"Checking that the risk is gone. {VOID}")


def test_who_may_have_been_sent_before_it_was_void_is_to_be_looked_at_too() -> None:
    words = words_of(changed.partly_voided(request(far("attempted", "voided", "voided"), "approved"), PLACE))
    assert "1 user may have been sent before that: look at them. 2 users were not sent: " in words
    assert "Nothing was changed" not in words
    words = words_of(changed.partly_voided(request(far("refused", "voided"), "not_confirmed"), PLACE))
    assert "before that" not in words
    assert words.endswith("1 user was not sent: *Alex Wilber*. Nothing was changed.")


def test_the_end_after_a_void_approval_blames_no_lapse() -> None:
    part = far("confirmed", "voided", "voided")
    words = told(part, "partly_confirmed")
    assert f"{VOID} 1 user was sent before that: look at them. 2 users were not sent: *Alex Wilber*, " in words
    assert "lapsed" not in words
    assert "Ask again for those who were not sent." in words
    _, line = shown(part, "partly_confirmed")
    assert line == f"2 users need a look: in the thread. {VOID}"
    assert f"{VOID} Sending to Entra." in shown(far("attempted", "voided"), "approved")[1]


@pytest.mark.parametrize("name", ["&" * 256, "n" * 256])
def test_slack_takes_every_kind_of_left_out_beside_every_other(name: str) -> None:
    ways = (left_out(state="dismissed"), left_out(is_deleted=True), MISSING, OLD)
    kinds: tuple[Progress, ...] = get_args(Progress)
    others = tuple(
        replace(
            target(name, f"{n}@contoso.com", progress=kinds[n % len(kinds)], receipt=Receipt(400 + n % 3, "c" * 300)),
            was=snapshot(level="low"),
        )
        for n in range(200)
    )
    gone = tuple(
        ended_otherwise(target(name, f"g{n}@contoso.com", progress="confirmed"), f"state{n}" * 20) for n in range(20)
    )
    out = tuple(replace(ways[n % 4], shown=replace(snapshot(name), user_id=ObjectId(f"out-{n}"))) for n in range(100))
    whole = request((*others, *gone, *out), "partly_confirmed", ended_at=NOON)
    moved = [one.user_id for one in whole.having("moved")]
    for message in (
        thread.ended(whole, PLACE, NOON, ANCHOR),
        changed.set_aside(whole, PLACE, moved, "CS-4K8R"),
        changed.drifted(whole, PLACE),
        changed.partly_voided(whole, PLACE),
        changed.looked_again(whole),
        approval_message(whole, PLACE),
        incident.end(whole, PLACE),
    ):
        assert faults(message) == []
