"""A submit brings the bot what was entered, and its answer decides what becomes of the modal."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from demo.local_slack import View
from demo.local_slack.workspace import APP, TEAM
from tests.demo.test_slack_delivery import Listener, listening


def plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words}


def field(element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "label": plain("Why?"), "element": element, **more}


def modal(*blocks: dict[str, Any], title: str = "Deny") -> dict[str, Any]:
    view = {"type": "modal", "callback_id": "deny", "private_metadata": "CS-4K7Q.1", "blocks": list(blocks)}
    return {**view, "title": plain(title), "submit": plain("Deny")}


TEXT = {"type": "plain_text_input", "action_id": "text"}
OPTIONS = [{"text": plain(word), "value": word} for word in ("one", "two", "three")]
REASON = field(TEXT, block_id="reason")
GONE = {"type": "modal", "title": plain("Not counted"), "blocks": [{"type": "section", "text": plain("Too late.")}]}


@pytest.fixture
async def bot() -> AsyncIterator[Listener]:
    async with listening() as listener:
        yield listener


async def opened(bot: Listener, *blocks: dict[str, Any]) -> View:
    slack = bot.caller.slack
    trigger_id = slack.workspace.new_trigger("U0MEGAN", bot.caller.clock.now())
    await bot.caller.good("views.open", trigger_id=trigger_id, view=modal(*(blocks or [REASON])))
    return slack.workspace.views["U0MEGAN"]


async def test_a_submit_arrives_as_slack_sends_it(bot: Listener) -> None:
    view = await opened(bot, {"type": "divider"}, REASON)
    await bot.caller.slack.submit(view, values={"text": "not now"})

    payload = bot.payload()
    assert (payload["type"], payload["api_app_id"], payload["team"]["id"]) == ("view_submission", APP, TEAM)
    assert payload["user"]["id"] == "U0MEGAN"
    shown = payload["view"]
    assert (shown["id"], shown["hash"], shown["team_id"]) == (view.id, view.hash, TEAM)
    assert (shown["callback_id"], shown["private_metadata"]) == ("deny", "CS-4K7Q.1")
    assert shown["state"]["values"] == {"reason": {"text": {"type": "plain_text_input", "value": "not now"}}}


async def test_what_was_left_empty_has_no_value(bot: Listener) -> None:
    await bot.caller.slack.submit(await opened(bot))

    assert bot.payload()["view"]["state"]["values"]["reason"]["text"]["value"] is None


async def test_what_was_chosen_comes_as_options(bot: Listener) -> None:
    boxes = field({"type": "checkboxes", "action_id": "leave", "options": OPTIONS}, block_id="left")
    select = field({"type": "static_select", "action_id": "which", "options": OPTIONS}, block_id="chosen")
    view = await opened(bot, boxes, select)
    await bot.caller.slack.submit(view, values={"leave": ["one", "three"], "which": "two"})
    bot.answer = {"response_action": "errors", "errors": {"left": "Choose one."}}
    full = bot.payload()["view"]["state"]["values"]
    await bot.caller.slack.submit(await opened(bot, boxes, select))
    empty = bot.payload()["view"]["state"]["values"]

    assert full["left"]["leave"]["selected_options"] == [OPTIONS[0], OPTIONS[2]]
    assert full["chosen"]["which"]["selected_option"] == OPTIONS[1]
    assert empty["left"]["leave"]["selected_options"] == []
    assert empty["chosen"]["which"]["selected_option"] is None


async def test_ids_that_the_app_left_out_are_slacks_own(bot: Listener) -> None:
    await bot.caller.slack.submit(await opened(bot, field({"type": "plain_text_input"})))

    [block] = bot.payload()["view"]["state"]["values"].values()
    assert [entered["type"] for entered in block.values()] == ["plain_text_input"]


async def test_somebody_elses_submit_is_sent_under_their_own_name(bot: Listener) -> None:
    await bot.caller.slack.submit(await opened(bot), by="U0DIEGO")

    assert bot.payload()["user"]["id"] == "U0DIEGO"


@pytest.mark.parametrize("answer", ["", {"response_action": "clear"}])
async def test_an_empty_answer_closes_the_modal(bot: Listener, answer: Any) -> None:
    bot.answer = answer
    await bot.caller.slack.submit(await opened(bot))

    assert bot.caller.slack.modal("U0MEGAN") is None
    assert bot.caller.complaints == []


async def test_an_update_takes_the_modals_place(bot: Listener) -> None:
    view = await opened(bot)
    before = view.hash
    bot.answer = {"response_action": "update", "view": GONE}
    await bot.caller.slack.submit(view)

    shown = bot.caller.slack.modal("U0MEGAN")
    assert shown is view
    assert (view.view, view.hash == before) == (GONE, False)
    assert bot.caller.slack.plain(view) == "Not counted\nToo late."
    assert bot.caller.complaints == []


async def test_errors_leave_the_modal_open(bot: Listener) -> None:
    bot.answer = {"response_action": "errors", "errors": {"reason": "Say why."}}
    view = await opened(bot)
    await bot.caller.slack.submit(view)

    assert bot.caller.slack.modal("U0MEGAN") is view
    assert bot.caller.complaints == []


@pytest.mark.parametrize("status", [404, 503])
async def test_a_failure_leaves_the_modal_open(bot: Listener, status: int) -> None:
    bot.status = status
    view = await opened(bot)

    assert (await bot.caller.slack.submit(view)).status == status
    assert bot.caller.slack.modal("U0MEGAN") is view


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("ok", "unknown response_action None"),
        ({"text": "Got it"}, "unknown response_action None"),
        ({"response_action": "close"}, "unknown response_action 'close'"),
        ({"response_action": "clear", "view": GONE}, "clear takes [], not ['view']"),
        ({"response_action": "errors", "errors": {}}, "errors: no errors"),
        ({"response_action": "errors", "errors": {"why": "x"}}, "errors: 'why' is no input of the modal"),
        ({"response_action": "update", "view": {**GONE, "colour": "red"}}, "view: unknown key 'colour'"),
    ],
)
async def test_an_answer_that_slack_would_not_take_is_complained_of(
    bot: Listener, answer: Any, complaint: str
) -> None:
    bot.answer = answer
    await bot.caller.slack.submit(await opened(bot))

    assert bot.caller.complaints == [f"the answer to a view_submission: {complaint}"]
