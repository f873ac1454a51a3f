"""Tasks as they are wished for: what is to be done, once, and when."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

TaskKind = Literal[
    "look_up",
    "explain",
    "confirm",
    "verify",
    "show",
    "stoppable",
    "line",
    "alert",
    "tell",
    "answer",
    "whisper",
    "expire",
    "lapse",
    "sweep",
    "tally",
    "look_again",
    "renewal",
    "home",
    "recur",
]
COLLAPSING: frozenset[TaskKind] = frozenset(
    {"look_up", "explain", "confirm", "verify", "show", "line", "alert", "renewal", "home", "recur"}
)
"""Asked for again while waiting, these are done once, for the newest state."""
WAITING: tuple[TaskKind, ...] = ("look_up", "explain", "confirm", "verify", "look_again", "recur")
"""What these do is wait for their turn with Graph, most of the time."""
POSTING: tuple[TaskKind, ...] = ("show", "line", "alert", "tell", "answer", "whisper", "renewal")
"""What these do may have been taken though no answer came."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A task that should exist; `key` names its one effect, `lane` keeps posts in order."""

    kind: TaskKind
    key: str
    due_at: datetime
    lane: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
