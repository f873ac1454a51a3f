"""The real bot as its own process, which can be killed and started again."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0
LONGEST_LINE = 1 << 20
READY = "ready: "
FROM_HERE = frozenset({"PATH", "HOME", "LANG", "VIRTUAL_ENV"})


def environ_with(settings: Mapping[str, str]) -> dict[str, str]:
    """Give a bot these settings, and of this process's environment only what Python needs."""
    here = {name: value for name, value in os.environ.items() if name in FROM_HERE}
    return {**here, "PYTHONPATH": str(ROOT), **settings}


class BotProcess:
    """`python -m bot` with these settings and in this folder; each line of its log goes to `log`."""

    def __init__(self, settings: Mapping[str, str], folder: Path, log: Callable[[str], None]) -> None:
        self._environ = environ_with(settings)
        self._folder = folder
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Of the process that was started last."""
        if self._process is None:
            raise RuntimeError("the bot was not started yet")
        return self._process.pid

    async def start(self) -> str:
        """Return the address it says it is ready at."""
        self._process = await self.run("-m", "bot", stderr=asyncio.subprocess.PIPE)
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read_log(self._process, address))
        async with asyncio.timeout(PATIENCE):
            return await address

    async def run(
        self, *command: str, stdout: int | None = None, stderr: int | None = None
    ) -> asyncio.subprocess.Process:
        """Run Python as the bot is run: with its settings and in its folder."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            env=self._environ,
            cwd=self._folder,
            stdout=stdout,
            stderr=stderr,
            limit=LONGEST_LINE,
        )

    async def kill(self) -> None:
        """End it with SIGKILL, as a machine that loses its power does."""
        await self._end(by_force=True)

    async def stop(self) -> int:
        """Return the status it ends with; 0 where it was not running."""
        return await self._end(by_force=False)

    async def _end(self, *, by_force: bool) -> int:
        if self._process is None or self._reading is None or not self.is_running:
            return 0
        with contextlib.suppress(ProcessLookupError):
            if by_force:
                self._process.kill()
            else:
                self._process.terminate()
        status = await self._process.wait()
        await self._reading
        return status

    async def _read_log(self, process: asyncio.subprocess.Process, address: asyncio.Future[str]) -> None:
        """Where it listens is in the line that says that it is ready."""
        if process.stderr is None:
            raise RuntimeError("the bot's log can't be read")
        async for text in lines(process.stderr):
            self._log(text)
            if f"{READY}HTTP on" in text and not address.done():
                ready = text.partition(READY)[2].partition('"')[0]
                address.set_result(ready.removeprefix("HTTP on ").partition(",")[0])
        if not address.done():
            address.set_exception(RuntimeError("the bot did not start"))


async def lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Read lines without their ends."""
    async for line in stream:
        yield line.decode(errors="replace").rstrip("\n")
