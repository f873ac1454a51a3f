"""Takes one person out of an entry's body, so that what it says of everybody else stays and can still be folded.

Bodies are handled as JSON: what an older version wrote is redacted too.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bot.core.ids import ObjectId

REDACTED = "redacted"
FREE_TEXT = frozenset({"reason", "command", "known_by"})
"""What people wrote: nobody can tell whom it speaks of, so all of it goes, in every request that names the person."""
_MENTION = re.compile(r"<@[UW][A-Z0-9]+>")


@dataclass(slots=True)
class Traces:
    """By what a person is named."""

    user_id: ObjectId
    addresses: set[str] = field(default_factory=set)
    """UPNs and e-mail addresses, folded."""
    names: set[str] = field(default_factory=set)
    """Display names."""

    def learn(self, body: Any) -> None:
        """Note what a body calls them."""
        for one in _objects(body):
            if one.get("user_id") == self.user_id:
                self._note(one.get("upn"), one.get("display_name"))
            shown = one.get("shown")
            if isinstance(shown, dict) and shown.get("user_id") == self.user_id:
                self.addresses.update(str(address).casefold() for address in one.get("addresses") or ())
            if self.user_id in (one.get("accounts") or ()):
                self._note(one.get("email"), one.get("name"))

    def _note(self, address: Any, name: Any) -> None:
        if address:
            self.addresses.add(str(address).casefold())
        if name:
            self.names.add(str(name))

    @property
    def pattern(self) -> re.Pattern[str]:
        """Finds their id and addresses, and not the longer ones of others that end or begin alike."""
        traces = sorted((self.user_id, *self.addresses), key=len, reverse=True)
        return re.compile(rf"(?<![\w.+-])(?:{'|'.join(map(re.escape, traces))})(?![\w-])", re.IGNORECASE)


def without(body: Any, traces: Traces, instead: str) -> Any:
    """Return a body without the person; their id becomes another one that means nobody."""
    pattern = traces.pattern

    def replaced(found: re.Match[str]) -> str:
        return instead if found[0].casefold() == traces.user_id else REDACTED

    def cleared(text: str) -> str:
        return REDACTED if text in traces.names else _MENTION.sub(REDACTED, pattern.sub(replaced, text))

    def walked(value: Any) -> Any:
        match value:
            case str():
                return cleared(value)
            case list():
                return [walked(one) for one in value]
            case dict():
                return {cleared(key): walked(one) for key, one in _emptied(value, traces, pattern).items()}
            case _:
                return value

    return walked(body)


def _emptied(value: dict[str, Any], traces: Traces, pattern: re.Pattern[str]) -> dict[str, Any]:
    """Empty what is theirs in one object of a body."""
    value = {name: REDACTED if name in FREE_TEXT and one else one for name, one in value.items()}
    if value.get("user_id") == traces.user_id:
        value |= {"display_name": REDACTED, "upn": ""}
    shown = value.get("shown")
    if isinstance(shown, dict) and shown.get("user_id") == traces.user_id:
        value |= {name: [] for name in ("addresses", "not_in", "why", "knew") if value.get(name)}
    if traces.user_id in (value.get("accounts") or ()):
        value |= {name: REDACTED for name in ("name", "email") if value.get(name)}
    if isinstance(value.get("entry"), str) and pattern.search(value["entry"]) and "name" in value:
        value |= {"name": REDACTED}
    if isinstance(value.get(traces.user_id), list):
        value |= {traces.user_id: []}
    if value.get("unreadable"):
        value |= {"unreadable": []}
    return value


def _objects(body: Any) -> Iterable[dict[str, Any]]:
    match body:
        case dict():
            yield body
            for one in body.values():
                yield from _objects(one)
        case list():
            for one in body:
                yield from _objects(one)
        case _:
            pass
