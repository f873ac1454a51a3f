"""The approval message: what it says at each state, and that Slack takes it at every extreme."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest

from bot.core.decisions import Decision
from bot.core.findings import Finding
from bot.core.model import State
from bot.core.trouble import Trouble, TroubleKind
from bot.slack.blocks.approval import approval_message
from bot.slack.blocks.words import date
from tests.slack.made import (
    DIEGO,
    MEGAN,
    NOON,
    PLACE,
    buttons_of,
    far,
    faults,
    many,
    request,
    seen,
    snapshot,
    target,
    words_of,
)

SHOWN = tuple(state for state in get_args(State) if state not in {"looking_up", "not_asked"})


def line_of(state: State, **changed: Any) -> str:
    """The state line of a request of three."""
    message = approval_message(request(state=state, **{"targets": many(3), **changed}), PLACE)
    return str(message.blocks[1]["text"]["text"])


def head_of(state: State, **changed: Any) -> str:
    message = approval_message(request(state=state, **{"targets": many(3), **changed}), PLACE)
    return str(message.blocks[0]["text"]["text"])


def test_one_user_is_named_in_the_first_line_which_is_plain_text() -> None:
    message = approval_message(request(), PLACE)
    assert message.blocks[0] == {
        "type": "header",
        "text": {"type": "plain_text", "text": "Confirm Adele Vance safe?", "emoji": False},
    }


def test_who_asks_whom_about_how_much_risk_until_when_is_one_line() -> None:
    until = date(NOON + timedelta(hours=8))
    expected = f"<@U0DIEGO> asks <!subteam^S0SOC>, <@U0MEGAN>. Risk: *High*. Open until {until}."
    assert line_of("pending", targets=(target(),)) == expected


def test_a_few_users_are_told_each_with_risk_and_date() -> None:
    message = approval_message(request(), PLACE)
    person = seen(message.blocks[2]["text"]["text"])
    assert person == f"*Adele Vance* · adele@contoso.com\nHigh risk, at risk, last updated {date(NOON)}"


def test_the_notification_says_who_asks_what_and_where_to_decide() -> None:
    assert approval_message(request(many(3, "high")), PLACE).text == (
        "Diego Siciliani asks to confirm 3 users safe. Highest risk: High. Approve or deny in Slack. CS-4K7Q"
    )


def test_several_users_are_counted_and_the_highest_risk_is_told() -> None:
    targets = (target("Lynne Robbins", level="low"), target("Alex Wilber", level="high"), *many(1))
    assert head_of("pending", targets=targets) == "Confirm 3 users safe?"
    assert "Highest risk: *High* (1 of 3)." in line_of("pending", targets=targets)


def test_the_riskiest_user_comes_first() -> None:
    targets = (target("Lynne Robbins", level="low"), target("Alex Wilber", level="high"))
    words = words_of(approval_message(request(targets), PLACE))
    assert words.index("Alex Wilber") < words.index("Lynne Robbins")


def test_a_risk_level_we_do_not_know_is_told_as_it_came_and_comes_first() -> None:
    targets = (target(level="high"), target("Alex Wilber", level="extreme"))
    assert "Highest risk: *extreme* (1 of 2)." in line_of("pending", targets=targets)


def test_more_than_five_users_are_five_to_a_section_one_line_each() -> None:
    message = approval_message(request(many(12)), PLACE)
    people = [b["text"]["text"] for b in message.blocks[2:] if "@contoso.com" in str(b)]
    assert [len(text.split("\n")) for text in people] == [5, 5, 2]
    assert seen(people[0].split("\n")[0]) == "*User Number0* · user0@contoso.com · Medium"


def test_a_confirmed_compromise_is_told_on_the_line_too() -> None:
    bad = replace(target(), shown=snapshot(state="confirmedCompromised"))
    words = words_of(approval_message(request((bad, *many(6))), PLACE))
    assert "*Adele Vance* · adele@contoso.com · High, confirmed compromised" in words


def test_twenty_users_can_be_approved_at_once_and_one_more_only_after_review() -> None:
    assert set(buttons_of(approval_message(request(many(20)), PLACE))) == {"approve", "deny", "details"}
    assert set(buttons_of(approval_message(request(many(21)), PLACE))) == {"review", "deny", "details"}


def test_many_users_are_counted_by_risk_and_the_riskiest_ten_shown() -> None:
    targets = (*many(122), *many(24, "low"), *many(4, "high"))
    message = approval_message(request(targets), PLACE)
    assert "Risk: 4 *High*, 122 Medium, 24 Low." in line_of("pending", targets=targets)
    lines = seen(message.blocks[2]["text"]["text"]).split("\n")
    assert lines[0] == "*The riskiest 10; all are under Review:*"
    assert lines[1] == "• *User Number0* · user0@contoso.com · High"
    assert lines[11:] == ["and 140 more under Review"]


def test_a_button_names_request_and_view_and_what_it_does_aloud() -> None:
    approve = buttons_of(approval_message(request(many(3), view=4), PLACE))["approve"]
    assert approve["value"] == "CS-4K7Q.4"
    assert approve["accessibility_label"] == "Approve CS-4K7Q, 3 users"
    assert approve["style"] == "primary"


def test_approving_asks_back_with_words_that_say_what_happens() -> None:
    confirm = buttons_of(approval_message(request(many(3, "high")), PLACE))["approve"]["confirm"]
    assert {key: value["text"] for key, value in confirm.items()} == {
        "title": "Confirm 3 users safe?",
        "text": (
            "Highest risk: High. Entra clears all their current risk and this can't be undone. "
            "You have not been shown why they are at risk."
        ),
        "confirm": "Confirm safe",
        "deny": "Go back",
    }


def test_what_confirming_means_is_said_while_it_can_be_decided_and_not_after() -> None:
    meaning = "Confirming clears *all* current risk on the account"
    assert meaning in words_of(approval_message(request(), PLACE))
    for state in SHOWN:
        if state != "pending":
            assert meaning not in words_of(approval_message(request(state=state), PLACE))


@pytest.mark.parametrize("reason", ["Red team in Oslo", "that was our pen test", "Pentest", "a test by IT"])
def test_a_reason_that_names_a_test_is_answered_with_dismiss(reason: str) -> None:
    assert "use Dismiss user risk" in words_of(approval_message(request(reason=reason), PLACE))


@pytest.mark.parametrize("reason", ["VPN exit moved", "the latest firmware", "she attested it on the phone"])
def test_other_reasons_are_not(reason: str) -> None:
    assert "use Dismiss user risk" not in words_of(approval_message(request(reason=reason), PLACE))


def test_who_was_left_out_and_why_is_said() -> None:
    gone = tuple(Finding("no_risk", f"{n}@contoso.com") for n in range(6))
    words = words_of(approval_message(request(many(150), left_out=gone), PLACE))
    assert "6 of the 156 users asked for are not in this request: no longer at risk." in words
    safe = (*gone[:4], Finding("already_safe", "x@contoso.com"))
    words = words_of(approval_message(request(left_out=safe), PLACE))
    expected = "5 of the 6 users asked for are not in this request: 4 no longer at risk, 1 already confirmed safe."
    assert expected in words


def test_after_a_lapse_it_asks_again_and_says_so() -> None:
    line = line_of("pending", rounds=1, reopened="lapsed", last_decision=Decision(MEGAN, NOON, 1))
    assert line.startswith(f"The approval of {date(NOON)} lapsed before it could be sent. <@U0DIEGO> asks ")
    assert (
        head_of("pending", rounds=1, reopened="lapsed", last_decision=Decision(MEGAN, NOON, 1))
        == "Confirm 3 users safe?"
    )


def test_an_approval_says_by_whom() -> None:
    assert head_of("approved") == "Approved: 3 users"
    assert line_of("approved") == f"Approved by <@U0MEGAN> at {date(NOON)}. Sending to Entra."


def trouble(kind: TroubleKind) -> Trouble:
    return Trouble(kind, NOON, NOON + timedelta(minutes=2))


def test_throttling_says_since_when_and_until_when() -> None:
    assert line_of("approved", trouble=trouble("throttled")) == (
        f"Approved by <@U0MEGAN>. Entra is limiting requests (since {date(NOON)}). "
        f"I keep trying until {date(NOON + timedelta(hours=1))}; nothing to do."
    )


def test_a_failed_sign_in_says_who_has_to_look() -> None:
    line = line_of("approved", trouble=trouble("sign_in"))
    assert "The bot can't sign in to Entra; #identity-help has to look. I keep trying until" in line


def test_an_unclear_call_never_claims_that_nothing_happened() -> None:
    line = line_of("approved", trouble=trouble("unclear"))
    assert line.endswith("Reading the users back before anything is sent again.")
    assert "Entra isn't answering" in line_of("approved", trouble=trouble("unreachable"))


def test_sent_is_not_yet_safe() -> None:
    sent = far("accepted", "accepted", "accepted")
    assert head_of("sent", targets=sent) == "Sent: 3 users"
    expected = f"Entra accepted it at {date(NOON)}. Checking that the risk is gone."
    assert line_of("sent", targets=sent) == expected


def test_a_part_sent_says_which_part() -> None:
    part = far("accepted", "waiting", "waiting")
    assert head_of("sent", targets=part) == "Approved: 3 users"
    assert line_of("sent", targets=part) == "1 of 3 sent, about 3 s left."
    slow = line_of("sent", targets=part, trouble=trouble("throttled"))
    assert slow.startswith(f"Entra accepted 1 of 3 at {date(NOON)}. Entra is limiting requests")
    refused = line_of("sent", targets=far("accepted", "refused"))
    assert refused == f"Entra accepted 1 of 2 at {date(NOON)}. Checking that the risk is gone."


def progress(users: int, taken: Mapping[float, int], hold: float = 0.0) -> str:
    """The progress of so many users of whom so many were taken so many seconds after the approval."""
    times = [NOON + timedelta(seconds=s) for s, n in taken.items() for _ in range(n)]
    done = (replace(t, progress="accepted", accepted_at=at) for t, at in zip(many(len(times)), times, strict=True))
    targets = (*done, *many(users - len(times)))
    place = replace(PLACE, hold=timedelta(seconds=hold))
    return str(approval_message(request(targets, "sent"), place).blocks[1]["text"]["text"])


def test_in_a_big_tenant_the_time_left_counts_the_reading_between_the_calls() -> None:
    # As measured: 500 of 10,000 at risk took 40 s, with 20 pages to read and these calls taken so far.
    early = {14.5: 60, 17.3: 60}
    assert progress(500, early) == "120 of 500 sent, about 55 s left."
    later = {**early, 20.7: 60, 23.3: 60}
    assert progress(500, later) == "240 of 500 sent, about 26 s left."
    assert progress(500, {**later, 31.6: 120, 38.2: 120}) == "480 of 500 sent, about 3 s left."


def test_the_time_left_is_never_less_than_the_pace_allows() -> None:
    assert progress(150, {2.1: 60}) == "60 of 150 sent, about 4 s left."
    # Counted from the last second of the hold, not from the approval.
    assert progress(150, {302.1: 60}, hold=300.0) == "60 of 150 sent, about 4 s left."
    # By a clock that was set back.
    assert progress(150, {-5.0: 60}) == "60 of 150 sent, about 4 s left."


def test_the_time_left_is_no_more_than_the_reading_takes_once_entra_is_back() -> None:
    assert progress(150, {3000.0: 60}) == "60 of 150 sent, about 30 s left."


def test_confirmed_safe_is_said_of_users_who_were_read_back() -> None:
    done = far("confirmed", "confirmed", "confirmed")
    assert head_of("confirmed", targets=done) == "3 users confirmed safe"
    expected = f"3 of 3 confirmed safe, read back at {date(NOON)}. Approved by <@U0MEGAN>."
    assert line_of("confirmed", targets=done) == expected


def test_a_part_confirmed_can_be_asked_again_for_the_others() -> None:
    part = request(far("confirmed", "confirmed", "unchanged"), "partly_confirmed")
    message = approval_message(part, PLACE)
    assert head_of("partly_confirmed", targets=part.targets) == "2 of 3 users confirmed safe"
    assert message.blocks[1]["text"]["text"] == "1 user needs a look: in the thread. Approved by <@U0MEGAN>."
    assert buttons_of(message)["ask_again"]["text"]["text"] == "Ask again for 1"


def test_nothing_was_changed_is_said_only_where_each_call_was_refused() -> None:
    refused = line_of("not_confirmed", targets=far("refused", "refused"))
    assert refused == "Nothing was changed in Entra. What to do is in the thread."
    unchanged = line_of("not_confirmed", targets=far("refused", "unchanged"))
    assert unchanged == "None of them could be read back as safe. What to do is in the thread."
    one = line_of("not_confirmed", targets=far("unchanged"))
    assert one == "The user could not be read back as safe. What to do is in the thread."


def test_an_unseen_outcome_says_how_many() -> None:
    assert head_of("accepted_unseen", targets=far("unseen", "unseen", "unseen")) == "Accepted, not visible: 3 users"
    targets = far("unseen", "refused")
    assert head_of("accepted_unseen", targets=targets) == "Accepted, not visible: 1 of 2 users"
    assert "but the user still shows as at risk." in line_of("accepted_unseen", targets=targets)


def test_what_is_not_known_is_said_to_be_not_known() -> None:
    unknown = far("unknown", "unknown", "unknown")
    assert head_of("unknown", targets=unknown) == "Not known: 3 users"
    expected = "The connection broke, and reading back did not settle it. Look in Entra."
    assert line_of("unknown", targets=unknown) == expected
    assert head_of("unknown", targets=far("unknown", "unseen")) == "Not known: 1 of 2 users"


def test_a_denial_says_who_and_their_reason_in_plain_text() -> None:
    denied = request(many(3), "denied", decision=Decision(MEGAN, NOON, 1, "Call *her* <first>"))
    message = approval_message(denied, PLACE)
    expected = f"<@U0MEGAN> denied it at {date(NOON)}. The users stay at risk."
    assert message.blocks[1]["text"]["text"] == expected
    reason = message.blocks[2]["text"]
    assert (reason["type"], reason["text"]) == ("plain_text", "Their reason: Call *her* <first>")
    assert "The user stays at risk." in line_of("denied", targets=(target(),))


def test_an_expiry_says_until_when_nobody_decided() -> None:
    until = date(NOON + timedelta(hours=8))
    assert head_of("expired") == "Expired: 3 users"
    assert line_of("expired") == f"Nobody decided by {until}. The users stay at risk."


def test_ask_again_stands_where_asking_again_makes_sense() -> None:
    has = {s for s in SHOWN if "ask_again" in buttons_of(approval_message(request(state=s), PLACE))}
    assert has == {"not_confirmed", "partly_confirmed", "unknown", "expired", "stopped"}


def test_a_decided_request_can_not_be_decided_again() -> None:
    for state in SHOWN:
        buttons = buttons_of(approval_message(request(state=state), PLACE))
        assert ("approve" in buttons, "deny" in buttons) == (state == "pending", state == "pending")


def test_the_people_and_the_reason_stay_after_the_decision_and_so_does_who_asked() -> None:
    for state in SHOWN:
        words = words_of(approval_message(request(state=state), PLACE))
        assert "*Adele Vance*" in words
        assert "Reason: VPN exit moved to Oslo" in words
        assert f"<@{DIEGO}>" in words


@pytest.mark.parametrize("state", ["looking_up", "not_asked"])
def test_what_was_not_asked_is_never_shown(state: State) -> None:
    with pytest.raises(ValueError, match="nothing to show"):
        approval_message(request(state=state), PLACE)


EXTREMES = (
    "n",
    "&" * 256,
    "<" * 256,
    "*_~`" * 64,
    ":a:" * 85,
    "\u202e" * 10,
    "\x00",
    " ",
    "שלום " * 51,
    "👩‍👩‍👧" * 51,
    "\ud800",
)


@pytest.mark.parametrize("name", EXTREMES, ids=range(len(EXTREMES)))
@pytest.mark.parametrize("n", [1, 2, 5, 6, 20, 21, 500])
@pytest.mark.parametrize("state", ["pending", "partly_confirmed"])  # test_catalogue.py has them all
def test_slack_takes_the_message_at_every_extreme(state: State, n: int, name: str) -> None:
    long = target(name, f"{'u' * 64}@{'d' * 48}", "unknownFutureValue" * 3)
    extreme = request(
        tuple(replace(long, shown=replace(long.shown, state=name)) for _ in range(n)),
        state,
        reason="<&>" * 500,
        rounds=1,
        reopened="lapsed",
        last_decision=Decision(MEGAN, NOON, 1),
        left_out=(Finding("no_risk", name), Finding("already_safe", name)),
    )
    if extreme.decision:
        extreme = replace(extreme, decision=replace(extreme.decision, reason="<&>" * 400))
    extreme = replace(extreme, asker=replace(extreme.asker, name=name))
    many_approvers = tuple(f"U{i:010}" for i in range(60))
    message = approval_message(extreme, replace(PLACE, approvers=many_approvers, help=name))
    assert faults(message) == []
    assert len(message.text) <= 150
    assert message.blocks[0]["type"] == "header"


def test_many_different_risk_levels_do_not_grow_without_end() -> None:
    targets = tuple(target(level=f"level{i}" * 20) for i in range(100))
    message = approval_message(request(targets), PLACE)
    assert faults(message) == []
    assert "92 other" in words_of(message)


def test_a_risk_that_rose_is_shown_with_what_it_was() -> None:
    rose = replace(target(), was=snapshot(level="medium"))
    whole = request((rose, target("Alex Wilber")), reopened="drifted", rounds=1)
    assert "Risk changed: 2 users" in words_of(approval_message(whole, PLACE))
    assert "Medium → High risk" in words_of(approval_message(whole, PLACE))
    line = approval_message(whole, PLACE).blocks[1]["text"]["text"]
    assert line.startswith("1 user's risk rose after the approval. Nothing was sent for them. Approve again?")


def test_a_void_approval_is_named_while_it_waits_again() -> None:
    line = line_of("pending", reopened="voided", last_decision=Decision(MEGAN, NOON, 1))
    assert line.startswith(
        "The approval by <@U0MEGAN> no longer counts: their own Entra account is at risk. Nothing was sent."
    )


def test_who_is_left_out_or_asked_for_elsewhere_is_counted_no_more() -> None:
    whole = request(far("confirmed", "left_out", "moved", "confirmed"), "confirmed")
    assert "2 of 2 confirmed safe" in words_of(approval_message(whole, PLACE))
