"""Reads back which entries of the trail the bot's own posts name: a copy that who rewrites the chain can't reach."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.clock import Clock
from bot.errors import SlackBusy
from bot.slack.api import answered
from bot.slack.installation import Installation
from bot.slack.messenger import EVENT_TYPE, Spot

TRIES = 10
"""How often a page is asked for that Slack is too busy to give."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What one message names, and where it is."""

    n: int
    mac: str
    channel: str
    ts: str


@dataclass(slots=True)
class Page:
    """What a channel or a thread holds."""

    anchors: list[Posted] = field(default_factory=list)
    threads: list[Spot] = field(default_factory=list)


class Anchors:
    """Every method raises SlackError."""

    def __init__(self, client: AsyncWebClient, installation: Installation, clock: Clock) -> None:
        self._client = client
        self._installation = installation
        self._clock = clock

    async def read(self, spot: Spot) -> Page:
        """Read all of a channel, or of a thread in it."""
        found, cursor = Page(), ""
        while True:
            query: dict[str, Any] = {"channel": spot.channel, "include_all_metadata": True, "limit": 200}
            if cursor:
                query["cursor"] = cursor
            if spot.thread_ts:
                query["ts"] = spot.thread_ts
            method = self._client.conversations_replies if spot.thread_ts else self._client.conversations_history
            page = await self._patiently(lambda: method(**query))  # noqa: B023 - awaited at once
            for message in page.get("messages", ()):
                self._note(message, spot.channel, found)
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return found

    def _note(self, message: Mapping[str, Any], channel: str, found: Page) -> None:
        if str(message.get("bot_id", "")) != self._installation.bot_id:
            return  # another app's may name what it likes
        ts = str(message.get("ts", ""))
        if message.get("reply_count"):
            found.threads.append(Spot(channel, ts))
        metadata = message.get("metadata") or {}
        payload = metadata.get("event_payload") or {}
        if metadata.get("event_type") == EVENT_TYPE and isinstance(payload.get("n"), int):
            found.anchors.append(Posted(payload["n"], str(payload.get("mac", "")), channel, ts))

    async def _patiently(self, ask: Callable[[], Awaitable[AsyncSlackResponse]]) -> Mapping[str, Any]:
        for _ in range(TRIES - 1):
            try:
                return await answered(ask())
            except SlackBusy as error:
                await self._clock.sleep(error.retry_after)
        return await answered(ask())
