"""The doors: Slack's signed requests at /slack/events, and whether the bot is well at /healthz and /readyz."""

from aiohttp import web
from pydantic import SecretStr
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.response import BoltResponse
from slack_sdk.signature import Clock as SignatureClock
from slack_sdk.signature import SignatureVerifier

from bot.clock import Clock
from bot.intake import Intake, turned_away
from bot.payloads import of_event, of_form
from bot.readiness import Readiness

MAX_BODY = 1024 * 1024
LONGEST_TIMESTAMP = 15


class _Hands(SignatureClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


class Doors:
    """Lets in what Slack signed for this app in this workspace, and nothing else."""

    def __init__(self, intake: Intake, signing_secret: SecretStr | None, readiness: Readiness, clock: Clock) -> None:
        """Without a signing secret nothing comes in here: Socket Mode has its own way."""
        self._intake = intake
        self._verifier = (
            SignatureVerifier(signing_secret.get_secret_value(), _Hands(clock))
            if signing_secret is not None
            else None
        )
        self._readiness = readiness

    def routes(self) -> web.Application:
        application = web.Application(client_max_size=MAX_BODY)
        if self._verifier is not None:
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

    async def events(self, request: web.Request) -> web.Response:
        return await to_aiohttp_response(await self._event(request))

    async def _event(self, request: web.Request) -> BoltResponse:
        if self._readiness.is_stopping:
            return BoltResponse(status=503)
        if "Content-Encoding" in request.headers:
            return turned_away(415, "a compressed body, which Slack never sends")
        try:
            raw = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return turned_away(413, "the body is too large")
        if not self._is_signed(request, raw):
            return turned_away(401, "the signature does not hold")
        payload = of_event(raw) if request.content_type == "application/json" else of_form(raw)
        if payload is None:
            return turned_away(400, "the body can't be read")
        if payload.get("type") == "url_verification":
            return BoltResponse(status=200, body={"challenge": payload["challenge"]})
        if "ssl_check" in payload:
            return BoltResponse(status=200)
        return await self._intake.take(payload)

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
        return self._verifier is not None and self._verifier.is_valid(body, timestamp, signature)
