"""What an alert names: ids and addresses in a message that somebody else's program posted.

An attacker may have had a hand in the text, so that nothing of it is taken over but what Entra knows as a user.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from bot.core.model import RiskySnapshot
from bot.core.parsing import as_typed
from bot.core.pasted import ids_within

MOST_TEXT = 100_000
"""Characters of a message that are looked through."""
MOST_NAMED = 2_000
_DEEPEST = 40
_TITLES = {"attachments": "attachment", "blocks": "block", "fields": "field", "files": "file"}
_LINKS = frozenset({"title_link", "from_url", "original_url", "author_link", "url", "image_url", "thumb_url"})


@dataclass(frozen=True, slots=True)
class Named:
    """What a message names, each with where it was found first; `is_cut` where it holds more than was looked at."""

    places: Mapping[str, str] = field(default_factory=dict)
    """By GUID or UPN in lower case."""
    is_cut: bool = False

    def of(self, user: RiskySnapshot) -> str | None:
        """Where it names a user; None where it does not."""
        return self.places.get(user.user_id) or self.places.get(user.upn.casefold())


def named_in(message: Mapping[str, Any]) -> Named:
    """Find ids and addresses in a message: in its text, blocks and attachments, at any depth."""
    places: dict[str, str] = {}
    left = MOST_TEXT
    for text, where in _texts(message, "", 0):
        if left <= 0 or len(places) >= MOST_NAMED:
            return Named(places, is_cut=True)
        for value in ids_within(as_typed(unquote(text[:left]))):
            if len(places) >= MOST_NAMED:
                return Named(places, is_cut=True)
            places.setdefault(value, where or "in the text")
        left -= len(text)
    return Named(places, is_cut=left < 0)


def _texts(thing: Any, where: str, depth: int) -> Iterator[tuple[str, str]]:
    """All strings inside, each with where it stands, in our words: those of the message prove nothing."""
    if depth > _DEEPEST:
        return
    match thing:
        case str():
            yield thing, where
        case Mapping():
            for key, value in thing.items():
                yield from _texts(value, _place(where, str(key), value), depth + 1)
        case Sequence():
            for one in thing:
                yield from _texts(one, where, depth + 1)
        case _:
            pass


def _place(where: str, key: str, value: Any) -> str:
    """Name only the outermost part, and that it is a link."""
    if key in _LINKS:
        return "in a link"
    if key in _TITLES and isinstance(value, Sequence):
        return f"in {'an' if _TITLES[key][0] in 'aeiou' else 'a'} {_TITLES[key]}"
    return where
