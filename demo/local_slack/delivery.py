"""What people do, sent to the bot as Slack sends it: form-encoded and signed, or over a socket."""

import asyncio
import hashlib
import hmac
import io
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp

from demo.local_slack.answers import Answer, faults_of_command_answer, faults_of_submit_answer
from demo.local_slack.blockkit import elements_of
from demo.local_slack.entered import state_of
from demo.local_slack.responses import Responses
from demo.local_slack.sockets import SocketMode
from demo.local_slack.workspace import APP, TEAM, Message, SlackChannel, View, Workspace
from demo.wire import Books

PATIENCE = 3.0
"""Seconds Slack waits before it tells the person `operation_timeout`."""


FORM = "application/x-www-form-urlencoded"


class NoButton(LookupError):
    """What is pressed is not there, or no longer."""


@dataclass(slots=True, eq=False)
class Delivered:
    """One request of Slack's to the bot."""

    kind: str
    """slash_commands, interactive or events_api."""
    payload: Mapping[str, Any]
    at: float
    """Monotonic seconds."""
    signature: str = ""
    """None over a socket."""
    answer: Answer | None = None


class Delivery:
    """Signs and posts, or hands over to Socket Mode where that is on."""

    def __init__(
        self,
        workspace: Workspace,
        books: Books,
        now: Callable[[], datetime],
        secret: str,
        responses: Responses,
        *,
        patience: float = PATIENCE,
    ) -> None:
        self.workspace = workspace
        self.bot_url = ""
        self.duplicate_deliveries = False
        self.patience = patience
        self._books = books
        self._now = now
        self._secret = secret
        self._responses = responses
        self._last: Callable[[], Awaitable[Answer]] | None = None
        self.last_body = b""
        """What was posted last, as it was signed."""
        self.delivered: list[Delivered] = []
        """In the order in which they were sent, also those that nobody has answered yet."""
        self.sockets = SocketMode(books)
        self.session: aiohttp.ClientSession | None = None

    async def command(
        self, text: str, *, by: str = "U0ANALYST", channel: str = "C0GENERAL", trigger_id: str = "", url: str = ""
    ) -> Answer:
        """Type `/confirm-safe <text>`."""
        user, place = self.workspace.users[by], self.workspace.channels[channel]
        ts = self.workspace.new_ts(self._now())
        whispered = Message(channel, ts, "", "", [], ephemeral_to=by, deleted=True)
        whispered.response_url = url or self._responses.open(by, whispered)
        self.workspace.whispered.append(whispered)
        body = {
            "team_id": TEAM,
            "team_domain": "contoso",
            "channel_id": channel,
            "channel_name": _name(place),
            "user_id": by,
            "user_name": user.name.lower().replace(" ", "."),
            "command": "/confirm-safe",
            "text": text,
            "api_app_id": APP,
            "is_enterprise_install": "false",
            "response_url": whispered.response_url,
            "trigger_id": trigger_id or self.workspace.new_trigger(by, self._now()),
        }
        answer = await self._send("slash_commands", body)
        self._show_answer(whispered, answer)
        return answer

    async def click(self, shown: Message, action_id: str, *, value: str = "", by: str = "U0MEGAN") -> Answer:
        """Press a button of a message; `value` tells those with the same action apart."""
        url = self._responses.open(by, shown)
        container: dict[str, Any] = {"type": "message", "message_ts": shown.ts, "channel_id": shown.channel}
        container["is_ephemeral"] = bool(shown.ephemeral_to)
        thread = {"thread_ts": shown.thread_ts} if shown.thread_ts else {}
        message = {"type": "message", "ts": shown.ts, "text": shown.text, "blocks": shown.blocks, **thread}
        if shown.ephemeral_to:
            shown.response_url = url
        payload = {
            "type": "block_actions",
            **self.who(by),
            "container": container,
            "channel": {"id": shown.channel, "name": _name(self.workspace.channels[shown.channel])},
            # Slack keeps no private messages, so it can't send one along.
            **({} if shown.ephemeral_to else {"message": message}),
            "state": {"values": {}},
            "response_url": url,
            "actions": [self._pressed(shown.blocks, action_id, value)],
        }
        sent = [self.interact(payload, by) for _ in range(2 if self.duplicate_deliveries else 1)]
        return (await asyncio.gather(*sent))[0]

    async def open_home(self, by: str) -> Answer:
        """Open the app's Home tab."""
        return await self._send("events_api", self.opening_of(by))

    def opening_of(self, by: str) -> dict[str, Any]:
        """Tell that somebody opens the Home tab (docs.slack.dev/reference/events/app_home_opened)."""
        event = {"type": "app_home_opened", "user": by, "channel": self.workspace.dm_of(by).id, "tab": "home"}
        event["event_ts"] = f"{self._now().timestamp():.6f}"
        return {
            "type": "event_callback",
            "team_id": TEAM,
            "api_app_id": APP,
            "event_id": f"Ev{self.workspace.new_ts(self._now())}",
            "event_time": int(self._now().timestamp()),
            "event": event,
        }

    async def press(self, view: View, action_id: str, *, value: str = "", by: str = "") -> Answer:
        """Press a button of a modal or a Home tab; `value` tells those with the same action apart."""
        payload = {
            "type": "block_actions",
            **self.who(by or view.user),
            "container": {"type": "view", "view_id": view.id},
            "view": {**view.as_json(), "state": {"values": {}}},
            "actions": [self._pressed(view.view["blocks"], action_id, value)],
        }
        return await self.interact(payload, by or view.user)

    def _pressed(self, blocks: list[dict[str, Any]], action_id: str, value: str = "") -> dict[str, Any]:
        block_id, element = _button(blocks, action_id, value)
        return {
            "type": "button",
            "action_id": action_id,
            "block_id": block_id,
            "value": element.get("value", ""),
            "text": element["text"],
            "action_ts": f"{self._now().timestamp():.6f}",
        }

    async def submit(self, modal: View, *, by: str = "", values: Mapping[str, Any] | None = None) -> Answer:
        """Press a modal's submit; `values` maps an action_id to what was typed, or to the values chosen."""
        user = by or modal.user
        modal.entered |= values or {}
        shown = {**modal.as_json(), "state": {"values": state_of(modal)}}
        answer = await self.interact({"type": "view_submission", **self.who(user), "view": shown}, user)
        self.complain("view_submission", faults_of_submit_answer(answer.body, modal.view), answer)
        action = answer.body.get("response_action") if isinstance(answer.body, dict) else None
        if action == "update":
            modal.show(answer.body["view"])
            modal.hash = self.workspace.new_ts(self._now())
        elif action != "errors" and answer.status == 200:
            self.workspace.views.pop(user, None)
        self._books.note_change()
        return answer

    def sign(self, body: bytes, timestamp: str | None = None) -> dict[str, str]:
        """Slack's signature v0 (docs.slack.dev/authentication/verifying-requests-from-slack)."""
        moment = timestamp or str(int(self._now().timestamp()))
        base = b"v0:" + moment.encode() + b":" + body
        digest = hmac.new(self._secret.encode(), base, hashlib.sha256).hexdigest()
        return {
            "Content-Type": FORM,
            "X-Slack-Request-Timestamp": moment,
            "X-Slack-Signature": f"v0={digest}",
        }

    async def replay(self) -> Answer:
        """Send the last signed request again, byte by byte; or the same payload in another envelope."""
        if self._last is None:
            raise LookupError("nothing was sent yet")
        return await self._last()

    async def post_raw(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        if self.session is None:
            raise RuntimeError("the local Slack is not running")
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.patience):
                async with self.session.post(self.bot_url, data=io.BytesIO(body), headers=headers) as response:
                    text = await response.text()
                    took = (time.monotonic() - began) * 1000
                    return Answer(response.status, _parsed(text), took)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return Answer(0, took=(time.monotonic() - began) * 1000, error=type(error).__name__)

    async def interact(self, payload: dict[str, Any], by: str) -> Answer:
        """Send an interaction, with a trigger of its own."""
        whole = {**payload, "trigger_id": self.workspace.new_trigger(by, self._now())}
        return await self._send("interactive", whole)

    async def _send(self, kind: str, payload: Mapping[str, Any]) -> Answer:
        entry = Delivered(kind, payload, time.monotonic())
        self.delivered.append(entry)
        if self.sockets.is_on:
            self._last = lambda: self.sockets.deliver(kind, payload, self.patience)
        else:
            body, content_type = _body(kind, payload)
            headers = {**self.sign(body), "Content-Type": content_type}
            self.last_body, entry.signature = body, headers["X-Slack-Signature"]
            self._last = lambda: self.post_raw(body, headers)
        answer = entry.answer = await self._last()
        self._books.note_change()
        return answer

    def who(self, by: str) -> dict[str, Any]:
        """What every interaction says of who it comes from."""
        user = self.workspace.users[by]
        return {
            "api_app_id": APP,
            "team": {"id": TEAM, "domain": "contoso"},
            "user": {"id": by, "username": user.name, "name": user.name, "team_id": user.team},
            "is_enterprise_install": False,
        }

    def _show_answer(self, whispered: Message, answer: Answer) -> None:
        """Show what came with the 200; nothing at all where it was empty."""
        self.complain("command", faults_of_command_answer(answer.body), answer)
        if isinstance(answer.body, dict):
            text, blocks = str(answer.body.get("text", "")), answer.body.get("blocks") or []
        else:
            text, blocks = str(answer.body or ""), []
        if answer.status == 0:
            text = "operation_timeout"
        if not whispered.edits:  # else the response_url was quicker
            whispered.text, whispered.blocks = text, blocks
            whispered.deleted = not (text or blocks)
        self._books.note_change()

    def complain(self, what: str, faults: list[str], answer: Answer) -> None:
        """Note what Slack would refuse in an answer that was given."""
        for fault in faults if answer.status == 200 else []:
            self._books.complain(f"the answer to a {what}: {fault}")


def _body(kind: str, payload: Mapping[str, Any]) -> tuple[bytes, str]:
    """Write it as it is posted: only events are JSON themselves."""
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(form).encode(), FORM


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _name(channel: SlackChannel) -> str:
    """Slack names only public channels to who is not in them."""
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def _button(blocks: list[dict[str, Any]], action_id: str, value: str = "") -> tuple[str, Mapping[str, Any]]:
    for n, block in enumerate(blocks):
        for element in elements_of(block):
            is_it = element.get("action_id") == action_id and element["type"] == "button"
            if is_it and element.get("value", "").startswith(value):
                return str(block.get("block_id", f"b{n}")), element
    raise NoButton(f"no button {action_id!r} there")
