"""What waits for the store's one thread: whoever waits for Slack's answer first, and a little of the rest with it."""

import asyncio
import contextlib
import itertools
import queue
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

BATCH = 64
BESIDE = 4
"""So much of what gives way is done in one transaction: whoever comes meanwhile waits for all of it."""


@dataclass(slots=True)
class Item:
    """A piece of work, and who waits for it."""

    work: Callable[[Connection], Any]
    answer: "asyncio.Future[Any]"
    deadline: float | None
    gives_way: bool
    state: str = "waiting"
    """Then "taken" by the writer, or "withdrawn" by whoever could wait no longer; changed under the lock."""
    is_settled: bool = False


Result = tuple[Item, Any, BaseException | None]
"""What became of it: what it returned, or what it raised."""


class Batches:
    """Filled by anybody, emptied by the one thread."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._first: deque[Item] = deque()
        self._beside: deque[Item] = deque()
        self._is_closing = False

    def put(self, item: Item) -> None:
        self._queue.put(item)

    def close(self) -> None:
        """Nothing comes any more."""
        self._queue.put(None)

    def take(self) -> tuple[list[Item], bool]:
        """Wait for something to do; what is next, and whether nothing comes after it."""
        if not (self._first or self._beside or self._is_closing):
            self._sort_in(self._queue.get())
        with contextlib.suppress(queue.Empty):
            while True:
                self._sort_in(self._queue.get_nowait())
        batch = [self._first.popleft() for _ in range(min(BATCH, len(self._first)))]
        batch += [self._beside.popleft() for _ in range(min(BESIDE, len(self._beside)))]
        return batch, self._is_closing and not (self._first or self._beside)

    def _sort_in(self, item: Item | None) -> None:
        if item is None:
            self._is_closing = True
        else:
            (self._beside if item.gives_way else self._first).append(item)


def settle_all(results: list[Result]) -> None:
    """Tell all who wait at once: each waking of their loop takes longer than what it is told."""
    for item, _, _ in results:
        item.is_settled = True
    for loop, told in itertools.groupby(results, lambda result: result[0].answer.get_loop()):
        with contextlib.suppress(RuntimeError):  # the loop is gone, and nobody waits
            loop.call_soon_threadsafe(_tell_each, list(told))


def _tell_each(results: Iterable[Result]) -> None:
    for item, result, error in results:
        if item.answer.done():  # nobody waits any more
            continue
        if error is None:
            item.answer.set_result(result)
        else:
            item.answer.set_exception(error)
