"""What is submitted in a modal: the review, whose submit is the approval, a denial's reason, a mistake."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.clicks import Click, Result
from bot.core.policy import Action
from bot.core.text import sound
from bot.errors import CannotTell, StoreError
from bot.service import Service
from bot.slack.blocks import answers, modals
from bot.slack.blocks.crowd import LEAVE_OUT
from bot.slack.blocks.message import Message
from handlers.clicks import of_modal

Take = Callable[[Click, str], Awaitable[Result]]


class Modals:
    """A refusal takes the modal's place, so that nobody thinks it counted."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def reviewed(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        try:
            result = await self._service.approve(of_modal(body, "review"), _left_out(body))
        except StoreError as error:
            result = _not_taken(error)
        if result.refused is not None and result.why == "nobody_left":
            await ack(response_action="errors", errors={LEAVE_OUT: result.refused.text})
        else:
            await _close(ack, result)

    async def denied(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await self._with_reason(ack, body, "deny", self._service.deny, modals.NO_REASON)

    async def reported(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await self._with_reason(ack, body, "mistake", self._service.report, modals.NOT_SAID_WHAT)

    async def _with_reason(
        self, ack: AsyncAck, body: dict[str, Any], action: Action, take: Take, missing: str
    ) -> None:
        reason = sound(str(body["view"]["state"]["values"]["reason"]["text"].get("value") or "")).strip()
        if not reason:
            await ack(response_action="errors", errors={"reason": missing})
            return
        try:
            result = await take(of_modal(body, action), reason)
        except StoreError as error:
            result = _not_taken(error)
        await _close(ack, result)


def _left_out(body: dict[str, Any]) -> str:
    """The mark of those whom the ticked box leaves out; empty where it is not ticked, or not there."""
    box = body["view"]["state"]["values"].get(LEAVE_OUT, {}).get(LEAVE_OUT, {})
    return "".join(str(option["value"]) for option in box.get("selected_options") or ())


def _not_taken(error: StoreError) -> Result:
    told: Message = answers.click_cannot_tell() if isinstance(error, CannotTell) else answers.click_not_recorded()
    return Result(refused=told)


async def _close(ack: AsyncAck, result: Result) -> None:
    if result.refused is None:
        await ack()
    else:
        await ack(response_action="update", view=modals.gone_modal(result.refused.text))
