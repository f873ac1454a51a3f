"""What somebody waits for who needs risky users read, and what came of it."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.ids import ObjectId
from bot.core.model import RiskySnapshot
from bot.graph.pacer import Turn


@dataclass(slots=True)
class Read:
    """What came of reading: `unread` are those of whom Graph did not tell, in time or at all."""

    found: dict[ObjectId, RiskySnapshot] = field(default_factory=dict)
    missing: set[ObjectId] = field(default_factory=set)
    unread: set[ObjectId] = field(default_factory=set)
    not_listed: set[ObjectId] = field(default_factory=set)
    """Those of the unread whom the whole list of the users at risk does not name."""


@dataclass(slots=True, eq=False)
class Want:
    """Users that somebody waits for; a reading counts if it began after the moment given for the user."""

    since: Mapping[ObjectId, datetime]
    turn: Turn
    until: float
    """On the monotonic clock: then whoever waits is told what is known."""
    singles: int
    """How many of them may be got one by one once the list does not name them."""
    asked_at: float
    joined: int
    beside: int = 0
    """How many more are looked for on the same list, whose ids are not known."""
    is_alone: bool = False
    """Whether they are got one by one at once, whatever a list might tell later."""
    upn: str = ""
    """Whether anybody of this UPN is at risk is wanted, and nothing else."""
    is_whole: bool = False
    """Whether the whole list of the users at risk is wanted, whoever is on it: `read.found` gathers them."""
    updated_since: datetime | None = None
    """Since when everybody who was updated is wanted, likewise."""
    left: dict[ObjectId, None] = field(default_factory=dict)
    tried: set[ObjectId] = field(default_factory=set)
    """Looked for on a whole list since it was wanted."""
    fresh: datetime | None = None
    """When a reading must have begun to count, whatever `since` says."""
    read: Read = field(default_factory=Read)
    done: "asyncio.Future[Read]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def urgency(self) -> float:
        """The less, the sooner."""
        return self.asked_at + self.turn

    @property
    def is_of_all(self) -> bool:
        """Whether it waits for a list to its end, whoever is on it."""
        return self.is_whole or self.updated_since is not None

    @property
    def moments(self) -> list[datetime]:
        """Since when a list has to tell of those it waits for."""
        return [
            *(self.since[user_id] for user_id in self.left),
            *([self.updated_since] if self.updated_since else []),
        ]


def since_each(user_ids: Iterable[ObjectId], since: datetime) -> dict[ObjectId, datetime]:
    """One moment for all of them."""
    return dict.fromkeys(user_ids, since)
