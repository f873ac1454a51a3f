"""Exactly as much as a Block Kit limit allows is accepted by the local Slack, and one more is refused."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from demo.local_slack.blockkit import BLOCKS, ELEMENTS, VIEW, faults_of_message, faults_of_view
from demo.local_slack.shapes import Items, Line, Number, Rule, Text, Thing


def plain(words: str = "x") -> dict[str, Any]:
    return {"type": "plain_text", "text": words}


def option(value: str) -> dict[str, Any]:
    return {"text": plain(), "value": value, "description": plain()}


CONFIRM = {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain()}
OPTIONS = [option("0"), option("1")]
FULL: dict[str, dict[str, Any]] = {
    "header": {"text": plain()},
    "section": {"text": plain(), "fields": [plain()]},
    "context": {"elements": [plain()]},
    "actions": {"elements": [{"type": "button", "text": plain(), "action_id": "a"}]},
    "input": {"label": plain(), "hint": plain(), "element": {"type": "plain_text_input"}},
    "divider": {},
    "button": {
        "text": plain(),
        "action_id": "a",
        "value": "v",
        "url": "u",
        "confirm": CONFIRM,
        "accessibility_label": "l",
    },
    "plain_text_input": {
        "action_id": "a",
        "placeholder": plain(),
        "initial_value": "v",
        "min_length": 1,
        "max_length": 3000,
    },
    "checkboxes": {
        "action_id": "a",
        "options": OPTIONS,
        "initial_options": OPTIONS[:1],
        "confirm": CONFIRM,
    },
    "static_select": {
        "action_id": "a",
        "options": OPTIONS,
        "initial_option": OPTIONS[0],
        "placeholder": plain(),
        "confirm": CONFIRM,
    },
    "multi_external_select": {
        "action_id": "a",
        "initial_options": OPTIONS[:1],
        "placeholder": plain(),
        "min_query_length": 0,
        "max_selected_items": 1,
        "confirm": CONFIRM,
    },
    "view": {
        "title": plain(),
        "submit": plain(),
        "close": plain(),
        "private_metadata": "m",
        "callback_id": "c",
        "external_id": "e",
    },
}
"""One of each kind with every key that has a limit."""

CONFIRMS = {"confirm.title": 100, "confirm.text": 300, "confirm.confirm": 30, "confirm.deny": 30}
OPTION = {"text": 75, "value": 150, "description": 75}
MOST: dict[str, dict[str, int]] = {
    "header": {"text": 150},
    "section": {"text": 3000, "fields": 10, "fields.0": 2000},
    "context": {"elements": 10, "elements.0": 3000},
    "actions": {"elements": 25},
    "input": {"label": 2000, "hint": 2000},
    "divider": {},
    "button": {"text": 75, "action_id": 255, "value": 2000, "url": 3000, "accessibility_label": 75, **CONFIRMS},
    "plain_text_input": {
        "action_id": 255,
        "placeholder": 150,
        "initial_value": 3000,
        "min_length": 3000,
        "max_length": 3000,
    },
    "checkboxes": {
        "action_id": 255,
        "options": 10,
        **{f"options.0.{key}": most for key, most in OPTION.items()},
        "initial_options": 10,
        **{f"initial_options.0.{key}": most for key, most in OPTION.items()},
        **CONFIRMS,
    },
    "static_select": {
        "action_id": 255,
        "options": 100,
        **{f"options.0.{key}": most for key, most in OPTION.items()},
        **{f"initial_option.{key}": most for key, most in OPTION.items()},
        "placeholder": 150,
        **CONFIRMS,
    },
    "multi_external_select": {
        "action_id": 255,
        "initial_options": 100,
        **{f"initial_options.0.{key}": most for key, most in OPTION.items()},
        "placeholder": 150,
        "min_query_length": 3000,
        "max_selected_items": 3000,
        **CONFIRMS,
    },
    "view": {
        "title": 24,
        "submit": 24,
        "close": 24,
        "private_metadata": 3000,
        "callback_id": 255,
        "external_id": 255,
    },
}
MAY_BE_EMPTY = {"value", "url", "accessibility_label", "initial_value", "private_metadata", "callback_id"}
MAY_BE_EMPTY |= {"external_id", "min_length", "min_query_length"}
CASES = [(kind, path, most) for kind, limits in MOST.items() for path, most in limits.items()]


def sized(kind: str, path: str, size: int) -> dict[str, Any]:
    """Make one of that kind whose value at the path is so long, so many or so much."""
    made = copy.deepcopy(FULL[kind])
    *way, key = path.split(".")
    holder: Any = made
    for step in way:
        holder = holder[int(step) if step.isdigit() else step]
    at: Any = int(key) if key.isdigit() else key
    holder[at] = resized(holder[at], size)
    match path.partition(".")[0]:
        case "initial_options" if "options" in made:  # what is chosen first has to be there to choose
            made["options"] = copy.deepcopy(made["initial_options"][:10])
        case "initial_option":
            made["options"] = [copy.deepcopy(made["initial_option"])]
        case "options":
            made |= {"initial_options": made["options"][:1]} if "initial_options" in made else {}
            made |= {"initial_option": made["options"][0]} if "initial_option" in made and made["options"] else {}
    return made


def resized(value: Any, size: int) -> Any:
    match value:
        case str():
            return "x" * size
        case int():
            return size
        case list():
            return [distinct(value[0], n) for n in range(size)]
        case _:
            return {**value, "text": "x" * size}


def distinct(item: dict[str, Any], n: int) -> dict[str, Any]:
    return {**item, **{key: str(n) for key in ("action_id", "value") if key in item}}


def faults(kind: str, made: dict[str, Any]) -> list[str]:
    """Ask the local Slack about one thing of that kind, put where it may stand."""
    if kind == "view":
        return faults_of_view({"type": "modal", "blocks": [{"type": "divider"}], **made})
    thing = {"type": kind, **made}
    if kind in {"plain_text_input", "multi_external_select"}:
        thing = {"type": "input", "label": plain(), "element": thing}
    elif kind in ELEMENTS:
        thing = {"type": "actions", "elements": [thing]}
    if thing["type"] == "input":
        return faults_of_view({"type": "modal", "title": plain(), "submit": plain(), "blocks": [thing]})
    return faults_of_message([thing])


@pytest.mark.parametrize(("kind", "path", "most"), CASES)
def test_exactly_the_limit_is_accepted_and_one_more_is_refused(kind: str, path: str, most: int) -> None:
    assert faults(kind, sized(kind, path, most)) == []

    refused = faults(kind, sized(kind, path, most + 1))
    assert refused
    assert all(str(most) in fault for fault in refused if "none of the options" not in fault)


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, path, _ in CASES])
def test_nothing_where_something_is_due_is_refused(kind: str, path: str) -> None:
    is_refused = faults(kind, sized(kind, path, 0)) != []

    assert is_refused is (path.rpartition(".")[2] not in MAY_BE_EMPTY)


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_id_has_1_to_255_characters(kind: str) -> None:
    assert faults(kind, {**FULL[kind], "block_id": "x" * 255}) == []
    assert faults(kind, {**FULL[kind], "block_id": "x" * 256}) == [
        "block 0: block_id: must be 1 to 255 characters, not 256"
    ]
    assert faults(kind, {**FULL[kind], "block_id": ""}) != []


@pytest.mark.parametrize("least", [-1, 3001])
def test_an_input_asks_for_0_to_3000_characters(least: int) -> None:
    for allowed in (0, 3000):
        assert faults("plain_text_input", {"min_length": allowed}) == []
    assert faults("plain_text_input", {"min_length": least}) != []


def test_an_input_can_not_ask_for_more_than_it_takes() -> None:
    assert faults("plain_text_input", {"min_length": 5, "max_length": 5}) == []
    assert faults("plain_text_input", {"min_length": 6, "max_length": 5}) == [
        "block 0: min_length is more than max_length"
    ]


def test_a_message_has_1_to_50_blocks() -> None:
    assert faults_of_message([{"type": "divider"}] * 50) == []
    assert faults_of_message([{"type": "divider"}] * 51) == ["blocks: 51 are more than 50"]
    assert faults_of_message([]) == ["blocks: no list of blocks"]


def test_a_modal_has_1_to_100_blocks() -> None:
    def modal(n: int) -> dict[str, Any]:
        return {"type": "modal", "title": plain(), "blocks": [{"type": "divider"}] * n}

    assert faults_of_view(modal(100)) == []
    assert faults_of_view(modal(101)) == ["blocks: 101 are more than 100"]
    assert faults_of_view(modal(0)) == ["blocks: no list of blocks"]


def test_all_blocks_of_a_message_hold_12000_characters_together() -> None:
    full = [{"type": "section", "text": plain("x" * 3000)}] * 4
    over = [*full[:3], {"type": "section", "text": plain("x" * 2999), "fields": [plain("xx")]}]

    assert faults_of_message(full) == []
    assert faults_of_message(over) == ["blocks: 12001 characters are more than 12000"]


def test_the_characters_of_buttons_count_too() -> None:
    blocks = [{"type": "section", "text": plain("x" * 3000)}] * 4
    button = {"type": "button", "text": plain(), "action_id": "a"}

    assert faults_of_message([*blocks, {"type": "actions", "elements": [button]}]) == [
        "blocks: 12001 characters are more than 12000"
    ]


def limits_of(path: str, rule: Rule) -> Iterator[tuple[str, int]]:
    match rule:
        case Text(most) | Line(most) | Number(_, most):
            yield path, most
        case Items(inner, most):
            yield path, most
            yield from limits_of(f"{path}.0", inner)
        case Thing(keys):
            for key, inner in keys.items():
                yield from limits_of(f"{path}.{key}".removeprefix("."), inner)


def test_every_limit_that_the_local_slack_holds_is_among_the_cases_above() -> None:
    held = {kind: dict(limits_of("", thing)) for kind, thing in {**BLOCKS, **ELEMENTS, "view": VIEW}.items()}

    assert held == MOST
