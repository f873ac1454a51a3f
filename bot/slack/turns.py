"""Whose post is next in a channel: one a second is what Slack takes there, and none in a pause it asks for."""

from typing import Protocol

from bot.clock import Clock


class Turns(Protocol):
    """One for all who post with the same token; `bot.store.pace.StoredTurns` where those are several processes."""

    async def take(self, channel: str, gap: float, patience: float) -> float:
        """Take the next turn, `gap` seconds after the last; seconds until it. None was taken above `patience`."""

    async def pause(self, channel: str, seconds: float) -> None:
        """Give no turn before so many seconds have passed."""


class OwnTurns:
    """For a process that is alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next_in: dict[str, float] = {}

    async def take(self, channel: str, gap: float, patience: float) -> float:
        now = self._clock.monotonic()
        at = max(now, self._next_in.get(channel, now))
        if at - now <= patience:
            self._next_in[channel] = at + gap
        return at - now

    async def pause(self, channel: str, seconds: float) -> None:
        until = self._clock.monotonic() + seconds
        self._next_in[channel] = max(until, self._next_in.get(channel, until))
