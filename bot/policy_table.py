"""One table of the policy file while it is read: what is wrong is noted with its line, and the reading goes on."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar

from bot.policy_lines import Path
from bot.setting_values import shown

T = TypeVar("T")


class Notes:
    """Everything that is wrong with a file, each with its line."""

    def __init__(self, name: str, lines: Mapping[Path, int]) -> None:
        self._name = name
        self._lines = lines
        self._noted: list[tuple[int, str]] = []

    def line(self, path: Path) -> int:
        """Return the line of a key; where it has none, that of the table it is in."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def add(self, path: Path, text: str) -> None:
        self._noted.append((self.line(path), text))

    @property
    def problems(self) -> list[str]:
        """The lines that an operator reads, in the order of the file."""
        return [f"{self._name}:{line}: {text}" for line, text in sorted(self._noted, key=lambda noted: noted[0])]


@dataclass(slots=True)
class Table:
    """A table, in which every key that isn't known is noted at once."""

    notes: Notes
    path: Path
    label: str
    """What an operator calls it."""
    values: Mapping[str, object]
    doubtful: set[str] = field(default_factory=set)
    """The keys that something is wrong with; empty: it is no table at all."""

    def note(self, key: str, text: str, *at: int) -> None:
        self.doubtful.add(key)
        label = f"{self.label}: " if self.label else ""
        self.notes.add((*self.path, key, *at), f"{label}{key} {text}")

    def missing(self, key: str, text: str) -> None:
        if key not in self.values and "" not in self.doubtful:
            self.note(key, f"is missing: {text}")

    def get(self, key: str, read: Callable[[object], T], default: T) -> T:
        """Return what `read` makes of a value; it raises ValueError with what is wrong with it."""
        if key not in self.values:
            return default
        try:
            return read(self.values[key])
        except ValueError as error:
            self.note(key, str(error))
            return default

    def entries(self, key: str, read: Callable[[object], str], empty: str = "") -> dict[str, int]:
        """Return the entries of a list, each with its place; `empty` says what is wrong with a list of none."""
        value = self.values.get(key, ())
        if not isinstance(value, list):
            if key in self.values:
                self.note(key, 'must be a list, such as ["…", "…"].')
            return {}
        if empty and not value:
            self.note(key, f"is empty: {empty}")
        found: dict[str, int] = {}
        for n, entry in enumerate(value):
            try:
                found.setdefault(read(entry), n)
            except ValueError as error:
                self.note(key, str(error), n)
        return found

    def table(self, key: str, known: Collection[str]) -> "Table":
        """Return the table under a key; an empty one where there is none."""
        return opened(self.notes, (*self.path, key), key, self.values.get(key, {}), known)


def opened(
    notes: Notes, path: Path, label: str, value: object, known: Collection[str], *, example: str = ""
) -> Table:
    """Open a table. `known` are its keys; none: they are the operator's own."""
    table = Table(notes, path, label, value if isinstance(value, dict) else {})
    if not isinstance(value, dict):
        table.doubtful.add("")
        notes.add(path, f"{label} must be a table{example and ', such as '}{example}.")
    for key in table.values if known else ():
        if key not in known:
            table.doubtful.add(key)
            prefix = f"{label}: " if label else ""
            notes.add((*path, key), f"{prefix}{shown(key)} is not known here: {_instead(key, known)}")
    return table


def _instead(key: str, known: Collection[str]) -> str:
    if close := get_close_matches(key, known, 1):
        return f"did you mean `{close[0]}`?"
    return f"give {', '.join(known)}."


def not_a_team(key: str, known: Collection[str]) -> str:
    """Say that a team is not there, and which are."""
    close = get_close_matches(key, known, 1)
    meant = f"did you mean `{close[0]}`? There are" if close else "there are"
    return f"names {shown(key)}, which is no team: {meant} {', '.join(known)}."
