"""The whole bot on real sockets, between the local Slack, Entra and Graph: what the journeys stand on."""

import asyncio
import contextlib
import os
import re
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.app import Application
from bot.parts import Parts, open_parts
from bot.settings import load
from bot.sockets import AT_ONCE
from demo.entra import LocalEntra
from demo.graph import LocalGraph
from demo.installation import APPROVALS, INCIDENT, settings_for
from demo.local_slack import LocalSlack, Message
from demo.local_slack.sockets import Line
from demo.local_slack.workspace import View
from demo.wire import Books, Call
from tests.clocks import WarpClock

ADELE_AND_ALEX = "adelev@contoso.com, 5a0c76d2-cb57-4ece-9bc1-c323178f116a VPN exit moved to Oslo"
CONFIRM = "POST /v1.0/identityProtection/riskyUsers/confirmSafe"
SPEED = 10.0
CHECKS_TAKE = 3.0
SOCKET_MODE = "Socket Mode"
BOTH_WAYS = pytest.mark.parametrize("way", ["HTTP", SOCKET_MODE])
"""For stories that must be the same over signed HTTP and over sockets."""
FAILED = {"HTTP": 503, SOCKET_MODE: 0}
"""The status of a click that was not taken: by a socket Slack gets no ack."""

__all__ = ["APPROVALS", "BOTH_WAYS", "INCIDENT", "SOCKET_MODE", "Rig", "running", "settings_for"]


@dataclass
class Rig:
    """One bot and its world; `books` hold everything that went over the wire."""

    books: Books
    clock: WarpClock
    slack: LocalSlack
    entra: LocalEntra
    graph: LocalGraph
    database: Path
    environ: dict[str, str]
    application: Application | None = None
    parts: Parts | None = None
    lines: list[Line] = field(default_factory=list)
    """In Socket Mode, the sockets that this bot opened at its start."""
    _resources: AsyncExitStack | None = None

    async def start(self, **settings: str) -> None:
        """Start the bot in this process."""
        self._resources = AsyncExitStack()
        self.parts = await open_parts(
            load(self.environ | settings, None), self.clock, self._resources, timedelta(seconds=1.05)
        )
        self.application = Application(self.parts)
        before = len(self.slack.sockets.lines)
        await self.application.start()
        self.slack.bot_url = f"http://127.0.0.1:{self.application.port}/slack/events"
        known: Callable[[], bool] = lambda: bool(self.books.of("bots.info"))  # noqa: E731 - one condition
        installation = self.parts.outside.installation
        if not installation.is_known:
            installation.on_known.append(self.books.note_change)
            await self.books.until(known)
            await self.books.until(lambda: installation.is_known)
        # The checks look people up too: a fault that a test plants is meant for what the test does.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHECKS_TAKE):
                await self.application.watch.made.wait()
        if self.application.readiness._is_open() and self.slack.sockets.is_on:
            await self.books.until(lambda: len(self.slack.sockets.lines) >= before + AT_ONCE)
            self.lines = self.slack.sockets.lines[before:]

    async def stop(self) -> None:
        if self.application is not None:
            await self.application.stop()
            self.application = None
        if self._resources is not None:
            await self._resources.aclose()
            self._resources = None

    @asynccontextmanager
    async def beside(self) -> "AsyncIterator[Rig]":
        """Start another replica in the same world, on the same database; Slack goes on to send to this one."""
        url = self.slack.bot_url
        known = len(self.books.of("bots.info"))
        other = replace(self, application=None, parts=None, _resources=None)
        await other.start()
        assert len(self.books.of("bots.info")) > known
        self.slack.bot_url = url
        try:
            yield other
        finally:
            await other.stop()

    def serves(self) -> None:
        """From now on Slack sends to this replica."""
        assert self.application is not None
        self.slack.bot_url = f"http://127.0.0.1:{self.application.port}/slack/events"
        self.slack.sockets.chosen = next(iter(self.lines), None)

    async def die(self) -> None:
        """End as kill -9 does: nothing more is recorded, and no lease is given back."""
        assert self.application is not None
        assert self._resources is not None
        loop, listeners = self.application._loop, self.application._listeners
        for line in self.lines:
            line.cut()
        tasks = [loop._running, loop._keeping, *self.application._checking, *(t for _, t in loop._in_hand.values())]
        if self.parts is not None:
            tasks += [*self.parts.sockets._keepers, *self.parts.sockets._serving]
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        await self.application._conversation.close()
        await listeners.close()
        self.application = None
        await self.stop()

    async def asked(self, text: str = ADELE_AND_ALEX, **who: str) -> Message:
        """Type a command and return the approval message once it is there."""
        before = len(self.slack.messages(APPROVALS))
        answer = await self.slack.command(text, **who)
        assert answer.status == 200, answer
        await self.books.until(lambda: len(self.slack.messages(APPROVALS)) > before)
        message = self.slack.messages(APPROVALS)[-1]
        # A click counts once the bot has recorded that Slack took the message: its asker is told then.
        await self.books.until(lambda: self.told_of(message))
        return message

    def told_of(self, message: Message) -> bool:
        told = [self.slack.plain(m) for user in self.slack.users for m in self.slack.ephemerals(user)]
        told += [self.slack.plain(m) for user in list(self.slack.users) for m in self.slack.dm(user)]
        request_id = self.id_of(message)
        return any(f"{request_id} is waiting" in text for text in told)

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """Keep the store's one writer busy: what comes meanwhile stays in hand."""
        assert self.parts is not None
        held, go_on = threading.Event(), threading.Event()

        def hold(_connection: Connection) -> None:
            held.set()
            go_on.wait(10)

        holding = asyncio.ensure_future(self.parts.store.run(hold))
        await asyncio.to_thread(held.wait)
        try:
            yield
        finally:
            go_on.set()
            await holding

    def buttons(self, message: Message) -> list[str]:
        """What can be pressed in a message."""
        return re.findall(r"\[([^\]]+)\]", self.slack.plain(message))

    def id_of(self, message: Message) -> str:
        return next(word for word in self.slack.plain(message).split() if word.startswith("CS-"))

    async def shows(self, message: Message, words: str, within: float = 60.0) -> str:
        """Wait until the message says so, and return all it says."""
        await self.books.until(lambda: words in self.slack.plain(message), within)
        return self.slack.plain(message)

    async def thread_says(self, message: Message, words: str, within: float = 60.0) -> str:
        def said() -> str:
            return next((t for t in map(self.slack.plain, self.slack.thread(message)) if words in t), "")

        return await self.books.until(said, within)

    async def whispered(self, user: str, words: str, within: float = 60.0) -> str:
        """Wait until only this person was told so, in a channel or by direct message."""

        def said() -> str:
            seen = [*self.slack.ephemerals(user), *self.slack.dm(user)]
            return next((t for t in map(self.slack.plain, seen) if words in t), "")

        return await self.books.until(said, within)

    async def choice_of(self, user: str) -> Message:
        """Wait for the private answer with buttons: in the channel, or when it came late, as a direct message."""

        def seen() -> list[Message]:
            told = [*self.slack.ephemerals(user), *self.slack.dm(user)]
            return [m for m in told if any(block["type"] == "actions" for block in m.blocks)]

        return (await self.books.until(seen))[0]

    async def modal_of(self, user: str) -> View:
        view = await self.books.until(lambda: self.slack.modal(user))
        assert view is not None
        return view

    def sent(self) -> list[Call]:
        return self.books.of(CONFIRM)


@asynccontextmanager
async def running(
    tmp_path: Path,
    *,
    speed: float = SPEED,
    start: bool = True,
    rate: float | None = None,
    way: str = "HTTP",
    **settings: str,
) -> AsyncIterator[Rig]:
    """Everything started; at the end nothing may have broken a vendor's contract.

    `way` is how what people do reaches the bot.
    `rate` is how many risky-user requests a second Graph takes; None: as many as come.
    """
    clock = WarpClock(speed=speed)
    books = Books()
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(books, now=clock.now))
        # Three seconds of the people's time, not of the faster clock's: a busy machine must not expire them.
        slack.workspace.trigger_lives *= max(speed, 1.0)
        slack.sockets.is_on = way == SOCKET_MODE
        entra = await stack.enter_async_context(LocalEntra(books, now=clock.now))
        graph = await stack.enter_async_context(
            LocalGraph(books, now=clock.now, is_live=entra.is_live, token_roles=entra.roles_of, rate=rate)
        )
        stack.enter_context(_trusting(entra.ca_file))
        database = tmp_path / "confirm-safe.db"
        environ = settings_for(slack, entra, graph, database) | settings
        rig = Rig(books, clock, slack, entra, graph, database, environ)
        stack.push_async_callback(rig.stop)
        if start:
            await rig.start()
        yield rig
        await rig.stop()
        assert books.complaints == []
    await asyncio.sleep(0)  # closed connections are gone once the event loop has come round


class _trusting:  # noqa: N801 - reads as a word in `with`
    """The local Entra's certificate authority, trusted while it runs."""

    def __init__(self, ca_file: object) -> None:
        self._ours: Mapping[str, str] = {"REQUESTS_CA_BUNDLE": str(ca_file), "SSL_CERT_FILE": str(ca_file)}
        self._before: dict[str, str | None] = {}

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in self._ours}
        os.environ.update(self._ours)

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
