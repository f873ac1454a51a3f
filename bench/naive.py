"""What every other tool does: a GET and a POST for each user, and once more after each 429."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp

from demo.graph import LocalGraph
from demo.graph.routes import CONFIRM_SAFE, RISKY
from demo.wire import Books

REFUSED, DONE = 429, frozenset({200, 204})
FIRST_WAIT, LONGEST_WAIT = 1.0, 8.0
ROLE = "IdentityRiskyUser.ReadWrite.All"

Ask = Callable[[str, str], Awaitable[int]]
"""Makes a call of that method about that user and tells its status."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What confirming took."""

    calls: int
    refused: int

    @property
    def seconds(self) -> float:
        """How long the calls that were answered take at one a second; refused ones are given to it for nothing."""
        return float(self.calls - self.refused)


class VirtualClock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def wait(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


async def confirm_each(user_ids: Iterable[str], ask: Ask, wait: Callable[[float], None]) -> Tally:
    """Look at each user and confirm them; after a 429 wait, twice as long each time."""
    calls = refused = 0
    for user_id in user_ids:
        for method in ("GET", "POST"):
            pause = FIRST_WAIT
            calls += 1
            while (status := await ask(method, user_id)) == REFUSED:
                refused += 1
                calls += 1
                wait(pause)
                pause = min(pause * 2, LONGEST_WAIT)
            if status not in DONE:
                raise RuntimeError(f"{method} for {user_id} was answered {status}")
    return Tally(calls, refused)


async def naively(users: int) -> Tally:
    """Confirm so many users at a local Graph of its own, which enforces one request a second on a virtual clock."""
    clock = VirtualClock()
    graph = LocalGraph(Books(), now=clock.now, is_live=lambda _: True, token_roles=lambda _: {ROLE}, rate=1.0)
    ids = graph.add_crowd(users)
    async with graph, aiohttp.ClientSession(headers={"Authorization": "Bearer naive"}) as session:

        async def ask(method: str, user_id: str) -> int:
            path = f"{RISKY}/{user_id}" if method == "GET" else CONFIRM_SAFE
            body = None if method == "GET" else {"userIds": [user_id]}
            async with session.request(method, graph.url + path, json=body) as response:
                await response.read()
                return response.status

        return await confirm_each(ids, ask, clock.wait)
