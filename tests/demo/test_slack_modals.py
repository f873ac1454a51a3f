"""The local Slack opens a modal for a click within three seconds, once, and changes it while it is open."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from demo.local_slack import View
from tests.demo.test_slack_calls import Caller, calling

FIELD = {
    "type": "input",
    "block_id": "why",
    "label": {"type": "plain_text", "text": "Why?"},
    "element": {"type": "plain_text_input", "action_id": "text"},
}


def modal(title: str = "Deny", **more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "submit": {"type": "plain_text", "text": "Deny"},
        "blocks": [FIELD],
        **more,
    }


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


def trigger(caller: Caller, user: str = "U0MEGAN") -> str:
    return caller.slack.workspace.new_trigger(user, caller.clock.now())


async def opened(caller: Caller, **more: Any) -> View:
    await caller.good("views.open", trigger_id=trigger(caller), view=modal(**more))
    view = caller.slack.modal("U0MEGAN")
    assert view is not None
    return view


def shown(caller: Caller, user: str = "U0MEGAN") -> str:
    view = caller.slack.modal(user)
    return "" if view is None else view.view["title"]["text"]


async def test_a_modal_opens_for_who_clicked_and_for_nobody_else(caller: Caller) -> None:
    answer = await caller.good("views.open", trigger_id=trigger(caller), view=modal(private_metadata="CS-4K7Q.1"))

    view = caller.slack.modal("U0MEGAN")
    assert view is not None
    assert answer["view"] == view.as_json()
    assert (view.view["private_metadata"], view.view["blocks"]) == ("CS-4K7Q.1", [FIELD])
    assert caller.slack.modal("U0DIEGO") is None


@pytest.mark.parametrize(("after", "error"), [(3.0, ""), (3.001, "expired_trigger_id")])
async def test_a_trigger_lives_three_seconds(caller: Caller, after: float, error: str) -> None:
    trigger_id = trigger(caller)
    caller.clock.advance(timedelta(seconds=after))
    answer = await caller.call("views.open", trigger_id=trigger_id, view=modal())

    assert answer.get("error", "") == error
    assert bool(shown(caller)) is answer["ok"]


async def test_a_trigger_works_once(caller: Caller) -> None:
    trigger_id = trigger(caller)
    await caller.good("views.open", trigger_id=trigger_id, view=modal("First"))

    assert await caller.refused("views.open", trigger_id=trigger_id, view=modal("Second")) == "exchanged_trigger_id"
    assert shown(caller) == "First"


async def test_a_trigger_of_ones_own_making_opens_nothing(caller: Caller) -> None:
    assert await caller.refused("views.open", trigger_id="1.2.made-up", view=modal()) == "invalid_trigger_id"


async def test_a_view_that_breaks_a_rule_is_refused_and_its_trigger_is_not_used_up(caller: Caller) -> None:
    trigger_id = trigger(caller)
    answer = await caller.call("views.open", trigger_id=trigger_id, view=modal("x" * 25))

    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] view: title: text: must be 1 to 24 characters, not 25"
    ]
    assert caller.complaints == ["views.open: view: title: text: must be 1 to 24 characters, not 25"]
    await caller.good("views.open", trigger_id=trigger_id, view=modal("x" * 24))


@pytest.mark.parametrize(
    ("view", "complaint"),
    [
        ("no json", "view: no modal"),
        ({**modal(), "type": "home"}, "view: no modal"),
        ({k: v for k, v in modal().items() if k != "submit"}, "view: a modal with inputs needs submit"),
        (modal(blocks=[{"type": "divider"}] * 101), "blocks: 101 are more than 100"),
        (modal(private_metadata="x" * 3001), "view: private_metadata: must be 0 to 3000 characters, not 3001"),
        (modal(colour="red"), "view: unknown key 'colour'"),
    ],
)
async def test_a_view_of_another_shape_is_an_error_and_a_complaint(caller: Caller, view: Any, complaint: str) -> None:
    known = await opened(caller)
    refused = [
        await caller.refused("views.open", trigger_id=trigger(caller), view=view),
        await caller.refused("views.update", view_id=known.id, view=view),
    ]

    assert refused == ["invalid_arguments"] * 2
    assert caller.complaints == [f"views.open: {complaint}", f"views.update: {complaint}"]
    assert shown(caller) == "Deny"


async def test_100_blocks_open_and_250_kb_are_the_most_that_does(caller: Caller) -> None:
    text = {"type": "plain_text", "text": "x" * 2400}
    section = {"type": "section", "text": text}
    await opened(caller, blocks=[section] * 100)
    over = modal(blocks=[{**section, "text": {**text, "text": "x" * 2500}}] * 100)

    assert await caller.refused("views.open", trigger_id=trigger(caller), view=over) == "view_too_large"
    assert caller.complaints == ["views.open: a view of more than 250000 bytes"]


async def test_an_update_changes_the_modal_that_is_open(caller: Caller) -> None:
    view = await opened(caller)
    before = view.hash
    answer = await caller.good("views.update", view_id=view.id, hash=before, view=modal("Changed"))

    assert shown(caller) == "Changed"
    assert (answer["view"]["id"], answer["view"]["hash"] == before) == (view.id, False)


async def test_an_update_of_what_has_changed_meanwhile_is_refused(caller: Caller) -> None:
    view = await opened(caller)
    old = view.hash
    await caller.good("views.update", view_id=view.id, view=modal("Newer"))

    assert await caller.refused("views.update", view_id=view.id, hash=old, view=modal("Late")) == "hash_conflict"
    assert shown(caller) == "Newer"


async def test_a_modal_is_found_by_the_apps_own_id_too(caller: Caller) -> None:
    await opened(caller, external_id="CS-4K7Q")
    await caller.good("views.update", external_id="CS-4K7Q", view=modal("Changed", external_id="CS-4K7Q"))
    again = modal(external_id="CS-4K7Q")

    assert shown(caller) == "Changed"
    assert await caller.refused("views.open", trigger_id=trigger(caller), view=again) == "duplicate_external_id"


@pytest.mark.parametrize("args", [{"view_id": "V0NONE"}, {"external_id": "CS-NONE"}, {}])
async def test_a_modal_that_is_not_open_can_not_be_updated(caller: Caller, args: dict[str, str]) -> None:
    await opened(caller)

    assert await caller.refused("views.update", **args, view=modal()) == "not_found"
