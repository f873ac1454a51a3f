"""What a JSON value in Block Kit may be: each rule lists what Slack would refuse about a value."""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Protocol

# What may stand between < and > in mrkdwn: mentions, channels, groups, dates and links.
_SPECIAL = re.compile(
    r"<(?:@[UW][A-Z0-9]+|#C[A-Z0-9]+|!subteam\^S[A-Z0-9]+|!(?:here|channel|everyone)"
    r"|!date\^\d+\^[^<>|]*(?:\^https?:[^<>|]*)?\|[^<>]+|(?:https?|mailto):[^<>|\s]+(?:\|[^<>]+)?)>"
)


class Rule(Protocol):
    """One of those below."""

    def faults(self, where: str, value: Any) -> Iterator[str]: ...


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def faults(self, where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, bool):
            yield f"{where}: must be true or false"


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number."""

    least: int
    most: int

    def faults(self, where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= self.most:
            yield f"{where}: must be a whole number from {self.least} to {self.most}"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def faults(self, where: str, value: Any) -> Iterator[str]:
        if value not in self.words:
            yield f"{where}: unknown {value!r}"


@dataclass(frozen=True, slots=True)
class Line:
    """A string that no person reads as it is, such as an id."""

    most: int
    least: int = 0

    def faults(self, where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{where}: no string"
        elif not self.least <= len(value) <= self.most:
            yield f"{where}: must be {self.least} to {self.most} characters, not {len(value)}"


@dataclass(frozen=True, slots=True)
class Text:
    """A text object (docs.slack.dev/reference/block-kit/composition-objects/text-object)."""

    most: int
    is_plain: bool = False

    def faults(self, where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, Mapping) or value.get("type") not in ("plain_text", "mrkdwn"):
            yield f"{where}: no text object"
            return
        is_plain = value["type"] == "plain_text"
        if self.is_plain and not is_plain:
            yield f"{where}: must be plain_text"
        flag = "emoji" if is_plain else "verbatim"
        keys: dict[str, Rule] = {"type": Choice((value["type"],)), "text": Line(self.most, 1), flag: Flag()}
        yield from Thing(keys, {"text"}).faults(where, value)
        if not is_plain and isinstance(value.get("text"), str):
            yield from markup(where, value["text"])


@dataclass(frozen=True, slots=True)
class Items:
    """A list, each of whose items keeps the same rule."""

    rule: Rule
    most: int

    def faults(self, where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, list) or not 1 <= len(value) <= self.most:
            yield f"{where}: must be a list of 1 to {self.most}"
            return
        for n, item in enumerate(value):
            yield from self.rule.faults(f"{where} {n}", item)


@dataclass(frozen=True, slots=True)
class Thing:
    """An object with these keys and no others."""

    keys: Mapping[str, Rule]
    needs: AbstractSet[str] = frozenset()

    def faults(self, where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"{where}: no object"
            return
        for key in sorted(self.needs - set(value)):
            yield f"{where}: {key} is missing"
        for key, inner in value.items():
            if key in self.keys:
                yield from self.keys[key].faults(f"{where}: {key}", inner)
            else:
                yield f"{where}: unknown key {key!r}"


@dataclass(frozen=True, slots=True)
class Kind:
    """An object whose `type` says what it may hold; only some types are allowed at this place."""

    what: str
    known: Mapping[str, Thing]
    allowed: AbstractSet[str] = field(default_factory=frozenset)

    def faults(self, where: str, value: Any) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, Mapping) else None
        if not isinstance(kind, str) or kind not in self.known:
            yield f"{where}: unknown {self.what} {kind!r}"
            return
        if kind not in self.allowed:
            yield f"{where}: {kind} is not allowed here"
        thing = self.known[kind]
        yield from Thing({"type": Choice((kind,)), **thing.keys}, thing.needs).faults(where, value)


def markup(where: str, words: str) -> Iterator[str]:
    """Find what is no markup of Slack's in mrkdwn: a bare < or >, or an & that begins no entity."""
    rest = _SPECIAL.sub("", words)
    if "<" in rest or ">" in rest.replace("\n>", "\n").removeprefix(">"):
        yield f"{where}: a < or > that is no markup of Slack's"
    if re.search(r"&(?!amp;|lt;|gt;)", rest):
        yield f"{where}: an & that is not escaped"
