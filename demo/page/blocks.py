"""Block Kit as HTML (docs.slack.dev/reference/block-kit): all that the local Slack took is drawn, or is an error."""

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from demo.local_slack.workspace import View, Workspace
from demo.page.drawing import environment
from demo.page.mrkdwn import CantRender, link_to, mrkdwn, plain_text, plain_words

__all__ = ["CantRender", "render_message", "render_view"]

Block = Mapping[str, Any]

# What is drawn of each; anything else is an error rather than left out.
_BLOCKS: dict[str, AbstractSet[str]] = {
    "actions": {"elements"},
    "context": {"elements"},
    "divider": set(),
    "header": {"text"},
    "input": {"label", "element", "hint", "optional", "dispatch_action"},
    "section": {"text", "fields", "accessory", "expand"},
}
_ELEMENTS: dict[str, AbstractSet[str]] = {
    "button": {"text", "value", "url", "style", "confirm", "accessibility_label"},
    "checkboxes": {"options", "initial_options", "confirm", "focus_on_load"},
    "multi_external_select": {
        "initial_options",
        "placeholder",
        "min_query_length",
        "max_selected_items",
        "confirm",
        "focus_on_load",
    },
    "plain_text_input": {
        "placeholder",
        "initial_value",
        "multiline",
        "min_length",
        "max_length",
        "focus_on_load",
    },
    "static_select": {"options", "initial_option", "placeholder", "confirm", "focus_on_load"},
}
_TEXTS: dict[str, AbstractSet[str]] = {"plain_text": {"text", "emoji"}, "mrkdwn": {"text", "verbatim"}}


def render_message(blocks: Iterable[Block], text: str, names: Workspace) -> Markup:
    """Draw a message: its blocks, or where there are none its text; raises CantRender."""
    whole = list(blocks) or [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
    return _Drawing(names).all(whole)


def render_view(view: View, entered: Mapping[str, Any], names: Workspace) -> Markup:
    """Draw the blocks of a modal or Home tab, with what was entered so far by action_id; raises CantRender."""
    return _Drawing(names, str(view.view["type"]), entered, view.offered).all(view.view["blocks"])


@dataclass(frozen=True, slots=True)
class _At:
    """Where an element stands, and what explains it there."""

    block: str
    action: str
    says: str = ""
    """What names it to a screen reader where it has no label."""
    id: str = ""
    """Of the HTML element that the label is for."""
    described: str = ""
    """The ids of what explains it."""
    is_needed: bool = False
    acts: bool = True
    """Whether the bot hears of it at once."""


@dataclass(frozen=True, slots=True)
class _Drawing:
    """One message or view while it is drawn; the templates ask it for what is inside."""

    names: Workspace
    place: str = "message"
    entered: Mapping[str, Any] = field(default_factory=dict)
    offered: Mapping[str, Block] = field(default_factory=dict)

    def all(self, blocks: Iterable[Block]) -> Markup:
        inner = Markup("").join(self._block(n, block) for n, block in enumerate(blocks))
        return Markup('<div class="sl-blocks">{}</div>').format(inner)

    def _block(self, n: int, block: Block) -> Markup:
        kind = _known("a block", _BLOCKS, block, {"block_id"})
        # What the app leaves unnamed is named as in demo.local_slack.entered.
        return _drawn(f"block_{kind}", self, block, str(block.get("block_id", f"b{n}")), n)

    def element(self, element: Block, block_id: str, n: int, beside: Block | None = None) -> Markup:
        """Draw what people act on, outside of inputs."""
        if element.get("type") in {"plain_text_input", "multi_external_select"}:
            raise CantRender(f"{element['type']} outside of an input")
        says = element.get("placeholder") or beside
        at = _At(block_id, _action(element, n), self.words(says) if says else "")
        return self.put(element, at)

    def within(self, block: Block, block_id: str, n: int) -> _At:
        """Say where an input's element stands."""
        id_ = f"{self.place}-{n}"
        return _At(
            block_id,
            _action(block["element"], n),
            id=id_,
            described=f"{id_}-hint {id_}-error" if "hint" in block else f"{id_}-error",
            is_needed=not block.get("optional", False),
            acts=bool(block.get("dispatch_action", False)),
        )

    def put(self, element: Block, at: _At) -> Markup:
        kind = _known("an element", _ELEMENTS, element, {"action_id"})
        return _drawn(kind, self, element, at)

    def text(self, text: Block) -> Markup:
        """Draw a text object."""
        if _known("a text", _TEXTS, text) == "mrkdwn":
            return mrkdwn(text["text"], self.names)
        return plain_text(text["text"], emoji=text.get("emoji", True))

    def words(self, text: Block) -> str:
        """Write a text object where no HTML can stand."""
        if _known("a text", _TEXTS, text) == "mrkdwn":
            return " ".join(mrkdwn(text["text"], self.names).replace("<br>", Markup(" ")).striptags().split())
        return plain_words(text["text"], emoji=text.get("emoji", True))

    def value(self, element: Block, at: _At) -> str:
        """What was typed so far."""
        return str(self.entered.get(at.action, element.get("initial_value", "")) or "")

    def is_chosen(self, option: Block, element: Block, at: _At) -> bool:
        first = [element["initial_option"]] if "initial_option" in element else element.get("initial_options", [])
        chosen = self.entered.get(at.action, [one["value"] for one in first])
        return option["value"] in ([chosen] if isinstance(chosen, str) else chosen or ())

    def chosen(self, element: Block, at: _At) -> list[Block]:
        """Of a list whose options the app gives: those that were chosen so far."""
        first = {option["value"]: option for option in element.get("initial_options", [])}
        known = {**first, **self.offered}
        return [known[value] for value in self.entered.get(at.action, first) or ()]

    def confirm(self, element: Block) -> str:
        """Write as JSON what is asked before anything is sent."""
        asks = element["confirm"]
        said = {key: self.words(asks[key]) for key in ("title", "confirm", "deny")}
        return json.dumps({**said, "text": self.text(asks["text"]), "style": asks.get("style", "primary")})

    @staticmethod
    def link(url: str) -> str:
        return link_to(url)


def _action(element: Block, n: int) -> str:
    return str(element.get("action_id", f"a{n}"))


def _known(
    what: str, table: Mapping[str, AbstractSet[str]], thing: Block, ids: AbstractSet[str] = frozenset()
) -> str:
    """Tell the type of something of which every key is drawn."""
    kind = str(thing.get("type"))
    if kind not in table:
        raise CantRender(f"{what} of type {kind!r}")
    if unknown := sorted(set(thing) - table[kind] - ids - {"type"}):
        raise CantRender(f"{what} of type {kind!r} with {', '.join(map(repr, unknown))}")
    return kind


def _drawn(macro: str, *arguments: object) -> Markup:
    return Markup(getattr(environment.get_template("blocks.html").module, macro)(*arguments))  # noqa: S704 - autoescaped
