"""What a visitor can do to the bot and to the vendors, to see its promises hold."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from demo.graph.counting import is_paced
from demo.graph.directory import ADELE
from demo.local_slack.delivery import Delivered
from demo.wire import Fault, Faults
from demo.world import World


class Set(Protocol):
    """Turns it on or off; what happens once happens either way."""

    def __call__(self, *, on: bool) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True)
class Trouble:
    """A switch, or something that happens once where it has no state."""

    name: str
    label: str
    promise: str
    """What a visitor should see."""
    set: Set
    is_on: Callable[[], bool] | None = None


class Troubles:
    """All that can go wrong on this page."""

    def __init__(self, contoso: World) -> None:
        self._world = contoso
        self._one_at_a_time = asyncio.Lock()
        graph, slack = contoso.graph, contoso.slack
        self.all = (
            Trouble(
                "kill",
                "kill -9 the bot",
                "What Slack saw accepted is on disk: start it again, and it goes on.",
                self._kill,
                lambda: not contoso.bot.is_running,
            ),
            self._fault(
                "graph-429",
                "Graph: 429, too many",
                "Every call waits, the approval is kept, the thread says so.",
                graph.faults,
                Fault("*", "status", times=-1, status=429, retry_after=2, when=is_paced),
            ),
            self._fault(
                "graph-503",
                "Graph: 503, not available",
                "It is tried again. Nothing is called done before it was read back.",
                graph.faults,
                Fault("*", "status", times=-1, status=503),
            ),
            Trouble(
                "lie",
                "Graph: a 204 that lies",
                "Accepted is not confirmed: only what was read back is told as done.",
                self._lie,
                lambda: graph.lies,
            ),
            self._fault(
                "slack-down",
                "Slack's Web API is down",
                "Posts wait and come once each when it is back.",
                slack.faults,
                Fault("*", "status", times=-1, status=503),
            ),
            Trouble(
                "twice",
                "Slack delivers each click twice",
                "One approval is recorded, and one call is made.",
                self._twice,
                lambda: slack.delivery.duplicate_deliveries,
            ),
            Trouble(
                "rise",
                "Adele turns risky again",
                "Do it after the request was shown: who rose is not sent on an old approval.",
                self._rise,
            ),
            Trouble(
                "forge", "Somebody forges a click", "The signature is wrong: 401, and nothing happens.", self._forge
            ),
        )
        self._by_name = {trouble.name: trouble for trouble in self.all}

    async def set(self, name: str, *, on: bool) -> None:
        """Raises KeyError where there is no such trouble."""
        await self._by_name[name].set(on=on)
        self._world.books.note_change()

    def _fault(self, name: str, label: str, promise: str, faults: Faults, fault: Fault) -> Trouble:
        async def turn(*, on: bool) -> None:
            if fault in faults.waiting:
                faults.waiting.remove(fault)
            if on:
                faults.add(fault)

        return Trouble(name, label, promise, turn, lambda: fault in faults.waiting)

    async def _kill(self, *, on: bool) -> None:
        async with self._one_at_a_time:  # so that none is killed before Slack knows where it listens
            if on:
                await self._world.kill_bot()
            elif not self._world.bot.is_running:
                await self._world.start_bot()

    async def _lie(self, *, on: bool) -> None:
        self._world.graph.lies = on

    async def _twice(self, *, on: bool) -> None:
        self._world.slack.delivery.duplicate_deliveries = on

    async def _rise(self, *, on: bool) -> None:
        self._world.graph.rise(ADELE, "high", "leakedCredentials")

    async def _forge(self, *, on: bool) -> None:
        """Send what Slack sent last once more, as somebody who lacks the signing secret would."""
        delivery = self._world.slack.delivery
        body = delivery.last_body or b"payload=%7B%7D"
        headers = {**delivery.sign(body), "X-Slack-Signature": f"v0={'0' * 64}"}
        entry = Delivered("forged", {"type": "forged"}, time.monotonic(), headers["X-Slack-Signature"])
        delivery.delivered.append(entry)
        entry.answer = await delivery.post_raw(body, headers)
