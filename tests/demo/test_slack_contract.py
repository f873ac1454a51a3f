"""The local Slack takes what Slack publishes: its methods' arguments, Block Kit's limits, and valid blocks."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from demo.local_slack.arguments import METHODS
from demo.local_slack.blockkit import faults_of_message, faults_of_view
from tests.demo.test_slack_calls import APPROVALS, Caller, calling
from tests.demo.test_slack_limits import FULL, MOST, faults, plain, sized

CONTRACTS = Path(__file__).parents[3] / "shared" / "contracts"

pytestmark = pytest.mark.skipif(not CONTRACTS.exists(), reason="what Slack publishes is not part of the repository")

# -- arguments

NEWER = {
    "team_id": "Bolt adds it to every call, and Slack takes it",
    "metadata": "message metadata came in 2022",
    "include_all_metadata": "message metadata came in 2022",
}
"""Arguments that the published list, which is of 2021, does not have yet."""
CAN_NOT_DO_WITHOUT = {
    "chat.delete": {"channel", "ts"},
    "conversations.info": {"channel"},
    "conversations.history": {"channel"},
    "conversations.replies": {"channel", "ts"},
    "conversations.members": {"channel"},
    "users.info": {"user"},
    "views.update": {"view"},
}
"""Required by the reference of today; the list of 2021 calls them optional."""
WRITING = {"chat:write:bot": "chat:write", "im:write": "im:write"}
"""What a bot needs of the scopes that write: one was renamed since 2021, and only direct messages are opened."""


def read(name: str) -> Any:
    return json.loads((CONTRACTS / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def published() -> Any:
    return read("slack-webapi-slice.json")["methods"]


def excess(name: str, takes: set[str], published: Any) -> set[str]:
    return takes - set(published[name]["args"]) - set(NEWER)


@pytest.mark.parametrize("name", METHODS)
def test_each_argument_of_a_method_is_published(published: Any, name: str) -> None:
    assert excess(name, set(METHODS[name].takes), published) == set()


@pytest.mark.parametrize("name", METHODS)
def test_what_is_required_is_required_here_too_and_little_else(published: Any, name: str) -> None:
    required = {key for key, about in published[name]["args"].items() if about["required"]}

    assert set(METHODS[name].needs) == required | CAN_NOT_DO_WITHOUT.get(name, set())


@pytest.mark.parametrize("name", METHODS)
def test_each_method_asks_for_the_published_scopes(published: Any, name: str) -> None:
    scopes = set(published[name]["scopes"])

    assert set(METHODS[name].scopes) == ({WRITING[scope] for scope in scopes & set(WRITING)} or scopes)


def test_the_check_itself_finds_an_argument_that_is_not_published(published: Any) -> None:
    assert excess("chat.update", {"channel", "colour"}, published) == {"colour"}


# -- limits

HELD: dict[str, tuple[str, str]] = {
    "text": ("section", "text"),
    "action_id": ("button", "action_id"),
    "block_id": ("header", "block_id"),
    **{f"button.{key}": ("button", key) for key in ("text", "url", "value", "accessibility_label")},
    **{f"confirmation.{key}": ("button", f"confirm.{key}") for key in ("title", "text", "confirm", "deny")},
    **{f"option.{key}": ("checkboxes", f"options.0.{key}") for key in ("text", "value", "description")},
    "select.placeholder": ("static_select", "placeholder"),
    "select.options": ("static_select", "options"),
    "checkboxes.options": ("checkboxes", "options"),
    "plain_text_input.max_length": ("plain_text_input", "max_length"),
    "actions.elements": ("actions", "elements"),
    "context.elements": ("context", "elements"),
    "header.text": ("header", "text"),
    "input.label": ("input", "label"),
    "input.hint": ("input", "hint"),
    "section.text": ("section", "text"),
    "section.fields": ("section", "fields"),
    **{f"view.{key}": ("view", key) for key in ("title", "close", "submit", "private_metadata", "callback_id")},
    "view.blocks": ("view", "blocks"),
}
"""Where each published limit is held."""
UNKNOWN = {
    *("alert", "card", "carousel", "container", "context_actions", "data_table", "data_visualization"),
    *("feedback_button", "file_input", "icon_button", "image", "markdown", "option_group", "overflow"),
    *("radio_buttons", "url_source", "video"),
}
"""Kinds of blocks, elements and objects that the local Slack refuses altogether."""
UNKNOWN_KEYS = {"option.url": "for overflow menus only", "select.option_groups": "options are enough so far"}
NOT_PUBLISHED = {
    ("context", "elements.0"): "a text object's own",
    ("plain_text_input", "placeholder"): "as a select's",
    ("plain_text_input", "initial_value"): "no more than an input takes",
    ("plain_text_input", "min_length"): "0 to 3000, in the element's reference",
    ("checkboxes", "initial_options"): "no more than there are options",
    ("view", "external_id"): "255, in the method's reference",
}
"""Limits that are held although the published list does not have them."""


def published_limits() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for kind, about in read("blockkit/limits.json").items() if CONTRACTS.exists() else ():
        nested = {f"{kind}.{key}": rules for key, rules in about.items() if isinstance(rules, dict)}
        found |= nested or {kind: about}
    return {path: rules for path, rules in found.items() if path.partition(".")[0] not in UNKNOWN}


LIMITS = published_limits()


def judged(path: str, size: int, *, each: bool = False) -> list[str]:
    kind, key = HELD[path]
    match key:
        case "block_id":
            return faults(kind, {**FULL[kind], "block_id": "x" * size})
        case "blocks":
            return faults(kind, {**FULL[kind], "blocks": [{"type": "divider"}] * size})
        case _:
            return faults(kind, sized(kind, f"{key}.0" if each else key, size))


def test_every_published_limit_of_a_known_kind_is_held_or_named() -> None:
    assert set(LIMITS) == set(HELD) | set(UNKNOWN_KEYS)


@pytest.mark.parametrize("path", sorted(set(LIMITS) - set(UNKNOWN_KEYS)))
def test_a_published_limit_is_exactly_the_one_held(path: str) -> None:
    for rule, value in LIMITS[path].items():
        each = rule.startswith("item_")
        beyond = value - 1 if rule.startswith("min") else value + 1
        assert judged(path, value, each=each) == [], rule
        assert judged(path, beyond, each=each) != [], rule


def test_no_limit_is_held_that_is_not_published_or_named() -> None:
    held = {(kind, path) for kind, limits in MOST.items() for path in limits}
    shared = {(kind, path) for kind, path in held if path == "action_id" or "confirm." in path or "option" in path}

    assert held - shared - set(HELD.values()) == (set(NOT_PUBLISHED) | {("section", "fields.0")}) - shared


# -- valid blocks

REFUSED = {
    "alert_block.json": "block 0: unknown block type 'alert'",
    "card_block.json": "block 0: unknown block type 'card'",
    "carousel_block.json": "block 0: unknown block type 'carousel'",
    "container_block.json": "block 0: unknown block type 'container'",
    "context_actions_feedback_buttons.json": "block 0: unknown block type 'context_actions'",
    "context_actions_icon_button.json": "block 0: unknown block type 'context_actions'",
    "data_table_block.json": "block 0: unknown block type 'data_table'",
    "data_visualization_area.json": "block 0: unknown block type 'data_visualization'",
    "data_visualization_bar.json": "block 0: unknown block type 'data_visualization'",
    "data_visualization_line.json": "block 0: unknown block type 'data_visualization'",
    "data_visualization_pie.json": "block 0: unknown block type 'data_visualization'",
    "file_block_only.json": "block 0: unknown block type 'file'",
    "image_block_only.json": "block 0: unknown block type 'image'",
    "markdown_block_basic.json": "block 0: unknown block type 'markdown'",
    "message_compound.json": "block 1: unknown block type 'image'",
    "plan_block.json": "block 0: unknown block type 'plan'",
    "rich_text_block_basic.json": "block 0: unknown block type 'rich_text'",
    "table_block.json": "block 0: unknown block type 'table'",
    "task_card_block.json": "block 0: unknown block type 'task_card'",
    "video_block_basic.json": "block 0: unknown block type 'video'",
    "video_block_full.json": "block 0: unknown block type 'video'",
    "hometab_view.json": "view: no modal",
    "message_basic_attachment.json": "blocks: no list of blocks",
    "message_with_attachments.json": "blocks: no list of blocks",
    "webhook_message_basic.json": "blocks: a block_id is used twice",
    "webhook_message_delete.json": "blocks: a block_id is used twice",
}
"""Of kinds that the local Slack does not know, made of attachments only, or with a block_id twice."""
VALID = sorted(path.name for path in (CONTRACTS / "blockkit" / "valid").glob("*.json"))


def judge(valid: Any) -> list[str]:
    match valid:
        case {"type": "modal" | "home"}:
            return faults_of_view(valid)
        case {"type": "input"}:
            return faults_of_view({"type": "modal", "title": plain(), "submit": plain(), "blocks": [valid]})
        case {"type": _}:
            return faults_of_message([valid])
        case _:
            return faults_of_message(valid.get("blocks"))


@pytest.mark.parametrize("name", VALID)
def test_valid_blocks_of_known_kinds_are_accepted(name: str) -> None:
    assert judge(read(f"blockkit/valid/{name}")) == ([REFUSED[name]] if name in REFUSED else [])


def test_no_refusal_is_named_for_a_file_that_is_not_there() -> None:
    assert set(REFUSED) <= set(VALID)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


async def test_valid_messages_are_posted(caller: Caller) -> None:
    names = [
        name for name in VALID if name.startswith("message_") and name not in {*REFUSED, "message_response.json"}
    ]
    for name in names:
        message = {key: value for key, value in read(f"blockkit/valid/{name}").items() if key != "mrkdwn"}
        await caller.good("chat.postMessage", **{**message, "channel": APPROVALS})

    assert len(caller.slack.messages(APPROVALS)) == len(names) == 2
    assert caller.complaints == []
