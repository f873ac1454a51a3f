"""Whoever waits for Slack's answer comes first: what follows from commands and clicks is done in their pauses."""

import asyncio
import types
from collections import deque
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

from bot.clock import Clock

MANY, WITHIN = 40, 0.4
"""So many within so many seconds: a hundred a second, which people reach only together, in an incident."""
GIVES_WAY_FOR = 0.02
"""Seconds after which a step is taken although somebody waits, so that nothing is put off for ever."""

T = TypeVar("T")


class Rush:
    """One for the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._came: deque[float] = deque(maxlen=MANY)
        self._in_hand = 0
        self._steps: deque[asyncio.Future[None]] = deque()
        self._letting: asyncio.Task[None] | None = None
        self._pause = asyncio.Event()

    def begin(self) -> None:
        """One more came, and waits for its answer."""
        self._came.append(self._clock.monotonic())
        self._in_hand += 1

    def end(self) -> None:
        """One is answered."""
        self._in_hand -= 1
        if not self._in_hand:
            self._pause.set()

    def is_on(self) -> bool:
        """Whether very many come in just now."""
        return len(self._came) == MANY and self._clock.monotonic() - self._came[0] < WITHIN

    async def turn(self) -> None:
        """Wait until whoever does something nobody waits for may go on."""
        is_letting = self._letting is not None and not self._letting.done()
        if is_letting or self._in_hand or self.is_on():
            turn = asyncio.get_running_loop().create_future()
            self._steps.append(turn)
            if not is_letting:
                self._letting = asyncio.create_task(self._let_through())
            await turn

    async def _let_through(self) -> None:
        """Let one step after the other be taken, and look in between whether somebody has come meanwhile."""
        while self._steps:
            turn = self._steps.popleft()
            if not turn.done():
                await self._give_way()
            if not turn.done():
                turn.set_result(None)

    async def _give_way(self) -> None:
        for _ in range(2):  # the step before is taken in the first of these, and who came meanwhile is met
            await asyncio.sleep(0)
        if self.is_on():
            await asyncio.sleep(GIVES_WAY_FOR)
        elif self._in_hand:
            self._pause.clear()
            try:
                async with asyncio.timeout(GIVES_WAY_FOR):
                    await self._pause.wait()
            except TimeoutError:
                pass


@types.coroutine
def in_turn(work: Coroutine[Any, Any, T], rush: Rush) -> Generator[Any, Any, T]:
    """Carry it out step by step, from one thing that it waits for to the next, each when its turn has come."""
    go_on, given = work.send, None
    while True:
        try:
            awaited = go_on(given)
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            given = yield awaited
            yield from rush.turn().__await__()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is for the work to meet
            go_on, given = work.throw, error
        else:
            go_on = work.send
