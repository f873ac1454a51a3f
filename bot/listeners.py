"""The addresses the bot listens on: Slack's, and the operator's."""

from typing import Literal

from aiohttp import web

from bot.errors import CannotListen

LAST_ANSWERS = 1.0


class Listeners:
    """Opened one by one, closed together."""

    def __init__(self) -> None:
        self._runners: list[web.AppRunner] = []

    async def open(
        self, served: web.Application, host: str, port: int, setting: Literal["PORT", "ADMIN_PORT"]
    ) -> int:
        """Listen there, and return the port: of 0 the system makes a free one. Raises CannotListen."""
        runner = web.AppRunner(served, access_log=None, shutdown_timeout=LAST_ANSWERS)
        self._runners.append(runner)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise CannotListen(f"Can't listen on {host}:{port} ({setting}): {error.strerror}.") from error
        return int(runner.addresses[0][1])

    async def close(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()
