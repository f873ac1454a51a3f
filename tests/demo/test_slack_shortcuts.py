"""Shortcuts and lists of the app's own arrive as Slack sends them, and a form keeps what was entered in it."""

from typing import Any

import pytest

from demo.local_slack.blockkit import faults_of_options
from demo.local_slack.workspace import APP, TEAM
from tests.demo.test_slack_delivery import Listener
from tests.demo.test_slack_submits import bot, field, modal, opened, plain

__all__ = ["bot"]

LIST = field({"type": "multi_external_select", "action_id": "users", "min_query_length": 0}, block_id="users")
TEXT = field({"type": "plain_text_input", "action_id": "text"}, block_id="reason")
ADELE = {"text": plain("Adele"), "value": "1"}


async def test_a_global_shortcut_comes_from_no_channel_and_can_open_a_modal(bot: Listener) -> None:
    await bot.caller.slack.shortcuts.shortcut("confirm_safe", by="U0MEGAN")
    payload = bot.payload()
    assert (payload["type"], payload["callback_id"]) == ("shortcut", "confirm_safe")
    assert (payload["api_app_id"], payload["team"]["id"], payload["user"]["id"]) == (APP, TEAM, "U0MEGAN")
    assert not {"channel", "message", "response_url"} & set(payload)
    await bot.caller.good("views.open", trigger_id=payload["trigger_id"], view=modal(TEXT))
    assert bot.caller.slack.modal("U0MEGAN") is not None


async def test_a_message_shortcut_brings_the_message_as_it_is(bot: Listener) -> None:
    message = {"ts": "1.000001", "bot_id": "B0OTHER", "attachments": [{"fallback": "a"}]}
    await bot.caller.slack.shortcuts.message_shortcut(message, "confirm_safe_alert")
    payload = bot.payload()
    assert (payload["type"], payload["callback_id"]) == ("message_action", "confirm_safe_alert")
    assert payload["message"] == {"type": "message", **message}
    assert payload["channel"] == {"id": "C0GENERAL", "name": "general"}
    assert payload["message_ts"] == "1.000001"
    assert payload["response_url"]


async def test_a_list_asks_the_app_for_its_options_and_what_is_chosen_comes_with_the_submit(bot: Listener) -> None:
    view = await opened(bot, LIST)
    bot.answer = {"options": [ADELE]}
    found = await bot.caller.slack.shortcuts.suggest(view, "users", "ad")
    payload = bot.payload()
    assert found == [ADELE]
    assert (payload["type"], payload["action_id"], payload["block_id"]) == ("block_suggestion", "users", "users")
    assert (payload["value"], payload["container"]) == ("ad", {"type": "view", "view_id": view.id})
    bot.answer = None
    await bot.caller.slack.submit(view, values={"users": ["1"]})
    values = bot.payload()["view"]["state"]["values"]
    assert values["users"]["users"] == {"type": "multi_external_select", "selected_options": [ADELE]}


async def test_what_was_not_offered_can_not_be_chosen(bot: Listener) -> None:
    view = await opened(bot, LIST)
    with pytest.raises(KeyError):
        await bot.caller.slack.submit(view, values={"users": ["2"]})


async def test_an_update_keeps_what_was_entered_in_fields_of_the_same_names_only(bot: Listener) -> None:
    view = await opened(bot, TEXT, LIST)
    view.entered |= {"text": "typed"}
    kept = modal({"type": "divider"}, TEXT)
    await bot.caller.good("views.update", view_id=view.id, view=kept)
    assert view.entered == {"text": "typed"}
    renamed = modal({**TEXT, "block_id": "another"})
    await bot.caller.good("views.update", view_id=view.id, view=renamed)
    assert view.entered == {}


@pytest.mark.parametrize(
    "answer",
    [
        {"options": []},
        {"options": [ADELE] * 1},
        {"option_groups": [{"label": plain("Near"), "options": [ADELE]}]},
    ],
)
def test_options_that_slack_takes_are_taken(answer: dict[str, Any]) -> None:
    assert faults_of_options(answer) == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (None, "options: neither options nor option_groups"),
        ({"options": [], "option_groups": []}, "options: neither options nor option_groups"),
        ({"options": [ADELE, ADELE]}, "options: a value is used twice"),
        ({"options": [{**ADELE, "value": str(n)} for n in range(101)]}, "options: must be a list of 1 to 100"),
        (
            {"options": [{**ADELE, "text": plain("x" * 76)}]},
            "options 0: text: text: must be 1 to 75 characters, not 76",
        ),
        ({"options": [{**ADELE, "value": "x" * 151}]}, "options 0: value: must be 0 to 150 characters, not 151"),
        (
            {"options": [{**ADELE, "text": {"type": "mrkdwn", "text": "a"}}]},
            "options 0: text: must be plain_text",
        ),
        (
            {"option_groups": [{"label": plain("Near"), "options": []}]},
            "option_groups 0: options: must be a list of 1 to 100",
        ),
    ],
)
def test_options_that_slack_would_refuse_are_a_fault(answer: Any, fault: str) -> None:
    assert faults_of_options(answer) == [fault]


async def test_options_that_slack_would_refuse_are_shown_to_nobody(bot: Listener) -> None:
    view = await opened(bot, LIST)
    bot.answer = {"options": [ADELE, ADELE]}
    assert await bot.caller.slack.shortcuts.suggest(view, "users") == []
    fault = "the answer to a block_suggestion: options: a value is used twice"
    assert bot.caller.slack.complaints == [fault]
