"""Reads Slack's payloads of clicks and submits into what the service takes, and warns whose click was not taken."""

import contextlib
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.clicks import Click
from bot.core.ids import RequestId, SlackUserId
from bot.core.policy import Action
from bot.core.text import sound
from bot.errors import SlackError
from bot.slack.api import answered
from bot.slack.blocks.message import Message

OPEN_WITHIN = 1.9
"""Seconds from the click's arrival; with the warning it stays below the 2.5 s that a handler has."""
WARN_WITHIN = 0.6
"""Seconds."""
HOME = "home"


def of_button(body: dict[str, Any], action: Action) -> Click:
    """Read a block_actions payload; a value that is none of ours names no request."""
    pressed = body["actions"][0]
    container = body.get("container") or {}
    message = body.get("message") or {}
    is_private = bool(container.get("is_ephemeral"))
    request_id, view, _ = split(str(pressed.get("value") or ""))
    return Click(
        action=action,
        by=SlackUserId(body["user"]["id"]),
        name=sound(str(body["user"].get("name") or body["user"].get("username") or "")),
        request_id=request_id,
        view=view,
        channel=str((body.get("channel") or {}).get("id") or container.get("channel_id") or ""),
        ts="" if is_private else str(container.get("message_ts") or ""),
        thread_ts=str(message.get("thread_ts") or container.get("thread_ts") or ""),
        trigger_id=str(body.get("trigger_id") or ""),
        response_url=str(body.get("response_url") or ""),
        is_home=(body.get("view") or {}).get("type") == HOME,
    )


def of_modal(body: dict[str, Any], action: Action) -> Click:
    """Read a view_submission payload; the modal carries the request and view it was opened for."""
    request_id, view, began = split(str(body["view"].get("private_metadata") or ""))
    return Click(
        action=action,
        by=SlackUserId(body["user"]["id"]),
        name=sound(str(body["user"].get("name") or "")),
        request_id=request_id,
        view=view,
        is_home=began == HOME,
    )


def split(value: str) -> tuple[RequestId, int, str]:
    """Split a button's value, `<request id>.<view>`, behind which a window says on which surface it was opened."""
    request_id, view, began = [*value.split(".", 2), "", ""][:3]
    return RequestId(request_id), int(view) if view.isascii() and view.isdigit() else 0, began


def begun_at_home(view: dict[str, Any]) -> dict[str, Any]:
    """Have a window remember that it was opened on the Home tab."""
    return {**view, "private_metadata": f"{view['private_metadata']}.{HOME}"}


async def warn(client: AsyncWebClient, click: Click, message: Message) -> None:
    """Tell them privately, if Slack takes it in time: nothing is recorded that would tell them later."""
    with contextlib.suppress(SlackError):
        await answered(
            client.chat_postEphemeral(channel=click.channel, user=click.by, text=message.text, blocks=message.blocks),
            WARN_WITHIN,
        )
