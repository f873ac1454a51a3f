"""One websocket of Socket Mode: what comes over it, and until when it is good."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import structlog
from slack_sdk.socket_mode.request import SocketModeRequest

HELLO_WITHIN = 10.0
RETIRE_WITHIN = 30.0
"""Seconds after Slack has said that it will close a socket; it usually does ten after a warning."""
PLANNED = frozenset({"warning", "refresh_requested"})
"""Slack's reasons to close a socket that another replaces; docs.slack.dev/apis/events-api/using-socket-mode."""
LASTING = frozenset({"link_disabled", "too_many_websockets"})
"""Its reasons to take no other in place of it."""

log = structlog.get_logger()


class Link:
    """From its opening to its end; what was taken over it is finished before it is closed."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        *,
        answer: Callable[["Link", SocketModeRequest], Awaitable[None]],
        on_up: Callable[[], None],
        drain: float,
    ) -> None:
        """`drain` is how many seconds its end waits for what is in hand."""
        self._socket = socket
        self._answer = answer
        self._on_up = on_up
        self._drain = drain
        self._in_hand: set[asyncio.Task[None]] = set()
        self._good_until = asyncio.timeout(HELLO_WITHIN)
        self._is_reading = False
        self.is_up = False
        """Slack has said hello, and may send what people do over it."""
        self.leaving = asyncio.Event()
        """Set once another has to take its place."""
        self.reason = ""

    async def serve(self) -> None:
        """Take what comes until the socket is closed, or good no more."""
        try:
            async with self._good_until:
                self._is_reading = True
                async for message in self._socket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        self._take(message.data)
        except TimeoutError:
            pass
        finally:
            self.is_up = self._is_reading = False
            self.leaving.set()
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=self._drain)
        await self._socket.close()

    def stop(self) -> None:
        """Read no more; `serve` comes to its end."""
        self._good_for(0.0)

    async def send(self, text: str) -> bool:
        """Return whether it went out: that it arrived can't be known."""
        try:
            await self._socket.send_str(text)
        except (OSError, aiohttp.ClientError):
            return False
        return True

    def _take(self, text: str) -> None:
        match _read(text):
            case {"type": "hello"}:
                self._good_for(None)
                self.is_up = True
                self._on_up()
            case {"type": "disconnect", **more}:
                self.reason = str(more.get("reason", ""))
                self.is_up = self.is_up and self.reason not in LASTING
                self._good_for(RETIRE_WITHIN)
                self.leaving.set()
            case {"type": str(kind), "envelope_id": str(envelope), "payload": dict(payload), **more}:
                takes_payload = more.get("accepts_response_payload") is True
                request = SocketModeRequest(kind, envelope, payload, accepts_response_payload=takes_payload)
                task = asyncio.create_task(self._handle(request))
                self._in_hand.add(task)
                task.add_done_callback(self._in_hand.discard)
            case _:
                log.warning("a frame of Slack's can't be read")

    async def _handle(self, request: SocketModeRequest) -> None:
        try:
            await self._answer(self, request)
        except Exception:  # as a web server does: a bug in one answer must neither end the socket nor go unseen
            log.exception("unexpected")

    def _good_for(self, seconds: float | None) -> None:
        """Change until when it is good, None for as long as it lasts; what has run out stays so."""
        if self._is_reading and not self._good_until.expired():
            when = None if seconds is None else asyncio.get_running_loop().time() + seconds
            self._good_until.reschedule(when)


def _read(text: str) -> dict[str, Any]:
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return frame if isinstance(frame, dict) else {}
