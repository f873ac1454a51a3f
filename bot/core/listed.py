"""Lists to choose users from, as they were read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.model import RiskySnapshot
from bot.core.shared import Group

Trouble = Literal["", "not_read", "refused", "sign_in"]
"""Why there is no list: Graph did not answer in time, refuses, or can't be signed in to."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Everybody at risk, the riskiest first, as it was at a moment; `trouble` where it could not be read."""

    users: tuple[RiskySnapshot, ...] = ()
    at: datetime | None = None
    trouble: Trouble = ""


@dataclass(frozen=True, slots=True)
class Sharing:
    """What they share, as far as their detections were read."""

    groups: tuple[Group, ...] = ()
    n_read: int = 0
    """Of so many users it is known why they are at risk."""
    n_users: int = 0
