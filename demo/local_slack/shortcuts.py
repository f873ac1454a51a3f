"""Shortcuts, and lists whose options the app gives: what people use, sent to the bot as Slack sends it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from demo.local_slack import blockkit
from demo.local_slack.answers import Answer
from demo.local_slack.delivery import Delivery
from demo.local_slack.entered import state_of
from demo.local_slack.workspace import Message, View


class Shortcuts:
    """Payloads after docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload."""

    def __init__(self, delivery: Delivery, now: Callable[[], datetime]) -> None:
        self._delivery = delivery
        self._now = now

    async def shortcut(self, callback_id: str = "confirm_safe", *, by: str = "U0ANALYST") -> Answer:
        """Use a global shortcut: it comes from no channel."""
        return await self._use({"type": "shortcut", "callback_id": callback_id}, by)

    async def message_shortcut(
        self,
        message: Mapping[str, Any],
        callback_id: str = "confirm_safe_alert",
        *,
        channel: str = "C0GENERAL",
        by: str = "U0ANALYST",
    ) -> Answer:
        """Use a shortcut on a message, which comes along as it is: another app's may have no text and no user."""
        place = self._delivery.workspace.channels[channel]
        name = "directmessage" if place.is_im else "privategroup" if place.is_private else place.name
        whole = {
            "type": "message_action",
            "callback_id": callback_id,
            "message_ts": message["ts"],
            "channel": {"id": channel, "name": name},
            "message": {"type": "message", **message},
            "response_url": "http://127.0.0.1:9/unused",
        }
        return await self._use(whole, by)

    async def suggest(self, modal: View, action_id: str, value: str = "") -> list[Mapping[str, Any]]:
        """Open a list of the app's, or type in it; returns what can be chosen then."""
        answer = await self.offer(modal, action_id, value)
        return blockkit.options_of(answer.body) if answer.status == 200 else []

    async def offer(self, modal: View, action_id: str, value: str = "") -> Answer:
        """Do the same; its body is the list as it is shown, with headings where there are any."""
        block = next(b for b in modal.view["blocks"] if b.get("element", {}).get("action_id") == action_id)
        payload = {
            "type": "block_suggestion",
            **self._delivery.who(modal.user),
            "container": {"type": "view", "view_id": modal.id},
            "action_id": action_id,
            "block_id": block.get("block_id", ""),
            "value": value,
            "view": {**modal.as_json(), "state": {"values": state_of(modal)}},
        }
        answer = await self._delivery.interact(payload, modal.user)
        if answer.status != 200:
            return answer
        faults = blockkit.faults_of_options(answer.body)
        self._delivery.complain("block_suggestion", faults, answer)
        shown = answer if not faults else replace(answer, body={})
        modal.offered.update((option["value"], option) for option in blockkit.options_of(shown.body))
        return shown

    async def _use(self, payload: dict[str, Any], by: str) -> Answer:
        whole = {**payload, **self._delivery.who(by), "action_ts": f"{self._now().timestamp():.6f}"}
        return await self._delivery.interact(whole, by)

    def post_of_another_app(self, message: Mapping[str, Any], channel: str = "C0GENERAL") -> Message:
        """Have an alert stand in a channel, so that its thread can be answered in."""
        posted = Message(
            channel, str(message["ts"]), "U0OTHERBOT", str(message.get("text", "")), [], bot_id="B0OTHER"
        )
        self._delivery.workspace.posted.append(posted)
        return posted
