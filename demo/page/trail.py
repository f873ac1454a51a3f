"""The bot's audit trail as `python -m bot audit export --follow` gives it, verified entry by entry."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from demo.bot_process import lines
from demo.world import World

FIELDS = ("previous", "n", "at", "actor", "kind", "request_id", "version", "body_digest")
"""What an entry's mac is made of, as the README tells (section *The audit trail*)."""
AGAIN_AFTER = 1.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail."""

    n: int
    at: str
    actor: str
    kind: str
    request_id: str
    body: str
    previous: str
    mac: str
    is_whole: bool
    """It follows on the one before, and neither it nor its body was changed."""


class Trail:
    """Follows the trail while it is entered."""

    def __init__(self, contoso: World) -> None:
        self.entries: list[Entry] = []
        self.problem = ""
        """Why nothing comes now, in the command's own words."""
        self._world = contoso
        self._last = ""
        self._following: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._following = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _follow(self) -> None:
        """Begin anew where the command ends, such as before the bot has made its database."""
        while True:
            command = ("-m", "bot", "audit", "export", "--follow")
            pipe = asyncio.subprocess.PIPE
            self._process = await self._world.bot.run(*command, stdout=pipe, stderr=pipe)
            why = await self._read(self._process)
            if why != self.problem:
                self.problem = why
                self._world.books.note_change()
            await asyncio.sleep(AGAIN_AFTER)

    async def _read(self, process: asyncio.subprocess.Process) -> str:
        """Take its lines; return why there are no more."""
        if process.stdout is None or process.stderr is None:
            raise RuntimeError("the trail can't be read")
        try:
            async for line in lines(process.stdout):
                self.take(json.loads(line))
        except ValueError as error:  # half a line, or one that is too long
            process.kill()
            await process.wait()
            return str(error)
        said = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
        return f"status {await process.wait()}: {said[-1] if said else 'it ended'}"

    def take(self, line: Mapping[str, Any]) -> None:
        """Enter a line; the first one of an export tells what came before it, and is none itself."""
        self.problem = ""
        if line["kind"] == "Export":
            self._last = line["mac"]
            self.entries.clear()
            return
        self.entries.append(_entry(line, self._last))
        self._last = line["mac"]
        self._world.books.note_change()


def _entry(line: Mapping[str, Any], before: str) -> Entry:
    digest = hashlib.sha256(bytes.fromhex(line["salt"]) + line["body"].encode()).hexdigest()
    chained = json.dumps([line[name] for name in FIELDS], separators=(",", ":"), ensure_ascii=False)
    mac = hashlib.sha256(chained.encode()).hexdigest()
    is_whole = (line["previous"], line["mac"], line["body_digest"]) == (before, mac, digest)
    shown = {name: line[name] or "" for name in ("at", "actor", "kind", "request_id", "body", "previous", "mac")}
    return Entry(n=line["n"], is_whole=is_whole, **shown)
