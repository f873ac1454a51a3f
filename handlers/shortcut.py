"""What opens the form: the command alone, the shortcut, and the shortcut on a message."""

from typing import Any

from slack_bolt.async_app import AsyncAck
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.alert import Alert
from bot.core.form import Opening
from bot.core.ids import ChannelId, MessageTs, SlackUserId
from bot.core.named import named_in
from bot.errors import SlackError
from bot.forms import Forms
from bot.slack.api import answered
from handlers.clicks import OPEN_WITHIN


class Shortcuts:
    """Nothing is looked up before the form is open."""

    def __init__(self, forms: Forms, client: AsyncWebClient) -> None:
        self._forms = forms
        self._client = client

    async def used(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse:
        return await self._answered(ack, body, Opening(_by(body), ChannelId("")))

    async def used_on_message(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse:
        channel, message = ChannelId(str(body["channel"].get("id") or "")), body["message"]
        ts, thread_ts = str(message.get("ts") or body.get("message_ts") or ""), str(message.get("thread_ts") or "")
        alert = Alert(channel, MessageTs(ts), "" if thread_ts == ts else thread_ts)
        return await self._answered(ack, body, Opening(_by(body), channel, alert, named_in(message)))

    async def by_command(self, body: dict[str, Any]) -> bool:
        """Open it for whoever typed the command alone; False where Slack did not."""
        return await self._open(body, Opening(SlackUserId(body["user_id"]), ChannelId(body["channel_id"])))

    async def _answered(self, ack: AsyncAck, body: dict[str, Any], opening: Opening) -> BoltResponse:
        # Not acked, Slack shows that it failed.
        return await ack() if await self._open(body, opening) else BoltResponse(status=503, body="")

    async def _open(self, body: dict[str, Any], opening: Opening) -> bool:
        view, is_complete = self._forms.drawn(opening)
        try:
            opened = await answered(self._client.views_open(trigger_id=body["trigger_id"], view=view), OPEN_WITHIN)
        except SlackError:
            return False
        if not is_complete:
            self._forms.complete(str((opened.get("view") or {}).get("id") or ""), opening)
        return True


def _by(body: dict[str, Any]) -> SlackUserId:
    return SlackUserId(body["user"]["id"])
