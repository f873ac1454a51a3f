"""More than twenty users: those who look different first, the others in a sentence that is true of all of them."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.alike import split
from bot.core.decisions import Decision
from bot.core.ids import ObjectId, SlackUserId
from bot.core.model import Request, State, Target
from bot.core.reasons import Reason
from bot.slack.blocks import changed, incident, refusals, thread
from bot.slack.blocks.approval import approval_message
from bot.slack.blocks.crowd import LEAVE_OUT
from bot.slack.blocks.ending import ended
from bot.slack.blocks.message import Block
from bot.slack.blocks.modals import review_modal
from bot.slack.blocks.states import state_of
from tests.slack.made import (
    ANCHOR,
    DIEGO,
    MEGAN,
    NOON,
    PLACE,
    TAKEN,
    faults,
    faults_in,
    request,
    safe,
    seen,
    target,
    words_of,
)

TRAVEL = Reason("unlikelyTravel", NOON, "198.51.100.7", "Oslo", "NO", countries=("NO",))
UNFAMILIAR = replace(TRAVEL, type="unfamiliarFeatures", at=NOON - timedelta(hours=1))
LEAKED = Reason("leakedCredentials", NOON)
LIMA = replace(TRAVEL, ip="203.0.113.9", city="Lima", country="PE", countries=("PE",))
SINCE = "<!date^1772622000^"
SHARED = "all from 198.51.100.0/24 (Oslo, NO), since"


def alike(n: int, *why: Reason, name: str = "User Number", upn: str = "") -> tuple[Target, ...]:
    them = (target(f"{name}{i}", upn or f"user{i}@contoso.com", "medium") for i in range(n))
    return tuple(
        replace(t, shown=replace(t.shown, user_id=ObjectId(f"alike-{i:03}")), why=why or (TRAVEL, UNFAMILIAR))
        for i, t in enumerate(them)
    )


def odd(n: int, *why: Reason, name: str = "Odd Number", upn: str = "", level: str = "high") -> tuple[Target, ...]:
    them = (target(f"{name}{i}", upn or f"odd{i}@contoso.com", level) for i in range(n))
    return tuple(
        replace(t, shown=replace(t.shown, user_id=ObjectId(f"odd-{i:03}")), why=why or (LEAKED,))
        for i, t in enumerate(them)
    )


def spared(n: int, by: SlackUserId | None = MEGAN) -> tuple[Target, ...]:
    return tuple(replace(t, progress="spared", spared_by=by) for t in odd(n))


def texts(blocks: list[Block]) -> list[str]:
    return [seen(block["text"]["text"]) for block in blocks if block["type"] == "section"]


def summary(whole: Request) -> list[str]:
    return texts(approval_message(whole, PLACE).blocks)[1:-1]


# -- the message


def test_those_who_look_different_come_first_and_the_others_share_a_sentence() -> None:
    first, rest = summary(request((*alike(146), *odd(4))))
    lines = first.split("\n")
    assert lines[0] == "*4 look different. Check these first:*"
    assert lines[1] == "• *Odd Number0* · odd0@contoso.com · High · Leaked credentials"
    assert len(lines) == 5
    assert rest.startswith(f"*146 look alike:* Atypical travel or Unfamiliar sign-in properties, {SHARED} {SINCE}")


def test_ten_of_them_are_named_and_the_rest_is_under_review() -> None:
    first, _ = summary(request((*alike(60), *odd(13))))
    assert len(first.split("\n")) == 12
    assert first.endswith("and 3 more under Review")
    decided, _ = summary(request((*alike(60), *odd(13)), "sent"))
    assert decided.startswith("*13 look different:*")
    assert decided.endswith("and 3 more")


def test_one_alone_is_one() -> None:
    first, _ = summary(request((*alike(60), *odd(1))))
    assert first.startswith("*1 looks different. Check this one first:*\n")


def test_where_all_look_alike_there_is_nobody_to_check_first() -> None:
    (only,) = summary(request(alike(21)))
    assert only.startswith(f"*All 21 look alike:* Atypical travel or Unfamiliar sign-in properties, {SHARED}")


def test_where_nothing_but_the_place_is_different_it_is_told() -> None:
    first, _ = summary(request((*alike(60), *odd(1, LIMA, level="medium"))))
    assert first.endswith("· Medium · Atypical travel, from Lima, PE, 203.0.113.0/24")
    nowhere = replace(LIMA, city="", country="", countries=())
    first, _ = summary(request((*alike(60), *odd(1, nowhere, level="medium"))))
    assert first.endswith("· Medium · Atypical travel, from 203.0.113.0/24")


def test_what_not_all_share_is_not_said() -> None:
    moss = replace(TRAVEL, city="Moss", at=None)
    rest = summary(request((*alike(40, TRAVEL), *(replace(t, why=(moss,)) for t in alike(20)))))[-1]
    assert rest == "*All 60 look alike:* Atypical travel, all from 198.51.100.0/24 (NO)."
    homes = tuple(replace(t, why=(replace(TRAVEL, ip=f"10.0.{i}.9", at=None),)) for i, t in enumerate(alike(30)))
    assert summary(request(homes)) == ["*All 30 look alike:* Atypical travel, all from Oslo, NO."]
    nowhere = replace(TRAVEL, city="", country="", countries=(), at=None)
    assert summary(request(alike(30, nowhere))) == ["*All 30 look alike:* Atypical travel, all from 198.51.100.0/24."]


def test_without_a_majority_the_riskiest_are_shown_as_ever() -> None:
    (only,) = summary(request((*alike(20), *odd(21))))
    assert only.startswith("*The riskiest 10; all are under Review:*\n")


# -- the window


def test_the_window_tells_of_each_who_looks_different_and_then_of_all_others() -> None:
    view = review_modal(request((*alike(146), *odd(4))), PLACE)
    told = texts(view["blocks"])
    assert told[2] == "*4 look different*"
    assert all(told[3 + i].startswith(f"*Odd Number{i}* · odd{i}@contoso.com\nHigh risk") for i in range(4))
    assert told[7].startswith("*146 look alike:* ")
    assert [len(text.split("\n")) for text in told[8:]] == [20] * 7 + [6]
    kinds = [block["type"] for block in view["blocks"]]
    assert kinds[kinds.index("input") + 1] == "divider"
    assert view["submit"]["text"] == "Confirm 150 users safe"


def test_a_box_leaves_them_out_and_carries_no_ids() -> None:
    whole = request((*alike(146), *odd(4)))
    (box,) = [block for block in review_modal(whole, PLACE)["blocks"] if block["type"] == "input"]
    assert (box["block_id"], box["element"]["action_id"], box["optional"]) == (LEAVE_OUT, LEAVE_OUT, True)
    (option,) = box["element"]["options"]
    assert option["text"]["text"] == "Leave out these 4 (they stay at risk)"
    assert option["value"] == split(whole.targets).mark
    assert "odd" not in option["value"]


@pytest.mark.parametrize("targets", [alike(30), (*alike(20), *odd(21))], ids=["all alike", "no majority"])
def test_there_is_nothing_to_leave_out_where_nobody_or_everybody_is_different(targets: tuple[Target, ...]) -> None:
    assert "input" not in [block["type"] for block in review_modal(request(targets), PLACE)["blocks"]]


WORST = tuple(
    replace(LIMA, type=kind, city="&" * 400, country="<" * 40, more=9)
    for kind in ("leakedCredentials", "<" * 300, "passwordSpray", "newCountry", "suspiciousBrowser", "x" * 200)
)


@pytest.mark.parametrize("name", ["n", "&" * 256, "👩‍👩‍👧" * 51, "\ud800"])
@pytest.mark.parametrize("n", [1, 30, 100, 250])
def test_slack_takes_and_shows_everybody_however_many_are_different(n: int, name: str) -> None:
    upn = f"{'u' * 64}@{'d' * 48}"
    whole = request((*alike(500 - n, name=name, upn=upn), *odd(n, *WORST, name=name, upn=upn)), reason="<&>" * 500)
    message, view = approval_message(whole, PLACE), review_modal(whole, PLACE)
    assert faults(message) == []
    assert faults_in(view) == []
    assert len(json.dumps(view)) <= 250_000
    lines = [line for text in texts(view["blocks"]) for line in text.split("\n") if " · " in line]
    assert len([line for line in lines if line.startswith("*")]) == 500


@pytest.mark.parametrize("n", [1, 31, 100, 250])
def test_names_that_fit_are_told_in_full(n: int) -> None:
    words = words_of(review_modal(request((*alike(500 - n), *odd(n))), PLACE))
    assert all(f"*Odd Number{i}* · odd{i}@contoso.com" in words for i in range(n))
    assert all(f"*User Number{i}* · user{i}@contoso.com" in words for i in range(500 - n))


def test_a_city_with_marks_in_its_name_is_only_a_name() -> None:
    odd_city = replace(TRAVEL, city="*<!channel>*")
    (told,) = summary(request(alike(30, odd_city)))
    assert "&lt;!channel&gt;" in told


# -- after an approval that left some out


def confirmed(n: int) -> tuple[Target, ...]:
    return tuple(replace(t, progress="confirmed", receipt=TAKEN, last_read=safe(t.shown)) for t in alike(n))


def test_all_of_the_rest_is_everybody_and_those_left_out_stay_at_risk() -> None:
    whole = request((*confirmed(146), *spared(4)), "confirmed", ended_at=NOON)
    message = approval_message(whole, PLACE)
    line = texts(message.blocks)[0]
    assert line.startswith("146 of 146 confirmed safe, read back at ")
    assert line.endswith("Approved by <@U0MEGAN>. 4 users were left out by <@U0MEGAN> and stay at risk.")
    assert "Odd Number" not in words_of(message)
    end = seen(ended(whole, PLACE, NOON, ANCHOR).text)
    assert "146 of 146 confirmed safe" in end
    assert end.endswith("4 users were left out by <@U0MEGAN> and stay at risk.")
    assert "146 of 146 confirmed safe" in incident.end(whole, PLACE).text


STATES: list[State] = ["pending", "approved", "sent", "stopped", "not_confirmed", "denied", "expired"]


@pytest.mark.parametrize("state", STATES)
def test_in_every_state_it_is_said_who_was_left_out_and_they_are_counted_no_more(state: State) -> None:
    message = approval_message(request((*alike(146), *spared(1)), state), PLACE)
    assert "1 user was left out by <@U0MEGAN> and stays at risk." in words_of(message)
    assert "146 users" in message.blocks[0]["text"]["text"]
    assert "147" not in words_of(message)
    assert faults(message) == []


def test_each_who_left_some_out_is_named() -> None:
    whole = request((*alike(30), *spared(2), *spared(1, DIEGO), *spared(1, None)), "sent")
    line = texts(approval_message(whole, PLACE).blocks)[0]
    assert "2 users were left out by <@U0MEGAN> and stay at risk." in line
    assert "1 user was left out by <@U0DIEGO> and stays at risk." in line
    assert "1 user was left out by whoever approved and stays at risk." in line


def test_of_whom_an_earlier_call_may_have_taken_it_is_not_said_that_they_stay_at_risk() -> None:
    doubted = tuple(replace(t, was_doubted=True) for t in spared(2))
    whole = request((*alike(30), *doubted), "approved")
    line = texts(approval_message(whole, PLACE).blocks)[0]
    assert line.endswith("2 users were left out by <@U0MEGAN>.")
    told = changed.spared(whole, [t.user_id for t in doubted]).text
    assert "may have been taken for 2 users: look at them in Entra." in told
    assert "stay" not in told


@pytest.mark.parametrize(("n", "them"), [(1, "The user"), (2, "They")])
def test_the_thread_names_them_and_says_that_they_can_be_asked_for(n: int, them: str) -> None:
    whole = request((*alike(30), *spared(n)), "approved")
    message = changed.spared(whole, [t.user_id for t in spared(n)])
    told = seen(message.text)
    assert told.startswith("<@U0DIEGO> ")
    assert "left out by <@U0MEGAN>" in told
    assert "*Odd Number0*" in told
    assert told.endswith(f". {them} can be asked for in another request.")


def test_slack_takes_it_whoever_they_are() -> None:
    many = tuple(replace(t, progress="spared", spared_by=MEGAN) for t in odd(250, name="&" * 256))
    assert faults(changed.spared(request((*alike(250), *many)), [t.user_id for t in many])) == []


def test_reminders_denials_and_drifts_count_the_rest_alone() -> None:
    risen = tuple(replace(t, was=replace(t.shown, level="low")) for t in spared(4))
    whole = request((*alike(30), *risen), "pending", last_decision=Decision(MEGAN, NOON, 1), reopened="drifted")
    assert "30 users, highest risk Medium." in thread.reminder(whole, PLACE).text
    assert "The 30 users stay at risk." in thread.denied(replace(whole, state="denied")).text
    now = replace(whole, targets=(*(replace(t, was=t.shown) for t in alike(30)), *risen))
    assert "The risk of 30 users rose" in changed.drifted(now, PLACE).text
    assert "Odd" not in refusals.old_view(now, 1).text
    moved = [t.user_id for t in alike(1)]
    assert " 1 of 30 changed before sending: " in changed.set_aside(now, PLACE, moved, "CS-NEXT").text


def test_where_the_rest_is_no_longer_at_risk_nobody_is_said_to_be_confirmed() -> None:
    gone = tuple(replace(t, progress="left_out", last_read=safe(t.shown)) for t in alike(30))
    whole = request((*gone, *spared(4)), "not_confirmed")
    assert state_of(whole, PLACE).line.startswith("Nothing was sent: 30 users are no longer at risk.")
    words = words_of(approval_message(whole, PLACE))
    assert "Not confirmed: 30 users" in words
    assert "4 users were left out by <@U0MEGAN> and stay at risk." in words


def test_who_would_leave_out_everybody_is_told_to_deny() -> None:
    assert refusals.nobody_left().text == (
        "This would leave nobody to confirm. Untick it, or go back and deny the request. Nothing was changed."
    )
