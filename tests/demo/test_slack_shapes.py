"""The local Slack knows a few kinds of blocks and elements, each of their keys, and refuses everything else."""

from typing import Any

import pytest

from demo.local_slack.blockkit import faults_of_message, faults_of_text, faults_of_view


def plain(words: str = "x") -> dict[str, Any]:
    return {"type": "plain_text", "text": words}


def mrkdwn(words: str = "x") -> dict[str, Any]:
    return {"type": "mrkdwn", "text": words}


def section(words: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(words), **more}


def button(action_id: str = "a", **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(), "action_id": action_id, **more}


def actions(*elements: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def field(**more: Any) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": "a", **more}
    return {"type": "input", "block_id": "b", "label": plain(), "element": element}


def modal(*blocks: Any, **more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain(), "submit": plain(), "blocks": list(blocks), **more}


def option(value: str = "v", **more: Any) -> dict[str, Any]:
    return {"text": plain(), "value": value, **more}


CONFIRM = {"title": plain(), "text": mrkdwn(), "confirm": plain(), "deny": plain()}
CHECKBOXES = {"type": "checkboxes", "action_id": "c", "options": [option()]}
SELECT = {"type": "static_select", "action_id": "s", "options": [option()]}


@pytest.mark.parametrize(
    "blocks",
    [
        [{"type": "header", "text": {**plain(), "emoji": True}}],
        [{"type": "section", "text": {**mrkdwn(), "verbatim": True}, "expand": True}],
        [{"type": "section", "fields": [plain(), mrkdwn()]}],
        [section(accessory=button())],
        [section(accessory=CHECKBOXES)],
        [section(accessory=SELECT)],
        [{"type": "context", "elements": [plain(), mrkdwn()]}],
        [actions(button("a", style="primary"), button("b", style="danger"), CHECKBOXES, SELECT)],
        [actions(button(confirm={**CONFIRM, "style": "danger"}))],
        [actions({"type": "button", "text": plain(), "url": "https://example.com"})],
        [actions(button("a")), actions(button("a"))],
        [{"type": "divider"}, {"type": "divider", "block_id": "d"}],
    ],
)
def test_what_slack_documents_is_accepted_in_a_message(blocks: list[Any]) -> None:
    assert faults_of_message(blocks) == []


@pytest.mark.parametrize(
    "view",
    [
        modal(section()),
        {"type": "modal", "title": plain(), "blocks": [section()]},
        modal(field(multiline=True, focus_on_load=True), close=plain(), clear_on_close=True, notify_on_close=False),
        modal({**field(), "hint": plain(), "optional": True, "dispatch_action": False}),
        modal({**field(), "element": CHECKBOXES}, {**field(), "block_id": "s", "element": SELECT}),
    ],
)
def test_what_slack_documents_is_accepted_in_a_modal(view: dict[str, Any]) -> None:
    assert faults_of_view(view) == []


@pytest.mark.parametrize(
    ("blocks", "fault"),
    [
        ("blocks", "blocks: no list of blocks"),
        (["x"], "block 0: unknown block type None"),
        ([{"text": plain()}], "block 0: unknown block type None"),
        ([{"type": ["section"]}], "block 0: unknown block type ['section']"),
        ([{"type": "rich_text", "elements": []}], "block 0: unknown block type 'rich_text'"),
        ([{"type": "image", "image_url": "u", "alt_text": "t"}], "block 0: unknown block type 'image'"),
        ([{"type": "divider"}, section(colour="red")], "block 1: unknown key 'colour'"),
        ([{"type": "divider", "text": plain()}], "block 0: unknown key 'text'"),
        ([{"type": "header"}], "block 0: text is missing"),
        ([{"type": "section"}], "block 0: a section needs text or fields"),
        ([{"type": "actions"}], "block 0: elements is missing"),
        ([{"type": "context"}], "block 0: elements is missing"),
        ([section(expand="yes")], "block 0: expand: must be true or false"),
        ([section(block_id=7)], "block 0: block_id: no string"),
        ([section(block_id="b"), {"type": "divider", "block_id": "b"}], "blocks: a block_id is used twice"),
        ([field()], "block 0: input is not allowed here"),
    ],
)
def test_a_block_of_another_shape_is_refused(blocks: Any, fault: str) -> None:
    assert faults_of_message(blocks) == [fault]


@pytest.mark.parametrize(
    ("element", "fault"),
    [
        ("x", "unknown element None"),
        ({"type": "datepicker", "action_id": "a"}, "unknown element 'datepicker'"),
        ({"type": "overflow", "action_id": "a", "options": [option()]}, "unknown element 'overflow'"),
        ({"type": "plain_text_input", "action_id": "a"}, "plain_text_input is not allowed here"),
        (button(disabled=True), "unknown key 'disabled'"),
        ({"type": "button", "action_id": "a"}, "text is missing"),
        (button(style="green"), "style: unknown 'green'"),
        (button(style=["primary"]), "style: unknown ['primary']"),
        (button(value=7), "value: no string"),
        (button(text=mrkdwn()), "text: must be plain_text"),
        (button(text="Approve"), "text: no text object"),
        (button(confirm="sure?"), "confirm: no object"),
        (button(confirm={**CONFIRM, "icon": "x"}), "confirm: unknown key 'icon'"),
        (button(confirm={**CONFIRM, "style": "green"}), "confirm: style: unknown 'green'"),
        (button(confirm={k: v for k, v in CONFIRM.items() if k != "deny"}), "confirm: deny is missing"),
        (button(confirm={**CONFIRM, "title": mrkdwn()}), "confirm: title: must be plain_text"),
        (button(confirm={**CONFIRM, "confirm": mrkdwn()}), "confirm: confirm: must be plain_text"),
        (button(confirm={**CONFIRM, "deny": mrkdwn()}), "confirm: deny: must be plain_text"),
        ({"type": "checkboxes", "action_id": "c"}, "options is missing"),
        ({**CHECKBOXES, "options": "all"}, "options: must be a list of 1 to 10"),
        ({**CHECKBOXES, "options": ["all"]}, "options 0: no object"),
        ({**CHECKBOXES, "options": [{"text": plain()}]}, "options 0: value is missing"),
        ({**CHECKBOXES, "options": [option(url="u")]}, "options 0: unknown key 'url'"),
        ({**CHECKBOXES, "options": [option(), option()]}, "an option's value is used twice"),
        ({**CHECKBOXES, "initial_options": [option("other")]}, "an initial option is none of the options"),
        ({**SELECT, "initial_option": option("other")}, "an initial option is none of the options"),
        ({**SELECT, "options": [option(text=mrkdwn())]}, "options 0: text: must be plain_text"),
        ({**SELECT, "options": [option(description=mrkdwn())]}, "options 0: description: must be plain_text"),
        ({**SELECT, "placeholder": mrkdwn()}, "placeholder: must be plain_text"),
        ({**SELECT, "focus_on_load": 1}, "focus_on_load: must be true or false"),
    ],
)
def test_an_element_of_another_shape_is_refused_wherever_it_stands(element: Any, fault: str) -> None:
    [in_actions] = faults_of_message([actions(element)])
    [in_section] = faults_of_message([section(accessory=element)])

    assert in_actions.removeprefix("block 0: ").removeprefix("elements 0: ") == fault
    assert in_section.removeprefix("block 0: ").removeprefix("accessory: ") == fault


def test_only_checkboxes_may_show_markup_in_their_options() -> None:
    rich = [option(text=mrkdwn("*x*"), description=mrkdwn("_x_"))]

    assert faults_of_message([actions({**CHECKBOXES, "options": rich})]) == []
    assert len(faults_of_message([actions({**SELECT, "options": rich})])) == 2


def test_an_action_id_is_unique_in_its_block() -> None:
    assert faults_of_message([actions(button("a"), button("a"))]) == ["block 0: an action_id is used twice"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ({"type": "markdown", "text": "x"}, "no text object"),
        ({"type": "mrkdwn"}, "text is missing"),
        ({"type": "mrkdwn", "text": 7}, "text: no string"),
        ({**mrkdwn(), "emoji": True}, "unknown key 'emoji'"),
        ({**plain(), "verbatim": True}, "unknown key 'verbatim'"),
        ({**plain(), "emoji": "yes"}, "emoji: must be true or false"),
    ],
)
def test_a_text_object_of_another_shape_is_refused(text: dict[str, Any], fault: str) -> None:
    assert faults_of_message([{"type": "section", "text": text}]) == [f"block 0: text: {fault}"]
    assert faults_of_message([{"type": "context", "elements": [text]}]) == [f"block 0: elements 0: {fault}"]


@pytest.mark.parametrize(
    ("view", "fault"),
    [
        ("view", "view: no modal"),
        ({**modal(section()), "type": "home"}, "view: no modal"),
        ({"type": "modal", "blocks": [section()]}, "view: title is missing"),
        ({"type": "modal", "title": plain()}, "blocks: no list of blocks"),
        (modal(section(), colour="red"), "view: unknown key 'colour'"),
        (modal(section(), title=mrkdwn()), "view: title: must be plain_text"),
        (modal(section(), submit=mrkdwn()), "view: submit: must be plain_text"),
        (modal(section(), close="Close"), "view: close: no text object"),
        (modal(section(), clear_on_close="no"), "view: clear_on_close: must be true or false"),
        ({"type": "modal", "title": plain(), "blocks": [field()]}, "view: a modal with inputs needs submit"),
        (modal({"type": "input", "element": field()["element"]}), "block 0: label is missing"),
        (modal({"type": "input", "label": plain()}), "block 0: element is missing"),
        (modal({**field(), "label": mrkdwn()}), "block 0: label: must be plain_text"),
        (modal({**field(), "hint": mrkdwn()}), "block 0: hint: must be plain_text"),
        (modal({**field(), "element": button()}), "block 0: element: button is not allowed here"),
        (modal(field(placeholder=mrkdwn())), "block 0: element: placeholder: must be plain_text"),
        (modal(field(max_length="9")), "block 0: element: max_length: must be a whole number from 1 to 3000"),
        (modal(field(min_length=True)), "block 0: element: min_length: must be a whole number from 0 to 3000"),
        (
            modal(field(focus_on_load=True), {**field(focus_on_load=True), "block_id": "c"}),
            "view: only one element can have focus_on_load",
        ),
    ],
)
def test_a_modal_of_another_shape_is_refused(view: Any, fault: str) -> None:
    assert faults_of_view(view) == [fault]


@pytest.mark.parametrize(
    "words",
    [
        "Tom &amp; Jerry &lt;3 &gt;",
        "<@U0MEGAN> <!subteam^S0SOC> <#C0APPROVE> <!here> <!channel> <!everyone>",
        "<!date^1767225600^{time}|12:00> <!date^1767225600^{date}^https://example.com/|1 Jan>",
        "<https://example.com/?a=1&b=2|open> <https://example.com> <mailto:meganb@contoso.com|Megan>",
        "> quoted\n> and on",
    ],
)
def test_slacks_own_markup_is_accepted(words: str) -> None:
    assert faults_of_text(words) == []
    assert faults_of_message([section(words)]) == []


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("a < b", "a < or > that is no markup of Slack's"),
        ("a > b", "a < or > that is no markup of Slack's"),
        ("<b>bold</b>", "a < or > that is no markup of Slack's"),
        ("<@megan>", "a < or > that is no markup of Slack's"),
        ("<!subteam^soc>", "a < or > that is no markup of Slack's"),
        ("<!date^soon^{time}|12:00>", "a < or > that is no markup of Slack's"),
        ("<javascript:alert(1)|open>", "a < or > that is no markup of Slack's"),
        ("Tom & Jerry", "an & that is not escaped"),
        ("Tom &nbsp; Jerry", "an & that is not escaped"),
    ],
)
def test_what_is_not_escaped_in_mrkdwn_is_refused(words: str, fault: str) -> None:
    assert faults_of_text(words) == [f"text: {fault}"]
    assert faults_of_message([section(words)]) == [f"block 0: text: {fault}"]


def test_plain_text_needs_no_escaping() -> None:
    assert faults_of_message([{"type": "section", "text": plain("a < b & c > d <@U0MEGAN>")}]) == []
