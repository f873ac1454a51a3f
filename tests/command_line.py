"""The real command line as its own process, between the look-alikes of a rig."""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.rig import Rig


def environ(rig: Rig) -> dict[str, str]:
    keep = {n: v for n, v in os.environ.items() if n in {"PATH", "HOME"} or n.startswith("COV")}
    trust = {"REQUESTS_CA_BUNDLE": str(rig.entra.ca_file), "PYTHONPATH": str(Path.cwd())}
    return keep | rig.environ | trust


async def ready(rig: Rig, **changes: str) -> tuple[asyncio.subprocess.Process, str]:
    """Start the bot; return it once it is ready, with the line that says so."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        env=environ(rig) | changes,
        cwd=rig.database.parent,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    line = ""
    while "ready: " not in line:
        line = (await process.stderr.readline()).decode()
        assert line, "the bot ended"
    return process, line


async def run(rig: Rig, *arguments: str, **changes: str) -> tuple[int, str, str]:
    """Return the exit status, and what was written to standard output and standard error."""
    # The process goes by the world's clock, which the rig's only resembles.
    rig.slack.date = rig.graph.date = lambda: datetime.now(UTC)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        env=environ(rig) | changes,
        cwd=rig.database.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    rig.slack.date = rig.graph.date = rig.clock.now
    return process.returncode or 0, out.decode(), err.decode()
