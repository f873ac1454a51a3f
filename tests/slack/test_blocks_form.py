"""The form's window and lists are within Slack's limits, whatever names and numbers there are."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.alert import Alert
from bot.core.form import FieldProblem, Opening
from bot.core.ids import ChannelId, MessageTs, ObjectId, SlackUserId
from bot.core.listed import Listed, Trouble
from bot.core.named import Named
from bot.core.shared import Group
from bot.slack.blocks import approval, form, options, origin, words
from demo.local_slack.blockkit import faults_of_options, faults_of_view
from tests.slack.made import NOON, PLACE, faults, request, snapshot, words_of

OPENING = Opening(SlackUserId("U0ANALYST"), ChannelId("C0GENERAL"))
ALERT = Alert(ChannelId("C0ALERTS"), MessageTs("1772625600.000042"), "1772625500.000001")
ON_ALERT = replace(OPENING, alert=ALERT, named=Named({}, is_cut=True))
NAMES = ["Adele Vance", "x" * 256, "\u202eevil", "<!channel> *bold* & :smile:", "مريم", "\U0001f600" * 60, " "]
FIELDS = ["users", "shared", "pasted", "reason", "known_by", "rehearse"]


def ids(view: dict[str, Any]) -> list[str]:
    return [block["block_id"] for block in view["blocks"] if block["type"] == "input"]


def test_the_window_is_within_slacks_limits_and_asks_for_all_there_is() -> None:
    view = form.window(OPENING, PLACE)
    assert faults_of_view(view) == []
    assert ids(view) == FIELDS
    assert len(view["title"]["text"]) <= 24


def test_a_redrawn_window_has_the_same_fields_under_the_same_names() -> None:
    fields = [block for block in form.window(OPENING, PLACE)["blocks"] if block["type"] == "input"]
    redrawn = form.window(OPENING, PLACE, "2 users are at risk")
    assert [block for block in redrawn["blocks"] if block["type"] == "input"] == fields


@pytest.mark.parametrize("n", [0, 1, 10, 11, 50, 51, 500])
def test_proposals_are_unticked_and_within_slacks_limits(n: int) -> None:
    users = [snapshot(NAMES[i % len(NAMES)], f"user{i}@{'x' * 100}.com", "hidden") for i in range(n)]
    proposed = [form.Proposed(user, "in a link") for user in users]
    view = form.window(ON_ALERT, PLACE, form.READING, proposed, is_known=True)
    assert faults_of_view(view) == []
    assert ids(view)[-len(FIELDS) :] == FIELDS
    assert "initial_option" not in str(view)
    assert "only its beginning, or 2,000 ids, was looked through" in words_of(view["blocks"])
    assert ("It names nobody who is at risk" in words_of(view["blocks"])) == (n == 0)
    assert ("the 50 riskiest are offered here" in words_of(view["blocks"])) == (n > 50)


@pytest.mark.parametrize("name", NAMES)
def test_any_name_makes_an_option_that_slack_takes(name: str) -> None:
    user = snapshot(name, "a@contoso.com", "medium")
    answer = options.of_users([user], "")
    assert faults_of_options(answer) == []
    text = answer["options"][0]["text"]
    assert text["type"] == "plain_text"
    assert text["text"].endswith(" · Medium")
    assert "\u202e" not in text["text"]


@pytest.mark.parametrize("n", [0, 1, 100, 101, 5000])
def test_of_many_users_a_hundred_are_listed_and_it_is_said(n: int) -> None:
    users = [replace(snapshot(), user_id=snapshot(upn=f"{i}@x.com").user_id) for i in range(n)]
    answer = options.of_users(users, "adele")
    assert faults_of_options(answer) == []
    if n > 100:
        label = answer["option_groups"][0]["label"]["text"]
        assert label == f"100 of {n:,}, the riskiest first: type to find others"


def test_every_word_that_is_typed_counts() -> None:
    users = [snapshot("Adele Vance"), snapshot("Alex Wilber", level="low")]
    assert len(options.of_users(users, "ALEX low")["options"]) == 1
    assert options.of_users(users, "adele low") == {"options": []}


def test_an_object_id_is_searched_from_its_beginning_only() -> None:
    users = [replace(snapshot("Adele Vance"), user_id=ObjectId("c0000000-0000-4000-8000-00000000beef"))]
    assert len(options.of_users(users, "C0000000-0000")["options"]) == 1
    assert options.of_users(users, "bee") == {"options": []}


@pytest.mark.parametrize("name", ["203.0.113.0/24", "2001:0db8:85a3::/48", "k" * 90, "Atypical travel"])
def test_a_group_tells_how_many_they_are_and_who(name: str) -> None:
    users = tuple(snapshot(one, f"{n}@x.com") for n, one in enumerate(NAMES))
    answer = options.of_groups([Group("detection", name, NOON, users)], "", "")
    assert faults_of_options(answer) == []
    one = answer["options"][0]
    assert one["text"]["text"].endswith(" since 2026-03-04 12:00 UTC: 7 users")
    assert one["description"]["text"].startswith("Adele Vance, ")
    assert one["description"]["text"].endswith(" and 4 more")


def test_a_list_in_part_says_so() -> None:
    group = Group("network", "203.0.113.0/24", None, (snapshot(), snapshot("Alex")))
    answer = options.of_groups([group], "203", "Of 280 of 5,000 users at risk it is known why")
    assert faults_of_options(answer) == []
    assert answer["option_groups"][0]["label"]["text"].startswith("Of 280 of 5,000")


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ("sign_in", "The bot can't sign in to Entra to list the users at risk; #identity-help has to look."),
        ("refused", "Entra refuses to list the users at risk; #identity-help has to look."),
        ("not_read", "The list of users at risk could not be read: Entra isn't answering, or is busy."),
    ],
)
def test_without_a_list_the_form_says_why_and_what_can_be_done(trouble: Trouble, told: str) -> None:
    said = form.state(Listed(trouble=trouble), PLACE)
    assert said == f"{told} Ids can be pasted below; they are looked up once you ask."


def test_the_number_at_risk_is_told_with_its_time() -> None:
    one, two = (Listed(tuple(snapshot() for _ in range(n)), NOON) for n in (1, 2))
    assert words.unmarked(form.state(one, PLACE)) == "1 user is at risk in Entra, read at 2026-03-04 12:00 UTC."
    assert form.state(two, PLACE).startswith("2 users are at risk in Entra")


ERRORS = [
    (FieldProblem("users", "remark"), "What you chose is a remark and names nobody: take it out."),
    (
        FieldProblem("shared", "gone"),
        "Who shares this has changed since the list was shown. Take it out and choose again.",
    ),
    (
        FieldProblem("shared", "reading"),
        "Who shares this is still being read in Entra. Nothing was asked for: send it again in a minute.",
    ),
    (FieldProblem("pasted", "unreadable", ("foo",), 2), "I read 2 users here, and can't read foo as an id."),
    (
        FieldProblem("pasted", "unreadable", tuple("abcdefghij"), 0),
        "I read 0 users here, and can't read a, b, c, d, e, f, g, h and 2 more as ids.",
    ),
    (FieldProblem("users", "no_users"), "No users given: choose some here or below, or paste their ids."),
    (FieldProblem("users", "too_many", count=501), "501 users are too many; at most 500 a request."),
    (FieldProblem("reason", "no_reason"), "Please add a reason; approvers and auditors need it."),
    (FieldProblem("reason", "too_long", count=1501), "The reason has 1,501 characters; at most 1,500 fit."),
    (FieldProblem("known_by", "unknown"), "Please say how you know; approvers need it."),
]


@pytest.mark.parametrize(("problem", "told"), ERRORS, ids=[problem.kind for problem, _ in ERRORS])
def test_each_problem_is_told_at_its_field(problem: FieldProblem, told: str) -> None:
    assert form.errors([problem]) == {problem.field: told}


def test_what_is_wrong_twice_with_a_field_is_told_together_and_the_same_once() -> None:
    gone, remark = FieldProblem("shared", "gone"), FieldProblem("shared", "remark")
    assert form.errors([gone, remark, gone])["shared"].count("Take it out") == 1


def test_the_approval_message_says_how_it_is_known_and_links_the_alert() -> None:
    asked = request(known_by="in_person", alert=ALERT)
    message = approval.approval_message(asked, PLACE)
    assert faults(message) == []
    assert "Reason: VPN exit moved to Oslo\nKnown by: in person" in words_of(message)
    link = (
        "<https://contoso.slack.com/archives/C0ALERTS/p1772625600000042?thread_ts=1772625500.000001&amp;cid=C0ALERTS"
    )
    assert f"From an alert: {link}|open>" in words_of(message)
    decided = approval.approval_message(replace(asked, state="denied", decision=asked.decision), PLACE)
    assert "Known by: in person" in words_of(decided)


def test_without_a_form_the_message_is_as_it_was() -> None:
    told = words_of(approval.approval_message(request(), PLACE))
    assert "Known by" not in told
    assert "From an alert" not in told


def test_an_alert_that_can_not_be_linked_is_named_all_the_same() -> None:
    asked = request(alert=ALERT)
    assert origin.from_alert(asked, replace(PLACE, team_url="")) == " · From an alert in <#C0ALERTS>"
    direct = request(alert=replace(ALERT, channel=ChannelId("D0ANALYST")))
    assert origin.from_alert(direct, PLACE) == " · From an alert in a direct message"


def test_a_way_of_knowing_that_is_new_to_us_is_shown_as_it_was_recorded() -> None:
    assert origin.known_by("redacted") == "redacted"
    assert len(origin.known_by("x" * 500)) <= 60
