"""What the look-up has to say of what was typed, and of whom it can't ask for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.ids import ChannelId, MessageTs, RequestId, SlackUserId


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The open request that a user is in already; without a place where it was not shown yet."""

    request_id: RequestId
    asker: SlackUserId
    asked_at: datetime
    channel: ChannelId | None = None
    ts: MessageTs | None = None


CALM = frozenset({"no_risk", "not_listed", "already_safe"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the look-up has to say of what was typed."""

    kind: Literal[
        "unreadable",
        "unknown",
        "deleted",
        "no_risk",  # read: no record, or its risk has ended
        "not_listed",  # not read: Entra's list of users at risk doesn't name them
        "not_read",  # neither on as much of the list as could be read, nor got alone
        "already_safe",
        "open_elsewhere",
        "own_account",
        "no_email",
    ]
    entry: str
    """As it was typed, or as Graph names the user."""
    name: str = ""
    other: Elsewhere | None = None
    """For open_elsewhere: the request the user is waiting in."""

    @property
    def is_problem(self) -> bool:
        """Whether the asker has to choose; a user who is no longer at risk is only left out with a remark."""
        return self.kind not in CALM
