"""Socket Mode: websockets that the app opens, over which it is sent what people do."""

import asyncio
import itertools
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from demo.local_slack.answers import Answer
from demo.local_slack.calling import missing_scope
from demo.local_slack.workspace import APP
from demo.wire import Books

APP_TOKEN = f"xapp-1-{APP}-0123456789-local"
SCOPE = "connections:write"
MOST = 10
"""Sockets of one app."""


@dataclass(eq=False)
class Line:
    """One websocket of the app's."""

    number: int
    socket: web.WebSocketResponse
    request: web.Request
    delivered: int = 0
    pongs: list[str] = field(default_factory=list)
    is_leaving: bool = False
    is_deaf: bool = False
    """Answers no ping, and takes no ack: what is half open looks like that."""

    def cut(self) -> None:
        """Drop the connection without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()


@dataclass(slots=True)
class _Envelope:
    accepts_payload: bool
    acked: asyncio.Future[Any]


class SocketMode:
    """Gives addresses, keeps the sockets and sends envelopes over them, one after the other."""

    def __init__(self, books: Books) -> None:
        self.is_on = False
        """As `socket_mode_enabled` in the app's manifest: then nothing is posted."""
        self.token = APP_TOKEN
        self.scopes: set[str] = {SCOPE}
        self.lines: list[Line] = []
        self.most = MOST
        self.chosen: Line | None = None
        """Where everything is sent; None: to all in turn."""
        self._books = books
        self._tickets: set[str] = set()
        self._numbers = itertools.count(1)
        self._turn = itertools.count()
        self._sent: dict[str, _Envelope] = {}

    def connections_open(self, authorization: str | None, base: str) -> dict[str, Any]:
        """Answer apps.connections.open."""
        given = (authorization or "").removeprefix("Bearer ")
        if given != self.token:
            code = "not_allowed_token_type" if given.startswith("xoxb-") else "invalid_auth"
            return {"ok": False, "error": code if given else "not_authed"}
        if SCOPE not in self.scopes:
            return missing_scope((SCOPE,), frozenset(self.scopes)).answer
        ticket = uuid.uuid4().hex
        self._tickets.add(ticket)
        return {"ok": True, "url": f"{base.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={APP}"}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket to its end; its address is good once."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=408)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        if not self.is_on:
            await self._close(socket, "link_disabled")
        elif len(self.lines) >= self.most:
            await self._close(socket, "too_many_websockets")
        else:
            await self._keep(Line(next(self._numbers), socket, request))
        return socket

    async def deliver(self, kind: str, payload: Mapping[str, Any], patience: float) -> Answer:
        """Send an envelope, and wait for its ack as Slack does."""
        accepts = payload.get("type") in {None, "view_submission", "block_suggestion"}
        envelope_id = str(uuid.uuid4())
        began = time.monotonic()
        lines = [line for line in self.lines if not line.is_leaving]
        if not lines:
            return Answer(0, error="no socket")
        line = self.chosen or lines[next(self._turn) % len(lines)]
        sent = _Envelope(accepts, asyncio.get_running_loop().create_future())
        self._sent[envelope_id] = sent
        line.delivered += 1
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": accepts,
        }
        try:
            async with asyncio.timeout(patience):
                await line.socket.send_str(json.dumps(envelope))
                self._books.note_change()
                body = await asyncio.shield(sent.acked)
        except (TimeoutError, ConnectionError) as error:
            return Answer(0, took=(time.monotonic() - began) * 1000, error=type(error).__name__)
        return Answer(200, body, (time.monotonic() - began) * 1000)

    async def disconnect(self, line: Line, reason: str) -> None:
        """Say that this socket will be closed, and close it unless it is only a warning."""
        if reason == "warning":
            await line.socket.send_json(_disconnect(reason))
        else:
            line.is_leaving = True
            await self._close(line.socket, reason)

    async def _keep(self, line: Line) -> None:
        self.lines.append(line)
        hello = {
            "type": "hello",
            "num_connections": len(self.lines),
            "debug_info": {"host": f"applink-{line.number}", "approximate_connection_time": 18060},
            "connection_info": {"app_id": APP},
        }
        try:
            await line.socket.send_json(hello)
            self._books.note_change()
            async for message in line.socket:
                if not line.is_deaf:
                    await self._read(line, message)
        finally:
            self.lines.remove(line)
            if self.chosen is line:
                self.chosen = None
            self._books.note_change()

    async def _read(self, line: Line, message: WSMessage) -> None:
        match message.type:
            case WSMsgType.PING:
                await line.socket.pong(message.data)
            case WSMsgType.PONG:
                line.pongs.append(bytes(message.data).decode())
            case WSMsgType.TEXT:
                self._take(message.data)
            case _:
                self._books.complain(f"a socket: a frame of type {message.type}")
        self._books.note_change()

    def _take(self, text: str) -> None:
        try:
            ack = json.loads(text)
        except ValueError:
            ack = None
        if not isinstance(ack, dict) or set(ack) - {"envelope_id", "payload"}:
            self._books.complain("a socket: a frame that is no ack")
            return
        sent = self._sent.get(str(ack.get("envelope_id")))
        if sent is None or sent.acked.done():
            self._books.complain("a socket: an ack of nothing that waits for one")
            return
        if "payload" in ack and not sent.accepts_payload:
            self._books.complain("a socket: an ack with a payload where none is taken")
        sent.acked.set_result(ack.get("payload"))

    @staticmethod
    async def _close(socket: web.WebSocketResponse, reason: str) -> None:
        await socket.send_json(_disconnect(reason))
        await socket.close()


def _disconnect(reason: str) -> dict[str, Any]:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink"}}
