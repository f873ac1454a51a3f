"""A server as its own process: how long until it takes requests, how much memory it has, how fast it answers."""

import asyncio
import contextlib
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from bench.stage import memory_mb
from demo.bot_process import PATIENCE, ROOT

POLLED_EVERY = 0.005
TAIL = 2000


@dataclass(frozen=True, slots=True)
class Server:
    """A running one."""

    port: int
    pid: int
    started_in: float
    """Seconds until it was ready."""

    @property
    def memory(self) -> float:
        """MB it has in use."""
        return memory_mb(self.pid, "VmRSS")

    @property
    def cpu(self) -> float:
        """Seconds of a processor that it has used, all its threads together."""
        # proc_pid_stat(5): the name may hold spaces, and ends at the last bracket.
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Volley:
    """What became of requests that were sent at a rate; times in milliseconds, from when each was due."""

    took: Sequence[float]
    failed: Sequence[str]
    late: Sequence[float]
    """By how much each was sent too late."""
    began: float = 0.0
    """When the first was due, in monotonic seconds."""

    @property
    def median(self) -> float:
        return median(self.took)

    @property
    def p99(self) -> float:
        return quantiles(self.took, n=100)[98]


@asynccontextmanager
async def serving(command: Sequence[str], environ: Mapping[str, str], ready_path: str) -> AsyncIterator[Server]:
    """Run a program on a port of its own until it answers there with anything but a 503; in the end kill it.

    The word PORT in its command becomes the port. What it has acked it must not lose by this, and a bot with much
    left to do would take its time to stop.
    """
    port = _free_port()
    with tempfile.TemporaryFile() as log:
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(str(port) if word == "PORT" else word for word in command),
            env={**environ, "PORT": str(port)},
            stdout=log,
            stderr=log,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                await _until_ready(port, ready_path)
            yield Server(port, process.pid, time.monotonic() - began)
        except TimeoutError as error:
            log.seek(0)
            raise TimeoutError(log.read()[-TAIL:].decode(errors="replace")) from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _until_ready(port: int, path: str) -> None:
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
            status = await reader.readline()
            writer.close()
            if status and b" 503 " not in status:
                return
        await asyncio.sleep(POLLED_EVERY)


async def fire(servers: Sequence[Server], requests: Sequence[bytes], rate: float, expected: str = "") -> Volley:
    """Send them by a process of its own, to the servers in turn."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump([request.decode("latin-1") for request in requests], file)
        file.flush()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bench.load",
            ",".join(str(server.port) for server in servers),
            str(rate),
            file.name,
            expected,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        output, _ = await process.communicate()
    told = json.loads(output)
    return Volley(told["took"], told["failed"], told["late"], told["began"])
