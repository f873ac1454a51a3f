"""The log: one line an event, which says of which request it is, who did it, and by which id Graph knows it."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from demo.wire import Fault
from tests.command_line import environ
from tests.rig import Rig, running

ONE = "adelev@contoso.com VPN"
Lines = list[dict[str, Any]]


@asynccontextmanager
async def logging_bot(tmp_path: Path, level: str = "INFO") -> AsyncIterator[tuple[Rig, Lines]]:
    """The real process; its lines are read as they come, and each has to be JSON of its own."""
    async with running(tmp_path, start=False, speed=1, LOG_LEVEL=level) as rig:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", env=environ(rig), cwd=tmp_path, stderr=asyncio.subprocess.PIPE
        )
        stderr, lines = process.stderr, Lines()
        assert stderr is not None

        async def read() -> None:
            while raw := await stderr.readline():
                lines.append(json.loads(raw))
                rig.books.note_change()

        reading = asyncio.create_task(read())
        ready = await rig.books.until(lambda: [line for line in lines if line["event"].startswith("ready: HTTP on")])
        address = ready[0]["event"].split()[3].rstrip(",")
        rig.slack.bot_url = f"http://{address}/slack/events"
        try:
            yield rig, lines
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            await process.wait()
            await reading


def of(lines: Lines, event: str, **fields: object) -> Lines:
    return [line for line in lines if line["event"] == event and fields.items() <= line.items()]


async def test_the_story_of_a_request_is_in_the_log_by_its_id(tmp_path: Path) -> None:
    async with logging_bot(tmp_path) as (rig, lines):
        message = await rig.asked(ONE)
        request = rig.id_of(message)
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.slack.click(message, "deny")
        await rig.slack.click(message, "approve")
        told = await rig.thread_says(message, "Entra accepted 1 user")
    assert of(lines, "taken", request=request, actor="U0ANALYST", action="ask", users=1)
    assert of(lines, "refused", request=request, actor="U0JONI", action="approve", ground="not_approver")
    assert of(lines, "taken", request=request, actor="U0MEGAN", action="approve", state="approved")
    assert not of(lines, "taken", action="deny")  # a window that was opened decides nothing
    (sent,) = of(lines, "confirmSafe called", request=request, users=1, status=204)
    (call,) = of(lines, "Graph call", kind="confirm_safe", status="204")
    assert call["graph_request_id"] == sent["graph_request_id"]
    assert call["client_request_id"] == sent["client_request_id"]
    assert f"request-id {call['graph_request_id']} " in told
    assert not of(lines, "Graph call", kind="risky_users")  # reads are told at DEBUG
    assert "request" not in call  # one call is for many


async def test_each_call_to_graph_is_told_at_debug_and_what_fails_always(tmp_path: Path) -> None:
    async with logging_bot(tmp_path, "DEBUG") as (rig, lines):
        rig.graph.faults.add(Fault("riskyUsers", "status", status=503))
        message = await rig.asked(ONE)
    request = rig.id_of(message)
    assert of(lines, "Graph call", kind="risky_users", status="503", level="info")
    read = of(lines, "Graph call", kind="users", status="200", level="debug", request=request)
    assert read
    assert read[0]["task"] == f"look_up {request}"
    secrets = [rig.environ[n] for n in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "AZURE_CLIENT_SECRET")]
    text = json.dumps(lines)
    assert not [secret for secret in secrets if secret in text]
    assert "Bearer " not in text
