"""The operator's own listener: the numbers, whether the process lives, and what does not work in words."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.metrics import Metrics
from bot.readiness import Readiness

TEXT = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/"""


class Admin:
    """Never on Slack's port: what it tells may name people."""

    def __init__(self, readiness: Readiness, metrics: Metrics, read: Callable[[], Awaitable[None]]) -> None:
        """`read` brings the numbers that come from elsewhere up to date."""
        self._readiness = readiness
        self._metrics = metrics
        self._read = read

    def routes(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/healthz", self.healthz)
        application.router.add_get("/readyz", self.readyz)
        application.router.add_get("/metrics", self.metrics)
        return application

    async def healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(self, _request: web.Request) -> web.Response:
        """200 while commands and clicks are recorded, with what is degraded; 503 when they are not."""
        is_ready = await self._readiness.is_ready()
        body = {
            "status": "ready" if is_ready else "not ready",
            "stopping": self._readiness.is_stopping,
            "degraded": list(self._readiness.troubles().values()),
        }
        return web.json_response(body, status=200 if is_ready else 503)

    async def metrics(self, _request: web.Request) -> web.Response:
        self._metrics.ready.set(await self._readiness.is_ready())
        self._metrics.troubled_by(list(self._readiness.troubles()))
        await self._read()
        return web.Response(body=self._metrics.exposition(), headers={"Content-Type": TEXT})
