"""Says things in Slack so that each is said once: posts carry an op_id by which they are found again."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.clock import Clock
from bot.errors import SlackBusy, SlackDoubtful, SlackError, SlackPaced, SlackRefused
from bot.slack.api import TIMEOUT, answered, retry_after
from bot.slack.blocks.message import Block, Message
from bot.slack.installation import Installation
from bot.slack.reach import Reach
from bot.slack.turns import OwnTurns, Turns

EVENT_TYPE = "confirm_safe"
MAX_PAGES = 10
PACE = 1.0
PATIENCE = 2.0
"""Seconds a post waits for its turn in its channel; if it is longer, others go on meanwhile."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a message goes."""

    channel: str
    thread_ts: str = ""


class Messenger:
    """Every method raises SlackError."""

    def __init__(
        self,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        installation: Installation,
        clock: Clock,
        *,
        turns: Turns | None = None,
        reach: Reach | None = None,
    ) -> None:
        self._client = client
        self._session = session
        self._installation = installation
        self._clock = clock
        self._turns = turns or OwnTurns(clock)
        self._reach = reach or Reach(clock)
        self._no_update_before = float("-inf")

    async def post(self, spot: Spot, message: Message, metadata: Mapping[str, Any]) -> str:
        """Post a message and return its ts: whoever does has taken a turn in the channel.

        A pause that Slack asks for goes for every post there.
        """
        thread: dict[str, Any] = {"thread_ts": spot.thread_ts} if spot.thread_ts else {}
        call = self._client.chat_postMessage(
            channel=spot.channel,
            text=message.text,
            blocks=message.blocks,
            metadata={"event_type": EVENT_TYPE, "event_payload": dict(metadata)},
            unfurl_links=False,
            unfurl_media=False,
            **thread,
        )
        try:
            return str((await self._answered(call))["ts"])
        except SlackBusy as error:
            await self._turns.pause(spot.channel, error.retry_after)
            raise

    async def post_once(
        self, spot: Spot, message: Message, metadata: Mapping[str, Any], *, since: datetime | None
    ) -> tuple[str, bool]:
        """Post unless an earlier try was taken, and tell whether one was; it is looked for by the op_id.

        `since` is from when on to look; None where no earlier try can have been taken.
        """
        found = await self.find(spot, str(metadata["op_id"]), since) if since is not None else []
        return (found[0], True) if found else (await self.post(spot, message, metadata), False)

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Change a message. A pause that Slack asked for goes for every update, also one that is wanted meanwhile."""
        left = self._no_update_before - self._clock.monotonic()
        if left > 0:
            raise SlackPaced(left)
        call = self._client.chat_update(channel=channel, ts=ts, text=message.text, blocks=message.blocks)
        try:
            await self._answered(call)
        except SlackBusy as error:
            self._no_update_before = self._clock.monotonic() + error.retry_after
            raise

    async def whisper(self, spot: Spot, user: str, message: Message) -> None:
        thread: dict[str, Any] = {"thread_ts": spot.thread_ts} if spot.thread_ts else {}
        await self._answered(
            self._client.chat_postEphemeral(
                channel=spot.channel, user=user, text=message.text, blocks=message.blocks, **thread
            )
        )

    async def publish(self, user: str, view: Block) -> None:
        """Show somebody's Home tab (docs.slack.dev/reference/methods/views.publish)."""
        await self._answered(self._client.views_publish(user_id=user, view=view))

    async def open_dm(self, user: str) -> str:
        return str((await self._answered(self._client.conversations_open(users=user)))["channel"]["id"])

    async def delete(self, channel: str, ts: str) -> None:
        await self._answered(self._client.chat_delete(channel=channel, ts=ts))

    async def channel_info(self, channel: str) -> Mapping[str, Any]:
        info: Mapping[str, Any] = (await self._answered(self._client.conversations_info(channel=channel)))["channel"]
        return info

    async def find(self, spot: Spot, op_id: str, since: datetime) -> list[str]:
        """Return the ts of every message there with this op_id, oldest first."""
        found: list[str] = []
        cursor = ""
        for _ in range(MAX_PAGES):
            query: dict[str, Any] = {
                "channel": spot.channel,
                "include_all_metadata": True,
                "limit": 200,
                "oldest": f"{(since - timedelta(minutes=5)).timestamp():.6f}",
            }
            if cursor:
                query["cursor"] = cursor
            if spot.thread_ts:
                page = await self._answered(self._client.conversations_replies(ts=spot.thread_ts, **query))
            else:
                page = await self._answered(self._client.conversations_history(**query))
            found += [str(m["ts"]) for m in page.get("messages", ()) if self._op_id(m) == op_id]
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        return sorted(found, key=float)

    async def respond(self, url: str, message: Message) -> None:
        """Replace the private answer behind a response_url."""
        body = {**message.as_answer, "replace_original": True}
        try:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT)
            async with self._session.post(url, json=body, timeout=timeout, allow_redirects=False) as response:
                status, headers = response.status, response.headers
        except (TimeoutError, OSError, aiohttp.ClientError, ValueError) as error:
            raise SlackDoubtful(type(error).__name__) from error
        if status == 429:  # noqa: PLR2004 - Too Many Requests
            raise SlackBusy(retry_after(headers))
        if status >= 500:  # noqa: PLR2004 - server errors
            raise SlackDoubtful(f"http_{status}")
        if status != 200:  # noqa: PLR2004 - OK
            raise SlackRefused(f"http_{status}")

    async def _answered(self, call: Awaitable[AsyncSlackResponse]) -> Mapping[str, Any]:
        """Await a call, and note whether Slack works."""
        try:
            answer = await answered(call)
        except SlackError as error:
            self._reach.ended(error)
            raise
        self._reach.ended(None)
        return answer

    async def turn(self, channel: str) -> None:
        """Wait for one's turn to post in a channel: one a second is what Slack takes.

        It comes before everything that is looked up for a post, else that is looked up for every try.
        """
        left = await self._turns.take(channel, PACE, PATIENCE)
        if left > PATIENCE:
            raise SlackPaced(left)
        if left > 0:
            await self._clock.sleep(left)

    def _op_id(self, message: Mapping[str, Any]) -> str:
        """The op_id of a message of ours: another app's may carry whatever it likes."""
        if str(message.get("bot_id", "")) != self._installation.bot_id:
            return ""
        payload = (message.get("metadata") or {}).get("event_payload") or {}
        return str(payload.get("op_id", ""))
