"""A response_url answers a command or a click five times within 30 minutes, in place of the original or beside it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from demo.local_slack import Message
from tests.demo.test_slack_calls import APPROVALS
from tests.demo.test_slack_delivery import ASKING, Listener, asked, listening

DIVIDER = [{"type": "divider"}]


@pytest.fixture
async def bot() -> AsyncIterator[Listener]:
    async with listening() as listener:
        listener.answer = {"text": "Got it"}
        yield listener


async def respond(bot: Listener, url: str, **body: Any) -> tuple[int, str]:
    async with bot.caller.session.post(url, json=body) as response:
        return response.status, await response.text()


async def typed(bot: Listener) -> str:
    """Type a command; its response_url."""
    await bot.caller.slack.command("help")
    return bot.form()["response_url"]


async def clicked(bot: Listener, shown: Message, by: str = "U0MEGAN") -> str:
    await bot.caller.slack.click(shown, "approve", by=by)
    return str(bot.payload()["response_url"])


def private(bot: Listener, user: str = "U0ANALYST") -> list[str]:
    return [message.text for message in bot.caller.slack.ephemerals(user)]


async def test_replace_original_takes_the_place_of_the_private_answer(bot: Listener) -> None:
    url = await typed(bot)
    assert await respond(bot, url, text="Waiting", blocks=DIVIDER, replace_original=True) == (200, "ok")

    [message] = bot.caller.slack.ephemerals("U0ANALYST")
    assert (message.text, message.blocks) == ("Waiting", DIVIDER)
    assert message.edits == [("Got it", [])]
    assert bot.caller.complaints == []


@pytest.mark.parametrize("more", [{}, {"replace_original": False}, {"response_type": "ephemeral"}])
async def test_without_replace_original_the_answer_stands_beside_the_first(
    bot: Listener, more: dict[str, Any]
) -> None:
    await respond(bot, await typed(bot), text="More", **more)

    assert private(bot) == ["Got it", "More"]
    assert private(bot, "U0MEGAN") == []


async def test_an_answer_comes_even_where_the_first_one_was_empty(bot: Listener) -> None:
    bot.answer = ""
    url = await typed(bot)
    assert private(bot) == []
    await respond(bot, url, text="Here", replace_original=True)

    assert private(bot) == ["Here"]


async def test_in_channel_is_for_everybody_there(bot: Listener) -> None:
    await respond(bot, await typed(bot), text="All", response_type="in_channel")

    assert [message.text for message in bot.caller.slack.messages("C0GENERAL")] == ["All"]
    assert private(bot) == ["Got it"]


async def test_delete_original_takes_the_private_answer_away(bot: Listener) -> None:
    assert await respond(bot, await typed(bot), delete_original=True) == (200, "ok")

    assert private(bot) == []


async def test_a_click_on_a_message_can_replace_it_or_be_answered_privately(bot: Listener) -> None:
    shown = await asked(bot)
    await respond(bot, await clicked(bot, shown, by="U0DIEGO"), text="Only you")
    await respond(bot, await clicked(bot, shown), text="Decided", replace_original=True)

    assert private(bot, "U0DIEGO") == ["Only you"]
    assert [message.text for message in bot.caller.slack.messages(APPROVALS)] == ["Decided"]


async def test_a_click_on_a_private_answer_can_replace_it(bot: Listener) -> None:
    bot.answer = {"text": "Ask?", "blocks": ASKING}
    await typed(bot)
    bot.answer = ""
    [shown] = bot.caller.slack.ephemerals("U0ANALYST")
    await respond(bot, await clicked(bot, shown, by="U0ANALYST"), text="Dropped", replace_original=True)

    assert private(bot) == ["Dropped"]
    assert shown.response_url == bot.payload()["response_url"]


async def test_an_answer_that_overtakes_the_first_one_stays(bot: Listener) -> None:
    async def early(url: str) -> None:
        await respond(bot, url, text="Waiting", replace_original=True)

    bot.before_answering = early
    await typed(bot)

    assert private(bot) == ["Waiting"]


async def test_five_answers_are_the_most(bot: Listener) -> None:
    url = await typed(bot)
    for n in range(5):
        assert await respond(bot, url, text=str(n)) == (200, "ok")

    assert await respond(bot, url, text="sixth") == (404, "used_url")
    assert private(bot) == ["Got it", "0", "1", "2", "3", "4"]


@pytest.mark.parametrize(("minutes", "answer"), [(30, (200, "ok")), (30.01, (404, "expired_url"))])
async def test_an_answer_comes_within_30_minutes(bot: Listener, minutes: float, answer: tuple[int, str]) -> None:
    url = await typed(bot)
    bot.caller.clock.advance(timedelta(minutes=minutes))

    assert await respond(bot, url, text="late") == answer
    assert len(private(bot)) == (2 if answer[0] == 200 else 1)


async def test_each_click_opens_a_url_of_its_own(bot: Listener) -> None:
    shown = await asked(bot)
    first = await clicked(bot, shown)
    for _ in range(5):
        await respond(bot, first, text="x")
    bot.caller.clock.advance(timedelta(minutes=31))
    second = await clicked(bot, shown)

    assert (await respond(bot, first, text="x"))[0] == 404
    assert await respond(bot, second, text="x") == (200, "ok")


async def test_a_url_of_ones_own_making_leads_nowhere(bot: Listener) -> None:
    url = f"{bot.caller.slack.api_url.removesuffix('/api/')}/response/1.1"

    assert await respond(bot, url, text="x") == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "error", "complaints"),
    [
        ({}, "no_text", []),
        ({"text": ""}, "no_text", []),
        ({"text": "x" * 40_001}, "msg_too_long", []),
        ({"text": "a < b"}, "invalid_blocks", ["text: a < or > that is no markup of Slack's"]),
        ({"text": "x", "blocks": [{"type": "image"}]}, "invalid_blocks", ["block 0: unknown block type 'image'"]),
        ({"text": "x", "blocks": DIVIDER * 51}, "invalid_blocks", ["blocks: 51 are more than 50"]),
        ({"text": "x", "blocks": "x"}, "invalid_blocks_format", ["blocks: no list of blocks"]),
        ({"text": "x", "colour": "red"}, "invalid_payload", ["unknown key 'colour'"]),
        ({"text": "x", "response_type": "loud"}, "invalid_payload", ["unknown response_type 'loud'"]),
    ],
)
async def test_an_answer_that_breaks_a_rule_is_refused_and_uses_nothing_up(
    bot: Listener, body: dict[str, Any], error: str, complaints: list[str]
) -> None:
    url = await typed(bot)
    for _ in range(6):
        assert await respond(bot, url, **body) == (400, error)

    assert bot.caller.complaints == [f"response_url: {complaint}" for complaint in complaints] * 6
    assert await respond(bot, url, text="good") == (200, "ok")
    assert private(bot) == ["Got it", "good"]


async def test_no_token_is_needed_and_the_books_have_it_all(bot: Listener) -> None:
    await respond(bot, await typed(bot), text="Waiting")

    [call] = bot.caller.by_name("response_url")
    assert (call.args, call.status, call.answer) == ({"text": "Waiting"}, 200, "ok")
