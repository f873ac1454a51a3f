"""Who decided, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.ids import ObjectId, SlackUserId

Reopened = Literal["", "lapsed", "drifted", "voided"]
Void = Literal[
    "",
    "at_risk",  # their own account is
    "not_allowed",  # the policy lets them approve it no longer
    "same_account",  # it is that of somebody else who approved: two Slack users, one person
    "not_enough",  # nothing is wrong with it, but the policy asks for more of them
    "seen_before",  # given for what the request showed before
]
"""Why an approval counts no longer."""

Teams = Mapping[SlackUserId, tuple[str, ...]]
"""The keys of the teams that each of those who approved is in."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's approval, denial, stop or report."""

    by: SlackUserId
    at: datetime
    view: int
    reason: str = ""
    email: str = ""
    """By which the account in Entra is looked for."""
    accounts: tuple[ObjectId, ...] = ()
    """Their account in Entra, where it was known; more than one where the policy names several."""
    teams: tuple[str, ...] = ()
    """The keys of the teams they were in then."""
    void: Void = ""
