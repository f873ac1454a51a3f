"""What the words need to know of where the bot is installed."""

from dataclasses import dataclass
from datetime import timedelta

from bot.core.ids import ChannelId


@dataclass(frozen=True, slots=True)
class Place:
    """One installation, as its people see it."""

    approvers: tuple[str, ...]
    """Slack ids: U… or W… is a person, S… a user group."""
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
