"""Socket Mode: the bot opens the connections, and Slack sends what people do over them.

The SDK's own client closes a socket before it opens the next, and what arrives meanwhile is lost; it tries a dead
token for ever and drains nothing. So the sockets are kept here, over aiohttp's; the calls, the envelopes and the acks
are the SDK's, the handlers Bolt's.
"""

import asyncio
import contextlib
import json
import math
import random
from collections.abc import Callable
from http import HTTPStatus

import aiohttp
import structlog
from pydantic import SecretStr
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.check import Check
from bot.check_socket import closed, opened
from bot.core.backoff import delay
from bot.errors import SlackBusy, SlackDoubtful, SlackDown, SlackError, SlackRefused
from bot.intake import Intake, turned_away
from bot.link import LASTING, PLANNED, Link
from bot.outside import Outside
from bot.payloads import of_envelope
from bot.slack.app_token import socket_address

AT_ONCE = 2
"""While one is replaced, or breaks, the other serves. Slack takes ten an app."""
CONNECT_WITHIN = 10.0
HEARTBEAT = 10.0
"""Seconds between two pings; a socket that answers none for half of it is given up."""
STEADY = 10.0
"""Seconds: a socket that lasts longer was a good one."""
REFUSED_AGAIN, AT_LAST = 30.0, 600.0
"""Seconds until Slack is asked again where it said no, twice as long each time."""

log = structlog.get_logger()


class Sockets:
    """Two of them, each replaced as soon as Slack says that it will close it."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._clock = outside.clock
        self._intake: Intake | None = None
        self._links: list[Link] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._serving: set[asyncio.Task[None]] = set()
        self._error: SlackError = SlackDown("not_open")
        self._tried = asyncio.Event()
        self.heartbeat = HEARTBEAT
        self.on_change: Callable[[Check], None] = lambda _check: None
        """Told how it stands whenever that changes."""

    @property
    def is_open(self) -> bool:
        """Whether what people do in Slack reaches the bot."""
        return any(link.is_up for link in self._links)

    def start(self, intake: Intake) -> None:
        self._intake = intake
        self._keepers = [asyncio.create_task(self._keep()) for _ in range(AT_ONCE)]

    async def check(self) -> Check:
        """Say how it stands, once the first socket is open or has failed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_WITHIN):
                await self._tried.wait()
        return self._state()

    async def close(self) -> None:
        """Take nothing new, finish and ack what is in hand, then close."""
        for keeper in self._keepers:
            keeper.cancel()
        if self._keepers:
            await asyncio.wait(self._keepers)
        for link in self._links:
            link.stop()
        if self._serving:
            await asyncio.wait(self._serving)

    async def _keep(self) -> None:
        failed = 0
        while True:
            opened_at, error = math.inf, None
            try:
                link = await self._open()
                opened_at = self._clock.monotonic()
                await _left(link)
            except SlackError as caught:
                error = caught
                self._failed(caught)
            is_steady = self._clock.monotonic() - opened_at >= STEADY
            failed = (0 if is_steady else failed) + (error is not None or not is_steady)
            # What Slack plans is done at once, unless it closes each one as soon as it is open.
            if failed > (1 if error is None else 0):
                await self._clock.sleep(_pause(error, failed))

    async def _open(self) -> Link:
        drain = self._outside.settings.drain_seconds
        link = Link(await self._connect(), answer=self._answer, on_up=self._up, drain=drain)
        self._links.append(link)
        serving = asyncio.create_task(self._serve(link))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)
        return link

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        token = self._outside.settings.slack_app_token or SecretStr("")
        # By this name of the scheme aiohttp finds the proxy that is meant for https, and NO_PROXY.
        url = (await socket_address(self._outside.client, token)).replace("ws", "http", 1)
        timeout = aiohttp.ClientWSTimeout(ws_close=1.0)  # Slack is slow to close its side
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                return await self._outside.session.ws_connect(url, heartbeat=self.heartbeat, timeout=timeout)
        except (TimeoutError, OSError, aiohttp.ClientError, ValueError) as error:
            raise SlackDoubtful(type(error).__name__) from None  # its text holds the address, which is a key

    async def _serve(self, link: Link) -> None:
        try:
            await link.serve()
        finally:
            self._links.remove(link)

    async def _answer(self, link: Link, request: SocketModeRequest) -> None:
        ack = _ack(request, await self._response(request))
        if ack is None:
            return
        text = json.dumps(ack.to_dict())
        for one in (link, *(other for other in self._links if other is not link and other.is_up)):
            if await one.send(text):
                return
        log.warning("an answer could not be sent: its socket is gone", envelope=request.envelope_id)

    async def _response(self, request: SocketModeRequest) -> BoltResponse:
        payload = of_envelope(request.type, request.payload)
        if payload is None or self._intake is None:
            return turned_away(HTTPStatus.BAD_REQUEST, "the payload can't be read")
        return await self._intake.take(payload)

    def _up(self) -> None:
        log.info("a socket is open", sockets=sum(link.is_up for link in self._links))
        self._tell()

    def _failed(self, error: SlackError) -> None:
        log.warning("a socket is lost", code=error.code, sockets=sum(link.is_up for link in self._links))
        self._error = error
        self._tell()

    def _tell(self) -> None:
        self._tried.set()
        self.on_change(self._state())

    def _state(self) -> Check:
        return opened() if self.is_open else closed(self._error, self._outside.settings.slack_api_url)


async def _left(link: Link) -> None:
    """Return when another has to take its place. Raises SlackError unless that was planned."""
    await link.leaving.wait()
    if link.reason not in PLANNED:
        raise SlackDown(link.reason) if link.reason in LASTING else SlackDoubtful("closed")


def _pause(error: SlackError | None, failed: int) -> float:
    match error:
        case SlackDown() | SlackRefused():
            return min(REFUSED_AGAIN * 2.0 ** min(failed - 1, 5), AT_LAST)
        case SlackBusy(retry_after=seconds):
            return delay(failed, random.random(), seconds)  # noqa: S311 - no cryptography
        case None:
            failed = 1
    return delay(failed, random.random())  # noqa: S311 - likewise


def _ack(request: SocketModeRequest, response: BoltResponse) -> SocketModeResponse | None:
    """Return what is sent back; nothing where people have to see that it failed."""
    if response.status != HTTPStatus.OK:
        return None
    if not response.body:
        return SocketModeResponse(request.envelope_id)
    if not request.accepts_response_payload:
        log.warning("an answer could not be sent: Slack takes none to this", envelope=request.envelope_id)
        return None
    is_json = response.body.startswith("{")
    return SocketModeResponse(request.envelope_id, json.loads(response.body) if is_json else {"text": response.body})
