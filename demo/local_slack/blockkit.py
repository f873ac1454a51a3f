"""Block Kit as Slack documents it (docs.slack.dev/reference/block-kit): every key known, every limit held."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from demo.local_slack.shapes import Choice, Flag, Items, Kind, Line, Number, Rule, Text, Thing, markup

MESSAGE_BLOCKS, VIEW_BLOCKS, ALL_CHARACTERS = 50, 100, 12_000
MAX_INPUT = 3000

_ID = Line(255, 1)
_STYLE = Choice(("primary", "danger"))

CONFIRM = Thing(
    {
        "title": Text(100, is_plain=True),
        "text": Text(300),
        "confirm": Text(30, is_plain=True),
        "deny": Text(30, is_plain=True),
        "style": _STYLE,
    },
    {"title", "text", "confirm", "deny"},
)


def _option(*, is_plain: bool) -> Thing:
    """Only checkboxes and radio buttons may show mrkdwn."""
    text = Text(75, is_plain=is_plain)
    return Thing({"text": text, "value": Line(150), "description": text}, {"text", "value"})


_PLAIN, _RICH = _option(is_plain=True), _option(is_plain=False)

ELEMENTS = {
    "button": Thing(
        {
            "text": Text(75, is_plain=True),
            "action_id": _ID,
            "value": Line(2000),
            "url": Line(3000),
            "style": _STYLE,
            "confirm": CONFIRM,
            "accessibility_label": Line(75),
        },
        {"text"},
    ),
    "plain_text_input": Thing(
        {
            "action_id": _ID,
            "placeholder": Text(150, is_plain=True),
            "initial_value": Line(MAX_INPUT),
            "multiline": Flag(),
            "min_length": Number(0, MAX_INPUT),
            "max_length": Number(1, MAX_INPUT),
            "focus_on_load": Flag(),
        },
    ),
    "checkboxes": Thing(
        {
            "action_id": _ID,
            "options": Items(_RICH, 10),
            "initial_options": Items(_RICH, 10),
            "confirm": CONFIRM,
            "focus_on_load": Flag(),
        },
        {"options"},
    ),
    "static_select": Thing(
        {
            "action_id": _ID,
            "options": Items(_PLAIN, 100),
            "initial_option": _PLAIN,
            "placeholder": Text(150, is_plain=True),
            "confirm": CONFIRM,
            "focus_on_load": Flag(),
        },
        {"options"},
    ),
    "multi_external_select": Thing(
        {
            "action_id": _ID,
            "initial_options": Items(_PLAIN, 100),
            "placeholder": Text(150, is_plain=True),
            "min_query_length": Number(0, MAX_INPUT),
            "max_selected_items": Number(1, MAX_INPUT),
            "confirm": CONFIRM,
            "focus_on_load": Flag(),
        },
    ),
}
_GROUP = Thing({"label": Text(75, is_plain=True), "options": Items(_PLAIN, 100)}, {"label", "options"})


def _element(*allowed: str) -> Kind:
    return Kind("element", ELEMENTS, set(allowed))


BLOCKS: dict[str, Thing] = {
    "header": Thing({"text": Text(150, is_plain=True)}, {"text"}),
    "section": Thing(
        {
            "text": Text(3000),
            "fields": Items(Text(2000), 10),
            "accessory": _element("button", "checkboxes", "static_select"),
            "expand": Flag(),
        },
    ),
    "context": Thing({"elements": Items(Text(3000), 10)}, {"elements"}),
    "actions": Thing({"elements": Items(_element("button", "checkboxes", "static_select"), 25)}, {"elements"}),
    "divider": Thing({}),
    "input": Thing(
        {
            "label": Text(2000, is_plain=True),
            "element": _element("plain_text_input", "checkboxes", "static_select", "multi_external_select"),
            "hint": Text(2000, is_plain=True),
            "optional": Flag(),
            "dispatch_action": Flag(),
        },
        {"label", "element"},
    ),
}
_WITH_ID = {kind: Thing({"block_id": _ID, **thing.keys}, thing.needs) for kind, thing in BLOCKS.items()}

_VIEW_KEYS: dict[str, Rule] = {
    "title": Text(24, is_plain=True),
    "submit": Text(24, is_plain=True),
    "close": Text(24, is_plain=True),
    "private_metadata": Line(3000),
    "callback_id": Line(255),
    "external_id": Line(255),
    "clear_on_close": Flag(),
    "notify_on_close": Flag(),
}
VIEW = Thing(_VIEW_KEYS, {"title"})
HOME = Thing({key: _VIEW_KEYS[key] for key in ("private_metadata", "callback_id", "external_id")})


def faults_of_message(blocks: Any) -> list[str]:
    """Everything Slack would refuse in a message's blocks."""
    return list(_all(blocks, MESSAGE_BLOCKS, set(BLOCKS) - {"input"}))


def faults_of_view(view: Any) -> list[str]:
    """Everything Slack would refuse in a modal."""
    return list(_view(view))


def faults_of_home(view: Any) -> list[str]:
    """Everything Slack would refuse in a Home tab."""
    return list(_home(view))


def faults_of_options(answer: Any) -> list[str]:
    """Everything Slack would refuse in the options for a list that was opened; none at all is no result."""
    if not isinstance(answer, Mapping) or len(answer) != 1 or set(answer) - {"options", "option_groups"}:
        return ["options: neither options nor option_groups"]
    [(kind, given)] = answer.items()
    if given == []:
        return []
    faults = list(Items(_PLAIN if kind == "options" else _GROUP, 100).faults(kind, given))
    if not faults and _has_twice(option["value"] for option in options_of(answer)):
        faults.append(f"{kind}: a value is used twice")
    return faults


def options_of(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All that can be chosen, whatever heading it stands under."""
    grouped = [option for group in answer.get("option_groups", []) for option in group["options"]]
    return [*answer.get("options", []), *grouped]


def faults_of_text(text: str) -> list[str]:
    """What is no markup of Slack's in mrkdwn: a bare < or >, or an & that begins no entity."""
    return list(markup("text", text))


def elements_of(block: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The elements that people act on in a block, in their order."""
    found = block.get("elements")
    inner = [*(found if isinstance(found, list) else []), block.get("accessory"), block.get("element")]
    return [one for one in inner if isinstance(one, Mapping) and one.get("type") in tuple(ELEMENTS)]


def _all(blocks: Any, most: int, allowed: AbstractSet[str]) -> Iterator[str]:
    if not isinstance(blocks, list) or not blocks:
        yield "blocks: no list of blocks"
        return
    if len(blocks) > most:
        yield f"blocks: {len(blocks)} are more than {most}"
    for n, block in enumerate(blocks):
        faults = [*Kind("block type", _WITH_ID, allowed).faults(f"block {n}", block)]
        # What lies deeper is looked at only once the shapes are right.
        yield from faults or _within(f"block {n}", block)
    mappings = [block for block in blocks if isinstance(block, Mapping)]
    if _has_twice(block["block_id"] for block in mappings if "block_id" in block):
        yield "blocks: a block_id is used twice"
    total = sum(_characters(block) for block in mappings)
    if most == MESSAGE_BLOCKS and total > ALL_CHARACTERS:
        yield f"blocks: {total} characters are more than {ALL_CHARACTERS}"


def _within(where: str, block: Mapping[str, Any]) -> Iterator[str]:
    if block["type"] == "section" and not {"text", "fields"} & set(block):
        yield f"{where}: a section needs text or fields"
    elements = elements_of(block)
    if _has_twice(element["action_id"] for element in elements if "action_id" in element):
        yield f"{where}: an action_id is used twice"
    for element in elements:
        yield from _options(where, element)
        if element.get("min_length", 0) > element.get("max_length", MAX_INPUT):
            yield f"{where}: min_length is more than max_length"


def _options(where: str, element: Mapping[str, Any]) -> Iterator[str]:
    """Each option has a value of its own, and what is chosen first is one of them."""
    options = element.get("options", [])
    if _has_twice(option["value"] for option in options):
        yield f"{where}: an option's value is used twice"
    first = [element["initial_option"]] if "initial_option" in element else element.get("initial_options", [])
    if "options" in element and any(option not in options for option in first):
        yield f"{where}: an initial option is none of the options"


def _home(view: Any) -> Iterator[str]:
    if not isinstance(view, Mapping) or view.get("type") != "home":
        yield "view: no Home tab"
        return
    yield from HOME.faults("view", {key: value for key, value in view.items() if key not in {"type", "blocks"}})
    yield from _all(view.get("blocks"), VIEW_BLOCKS, set(BLOCKS))


def _view(view: Any) -> Iterator[str]:
    if not isinstance(view, Mapping) or view.get("type") != "modal":
        yield "view: no modal"
        return
    blocks = view.get("blocks")
    yield from VIEW.faults("view", {key: value for key, value in view.items() if key not in {"type", "blocks"}})
    yield from _all(blocks, VIEW_BLOCKS, set(BLOCKS))
    known = [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else []
    if "submit" not in view and any(block.get("type") == "input" for block in known):
        yield "view: a modal with inputs needs submit"
    if sum(element.get("focus_on_load") is True for block in known for element in elements_of(block)) > 1:
        yield "view: only one element can have focus_on_load"


def _has_twice(ids: Iterator[Any]) -> bool:
    seen = [str(one) for one in ids]
    return len(seen) != len(set(seen))


def _characters(thing: Any) -> int:
    if isinstance(thing, Mapping):
        own = len(thing["text"]) if isinstance(thing.get("text"), str) else 0
        return own + sum(_characters(value) for value in thing.values() if not isinstance(value, str))
    if isinstance(thing, list):
        return sum(_characters(one) for one in thing)
    return 0
