"""The doors: Slack's signed requests at /slack/events, and whether the bot is well at /healthz and /readyz."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import Clock as SignatureClock
from slack_sdk.signature import SignatureVerifier

from bot.clock import Clock
from bot.metrics import Metrics
from bot.readiness import Readiness
from bot.slack.blocks.message import Message
from bot.slack.installation import Installation

MAX_BODY = 1024 * 1024
LONGEST_TIMESTAMP = 15
MOST_IN_HAND = 1000
"""So many can wait for their answer: at half a thousand a second they are all answered within Slack's 3 s."""

log = structlog.get_logger()


class _Hands(SignatureClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


class Shed(NamedTuple):
    """What is answered at once where there is too much to do."""

    status: int
    body: Mapping[str, Any] | None = None


class Doors:
    """Lets in what Slack signed for this app in this workspace, and nothing else."""

    def __init__(
        self,
        app: AsyncApp,
        installation: Installation,
        signing_secret: str,
        clock: Clock,
        *,
        readiness: Readiness,
        metrics: Metrics,
        not_ready: Callable[[], Message],
        shed: Callable[[dict[str, Any]], Awaitable[Shed]],
    ) -> None:
        self._app = app
        self._installation = installation
        self._verifier = SignatureVerifier(signing_secret, _Hands(clock))
        self._readiness = readiness
        self._metrics = metrics
        self._not_ready = not_ready
        self._shed = shed
        self._in_hand = 0
        self.most_in_hand = MOST_IN_HAND

    def routes(self) -> web.Application:
        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_post("/slack/events", self.events)
        application.router.add_get("/healthz", self.healthz)
        application.router.add_get("/readyz", self.readyz)
        return application

    async def healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(self, _request: web.Request) -> web.Response:
        """200 while asks and clicks are recorded, else 503. In what way, only the operator's own port tells."""
        is_ready = await self._readiness.is_ready()
        body = {"status": "ready" if is_ready else "not ready", "degraded": len(self._readiness.troubles())}
        return web.json_response(body, status=200 if is_ready else 503)

    async def events(self, request: web.Request) -> web.StreamResponse:
        if self._readiness.is_stopping:
            return web.Response(status=503)
        if "Content-Encoding" in request.headers:
            return _turned_away(415, "a compressed body, which Slack never sends")
        try:
            raw = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _turned_away(413, "the body is too large")
        if not self._is_signed(request, raw):
            return _turned_away(401, "the signature does not hold")
        payload = _event(raw) if request.content_type == "application/json" else _payload(raw)
        if payload is None:
            return _turned_away(400, "the body can't be read")
        if payload.get("type") == "url_verification":
            return web.json_response({"challenge": payload["challenge"]})
        if "ssl_check" in payload:
            return web.Response(status=200)
        if not self._installation.is_known:
            return self._unknown_installation(payload)
        team = payload.get("team_id") or (payload.get("team") or {}).get("id")
        if team != self._installation.team_id or payload.get("api_app_id") != self._installation.app_id:
            return _turned_away(403, "another team or app")
        return await self._take(request, payload)

    async def _take(self, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        surface, began = _SURFACES.get(str(payload.get("type")), "command"), time.monotonic()
        if self._in_hand >= self.most_in_hand:
            self._metrics.shed.labels(surface).inc()
            status, body = await self._shed(payload)
            return web.Response(status=status) if body is None else web.json_response(body, status=status)
        self._in_hand += 1
        try:
            response = await self._app.async_dispatch(await to_bolt_request(request))
            return await to_aiohttp_response(response)
        finally:
            self._in_hand -= 1
            self._metrics.acks.labels(surface).observe(time.monotonic() - began)

    def _is_signed(self, request: web.Request, raw: bytes) -> bool:
        timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
        signature = request.headers.get("X-Slack-Signature", "")
        # The SDK raises on both of these, and on a body that is no text.
        if not (
            timestamp.isascii() and timestamp.isdigit() and len(timestamp) < LONGEST_TIMESTAMP and signature.isascii()
        ):
            return False
        try:
            body = raw.decode()
        except UnicodeDecodeError:
            return False
        return self._verifier.is_valid(body, timestamp, signature)

    def _unknown_installation(self, payload: dict[str, Any]) -> web.Response:
        if "command" not in payload:
            return web.Response(status=503)
        message = self._not_ready()
        return web.json_response(message.as_answer)


def _turned_away(status: int, why: str) -> web.Response:
    log.warning("a request was turned away", status=status, why=why)
    return web.Response(status=status)


_SURFACES = {"block_actions": "click", "view_submission": "submit", "event_callback": "event"}
_NEEDED = {
    "block_actions": ("user", "actions", "team"),
    "view_submission": ("user", "view", "team"),
}


def _payload(raw: bytes) -> dict[str, Any] | None:
    """Read the form: a command's own fields, or the JSON of an interaction. None where it is neither."""
    try:
        form = {key: values[0] for key, values in parse_qs(raw.decode(), keep_blank_values=True).items()}
        if "command" in form:
            needed = ("user_id", "channel_id", "team_id", "trigger_id")
            return form if all(form.get(key) for key in needed) else None
        if "ssl_check" in form:
            return form
        payload = json.loads(form["payload"])
    except (ValueError, KeyError, RecursionError):
        return None
    return payload if isinstance(payload, dict) and _is_whole(payload) else None


def _event(raw: bytes) -> dict[str, Any] | None:
    """Read what the Events API sends: JSON, where everything else is a form (docs.slack.dev/apis/events-api)."""
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(payload, dict):
        return None
    if payload.get("type") == "url_verification":
        return payload if isinstance(payload.get("challenge"), str) else None
    event = payload.get("event")
    if payload.get("type") != "event_callback" or not payload.get("team_id") or not isinstance(event, dict):
        return None
    return payload if isinstance(event.get("user"), str) else None


def _is_whole(payload: dict[str, Any]) -> bool:
    needed = _NEEDED.get(str(payload.get("type")))
    if needed is None or not all(payload.get(key) for key in needed):
        return False
    user, team = payload["user"], payload["team"]
    if not (isinstance(user, dict) and isinstance(user.get("id"), str) and isinstance(team, dict)):
        return False
    actions = payload.get("actions", [{}])
    return isinstance(actions, list) and all(isinstance(action, dict) for action in actions)
