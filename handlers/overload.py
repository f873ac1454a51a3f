"""What people are told at once where the bot has too much in hand: nothing of theirs was recorded."""

from typing import Any

from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks import answers, form, modals, options
from handlers.clicks import of_button, warn
from handlers.command import as_asked, whole_command

WARNED_AT_ONCE = 20
"""More would keep Slack, and us, busy with warnings; the others see that their click failed."""


class Overload:
    """Answers without the store; Slack shows a click that is answered by a 503, or not acked, as failed."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._warning = 0

    async def shed(self, payload: dict[str, Any]) -> BoltResponse:
        if "command" in payload:
            return self._command(payload)
        if payload["type"] == "event_callback":
            return BoltResponse(status=503)  # Slack sends it again
        told = answers.click_not_recorded()
        if payload["type"] == "block_suggestion":
            return BoltResponse(status=200, body=options.remark(options.BUSY))
        if payload["type"] in {"shortcut", "message_action"}:
            return BoltResponse(status=503)
        if payload["type"] == "view_submission" and payload["view"].get("callback_id") == form.CALLBACK:
            # Any other view would take the place of what was typed.
            errors = {"response_action": "errors", "errors": {"reason": form.NOT_RECORDED}}
            return BoltResponse(status=200, body=errors)
        if payload["type"] == "view_submission":
            gone = {"response_action": "update", "view": modals.gone_modal(told.text)}
            return BoltResponse(status=200, body=gone)
        if self._warning < WARNED_AT_ONCE:
            self._warning += 1
            try:
                await warn(self._client, of_button(payload, "approve"), told)
            finally:
                self._warning -= 1
        return BoltResponse(status=503)

    @staticmethod
    def _command(payload: dict[str, Any]) -> BoltResponse:
        told = as_asked(answers.not_recorded(whole_command(payload)), payload)
        return BoltResponse(status=200, body=told.as_answer)
