"""The buttons of the approval message and of private answers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.clicks import Click, Result
from bot.core.model import Request
from bot.core.policy import Action
from bot.errors import CannotTell, SlackError, StoreError
from bot.service import Service
from bot.slack.api import answered
from bot.slack.blocks import answers, modals
from bot.slack.blocks.message import Block
from bot.slack.blocks.place import PlaceOf
from handlers.clicks import OPEN_WITHIN, begun_at_home, of_button, warn

Take = Callable[[Click], Awaitable[Result]]


class Buttons:
    """Every press is one call of the service; what it refuses is told by a task it committed."""

    def __init__(self, service: Service, client: AsyncWebClient, place: PlaceOf) -> None:
        self._service = service
        self._client = client
        self._place = place

    async def approve(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse:
        return await self._press(ack, body, "approve", self._service.approve)

    async def ask_again(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse:
        return await self._press(ack, body, "ask_again", self._service.ask_again)

    async def ask_others(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse:
        return await self._press(ack, body, "ask_others", self._service.ask_others)

    async def drop(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse:
        return await self._press(ack, body, "drop", self._service.drop)

    async def stop(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse:
        return await self._press(ack, body, "stop", self._service.stop)

    async def withdraw(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse:
        return await self._press(ack, body, "withdraw", self._service.take_back)

    async def deny(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse:
        return await self._open(ack, body, "deny")

    async def review(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse:
        return await self._open(ack, body, "review")

    async def mistake(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse:
        return await self._open(ack, body, "mistake")

    async def _press(self, ack: AsyncAck, body: dict[str, Any], action: Action, take: Take) -> BoltResponse:
        click = of_button(body, action)
        try:
            await take(click)
        except StoreError as error:
            return await self._not_taken(click, error)
        return await ack()

    async def _open(self, ack: AsyncAck, body: dict[str, Any], action: Action) -> BoltResponse:
        click = of_button(body, action)
        now = asyncio.get_running_loop().time
        over = now() + OPEN_WITHIN
        try:
            result = await self._service.look(click)
        except StoreError as error:
            return await self._not_taken(click, error)
        if result.request is not None:
            view = self._window(result.request, action)
            view = begun_at_home(view) if click.is_home else view
            try:
                left = max(0.1, over - now())
                await answered(self._client.views_open(trigger_id=click.trigger_id, view=view), left)
            except SlackError:
                if not click.channel:  # on the Home tab there is nowhere to say it: Slack shows that it failed
                    return BoltResponse(status=503, body="")
                await warn(self._client, click, answers.click_not_recorded())
        return await ack()

    def _window(self, request: Request, action: Action) -> Block:
        match action:
            case "review":
                return modals.review_modal(request, self._place(request))
            case "mistake":
                return modals.mistake_modal(request)
            case _:
                return modals.deny_modal(request)

    async def _not_taken(self, click: Click, error: StoreError) -> BoltResponse:
        """Not acked: Slack shows that the click failed, and we say why as well as we can."""
        told = answers.click_cannot_tell() if isinstance(error, CannotTell) else answers.click_not_recorded()
        await warn(self._client, click, told)
        return BoltResponse(status=503, body="")
