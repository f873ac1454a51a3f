"""Whether Slack works for the bot at all: from the first call that fails for any message to the first that works."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.clock import Clock
from bot.errors import SlackDoubtful, SlackDown, SlackError, SlackPaced, SlackUnreachable

DEAD_TOKEN = {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"}
"""After these Slack takes nothing from the bot until somebody gives it a token that works."""


@dataclass(slots=True)
class Reach:
    """One for the process."""

    clock: Clock
    failing_since: datetime | None = None
    heard_at: datetime | None = None
    """When Slack last answered as it should."""
    error: SlackError | None = None
    """Why, where a call has told."""
    on_change: list[Callable[[], None]] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        """Whether Slack does not take the bot's token."""
        return self.error is not None and self.error.code in DEAD_TOKEN

    def ended(self, error: SlackError | None) -> None:
        """Take note of how a call ended; an answer that is about this one message says nothing."""
        match error:
            case SlackPaced():
                return
            case SlackDown() if error.code not in DEAD_TOKEN:
                return
            case SlackUnreachable() | SlackDoubtful() | SlackDown():
                was = self.failing_since, self.is_refused
                self.failing_since, self.error = self.failing_since or self.clock.now(), error
                has_changed = was != (self.failing_since, self.is_refused)
            case _:
                has_changed = self.failing_since is not None
                self.failing_since = self.error = None
                self.heard_at = self.clock.now()
        if has_changed:
            for notify in self.on_change:
                notify()
