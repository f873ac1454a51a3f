"""What people read of why users are at risk: every kind of detection, the most serious first, none hidden."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from bot.core.detections import SERIOUS, USUAL, words_of
from bot.core.model import Request, Target
from bot.core.reasons import Blind, Reason
from bot.slack.blocks import people, refusals, why
from bot.slack.blocks.approval import approval_message
from bot.slack.blocks.modals import review_modal
from tests.slack.made import NOON, PLACE, buttons_of, faults, faults_in, many, request, seen, snapshot, target
from tests.slack.made import words_of as said_in

OSLO = Reason("unlikelyTravel", NOON, "203.0.113.7", "Oslo", "NO", 0, ("NO",))
SAME = Reason("unfamiliarFeatures", NOON - timedelta(hours=1), "203.0.113.7", "Oslo", "NO", 2, ("NO",))
LEAKED = Reason("leakedCredentials", NOON)
WORST = tuple(
    Reason(kind, NOON, "2001:db8:85a3:8d3:1319:8a2e:370:7348", "Llanfairpwllgwyngyll" * 4, "GB", 99, ("GB",))
    for kind in (*SERIOUS, *USUAL, "aTypeThatIsNewAndHasAVeryLongNameThatNobodyWouldExpectOfIt" * 3)
)


def about(*reasons: Reason) -> Target:
    return replace(target(), why=reasons)


def told(whole: Request) -> str:
    return seen(said_in(approval_message(whole, PLACE)))


def test_each_kind_has_a_line_with_place_time_and_how_many_more() -> None:
    first, second = why.lines(about(OSLO, SAME))
    assert seen(first).startswith("Atypical travel: Oslo, NO, 203.0.113.7, <!date^1772625600^")
    assert seen(second).startswith("Unfamiliar sign-in properties: same place, <!date^1772622000^")
    assert second.endswith(" (+2 more)")


def test_without_a_place_the_time_has_to_do() -> None:
    assert seen(why.lines(about(LEAKED))[0]).startswith("Leaked credentials: <!date^1772625600^")
    assert why.lines(about(Reason("leakedCredentials"))) == ["Leaked credentials"]


def test_a_kind_that_is_new_to_us_is_told_as_it_came_and_can_do_no_harm() -> None:
    assert seen(why.lines(about(Reason("*<!channel>*")))[0]) == "*&lt;!channel&gt;*"


def test_a_user_without_detections_is_said_to_have_none() -> None:
    assert why.lines(about()) == ["Entra lists no detection for this user."]
    assert people.line(about()).endswith(" · High · no detection listed")


def test_of_many_kinds_the_rest_is_named_on_one_line() -> None:
    lines = why.lines(about(*WORST[:8]))
    assert len(lines) == 5
    assert all(words_of(reason.type) in "\n".join(lines) for reason in WORST[:8])


def test_on_one_line_every_kind_is_named_with_how_many_more() -> None:
    line = seen(people.line(about(LEAKED, OSLO, SAME)))
    assert line.endswith(
        "· High · Leaked credentials, Atypical travel, Unfamiliar sign-in properties (+2 more of these)"
    )


def test_what_does_not_fit_a_line_is_counted() -> None:
    line = seen(people.line(about(*WORST)))
    assert "Leaked credentials" in line
    assert line.endswith("more types")


@pytest.mark.parametrize("n", [1, 2, 5, 6, 20, 21, 500])
def test_slack_takes_the_worst_there_can_be(n: int) -> None:
    long = tuple(
        replace(t, shown=replace(t.shown, display_name="&" * 256, upn="<" * 1000), why=WORST, knew=WORST[1:])
        for t in many(n)
    )
    whole = request(long)
    assert faults(approval_message(whole, PLACE)) == []
    assert faults_in(review_modal(whole, PLACE)) == []


def test_what_is_new_since_an_approval_is_marked() -> None:
    changed = replace(about(LEAKED, OSLO), knew=(OSLO,))
    assert [line.startswith("*New:* ") for line in why.lines(changed)] == [True, False]
    assert seen(people.change(changed)).startswith("*Adele Vance*, new: Leaked credentials, <!date^1772625600^")


def test_a_new_country_is_named() -> None:
    lima = replace(OSLO, city="Lima", country="PE", countries=("NO", "PE"))
    changed = replace(about(lima), knew=(OSLO,))
    assert seen(why.news(changed)).startswith("new: Atypical travel from PE, <!date^")


def test_a_level_that_rose_is_told_beside_what_is_new() -> None:
    rose = replace(about(LEAKED), was=snapshot(level="medium"), knew=(OSLO,))
    assert seen(people.change(rose)).startswith("*Adele Vance*, Medium → High, new: Leaked credentials")


def test_where_the_reasons_were_never_known_nothing_is_called_new() -> None:
    assert why.news(about(LEAKED)) == ""


def test_reasons_that_were_known_and_could_not_be_read_again_are_said_to_be_missing() -> None:
    assert why.news(replace(target(), knew=(OSLO,))) == "why could not be read"


@pytest.mark.parametrize("blind", get_args(Blind))
def test_where_the_reasons_are_missing_message_and_dialog_say_so(blind: Blind) -> None:
    whole = request(blind=blind)
    texts = {
        "no_permission": "Why they are at risk is not shown: the app lacks IdentityRiskEvent.Read.All.",
        "busy": "Why they are at risk could not be read yet: Entra is busy.",
        "refused": "Why they are at risk could not be read: Entra does not tell.",
        "": "Why they are at risk is not shown here.",
    }
    assert f"{texts[blind]} Look in Entra first." in told(whole)
    confirm = buttons_of(approval_message(whole, PLACE))["approve"]["confirm"]
    assert confirm["text"]["text"].endswith("You have not been shown why they are at risk.")
    assert f"{texts[blind]} Look in Entra first." in seen(said_in(review_modal(whole, PLACE)))


def test_where_some_reasons_are_missing_some_is_said() -> None:
    assert "Why some of them are at risk could not be read yet" in told(
        request((about(OSLO), target()), blind="busy")
    )


def test_where_all_reasons_are_shown_nobody_is_called_blind() -> None:
    message = approval_message(request((about(OSLO), about()), blind="busy"), PLACE)
    assert "Why" not in said_in(message)
    confirm = buttons_of(message)["approve"]["confirm"]
    assert "You have not been shown" not in confirm["text"]["text"]


def test_leaked_credentials_get_the_line_that_confirming_is_rarely_right() -> None:
    line = "Leaked credentials are rarely a false positive. The usual step is a password reset."
    assert line in told(request((about(OSLO, LEAKED),)))
    assert line in seen(said_in(review_modal(request((about(LEAKED),)), PLACE)))
    assert "rarely a false positive" not in told(request((about(OSLO),)))


def test_so_does_an_account_that_an_admin_confirmed_as_compromised() -> None:
    by_state = replace(about(OSLO), shown=snapshot(state="confirmedCompromised"))
    by_detection = about(Reason("adminConfirmedUserCompromised"))
    for one in (by_state, by_detection):
        assert "That an admin confirmed an account as compromised is rarely a false positive." in told(
            request((one,))
        )


def test_who_clicks_what_was_there_before_the_reasons_is_told_that_they_came() -> None:
    text = refusals.old_view(request(view=3, explained_view=3), 2).text
    assert text == (
        "The reasons came in while you were reading. Your click was not counted. Please look again and decide."
    )


def test_who_clicks_what_was_there_before_the_risk_rose_is_told_whose() -> None:
    rose = replace(target(), was=snapshot(level="low"))
    text = refusals.old_view(request((rose,), view=3, reopened="drifted"), 2).text
    assert seen(text) == (
        "The risk changed while you were reading: *Adele Vance*, Low → High. Your click was not counted. "
        "Please look again and decide."
    )
