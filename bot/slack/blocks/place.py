"""What the words need to know of where the bot is installed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from bot.core.ids import ChannelId, SlackUserId
from bot.core.model import Request

NAMED = "name:"
"""Stands before a name among Slack ids: nothing but that tells a team called SOC from a user group."""


@dataclass(frozen=True, slots=True)
class Place:
    """One installation, as its people see it."""

    approvers: tuple[str, ...]
    """Who can approve it, as far as they may be mentioned: U… or W… is a person, S… a user group, `name:…` a name."""
    requesters: tuple[str, ...]
    """Likewise; empty: the members of the channel."""
    channel: ChannelId
    """Where requests are decided."""
    help: str
    """SUPPORT_CONTACT as typed; may be empty."""
    admin_url: str = "https://entra.microsoft.com"
    """The Entra admin center of the cloud."""
    team_url: str = ""
    """Such as `https://contoso.slack.com/`; without it there are no links to messages."""
    approval_ttl: timedelta = timedelta(hours=8)
    send_within: timedelta = timedelta(hours=1)
    hold: timedelta = timedelta(0)
    rule: str = ""
    """The name of the rule that decides the request; empty without a policy file."""
    teams: str = ""
    """Whose members can approve under it: "SOC or Identity"."""
    missing: str = ""
    """Which approvals it still needs: "one from Identity"; empty where one would be the first and last."""
    approved_as: Mapping[SlackUserId, str] = field(default_factory=dict)
    """By which teams each has approved it so far: "SOC"."""


class PlaceOf(Protocol):
    """Tells where the bot is installed and, of one request, who can approve it."""

    def __call__(self, request: Request | None = None) -> Place: ...
