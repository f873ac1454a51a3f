"""The message in Slack that a request was asked from."""

from dataclasses import dataclass

from bot.core.ids import ChannelId, MessageTs


@dataclass(frozen=True, slots=True)
class Alert:
    """The message that a request was asked from."""

    channel: ChannelId
    ts: MessageTs
    thread_ts: str = ""
    """Of the thread it stands in; empty where it begins its own."""

    @property
    def thread(self) -> str:
        """Where an answer to it goes."""
        return self.thread_ts or self.ts

    @property
    def can_be_told(self) -> bool:
        """Whether it has a thread that others read, too."""
        return bool(self.thread) and not self.is_direct

    @property
    def is_direct(self) -> bool:
        """Whether it stands in a direct message, which nobody else can read."""
        return self.channel.startswith("D")
