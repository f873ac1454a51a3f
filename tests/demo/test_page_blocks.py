"""The page draws all of Block Kit that the local Slack takes, whole, or says what it can't draw."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from demo.local_slack.blockkit import BLOCKS, ELEMENTS
from demo.local_slack.workspace import View, Workspace
from demo.page import blocks
from demo.page.blocks import CantRender, render_message, render_view
from tests.demo.drawn import Drawn, bare

NAMES = Workspace(lambda: datetime(2026, 3, 4, 12, 5, tzinfo=UTC))
SNAPSHOTS = Path(__file__).parents[1] / "slack" / "snapshots"
Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def option(value: str, **more: Any) -> Block:
    return {"text": plain(f"Option {value}"), "value": value, **more}


ASKS = {"title": plain("Sure?"), "text": mrkdwn("*All* of it"), "confirm": plain("Yes"), "deny": plain("No")}
BUTTON = {"type": "button", "action_id": "go", "text": plain("Go")}
TWO = [option("a"), option("b")]
SECTION = {"type": "section", "text": mrkdwn("Words")}
FIELD = {"type": "plain_text_input", "action_id": "why"}
FOCUS = {"focus_on_load": (True, " autofocus")}
CONFIRM = {"confirm": (ASKS, ' data-confirm="{&#34;title&#34;: &#34;Sure?&#34;')}
PLACEHOLDER = (plain("Type & choose"), "Type &amp; choose")

# What each key makes to be seen; `expand` alone makes nothing, as nothing is folded here.
SEEN: dict[str, dict[str, tuple[Any, str]]] = {
    "header": {"text": (plain("Head"), '<h3 class="sl-header">Head</h3>')},
    "section": {
        "text": (mrkdwn("*Words*"), "<strong>Words</strong>"),
        "fields": ([mrkdwn("one"), plain("two")], '<div class="sl-text">two</div>'),
        "accessory": (BUTTON, ">Go</button>"),
        "expand": (True, ""),
    },
    "context": {"elements": ([mrkdwn("one"), plain("two")], '<span class="sl-text">two</span>')},
    "actions": {"elements": ([BUTTON], ">Go</button>")},
    "divider": {},
    "input": {
        "label": (plain("Why?"), 'for="modal-0">Why?</label>'),
        "element": (FIELD, ' name="why"'),
        "hint": (plain("Be brief"), '<p class="sl-hint" id="modal-0-hint">Be brief</p>'),
        "optional": (True, '<span class="sl-optional">(optional)</span>'),
        "dispatch_action": (True, ' data-action="why" data-block="b0"'),
    },
    "button": {
        "text": (plain("Go on"), ">Go on</button>"),
        "action_id": ("do", ' data-action="do" data-block="b0"'),
        "value": ("CS-4K7Q.1", ' data-value="CS-4K7Q.1"'),
        "url": ("https://x.example/", ' href="https://x.example/" target="_blank" rel="noopener noreferrer"'),
        "style": ("danger", 'class="sl-button sl-danger"'),
        "accessibility_label": ("Go on with it", ' aria-label="Go on with it"'),
        **CONFIRM,
    },
    "plain_text_input": {
        "action_id": ("do", ' name="do" data-kind="plain_text_input"'),
        "placeholder": PLACEHOLDER,
        "initial_value": ('"so" & so', ' value="&#34;so&#34; &amp; so"'),
        "multiline": (True, "</textarea>"),
        "min_length": (3, ' minlength="3"'),
        "max_length": (30, ' maxlength="30"'),
        **FOCUS,
    },
    "checkboxes": {
        "action_id": ("do", ' name="do" data-kind="checkboxes"'),
        "options": ([option("a", description=plain("First"))], '<span class="sl-description">First</span>'),
        "initial_options": ([option("b")], 'value="b" checked>'),
        **CONFIRM,
        **FOCUS,
    },
    "static_select": {
        "action_id": ("do", ' name="do" data-kind="static_select"'),
        "options": ([option("a", description=plain("First"))], "Option a · First</option>"),
        "initial_option": (option("b"), '<option value="b" selected>Option b</option>'),
        "placeholder": PLACEHOLDER,
        **CONFIRM,
        **FOCUS,
    },
    "multi_external_select": {
        "action_id": ("do", ' name="do" data-kind="multi_external_select"'),
        "initial_options": ([option("b")], '<li class="sl-chip" data-value="b"><span>Option b</span>'),
        "placeholder": PLACEHOLDER,
        "min_query_length": (0, ' data-min-query="0"'),
        "max_selected_items": (7, ' data-max="7"'),
        **CONFIRM,
        **FOCUS,
    },
}
LEAST: dict[str, Block] = {
    "header": {"text": plain("Head")},
    "section": {"text": mrkdwn("Words")},
    "context": {"elements": [plain("Words")]},
    "actions": {"elements": [BUTTON]},
    "divider": {},
    "input": {"label": plain("Why?"), "element": FIELD},
    "button": BUTTON,
    "plain_text_input": {"action_id": "do"},
    "checkboxes": {"action_id": "do", "options": TWO},
    "static_select": {"action_id": "do", "options": TWO},
    "multi_external_select": {"action_id": "do"},
}


def hosting(element: Block) -> Block:
    """A block that the element may stand in."""
    if element["type"] == "button":
        return {"type": "actions", "elements": [element]}
    return {"type": "input", "label": plain("Why?"), "element": element}


def draw(thing: Block, **entered: Any) -> str:
    """Draw a block or element as the only one of a modal."""
    block = hosting(thing) if thing["type"] in LEAST and thing["type"] not in BLOCKS else thing
    return render_view(View("V", "U", {"type": "modal", "blocks": [block]}), entered, NAMES)


# -- all of it is drawn


@pytest.mark.parametrize("kind", [*BLOCKS, *ELEMENTS])
def test_every_key_that_slack_takes_is_drawn(kind: str) -> None:
    known = {**BLOCKS, **ELEMENTS}[kind]
    assert set(SEEN[kind]) == set(known.keys)
    for key, (value, shown) in SEEN[kind].items():
        assert shown in draw({"type": kind, **LEAST[kind], key: value}), key


@pytest.mark.parametrize("kind", [*BLOCKS, *ELEMENTS])
def test_a_key_that_is_not_known_is_an_error(kind: str) -> None:
    what = "a block" if kind in BLOCKS else "an element"
    with pytest.raises(CantRender, match=rf"^{what} of type '{kind}' with 'novel'$"):
        draw({"type": kind, **LEAST[kind], "novel": 1})


def test_a_block_that_is_not_known_is_an_error() -> None:
    with pytest.raises(CantRender, match=r"^a block of type 'video'$"):
        render_message([{"type": "video"}], "for phones", NAMES)


def test_an_element_that_is_not_known_is_an_error() -> None:
    with pytest.raises(CantRender, match=r"^an element of type 'datepicker'$"):
        render_message([{"type": "actions", "elements": [{"type": "datepicker"}]}], "", NAMES)


@pytest.mark.parametrize("where", ["text", "fields", "context", "header"])
def test_a_text_that_is_not_known_is_an_error(where: str) -> None:
    novel = {"type": "markdown", "text": "**b**"}
    places: dict[str, Block] = {
        "text": {"type": "section", "text": novel},
        "fields": {"type": "section", "fields": [novel]},
        "context": {"type": "context", "elements": [novel]},
        "header": {"type": "header", "text": novel},
    }
    with pytest.raises(CantRender, match=r"^a text of type 'markdown'$"):
        render_message([places[where]], "", NAMES)


@pytest.mark.parametrize("kind", ["plain_text_input", "multi_external_select"])
def test_what_needs_a_label_is_an_error_without_one(kind: str) -> None:
    with pytest.raises(CantRender, match=rf"^{kind} outside of an input$"):
        render_message([{**SECTION, "accessory": {"type": kind, **LEAST[kind]}}], "", NAMES)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", " https://x.example"])
def test_a_button_to_no_address_is_an_error(url: str) -> None:
    with pytest.raises(CantRender, match=r"^a link to "):
        draw({**BUTTON, "url": url})


def examples() -> Iterator[tuple[str, Block, list[Block]]]:
    """Everything the bot says, but for answers without blocks."""
    for path in sorted(SNAPSHOTS.glob("*.json")):
        for name, (rest, *inside) in json.loads(path.read_text(encoding="utf-8")).items():
            if rest.get("type") in {"modal", "home"} or "text" in rest:
                yield name, rest, inside


def drawn(rest: Block, inside: list[Block]) -> Drawn:
    if "type" in rest:
        return Drawn(render_view(View("V", "U", {**rest, "blocks": inside}), {}, NAMES))
    return Drawn(render_message(inside, rest["text"], NAMES))


def words_in(thing: Any) -> Iterator[str]:
    """Whatever Slack would show of it, as the local Slack reads it out."""
    if isinstance(thing, Mapping):
        if thing.get("type") in {"plain_text", "mrkdwn"}:
            yield NAMES.plain([{"type": "section", "text": thing}])
        if "accessibility_label" in thing:
            yield thing["accessibility_label"]
        thing = list(thing.values())
    if isinstance(thing, list):
        for one in thing:
            yield from words_in(one)


def test_all_that_the_bot_says_is_drawn_with_all_its_words() -> None:
    n = 0
    for name, rest, inside in examples():
        shown, wanted = bare(drawn(rest, inside).words()), [*words_in(inside or mrkdwn(rest["text"]))]
        assert [words for words in wanted if bare(words) not in shown] == [], name
        assert wanted, name
        n += 1
    assert n > 400


def test_all_that_the_bot_says_is_sound_html() -> None:
    for name, rest, inside in examples():
        shown = drawn(rest, inside)
        ids = [attributes["id"] for _, attributes in shown.elements if "id" in attributes]
        assert len(ids) == len(set(ids)), name
        assert set(shown.ids_named()) <= set(ids), name
        assert [attributes for _, attributes in shown.elements if {"style", "onclick"} & set(attributes)] == [], name


# -- what the page's script stands on


def test_a_message_without_blocks_is_its_text() -> None:
    assert Drawn(render_message([], "*Hi* <@U0MEGAN>", NAMES)).text.strip() == "Hi @Megan Bowen"
    assert "for phones" not in render_message([SECTION], "for phones", NAMES)


def test_a_button_tells_what_it_does_and_what_is_asked_before() -> None:
    asks = {**ASKS, "text": mrkdwn("<@U0MEGAN> & *all*".replace("&", "&amp;")), "style": "danger"}
    block = {"type": "actions", "block_id": "decide", "elements": [{**BUTTON, "value": "1", "confirm": asks}]}
    found = Drawn(render_message([SECTION, block], "", NAMES)).one("button")
    confirm = json.loads(found.pop("data-confirm"))
    assert found == {
        "type": "button",
        "class": "sl-button",
        "data-action": "go",
        "data-block": "decide",
        "data-value": "1",
    }
    assert confirm == {
        "title": "Sure?",
        "text": '<span class="sl-mention">@Megan Bowen</span> &amp; <strong>all</strong>',
        "confirm": "Yes",
        "deny": "No",
        "style": "danger",
    }


def test_ids_that_the_app_leaves_out_are_told_by_the_place() -> None:
    bare_button = {"type": "button", "text": plain("Go")}
    found = Drawn(render_message([SECTION, {**SECTION, "accessory": bare_button}], "", NAMES)).one("button")
    assert (found["data-block"], found["data-action"], found["data-value"]) == ("b1", "a1", "")


def test_a_button_with_an_address_is_a_link() -> None:
    found = Drawn(draw({**BUTTON, "url": "https://x.example/"})).one("a")
    assert found["class"] == "sl-button"
    assert (found["data-action"], found["rel"], found["target"]) == ("go", "noopener noreferrer", "_blank")


def test_an_input_has_a_label_what_explains_it_and_room_for_what_is_wrong() -> None:
    field = {
        "type": "input",
        "block_id": "reason",
        "label": plain("Why?"),
        "hint": plain("Be brief"),
        "element": FIELD,
    }
    shown = Drawn(draw(field))
    assert shown.one("div", data_block="reason")["class"] == "sl-input"
    assert shown.one("label")["for"] == shown.one("input")["id"]
    assert shown.one("input")["aria-describedby"] == "modal-0-hint modal-0-error"
    assert shown.one("input")["aria-required"] == "true"
    assert "data-action" not in shown.one("input")
    assert shown.one("p", data_error_for="reason") == {
        "class": "sl-error",
        "id": "modal-0-error",
        "data-error-for": "reason",
        "hidden": "",
        "role": "alert",
    }
    assert "aria-required" not in Drawn(draw({**field, "optional": True})).one("input")


@pytest.mark.parametrize("kind", ["checkboxes", "static_select"])
def test_a_choice_in_a_message_acts_and_is_named_by_what_stands_beside_it(kind: str) -> None:
    choice = {"type": kind, "action_id": "pick", "options": TWO}
    tag = "fieldset" if kind == "checkboxes" else "select"
    found = Drawn(render_message([{**SECTION, "text": mrkdwn("*Which* one?"), "accessory": choice}], "", NAMES)).one(
        tag
    )
    assert (found["data-action"], found["data-block"], found["data-kind"]) == ("pick", "b0", kind)
    assert found["aria-label"] == "Which one?"


def test_a_list_of_the_apps_own_is_a_box_to_type_in_and_an_empty_list() -> None:
    shown = Drawn(draw({"type": "multi_external_select", "action_id": "users"}))
    box = shown.one("input")
    assert (box["role"], box["aria-expanded"]) == ("combobox", "false")
    assert shown.one("label")["for"] == box["id"]
    assert "hidden" in shown.one("ul", role="listbox", id=box["aria-controls"])
    assert shown.one("fieldset")["data-action"] == shown.one("fieldset")["name"] == "users"
    assert shown.one("fieldset")["data-min-query"] == "3"


def test_what_was_entered_is_shown_again() -> None:
    first = {"initial_value": "at first", "multiline": True}
    assert ">\n&lt;b&gt;\nnow</textarea>" in draw({**FIELD, **first}, why="<b>\nnow")
    assert ">\nat first</textarea>" in draw({**FIELD, **first})
    assert 'value=""' in draw({**FIELD, "initial_value": "at first"}, why=None)


@pytest.mark.parametrize(
    ("kind", "first", "entered", "marked"),
    [
        ("checkboxes", {"initial_options": [option("a")]}, ["b"], {"b"}),
        ("checkboxes", {"initial_options": [option("a")]}, [], set[str]()),
        ("checkboxes", {}, None, set[str]()),
        ("static_select", {"initial_option": option("a")}, "b", {"b"}),
        ("static_select", {"initial_option": option("a")}, None, set[str]()),
    ],
)
def test_what_was_chosen_is_shown_again(kind: str, first: Block, entered: Any, marked: set[str]) -> None:
    shown = Drawn(draw({"type": kind, "action_id": "pick", "options": TWO, **first}, pick=entered))
    found = {one["value"] for _, one in shown.elements if {"checked", "selected"} & set(one)}
    assert found == marked


def test_what_was_chosen_of_what_the_app_offered_is_shown_again() -> None:
    chooser = {"type": "multi_external_select", "action_id": "users", "initial_options": [option("a")]}
    view = View(
        "V", "U", {"type": "modal", "blocks": [hosting(chooser)]}, offered={"b": option("b"), "c": option("c")}
    )
    assert re.findall(r'data-value="(\w)"', render_view(view, {"users": ["c", "a"]}, NAMES)) == ["c", "a"]
    assert re.findall(r'data-value="(\w)"', render_view(view, {"users": []}, NAMES)) == []
    assert re.findall(r'data-value="(\w)"', render_view(view, {}, NAMES)) == ["a"]


# -- it can be read


def colours(theme: str) -> dict[str, str]:
    """The theme's colours by name; the dark ones lie over the light ones."""
    css = (Path(blocks.__file__).parent / "static" / "blocks.css").read_text(encoding="utf-8")
    rules = re.findall(r"^(:root|\[data-theme=\"dark\"\]) \{(.*?)\}", css, re.DOTALL | re.MULTILINE)
    light, dark = (dict(re.findall(r"--sl-([\w-]+): (#\w{6});", inside)) for _, inside in rules)
    return light if theme == "light" else {**light, **dark}


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance (w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(theme: str) -> None:
    colour = colours(theme)
    behind = {
        "bg": ["text", "muted", "link", "code-text", "mention-text"],
        "bg-raised": ["text", "muted", "link", "code-text"],
        "mention-bg": ["mention-text"],
        "code-bg": ["code-text", "text"],
        "primary": ["on-color"],
        "danger": ["on-color"],
    }
    for below, above in behind.items():
        for name in above:
            dim, bright = sorted((luminance(colour[below]), luminance(colour[name])))
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, f"{name} on {below}"
