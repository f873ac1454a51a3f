"""The windows: everybody can be read in the review, and Slack takes it with 500 users."""

import json

import pytest

from bot.slack.blocks import refusals
from bot.slack.blocks.modals import deny_modal, gone_modal, review_modal
from tests.slack.made import PLACE, faults_in, many, request, seen, target, texts_of, words_of


@pytest.mark.parametrize("n", [21, 150, 500])
def test_the_review_names_every_single_user(n: int) -> None:
    view = review_modal(request(many(n)), PLACE)
    lines = words_of(view).split("\n")
    for i in range(n):
        assert f"*User Number{i}* · user{i}@contoso.com · Medium" in lines
    assert faults_in(view) == []


def test_the_submit_says_how_many_and_the_other_button_goes_back() -> None:
    view = review_modal(request(many(500), view=3), PLACE)
    assert view["submit"]["text"] == "Confirm 500 users safe"
    assert view["close"]["text"] == "Go back"
    assert view["title"]["text"] == "Review CS-4K7Q"
    assert (view["callback_id"], view["private_metadata"]) == ("review", "CS-4K7Q.3")


def test_the_review_says_who_asks_why_and_what_it_means() -> None:
    words = words_of(review_modal(request((*many(30), *many(2, "high"))), PLACE))
    assert "<@U0DIEGO> asks <!subteam^S0SOC>, <@U0MEGAN>. Risk: 2 *High*, 30 Medium. Open until " in words
    assert "Reason: VPN exit moved to Oslo" in words
    assert "It can't be undone." in words


def test_the_riskiest_come_first_and_twenty_share_a_section() -> None:
    view = review_modal(request((*many(41), target("Alex Wilber", level="high"))), PLACE)
    people = [t["text"].split("\n") for t in texts_of(view["blocks"]) if "@contoso.com" in str(t["text"])]
    assert [len(section) for section in people] == [20, 20, 2]
    assert seen(people[0][0]) == "*Alex Wilber* · alex@contoso.com · High"


@pytest.mark.parametrize("character", ["n", "&", "*", "ש", "👩", "\ud800"])
def test_slack_takes_the_review_whatever_the_names(character: str) -> None:
    long = target(character * 256, f"{'u' * 64}@{'d' * 48}", "unknownFutureValue")
    view = review_modal(request((long,) * 500, reason="<&>" * 500), PLACE)
    assert faults_in(view) == []
    assert len(json.dumps(view)) <= 250_000


def test_names_that_fit_are_not_shortened() -> None:
    view = review_modal(request((target("n" * 100, f"{'u' * 64}@{'d' * 48}"),) * 25), PLACE)
    assert "…" not in words_of(view)
    assert "n" * 100 in words_of(view)


def test_denying_asks_for_a_reason_and_says_who_will_see_it() -> None:
    view = deny_modal(request(view=2))
    asked = view["blocks"][0]
    assert asked["label"]["text"] == "Why? The requester and this channel will see it."
    assert (asked["block_id"], asked["element"]["action_id"]) == ("reason", "text")
    assert asked["element"]["max_length"] == 1000
    assert (view["title"]["text"], view["submit"]["text"]) == ("Deny CS-4K7Q", "Deny")
    assert (view["callback_id"], view["private_metadata"]) == ("deny", "CS-4K7Q.2")
    assert faults_in(view) == []


def test_a_refusal_in_a_window_can_only_be_closed() -> None:
    view = gone_modal(refusals.old_view(request(), 1).text)
    assert "submit" not in view
    assert view["close"]["text"] == "Close"
    assert view["blocks"][0]["text"]["text"].startswith("The request was shown anew")
    assert faults_in(view) == []
