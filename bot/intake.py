"""What both ways in share: whose payload it is, how much is in hand, and how long an answer takes."""

import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.metrics import Metrics
from bot.payloads import Payload, surface_of
from bot.rush import Rush
from bot.slack.blocks.message import Message
from bot.slack.installation import Installation

MOST_IN_HAND = 1000
"""So many can wait for their answer: at half a thousand a second they are all answered within Slack's 3 s."""

log = structlog.get_logger()


class Intake:
    """Hands Bolt what is for this app in this workspace, and no more of it than can be answered."""

    def __init__(
        self,
        app: AsyncApp,
        installation: Installation,
        *,
        metrics: Metrics,
        not_ready: Callable[[], Message],
        shed: Callable[[Payload], Awaitable[BoltResponse]],
        rush: Rush,
    ) -> None:
        """`shed` answers at once what comes on top."""
        self._app = app
        self._installation = installation
        self._metrics = metrics
        self._not_ready = not_ready
        self._shed = shed
        self._rush = rush
        self.in_hand = 0
        self.most_in_hand = MOST_IN_HAND

    async def take(self, payload: Payload) -> BoltResponse:
        """Return what Slack is answered; anything but 200 shows there as failed."""
        if not self._installation.is_known:
            return self._unknown_installation(payload)
        team = payload.get("team_id") or (payload.get("team") or {}).get("id")
        if team != self._installation.team_id or payload.get("api_app_id") != self._installation.app_id:
            return turned_away(HTTPStatus.FORBIDDEN, "another team or app")
        surface, began = surface_of(payload), time.monotonic()
        if self.in_hand >= self.most_in_hand:
            self._metrics.shed.labels(surface).inc()
            return await self._shed(payload)
        self.in_hand += 1
        self._rush.begin()
        try:
            # Bolt calls it so, and need not read it a second time; what Slack signed, the doors have looked at.
            return await self._app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=payload))
        finally:
            self.in_hand -= 1
            self._rush.end()
            self._metrics.acks.labels(surface).observe(time.monotonic() - began)

    def _unknown_installation(self, payload: Payload) -> BoltResponse:
        if "command" not in payload:
            return BoltResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)
        return BoltResponse(status=HTTPStatus.OK, body=self._not_ready().as_answer)


def turned_away(status: int, why: str) -> BoltResponse:
    """Refuse what is not Slack's, or not for this bot, and log why."""
    log.warning("a request was turned away", status=int(status), why=why)
    return BoltResponse(status=int(status))
