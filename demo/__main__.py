"""`make demo`: the real bot between a local Slack, Entra and Graph takes one request to its end, in print."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from demo.entra import LocalEntra
from demo.graph import LocalGraph
from demo.installation import APPROVALS, INCIDENT, settings_for
from demo.local_slack import LocalSlack, Message
from demo.wire import Books, Call

COMMAND = "adelev@contoso.com, 5a0c76d2-cb57-4ece-9bc1-c323178f116a VPN exit moved to Oslo"
PATIENCE = 60.0


def now() -> datetime:
    return datetime.now(UTC)


def say(title: str, text: str) -> None:
    """Print what somebody sees, indented under where they see it."""
    print(f"\n{title}")
    for line in text.splitlines():
        print(f"  | {line}")
    sys.stdout.flush()


def wire(call: Call) -> None:
    """Print one call; the books never hold a secret or a token."""
    target = call.name if call.to != "entra" else f"{call.name} (MSAL)"
    print(f"      wire: {call.to:<5} {target} -> {call.status}", flush=True)


class Demo:
    """The people of the story."""

    def __init__(self, books: Books, slack: LocalSlack) -> None:
        self._books = books
        self._slack = slack

    async def play(self) -> None:
        """From the command to the thread outcome."""
        slack = self._slack
        say("#general, Lynne Robbins types", f"/confirm-safe {COMMAND}")
        answer = await slack.command(COMMAND)
        say(f"only Lynne sees ({answer.took:.0f} ms)", slack.plain(slack.ephemerals("U0ANALYST")[0]))
        await self._books.until(lambda: slack.messages(APPROVALS), PATIENCE)
        message = slack.messages(APPROVALS)[0]
        say("#id-approvals", slack.plain(message))
        await self._books.until(self._is_waiting, PATIENCE)
        say("only Lynne sees, in place of the first answer", slack.plain(slack.ephemerals("U0ANALYST")[0]))
        await slack.click(message, "approve", by="U0JONI")
        await self._books.until(lambda: slack.ephemerals("U0JONI") or slack.dm("U0JONI"), PATIENCE)
        refusal = [*slack.ephemerals("U0JONI"), *slack.dm("U0JONI")][0]
        say("Joni Sherman, no approver, clicks Approve; only Joni sees", slack.plain(refusal))
        clicked = await slack.click(message, "approve", by="U0MEGAN")
        say(f"Megan Bowen clicks Approve ({clicked.took:.0f} ms)", "")
        await self._follow(message)
        for line in slack.messages(INCIDENT):
            say("#incident-4711", slack.plain(line))

    def _is_waiting(self) -> bool:
        return any("is waiting for approval" in self._slack.plain(m) for m in self._slack.ephemerals("U0ANALYST"))

    async def _follow(self, message: Message) -> None:
        slack = self._slack
        await self._books.until(lambda: slack.thread(message), PATIENCE)
        say("in the thread", slack.plain(slack.thread(message)[0]))
        await self._books.until(lambda: "2 of 2 confirmed safe" in slack.plain(message), PATIENCE)
        await self._books.until(self._is_told(message), PATIENCE)
        say("#id-approvals, the message now", slack.plain(message))
        say("in the thread, the outcome now", slack.plain(slack.thread(message)[-1]))
        await self._books.until(lambda: len(slack.messages(INCIDENT)) > 1, PATIENCE)

    def _is_told(self, message: Message) -> Callable[[], bool]:
        return lambda: any("read back" in self._slack.plain(m) for m in self._slack.thread(message))


@asynccontextmanager
async def bot(
    books: Books, slack: LocalSlack, entra: LocalEntra, graph: LocalGraph, folder: Path
) -> AsyncIterator[None]:
    """Run the real bot as its own process; its log lines are printed as they come."""
    environ = {
        **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "VIRTUAL_ENV"}},
        **settings_for(slack, entra, graph, folder / "confirm-safe.db"),
        "REQUESTS_CA_BUNDLE": str(entra.ca_file),
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", env=environ, cwd=folder, stderr=asyncio.subprocess.PIPE
    )
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    reading = asyncio.create_task(_read_log(process, address))
    try:
        async with asyncio.timeout(PATIENCE):
            slack.bot_url = await address
        yield
    finally:
        process.terminate()
        status = await process.wait()
        await reading
        print(f"\nthe bot stopped with status {status}")
        if status:
            books.complain(f"the bot stopped with status {status}")


async def _read_log(process: asyncio.subprocess.Process, address: asyncio.Future[str]) -> None:
    """Print the bot's log; where it listens is in the line that says that it is ready."""
    if process.stderr is None:
        raise RuntimeError("the bot's log can't be read")
    async for line in process.stderr:
        text = line.decode()
        if "ready: HTTP on" in text and not address.done():
            ready = text.partition("ready: ")[2].partition('"')[0]
            say("the bot says", f"ready: {ready}")
            where = ready.removeprefix("HTTP on ").partition(",")[0]
            address.set_result(f"http://{where}/slack/events")
        else:
            print(text, end="", flush=True)
    if not address.done():
        address.set_exception(RuntimeError("the bot did not start"))


async def main() -> int:
    """Return 0 once the outcome was shown and no look-alike complained."""
    books = Books()

    async def tap(what: str, call: Call) -> None:
        if what == "answered":
            wire(call)

    books.tap = tap
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="confirm-safe-")))
        slack = await stack.enter_async_context(LocalSlack(books, now=now, rate_limits=True))
        slack.channels[APPROVALS].members.add("U0JONI")  # who sees the message, and may not approve
        entra = await stack.enter_async_context(LocalEntra(books, now=now))
        entra.roles.add("IdentityRiskEvent.Read.All")
        graph = await stack.enter_async_context(
            LocalGraph(books, now=now, is_live=entra.is_live, token_roles=entra.roles_of)
        )
        await stack.enter_async_context(bot(books, slack, entra, graph, folder))
        await Demo(books, slack).play()
    for complaint in books.complaints:
        print(f"complaint: {complaint}", file=sys.stderr)
    return 1 if books.complaints else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
