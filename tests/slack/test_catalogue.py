"""Every kind of message is kept as it was reviewed, and is within Slack's limits at any size and with any names.

After a change on purpose, `UPDATE_SNAPSHOTS=1 python -m pytest tests/slack/test_catalogue.py` keeps them anew;
then read the difference as whoever gets the message.
"""

import importlib
import inspect
import json
import os
import pkgutil
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, get_type_hints

import pytest

from bot.slack import blocks
from bot.slack.blocks.message import Block, Message
from demo.local_slack.blockkit import elements_of, faults_of_home, faults_of_options, options_of
from demo.local_slack.workspace import View, Workspace
from tests.slack.cast import LATER, Cast
from tests.slack.catalogue import Kind, Kinds
from tests.slack.catalogue_shown import shown
from tests.slack.catalogue_told import told
from tests.slack.made import faults, faults_in, seen, texts_of

KEPT = Path(__file__).parent / "snapshots"
UPDATES = "UPDATE_SNAPSHOTS" in os.environ
SIZES = {"three users": 3, "one user": 1, "150 users": 150}
IN_A_CROWD = {"A1-A3 waits", "C3 review", "S4 progress", "S7 done", "T1 sent", "T2 confirmed", "F list of users"}
"""What looks different with many."""
PIECES = {"buttons", "crowd", "echo", "message"}
"""Modules of what messages are made of."""
NO_MESSAGES = {"approval.reason_block", "options.option"}
NAMES = {
    "80 characters": "N" * 80,
    "right to left": "שלום " * 16,
    "emoji": "👩‍👩‍👧" * 16,
    "256 escapes": "&" * 256,
    "markup": "<!channel> *b* _i_ ~s~ `c` & :smile: <@U0MEGAN> <https://x.example|y> > quoted",
}
SHUNNED = re.compile(r"\b(?:oops|errors?|cancel|please note|see above)\b|!|:[a-z_]+:", re.IGNORECASE)
"""Blame, alarm, a word that others stand for, and what is no word at all."""
MAX_TEXT = 150
"""Characters of a notification of the approval message."""
MAX_VIEW = 250_000
"""Bytes."""


def catalogue(cast: Cast) -> Kinds:
    yield from (kind for kind in (*shown(cast), *told(cast)) if cast.n >= kind.fewest)


# -- it is complete


def public_builders() -> Iterator[tuple[str, CodeType]]:
    """Every public function of the blocks that gives a message or a window."""
    for module in pkgutil.iter_modules(blocks.__path__):
        if module.name in PIECES:
            continue
        inside = importlib.import_module(f"{blocks.__name__}.{module.name}")
        for name, function in inspect.getmembers(inside, inspect.isfunction):
            is_own = function.__module__ == inside.__name__ and not name.startswith("_")
            if is_own and get_type_hints(function).get("return") in {Message, Block}:
                yield f"{module.name}.{name}", function.__code__


def run_by(kinds: Iterable[Kind]) -> set[CodeType]:
    """Everything that runs while the examples are made."""
    ran: set[CodeType] = set()

    def note(frame: FrameType, event: str, arg: object) -> None:
        del event, arg
        ran.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        for kind in kinds:
            kind.made()
    finally:
        sys.setprofile(before)
    return ran


def test_every_builder_has_an_example() -> None:
    ran = run_by(catalogue(Cast(3)))
    builders = dict(public_builders())
    assert {name for name, code in builders.items() if code not in ran} == set()
    assert set(builders) >= NO_MESSAGES


def test_no_two_examples_have_the_same_name() -> None:
    names = [kind.name for kind in catalogue(Cast(3))]
    assert [name for name in names if names.count(name) > 1] == []


# -- it is kept


def as_json(made: Any) -> Any:
    return {"text": made.text, "blocks": made.blocks} if isinstance(made, Message) else made


def as_read(made: Any) -> str:
    """What a person reads: of a message what a phone shows before it is opened, too."""
    slack = Workspace(lambda: LATER)
    if isinstance(made, Message):
        text = slack.plain(_section(made.text))
        whole = "\n".join([slack.plain(made.blocks), *_asides(made.blocks)])
        return seen(whole if whole == text else f"(on a phone: {text})\n{whole}")
    if made.get("type") in {"modal", "home"}:
        foot = " ".join(f"[{made[key]['text']}]" for key in ("close", "submit") if key in made)
        return seen("\n".join(filter(None, [slack.plain(View("V", "U", made)), foot, *_asides(made["blocks"])])))
    if "options" in made or "option_groups" in made:
        groups = [str(group["label"]["text"]) for group in made.get("option_groups", [])]
        return seen("\n".join([*groups, *(_option(one) for one in options_of(made))]))
    return "\n".join(f"{name}: {text}" for name, text in made.items())


def _section(text: str) -> list[Block]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]


def _asides(blocks: list[Block]) -> Iterator[str]:
    """What shows only on a click, beside a field, or to a screen reader."""
    for element in (one for block in blocks for one in elements_of(block)):
        if label := element.get("accessibility_label"):
            yield f"(said aloud: {label})"
        if asks := element.get("confirm"):
            told = [
                asks["title"]["text"],
                asks["text"]["text"],
                *(f"[{asks[key]['text']}]" for key in ("deny", "confirm")),
            ]
            yield f"(asked on a click: {' '.join(told)})"
        yield from (f"(to choose: {_option(option)})" for option in element.get("options", []))
        if "placeholder" in element:
            yield f"(while empty: {element['placeholder']['text']})"
    yield from (f"(under {block['label']['text']}: {block['hint']['text']})" for block in blocks if "hint" in block)


def _option(option: Any) -> str:
    return " / ".join(option[key]["text"] for key in ("text", "description") if key in option)


@cache
def examples() -> dict[str, dict[str, Any]]:
    """By file and name; of other sizes those alone that read otherwise."""
    files: dict[str, dict[str, Any]] = {}
    for size, n in SIZES.items():
        for kind in catalogue(Cast(n)):
            if n > 3 and kind.name not in IN_A_CROWD:
                continue
            inside = files.setdefault(kind.file, {})
            made = as_json(kind.made())
            if as_json(inside.get(kind.name)) != made:
                inside[f"{kind.name}, {size}" if n != 3 else kind.name] = kind.made()
    return files


def kept(file: str) -> dict[Path, str]:
    made = examples()[file]
    whole = ",\n".join(f"{json.dumps(name)}: [\n{_by_line(as_json(one))}\n]" for name, one in made.items())
    read = "\n\n".join(f"## {name}\n{as_read(one)}" for name, one in made.items())
    return {KEPT / f"{file}.json": f"{{\n{whole}\n}}\n", KEPT / f"{file}.txt": f"{read}\n"}


def _by_line(made: dict[str, Any]) -> str:
    """A line for each block, and a first one for all the rest."""
    rest = {key: value for key, value in made.items() if key != "blocks"}
    return ",\n".join(map(json.dumps, [rest, *made.get("blocks", [])]))


@pytest.mark.parametrize("file", sorted({kind.file for kind in catalogue(Cast(3))}))
def test_everything_reads_as_it_was_reviewed(file: str) -> None:
    for path, now in kept(file).items():
        if UPDATES:
            path.parent.mkdir(exist_ok=True)
            path.write_text(now, encoding="utf-8")
        assert now == path.read_text(encoding="utf-8")


def test_nothing_is_kept_that_is_not_said_any_more() -> None:
    assert {path.stem for path in KEPT.iterdir()} == set(examples())


# -- it reads as all of them do


def test_no_text_blames_shouts_or_tells_by_a_picture() -> None:
    for kinds in examples().values():
        for name, made in kinds.items():
            read = as_read(made)
            assert SHUNNED.findall(read) == [], name
            assert not any(unicodedata.category(character) == "So" for character in read), name


def test_the_first_block_of_a_message_says_by_itself_what_it_is_about() -> None:
    for kinds in examples().values():
        for name, made in kinds.items():
            if isinstance(made, Message):
                assert made.blocks[0]["type"] in {"header", "section"}, name


# -- Slack takes it


def faults_of(kind: Kind) -> list[str]:
    made = kind.made()
    if isinstance(made, Message):
        too_long = len(made.text) > MAX_TEXT and kind.file[0] in "AS"
        return [*faults(made), *(["notification too long"] if too_long else []), *_unsaid(made.blocks)]
    if made.get("type") == "modal":
        return [*faults_in(made), *_too_large(made), *_unsaid(made["blocks"])]
    if made.get("type") == "home":
        return [*faults_of_home(made), *_too_large(made), *_unsaid(made["blocks"])]
    if "options" in made or "option_groups" in made:
        return faults_of_options(made)
    return [name for name, text in made.items() if not text or len(text) > MAX_TEXT * 10]


def _too_large(view: Block) -> list[str]:
    return [f"{size} bytes"] if (size := len(json.dumps(view))) > MAX_VIEW else []


def _unsaid(blocks: list[Block]) -> list[str]:
    """Buttons of which a screen reader would not say what they are about."""
    buttons = [
        e for b in blocks for e in [*b.get("elements", []), b.get("accessory", {})] if e.get("type") == "button"
    ]
    return [f"unlabelled: {one['text']['text']}" for one in buttons if not one.get("accessibility_label")]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("n", [1, 20, 60, 500])
def test_slack_takes_everything_at_any_size_and_with_any_names(n: int, name: str) -> None:
    found = {kind.name: faults_of(kind) for kind in catalogue(Cast(n, name))}
    assert {name: one for name, one in found.items() if one} == {}


def test_names_are_shown_as_they_are_and_call_nobody() -> None:
    """No name becomes markup, wherever it stands."""
    markup = NAMES["markup"]
    for kind in catalogue(Cast(3, markup)):
        made = as_json(kind.made())
        for text in texts_of(made):
            if text["type"] == "mrkdwn":
                assert "<!channel>" not in text["text"], kind.name
                assert "<https://x.example" not in text["text"], kind.name
