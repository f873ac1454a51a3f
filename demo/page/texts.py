"""Everything that people read, as it was reviewed: the examples that the tests keep, drawn as on a phone."""

import json
from dataclasses import dataclass
from typing import Any

from demo.bot_process import ROOT
from demo.local_slack.workspace import View, Workspace
from demo.page.blocks import render_message, render_view

EXAMPLES = ROOT / "tests" / "slack" / "snapshots"


@dataclass(frozen=True, slots=True)
class Example:
    """One text; `title` and `submit` are a window's."""

    name: str
    kind: str
    html: str
    title: str = ""
    submit: str = ""
    close: str = ""


def texts(workspace: Workspace) -> list[tuple[str, list[Example]]]:
    """Give each family of texts by its letter and number; what is neither a message nor a view is left out."""
    families = []
    for path in sorted(EXAMPLES.glob("*.json"), key=lambda path: _order(path.stem)):
        kept = json.loads(path.read_text(encoding="utf-8"))
        shown = {name: parts for name, parts in kept.items() if {"text", "type"} & set(parts[0])}
        families.append((path.stem, [_example(name, parts, workspace) for name, parts in shown.items()]))
    return families


def _order(name: str) -> tuple[str, int, str]:
    letter, rest = name[0], name[1:]
    digits = "".join(c for c in rest.partition("-")[0] if c.isdigit())
    return letter, int(digits or 0), rest


def _example(name: str, kept: list[dict[str, Any]], workspace: Workspace) -> Example:
    """The first of what was kept is what stands around the blocks."""
    around, blocks = kept[0], kept[1:]
    kind = str(around.get("type", "message"))
    if kind == "message":
        return Example(name, kind, render_message(blocks, around["text"], workspace))
    words = {key: around.get(key, {}).get("text", "") for key in ("title", "submit", "close")}
    view = View("V0EXAMPLE", "", {**around, "blocks": blocks})
    return Example(name, kind, render_view(view, {}, workspace), **words)
