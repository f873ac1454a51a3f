"""Sends prepared requests each when it is due, whether or not the ones before were answered; a process of its own."""

import asyncio
import json
import selectors
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

LEAD = 0.3
LINES_AT_FIRST, MOST_LINES = 8, 800
"""More are of no use to anybody, and select takes few more; what is due then waits here, which counts too."""
PATIENCE = 20.0
HEADERS_END = b"\r\n\r\n"


class _Line(asyncio.Protocol):
    """A connection that is kept, with one request on it at a time."""

    def __init__(self, lane: "_Lane") -> None:
        self._lane = lane
        self._got = b""
        self._nth = -1
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self.send_next()

    def send_next(self) -> None:
        following = self._lane.next()
        if following is None or self._transport is None:
            self._lane.idle.append(self)
        else:
            (self._nth, request), self._got = following, b""
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(HEADERS_END)
        if found and len(body) >= _length(head):
            self._lane.volley.answered(self._nth, int(head[9:12]), body)
            self.send_next()

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - what it was on is missing in the end
        if self in self._lane.idle:
            self._lane.idle.remove(self)


def _length(head: bytes) -> int:
    lower = head.lower()
    return int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)


class _Lane:
    """All connections to one server, and what waits for one of them."""

    def __init__(self, volley: "Volley", port: int) -> None:
        self.volley = volley
        self.idle: list[_Line] = []
        self._port = port
        self._lines = 0
        self._waiting: deque[int] = deque()
        self._opening: set[asyncio.Future[None]] = set()

    async def open(self) -> None:
        self._lines += 1
        await asyncio.get_running_loop().create_connection(lambda: _Line(self), "127.0.0.1", self._port)

    def send(self, n: int) -> None:
        self._waiting.append(n)
        if self.idle:
            self.idle.pop().send_next()
        elif self._lines < MOST_LINES:
            self._opening.add(asyncio.ensure_future(self.open()))

    def next(self) -> tuple[int, bytes] | None:
        """What has to be sent now."""
        if not self._waiting:
            return None
        n = self._waiting.popleft()
        return n, self.volley.requests[n]


class Volley:
    """So many requests a second, dealt out to the servers in turn, each counted from when it was due."""

    def __init__(self, ports: Sequence[int], requests: list[bytes], expected: bytes) -> None:
        self.requests = requests
        self._lanes = [_Lane(self, port) for port in ports]
        self._expected = expected
        self._due: list[float] = []
        self._left = len(requests)
        self._over = asyncio.Event()
        self.began = 0.0
        """When the first was due, by the machine's monotonic clock."""
        self.took: list[float] = []
        """Milliseconds."""
        self.late: list[float] = []
        self.failed: list[str] = []

    async def fire(self, rate: float, lines: int) -> None:
        loop = asyncio.get_running_loop()
        for lane in self._lanes:
            for _ in range(lines):
                await lane.open()
        self.began = time.monotonic() + LEAD
        self._due = [self.began + n / rate for n in range(len(self.requests))]
        for n, due in enumerate(self._due):
            loop.call_at(due, self._send, n)
        try:
            async with asyncio.timeout(len(self.requests) / rate + PATIENCE):
                await self._over.wait()
        except TimeoutError:
            self.failed += ["no answer"] * self._left

    def _send(self, n: int) -> None:
        self.late.append((time.monotonic() - self._due[n]) * 1000)
        self._lanes[n % len(self._lanes)].send(n)

    def hang_up(self) -> None:
        """Close the connections that wait for nothing."""
        for lane in self._lanes:
            for line in list(lane.idle):
                line.hang_up()

    def answered(self, n: int, status: int, body: bytes) -> None:
        self.took.append((time.monotonic() - self._due[n]) * 1000)
        if status != 200 or self._expected not in body:  # noqa: PLR2004 - OK
            self.failed.append(f"{status} {body[:200].decode(errors='replace')}")
        self._left -= 1
        if not self._left:
            self._over.set()


async def _fire(ports: Sequence[int], rate: float, requests: list[bytes], expected: bytes) -> Volley:
    volley = Volley(ports, requests, expected)
    await volley.fire(rate, LINES_AT_FIRST)
    return volley


def main(ports: str, rate: str, file: str, expected: str) -> None:
    """Print how long each took."""
    requests = [line.encode("latin-1") for line in json.loads(Path(file).read_text(encoding="utf-8"))]
    dealt_to = [int(port) for port in ports.split(",")]
    # epoll waits whole milliseconds; select takes microseconds.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        volley = runner.run(_fire(dealt_to, float(rate), requests, expected.encode()))
    told = {"took": volley.took, "failed": volley.failed, "late": volley.late, "began": volley.began}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
