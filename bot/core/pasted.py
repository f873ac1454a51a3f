"""Ids where nobody wrote a command: pasted into a field, or somewhere in a text that was not meant for us."""

import re
from collections.abc import Iterable

from bot.core.parsing import GUID, Entry, as_typed, distinct, leading, read_word
from bot.core.problems import Problem

_WORD = re.compile(r"\s*(?P<word>[^\s,;，、；]*)[\s,;，、；]?")
_PUNCTUATION = "\"'.:-–—•*&>|/"
_GUID_INSIDE = re.compile(rf"(?<![0-9a-f-]){GUID.pattern}(?![0-9a-f-])", re.IGNORECASE)
# In a text that holds links and JSON an address may stand behind any of these.
_APART = re.compile(r"[\s,;<>|\"()\[\]{}=?&/\\:]+")


def pasted(text: str) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Read a field that is for ids alone: those, and everything else that stands there, as typed."""
    found: list[Entry] = []
    strangers: list[str] = []
    rest = as_typed(text)
    while rest:
        some, rest = leading(rest)
        found += [one for one in some if isinstance(one, Entry)]
        strangers += [one.entry for one in some if isinstance(one, Problem)]
        if word := _WORD.match(rest):
            rest = rest[word.end() :]
            strangers += [word["word"]] if word["word"].strip(_PUNCTUATION) else []
    return distinct(found), tuple(dict.fromkeys(strangers))


def ids_within(text: str) -> Iterable[str]:
    """Find what looks like ids anywhere in a text, in lower case."""
    yield from (match.group().lower() for match in _GUID_INSIDE.finditer(text))
    for word in _APART.split(text) if "@" in text else ():
        entry = read_word(word) if "@" in word else None
        if isinstance(entry, Entry):
            yield entry.value
