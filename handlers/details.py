"""*Details*: a window with all that is known of a request, and its pages."""

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncAck
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.clicks import Click
from bot.errors import SlackError, StoreError
from bot.slack.api import answered
from bot.slack.blocks import answers
from bot.views import Views
from handlers.clicks import OPEN_WITHIN, of_button, warn


class Details:
    """Nothing is decided in it, and nothing recorded."""

    def __init__(self, views: Views, client: AsyncWebClient) -> None:
        self._views = views
        self._client = client

    async def open(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse:
        return await self._show(ack, of_button(body, "details"), {})

    async def turn(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse:
        """Another page takes the window's place, unless the window has changed meanwhile."""
        return await self._show(ack, of_button(body, "details"), body["view"])

    async def _show(self, ack: AsyncAck, click: Click, shown: dict[str, Any]) -> BoltResponse:
        now = asyncio.get_running_loop().time
        over = now() + OPEN_WITHIN
        try:
            # A button that turns the page says which page where others say which view.
            view = await self._views.details(click.by, click.request_id, click.view if shown else 0)
            left = max(0.1, over - now())
            if shown:
                await answered(self._client.views_update(view_id=shown["id"], hash=shown["hash"], view=view), left)
            else:
                await answered(self._client.views_open(trigger_id=click.trigger_id, view=view), left)
        except (StoreError, SlackError):
            if click.channel:
                await warn(self._client, click, answers.no_window())
            elif not shown:  # on the Home tab there is nowhere to say it: Slack shows that it failed
                return BoltResponse(status=503, body="")
        return await ack()
