"""The doors: Slack's signed requests at /slack/events, and how the bot is at /healthz and /readyz."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import Clock as SignatureClock
from slack_sdk.signature import SignatureVerifier

from bot.clock import Clock
from bot.slack.blocks.message import Message
from bot.slack.installation import Installation

MAX_BODY = 1024 * 1024
LONGEST_TIMESTAMP = 15

log = structlog.get_logger()


class _Hands(SignatureClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


class Doors:
    """Lets in what Slack signed for this app in this workspace, and nothing else."""

    def __init__(
        self,
        app: AsyncApp,
        installation: Installation,
        signing_secret: str,
        clock: Clock,
        *,
        troubles: Callable[[], list[str]],
        is_ready: Callable[[], Awaitable[bool]],
        not_ready: Callable[[], Message],
    ) -> None:
        self._app = app
        self._installation = installation
        self._verifier = SignatureVerifier(signing_secret, _Hands(clock))
        self._troubles = troubles
        self._is_ready = is_ready
        self._not_ready = not_ready
        self._open = True

    def routes(self) -> web.Application:
        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_post("/slack/events", self.events)
        application.router.add_get("/healthz", self.healthz)
        application.router.add_get("/readyz", self.readyz)
        return application

    def close(self) -> None:
        """Take nothing more: what comes now is told to come back."""
        self._open = False

    async def healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(self, _request: web.Request) -> web.Response:
        """200 while asks and clicks are recorded, with what is degraded; 503 when they are not."""
        ready = self._open and await self._is_ready()
        body = {"status": "ready" if ready else "not ready", "degraded": self._troubles()}
        return web.json_response(body, status=200 if ready else 503)

    async def events(self, request: web.Request) -> web.StreamResponse:
        if not self._open:
            return web.Response(status=503)
        if "Content-Encoding" in request.headers:
            return _turned_away(415, "a compressed body, which Slack never sends")
        try:
            raw = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _turned_away(413, "the body is too large")
        if not self._is_signed(request, raw):
            return _turned_away(401, "the signature does not hold")
        payload = _payload(raw)
        if payload is None:
            return _turned_away(400, "the body can't be read")
        if "ssl_check" in payload:
            return web.Response(status=200)
        if not self._installation.is_known:
            return self._unknown_installation(payload)
        team = payload.get("team_id") or (payload.get("team") or {}).get("id")
        if team != self._installation.team_id or payload.get("api_app_id") != self._installation.app_id:
            return _turned_away(403, "another team or app")
        response = await self._app.async_dispatch(await to_bolt_request(request))
        return await to_aiohttp_response(response)

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
        return web.json_response({"response_type": "ephemeral", "text": message.text, "blocks": message.blocks})


def _turned_away(status: int, why: str) -> web.Response:
    log.warning("a request was turned away", status=status, why=why)
    return web.Response(status=status)


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


def _is_whole(payload: dict[str, Any]) -> bool:
    needed = _NEEDED.get(str(payload.get("type")))
    if needed is None or not all(payload.get(key) for key in needed):
        return False
    user, team = payload["user"], payload["team"]
    if not (isinstance(user, dict) and isinstance(user.get("id"), str) and isinstance(team, dict)):
        return False
    actions = payload.get("actions", [{}])
    return isinstance(actions, list) and all(isinstance(action, dict) for action in actions)
