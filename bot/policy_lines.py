"""Where each key of a TOML document stands: tomllib tells what a document says, not in which line."""

import re
import tomllib
from bisect import bisect_left
from typing import Any

Path = tuple[str | int, ...]
"""The keys that lead to a value; a number, from 0, is a place in an array."""

_PART = r'(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
_KEY = re.compile(rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
# A text over several lines may have up to two more of its quotes before the three that end it.
_VALUE = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|[^,\]}#\n]+",
    re.DOTALL,
)


def lines_of(text: str) -> dict[Path, int]:
    """Return the line, from 1, of each key, table and entry of a list. The text must be one that tomllib takes."""
    return _Scan(text).lines


class _Scan:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._entries: dict[Path, int] = {}
        """How many tables each array of tables has, so far."""
        self.lines: dict[Path, int] = {}
        here: Path = ()
        while self._next():
            if self._next() == "[":
                here = self._header()
            else:
                self._pair(here)

    def _next(self) -> str:
        """Go on to what is neither blank nor a comment; empty at the end."""
        self._take(_BLANK)
        return self._text[self._at : self._at + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise AssertionError("tomllib has taken what this can't read")
        self._at = found.end()
        return found[0]

    def _key(self) -> list[str]:
        inner: Any = tomllib.loads(f"{self._take(_KEY)} = 0")
        parts: list[str] = []
        while isinstance(inner, dict):
            ((part, inner),) = inner.items()
            parts.append(part)
        return parts

    def _mark(self, path: Path) -> None:
        self.lines.setdefault(path, bisect_left(self._breaks, self._at) + 1)

    def _header(self) -> Path:
        """Read `[table]` or `[[array of tables]]`; what is named on the way stands in this line too."""
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        self._next()
        *above, last = self._key()
        self._at = self._text.index("]", self._at) + (2 if is_array else 1)
        path: Path = ()
        for part in above:
            path = self._within((*path, part))
        path = (*path, last)
        if is_array:
            self._mark(path)
            self._entries[path] = self._entries.get(path, -1) + 1
        return self._within(path)

    def _within(self, path: Path) -> Path:
        """Go into the newest table where the path is that of an array of tables."""
        self._mark(path)
        if path in self._entries:
            path = (*path, self._entries[path])
            self._mark(path)
        return path

    def _pair(self, path: Path) -> None:
        self._next()
        for part in self._key():
            path = (*path, part)
            self._mark(path)
        self._next()
        self._at += len("=")
        self._value(path)

    def _value(self, path: Path) -> None:
        match self._next():
            case "[":
                self._items(path, "]")
            case "{":
                self._items(path, "}")
            case _:
                self._take(_VALUE)

    def _items(self, path: Path, end: str) -> None:
        self._at += 1
        n = 0
        while (found := self._next()) != end:
            if found == ",":
                self._at += 1
            elif end == "}":
                self._pair(path)
            else:
                self._mark((*path, n))
                self._value((*path, n))
                n += 1
        self._at += 1
