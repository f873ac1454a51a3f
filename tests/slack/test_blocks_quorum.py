"""A quorum in the open: who has approved, whose approval counts no longer, what is still needed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.decisions import Decision
from bot.core.ids import SlackUserId
from bot.core.rules import Need, Policy, Rule, Team
from bot.slack.blocks import rules, thread, words
from bot.slack.blocks.approval import approval_message
from bot.slack.blocks.message import MAX_SECTION
from bot.slack.blocks.words import date
from tests.slack.made import DIEGO, MEGAN, NOON, PLACE, request, texts_of

JONI, BOSS = SlackUserId("U0JONI"), SlackUserId("U0BOSS")
POLICY = Policy(
    {
        "soc": Team("soc", "SOC", ("S0SOC", "U0MEGAN")),
        "identity": Team("identity", "Identity", ("S0IDENT", "entra-group:0a", "U0JONI")),
        "managers": Team("managers", "Managers", ("U0BOSS",), is_silent=True),
    },
    (
        Rule("high", (Need(("soc",)), Need(("identity",))), level="high"),
        Rule("many", (Need(("soc", "managers"), 2),), more_than=50, open_for=timedelta(hours=1)),
        Rule("rest", (Need(("soc", "managers")),)),
    ),
)


def given(by: SlackUserId, *teams: str, void: str = "") -> Decision:
    return Decision(by, NOON, 1, teams=teams, void=void)  # type: ignore[arg-type] # a plain string


def line(**changed: Any) -> str:
    shown = request(**changed)
    message = approval_message(shown, rules.installed(PLACE, POLICY, shown))
    return str(message.blocks[1]["text"]["text"])


def test_before_anybody_has_approved_it_says_what_it_takes() -> None:
    assert line() == (
        "<@U0DIEGO> asks <!subteam^S0SOC>, <@U0MEGAN>, <!subteam^S0IDENT>, \u2068Identity\u2069, <@U0JONI>. "
        f"Needed: one from SOC and one from Identity. Risk: *High*. Open until {date(NOON + timedelta(hours=8))}."
    )


def test_after_the_first_it_says_by_whom_and_mentions_those_alone_who_can_still_approve() -> None:
    assert line(approvals=(given(MEGAN, "soc"),)) == (
        "Approved by <@U0MEGAN> (SOC). Still needed: one from Identity. "
        "<@U0DIEGO> asks <!subteam^S0IDENT>, \u2068Identity\u2069, <@U0JONI>. "
        f"Risk: *High*. Open until {date(NOON + timedelta(hours=8))}."
    )


def test_an_approval_that_counts_no_longer_is_struck_out_beside_those_that_do() -> None:
    struck = (given(MEGAN, "soc", void="at_risk"),)
    assert line(approvals=(given(JONI, "identity"),), struck=struck).startswith(
        "~Approved by <@U0MEGAN>~ (no longer counts: their own Entra account is at risk). "
        "Approved by <@U0JONI> (Identity). Still needed: one from SOC. "
    )
    before = (given(MEGAN, "soc", void="seen_before"), given(JONI, "identity", void="not_allowed"))
    assert line(struck=before).startswith(
        "~Approved by <@U0MEGAN>~ (no longer counts: given for what it showed before). "
        "~Approved by <@U0JONI>~ (no longer counts: they may not approve it any more). <@U0DIEGO> asks"
    )


def test_two_that_count_no_longer_are_one_sentence_which_says_why_once() -> None:
    struck = (given(MEGAN, "soc", void="at_risk"), given(JONI, "identity", void="not_allowed"))
    why = "<@U0MEGAN> (their own Entra account is at risk) and <@U0JONI> (they may not approve it any more)"
    told = f"The approvals by {why} no longer count. Nothing was sent. "
    assert line(struck=struck, reopened="voided").startswith(f"{told}<@U0DIEGO> asks")
    left = line(struck=struck, approvals=(given(BOSS, "soc"),), reopened="voided")
    assert left.startswith(f"{told}~Approved by <@U0MEGAN>~. ~Approved by <@U0JONI>~. Approved by <@U0BOSS> (SOC). ")


def test_silent_back_ups_and_whoever_asked_are_not_mentioned() -> None:
    rest = replace(POLICY, rules=POLICY.rules[2:])
    assert rules.able(rest, request(asker=replace(request().asker, id=MEGAN))) == ("S0SOC",)
    assert rules.able(rest, None) == ("S0SOC", "U0MEGAN", "S0IDENT", "name:Identity", "U0JONI")


def test_a_back_up_is_named_where_nobody_else_can_and_still_not_mentioned() -> None:
    alone = replace(POLICY, rules=(Rule("rest", (Need(("managers",)),)),))
    place = rules.installed(PLACE, alone, request())
    assert words.approvers(place) == "\u2068Managers\u2069"


def test_a_team_whose_name_looks_like_an_id_is_not_taken_for_one() -> None:
    for name in ("SOC", "U2", "WATCH"):
        team = Team("soc", name, ("entra-group:0a",))
        place = rules.installed(PLACE, Policy({"soc": team}, (Rule("all", (Need(("soc",)),)),)), request())
        assert words.approvers(place) == f"\u2068{name}\u2069"


def test_two_of_one_team_are_each_named_with_theirs() -> None:
    two = replace(POLICY, rules=(Rule("two", (Need(("soc",), 3),)),))
    shown = request(approvals=(given(MEGAN, "soc"), given(JONI, "soc", "identity")))
    message = approval_message(shown, rules.installed(PLACE, two, shown))
    assert message.blocks[1]["text"]["text"].startswith(
        "Approved by <@U0MEGAN> (SOC) and <@U0JONI> (SOC and Identity). Still needed: one from SOC. "
    )


def test_the_thread_says_who_approved_and_what_is_needed() -> None:
    shown = request(approvals=(given(MEGAN, "soc"),))
    told = thread.approved_in_part(MEGAN, rules.installed(PLACE, POLICY, shown))
    assert told.text == "<@U0MEGAN> approved. Still needed: one from Identity."


def test_why_a_rule_decides_is_a_sentence() -> None:
    targets = request().targets
    assert rules.because(POLICY, targets) == (
        "The rule “high” decides: the highest risk is high (high or more). "
        "It takes one from SOC and one from Identity, by different people."
    )
    low = tuple(replace(t, shown=replace(t.shown, level="low")) for t in targets)
    assert rules.because(POLICY, low * 51) == (
        "The rule “many” decides: there are 51 users (more than 50). It takes 2 from SOC or Managers, by different "
        "people."
    )
    assert rules.because(POLICY, low) == (
        "The rule “rest” decides: no rule before it fits. It takes one from SOC or Managers."
    )


def test_long_names_of_many_teams_still_fit_the_message() -> None:
    teams = {f"t{n}": Team(f"t{n}", "&" * 60, (f"S{n}",)) for n in range(40)}
    policy = Policy(teams, (Rule("&" * 60, tuple(Need(tuple(teams)) for _ in range(10))),))
    approvals = tuple(given(SlackUserId(f"U{n:010}"), f"t{n}") for n in range(9))
    shown = request(approvals=approvals, struck=tuple(replace(one, void="at_risk") for one in approvals))
    message = approval_message(shown, rules.installed(PLACE, policy, shown))
    assert all(len(text["text"]) <= MAX_SECTION for text in texts_of(message.blocks))
    assert DIEGO in message.blocks[1]["text"]["text"]
