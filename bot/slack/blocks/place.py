"""What the words need to know of where the bot is installed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.core.ids import ChannelId
from bot.core.model import Request


@dataclass(frozen=True, slots=True)
class Place:
    """One installation, as its people see it."""

    approvers: tuple[str, ...]
    """Who can approve it, as far as they may be mentioned: U… or W… is a person, S… a user group, else a name."""
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
    approved_as: str = ""
    """By which teams it was approved so far: "SOC"."""


class PlaceOf(Protocol):
    """Tells where the bot is installed and, of one request, who can approve it."""

    def __call__(self, request: Request | None = None) -> Place: ...
