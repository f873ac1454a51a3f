"""What the local Slack shows people reads as they would see it, and pings whom it would ping."""

from typing import Any

import pytest

from demo.local_slack import Message, View
from demo.local_slack.workspace import BOT_USER, Workspace
from tests.demo.test_slack_calls import APPROVALS

MENTIONS = "<@U0MEGAN> and <!subteam^S0SOC> in <#C0APPROVE>, <!here>"


def message(text: str = "", *blocks: dict[str, Any]) -> Message:
    return Message(APPROVALS, "1.1", BOT_USER, text, list(blocks))


def section(kind: str, words: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": kind, "text": words}, **more}


def button(label: str) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": label}, "action_id": label}


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("*Tom &amp; Jerry* &lt;3", "Tom & Jerry <3"),
        (MENTIONS, "@Megan Bowen and @soc-approvers in #id-approvals, @here"),
        ("<@U0NOBODY> in <#C0NOWHERE>", "@U0NOBODY in #C0NOWHERE"),
        ("until <!date^1767268800^{time}|noon>", "until 12:00"),
        ("<https://example.com/?a=1|open>", "open"),
        ("\u2068Adele\u2069", "Adele"),
    ],
)
def test_markup_reads_as_what_it_shows(markup: str, words: str) -> None:
    shown = Workspace()

    assert shown.plain(message(markup)) == words
    assert shown.plain(message("unread", section("mrkdwn", markup))) == words


def test_plain_text_reads_as_it_is() -> None:
    assert Workspace().plain(message("", section("plain_text", f"*a* &amp; {MENTIONS}"))) == f"*a* &amp; {MENTIONS}"


def test_each_block_is_a_line_with_its_buttons_in_brackets() -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Confirm?"}},
        section("mrkdwn", "Adele", accessory=button("Details")),
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*one*"}, {"type": "plain_text", "text": "two"}]},
        {"type": "divider"},
        {"type": "actions", "elements": [button("Approve"), button("Deny")]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "CS-4K7Q"}]},
    ]
    lines = ["Confirm?", "Adele [Details]", "one two", "---", "[Approve] [Deny]", "CS-4K7Q"]

    assert Workspace().plain(message("for phones", *blocks)) == "\n".join(lines)
    assert Workspace().plain(blocks) == "\n".join(lines)


def test_a_modal_reads_from_its_title_down() -> None:
    label = {"type": "plain_text", "text": "Why?"}
    blocks = [{"type": "input", "label": label, "element": {"type": "plain_text_input", "action_id": "a"}}]
    view = View("V1", "U0MEGAN", {"title": {"type": "plain_text", "text": "Deny"}, "blocks": blocks})

    assert Workspace().plain(view) == "Deny\nWhy?"


def test_markup_pings_and_plain_text_does_not() -> None:
    shown = Workspace()

    assert shown.pings(message(MENTIONS)) == {"U0MEGAN", "S0SOC", "!here"}
    assert shown.pings(message("", section("mrkdwn", MENTIONS))) == {"U0MEGAN", "S0SOC", "!here"}
    assert shown.pings(message("", section("plain_text", MENTIONS))) == set()
    assert shown.pings(message("", section("mrkdwn", "&lt;@U0MEGAN&gt; &lt;!channel&gt;"))) == set()


def test_where_there_are_blocks_the_text_pings_nobody() -> None:
    assert Workspace().pings(message("<@U0MEGAN>", section("mrkdwn", "nobody"))) == set()
