"""A click reaches the bot as Slack sends it, from whoever clicks, and again when somebody sends it again."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from demo.local_slack import Message
from demo.local_slack.workspace import APP, BOT_USER, TEAM
from tests.demo.test_slack_calls import APPROVALS
from tests.demo.test_slack_delivery import ASKING, Listener, asked, listening


@pytest.fixture
async def bot() -> AsyncIterator[Listener]:
    async with listening() as listener:
        yield listener


async def test_a_click_arrives_as_slack_sends_it(bot: Listener) -> None:
    shown = await asked(bot)
    answer = await bot.caller.slack.click(shown, "approve", by="U0DIEGO")

    payload = bot.payload()
    assert answer.status == 200
    assert (payload["type"], payload["api_app_id"], payload["team"]["id"]) == ("block_actions", APP, TEAM)
    assert (payload["user"]["id"], payload["user"]["team_id"]) == ("U0DIEGO", TEAM)
    assert payload["container"] == {
        "type": "message",
        "message_ts": shown.ts,
        "channel_id": APPROVALS,
        "is_ephemeral": False,
    }
    assert payload["channel"] == {"id": APPROVALS, "name": "id-approvals"}
    assert payload["message"] == {"type": "message", "ts": shown.ts, "text": "asks", "blocks": ASKING}
    [action] = payload["actions"]
    assert (action["action_id"], action["block_id"], action["value"]) == ("approve", "buttons", "v1")
    assert payload["trigger_id"] in bot.caller.slack.workspace.triggers


async def test_a_click_in_a_thread_names_the_thread(bot: Listener) -> None:
    parent = await bot.caller.post()
    await bot.caller.slack.click(await asked(bot, thread_ts=parent), "approve")

    assert bot.payload()["message"]["thread_ts"] == parent


async def test_a_click_on_a_private_answer_brings_no_message(bot: Listener) -> None:
    await bot.caller.good("chat.postEphemeral", channel=APPROVALS, user="U0MEGAN", text="x", blocks=ASKING)
    await bot.caller.slack.click(bot.caller.slack.ephemerals("U0MEGAN")[0], "approve")

    assert bot.payload()["container"]["is_ephemeral"] is True
    assert "message" not in bot.payload()


@pytest.mark.parametrize("action_id", ["deny", "why"])
async def test_only_a_button_that_is_there_can_be_clicked(bot: Listener, action_id: str) -> None:
    select = {"type": "static_select", "action_id": "why", "options": []}
    shown = Message(APPROVALS, "1.1", BOT_USER, "", [*ASKING, {"type": "section", "accessory": select}])
    with pytest.raises(LookupError, match=action_id):
        await bot.caller.slack.click(shown, action_id)


@pytest.mark.parametrize("user", ["U0OUTSIDE", "U0GONE", "U0GUEST", "U0OTHERBOT"])
async def test_whoever_clicks_is_named_with_their_own_workspace_and_left_to_the_bot_to_judge(
    bot: Listener, user: str
) -> None:
    await bot.caller.slack.click(await asked(bot), "approve", by=user)

    told = bot.payload()["user"]
    assert (told["id"], told["team_id"]) == (user, bot.caller.slack.users[user].team)
    assert bot.payload()["team"]["id"] == TEAM


@pytest.mark.parametrize("what", ["command", "click"])
async def test_a_replay_is_the_same_byte_for_byte(bot: Listener, what: str) -> None:
    if what == "command":
        await bot.caller.slack.command("help")
    else:
        await bot.caller.slack.click(await asked(bot), "approve")
    bot.caller.clock.advance(timedelta(seconds=60))
    assert (await bot.caller.slack.replay()).status == 200

    signed = [{k: v for k, v in headers.items() if k.startswith("X-Slack")} for _, headers in bot.arrived]
    assert bot.arrived[0][0] == bot.arrived[1][0]
    assert signed[0] == signed[1]


async def test_there_is_nothing_to_replay_before_something_was_sent(bot: Listener) -> None:
    with pytest.raises(LookupError, match="nothing was sent"):
        await bot.caller.slack.replay()


async def test_a_double_click_delivers_two_payloads_that_differ_in_their_trigger_only(bot: Listener) -> None:
    bot.caller.slack.delivery.duplicate_deliveries = True
    await bot.caller.slack.click(await asked(bot), "approve")

    first, second = bot.payload(0), bot.payload(1)
    assert len(bot.arrived) == 2
    assert first.pop("trigger_id") != second.pop("trigger_id")
    assert first == second
