"""What can be wrong with a typed command, as values that the words are made from."""

from dataclasses import dataclass
from typing import Literal

ProblemKind = Literal[
    "unreadable", "no_users", "id_in_reason", "too_many", "no_reason", "reason_too_long", "text_too_long"
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what was typed."""

    kind: ProblemKind
    entry: str = ""
    """The word it is about, as typed."""
    count: int = 0
    """For too_many the users given, for id_in_reason the ids found, for what is too long the characters."""
