"""What every look-alike shares: the books of what arrived, and the faults a test can plant."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")
SHOWN = 15
"""Calls that a time-out tells of."""


@dataclass(slots=True, eq=False)
class Call:
    """One HTTP request that arrived at a look-alike; status and answer are filled when it was answered."""

    n: int
    """1 and up over all look-alikes that share the books, in order of arrival."""
    to: str
    """slack, entra or graph."""
    method: str
    name: str
    args: Mapping[str, Any]
    at: float
    """Monotonic seconds."""
    moment: datetime | None = None
    """By the look-alike's own clock, where it has one."""
    status: int | None = None
    answer: Any = None

    def __str__(self) -> str:
        return f"{self.n}. {self.to} {self.name} {dict(self.args)} -> {self.status}"


Tap = Callable[[str, Call], Awaitable[None]]


class Books:
    """Everything that arrived at the look-alikes sharing them, and what was wrong with it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.complaints: list[str] = []
        """Every request that broke the vendor's contract, and how."""
        self.tap: Tap | None = None
        """Awaited with ("arrived", call) before the look-alike acts, ("answered", call) afterwards."""
        self._changed = asyncio.Event()

    async def arrived(
        self, to: str, method: str, name: str, args: Mapping[str, Any], moment: datetime | None = None
    ) -> Call:
        """Enter a call that a look-alike is about to act on."""
        call = Call(len(self.calls) + 1, to, method, name, args, time.monotonic(), moment)
        self.calls.append(call)
        self.note_change()
        await self._tell("arrived", call)
        return call

    async def answered(self, call: Call, status: int, answer: Any) -> None:
        """Enter what was written to the caller's socket."""
        call.status, call.answer = status, answer
        self.note_change()
        await self._tell("answered", call)

    def complain(self, complaint: str) -> None:
        """Enter how a request broke the vendor's contract."""
        self.complaints.append(complaint)
        self.note_change()

    def of(self, name: str) -> list[Call]:
        """Return the calls of that name, in order of arrival."""
        return [call for call in self.calls if call.name == name]

    @property
    def changed(self) -> asyncio.Event:
        """What the next change sets; take it before looking, so that no change is missed."""
        return self._changed

    def note_change(self) -> None:
        """Wake everyone who waits for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, condition: Callable[[], T], within: float = 60.0) -> T:
        """Return the condition's first truthy value; it is evaluated anew on each change."""
        try:
            async with asyncio.timeout(within):
                while not (value := condition()):
                    await self._changed.wait()
                return value
        except TimeoutError:
            raise TimeoutError(self._so_far(within)) from None

    def _so_far(self, within: float) -> str:
        calls = [str(call) for call in self.calls[-SHOWN:]] or ["no calls"]
        return "\n".join([f"Nothing within {within} s.", *calls, *self.complaints])

    async def _tell(self, what: str, call: Call) -> None:
        if self.tap is not None:
            await self.tap(what, call)


@dataclass(slots=True, eq=False)
class Fault:
    """What a look-alike does to a matching call instead of answering it.

    The kinds they all know: reset (drop the connection before acting), drop_after (act, then drop it without
    an answer), hang (never act nor answer), hang_then_accept (act once released or once the client gives up),
    status (answer `status` with the vendor's error body), html (a page instead, 200 unless said), empty (no
    body), garbage (200 with broken JSON).
    """

    name: str
    kind: str
    times: int = 1
    """-1: for ever."""
    when: Callable[[Call], bool] | None = None
    retry_after: float | datetime | None = None
    """Seconds, or a moment, which goes out as an HTTP date (RFC 9110, 10.2.3)."""
    status: int = 0
    code: str = ""

    def fits(self, name: str, call: Call) -> bool:
        return self.name in {"*", name, call.name} and (self.when is None or self.when(call))


@dataclass(slots=True)
class Faults:
    """The faults planted in one look-alike, used in the order they were added."""

    waiting: list[Fault] = field(default_factory=list)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, fault: Fault) -> None:
        self.waiting.append(fault)

    def take(self, name: str, call: Call) -> Fault | None:
        """Use up and return the first fault for this call."""
        fault = next((fault for fault in self.waiting if fault.fits(name, call)), None)
        if fault is not None and fault.times > 0:
            fault.times -= 1
            if fault.times == 0:
                self.waiting.remove(fault)
        return fault

    def clear(self) -> None:
        """Take back every fault, and release what hangs."""
        self.waiting.clear()
        self.release()

    def release(self) -> None:
        """Let every call go on that hangs now."""
        self._released.set()
        self._released = asyncio.Event()

    @property
    def released(self) -> asyncio.Event:
        """What a call that hangs from now on waits for; take it before anything is awaited."""
        return self._released
