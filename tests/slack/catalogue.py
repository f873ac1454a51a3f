"""An example of every message, window, Home tab and private answer that the bot can show.

They are kept in files by what they are: A the approval message while it waits and S once it was decided, by state;
C windows and dialogs; T what is told in the thread; N incident channels and alerts; E private answers; R refusals;
H the Home tab and lists; D Details; F the form.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Build = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One example: its name, which begins with where it is kept, and what builds it."""

    name: str
    build: Build
    args: tuple[Any, ...]
    changed: dict[str, Any]
    fewest: int = 1
    """Users without whom it does not happen."""

    @property
    def file(self) -> str:
        first = self.name.split()[0]
        return first[0] if first[0] in "ENR" else first

    def made(self) -> Any:
        """A message, a window, a Home tab, the options of a list, or what is said at fields."""
        return self.build(*self.args, **self.changed)


Kinds = Iterator[Kind]


def kind(name: str, build: Build, *args: Any, **changed: Any) -> Kind:
    return Kind(name, build, args, changed)


def of_several(name: str, build: Build, *args: Any, **changed: Any) -> Kind:
    """Something that can't happen to a single user."""
    return Kind(name, build, args, changed, fewest=2)
