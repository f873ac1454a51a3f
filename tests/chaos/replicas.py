"""The bot's processes, started again whenever they end, and the one address behind which Slack finds them."""

import asyncio
import contextlib
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import aiohttp
from aiohttp import web

from tests.kill.stage import ROOT, free_port

RESTARTED_AFTER = 0.3
"""Seconds, as a service manager has them: without them a bot that can't start would keep the machine busy."""
PATIENCE = 3.0
"""Seconds that a request is left with one replica: Slack waits no longer."""
PASSED_ON = ("Content-Type", "X-Slack-Request-Timestamp", "X-Slack-Signature")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings}


@dataclass(eq=False)
class Replica:
    """One bot, always on the same port."""

    name: str
    settings: Mapping[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    ends: Counter[int] = field(default_factory=Counter)
    """How often a process ended with which status."""
    process: asyncio.subprocess.Process | None = None

    async def serve(self) -> None:
        """Keep it running until cancelled."""
        try:
            while True:
                with self.log.open("ab") as log:
                    self.process = await asyncio.create_subprocess_exec(
                        sys.executable,
                        "-m",
                        "tests.chaos.hurried",
                        env=environment({**self.settings, "PORT": str(self.port)}),
                        stderr=log,
                    )
                    self.ends[await self.process.wait()] += 1
                await asyncio.sleep(RESTARTED_AFTER)
        finally:
            self.tell(signal.SIGCONT)
            self.tell(signal.SIGKILL)
            if self.process is not None:
                await self.process.wait()

    def tell(self, what: signal.Signals) -> bool:
        """Send the process a signal, if one runs."""
        if self.process is None or self.process.returncode is not None:
            return False
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(what)
        return True

    async def is_ready(self) -> bool:
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"http://127.0.0.1:{self.port}/readyz") as response,
            ):
                return response.ok
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False


class Balancer:
    """Gives what Slack sends to the replicas in turn, and the very same to the next where a connection breaks."""

    def __init__(self, replicas: Sequence[Replica]) -> None:
        self._replicas = list(replicas)
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self.url = ""
        self.unserved = 0
        """Requests that no replica took."""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True), timeout=aiohttp.ClientTimeout(total=PATIENCE)
        )
        app = web.Application()
        app.router.add_post("/slack/events", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/slack/events"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _pass_on(self, request: web.Request) -> web.Response:
        assert self._session is not None
        body = await request.read()
        headers = {name: request.headers[name] for name in PASSED_ON}
        self._replicas.append(self._replicas.pop(0))
        for replica in list(self._replicas):
            address = f"http://127.0.0.1:{replica.port}/slack/events"
            try:
                async with self._session.post(address, data=body, headers=headers) as answer:
                    return web.Response(
                        status=answer.status, body=await answer.read(), content_type=answer.content_type
                    )
            except TimeoutError:
                break  # it may have been taken: nobody is there any more to hear it
            except (aiohttp.ClientError, OSError):
                continue
        self.unserved += 1
        return web.Response(status=502)
