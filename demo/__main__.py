"""`make demo`: the real bot between a local Slack, Entra and Graph; one request to its end in print, then a page."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack

from demo.installation import APPROVALS, INCIDENT
from demo.local_slack import Message
from demo.page.server import Page
from demo.wire import Call
from demo.world import World, world

COMMAND = "adelev@contoso.com, 5a0c76d2-cb57-4ece-9bc1-c323178f116a VPN exit moved to Oslo"
PATIENCE = 60.0


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

    def __init__(self, contoso: World) -> None:
        self._books = contoso.books
        self._slack = contoso.slack

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
        await self._approve(message)
        await self._follow(message)
        for line in slack.messages(INCIDENT):
            say("#incident-4711", slack.plain(line))

    def _is_waiting(self) -> bool:
        return any("is waiting for approval" in self._slack.plain(m) for m in self._slack.ephemerals("U0ANALYST"))

    async def _approve(self, message: Message) -> None:
        """High risk takes two teams."""
        for name, user in (("Megan Bowen of SOC", "U0MEGAN"), ("Diego Siciliani of Identity", "U0DIEGO")):
            clicked = await self._slack.click(message, "approve", by=user)
            say(f"{name} clicks Approve ({clicked.took:.0f} ms)", "")
            await self._books.until(self._shows_approval_of(message, user), PATIENCE)

    def _shows_approval_of(self, message: Message, user: str) -> Callable[[], bool]:
        return lambda: user in self._slack.pings(message)

    async def _follow(self, message: Message) -> None:
        slack = self._slack
        await self._books.until(lambda: "2 of 2 confirmed safe" in slack.plain(message), PATIENCE)
        await self._books.until(self._is_told(message), PATIENCE)
        say("#id-approvals, the message now", slack.plain(message))
        say("in the thread, the outcome now", slack.plain(slack.thread(message)[-1]))
        await self._books.until(lambda: len(slack.messages(INCIDENT)) > 1, PATIENCE)

    def _is_told(self, message: Message) -> Callable[[], bool]:
        return lambda: any("read back" in self._slack.plain(m) for m in self._slack.thread(message))


async def main() -> int:
    """Return 0 once the outcome was shown and no look-alike complained; without ONCE=1, once the page is closed."""

    async def tap(what: str, call: Call) -> None:
        if what == "answered":
            wire(call)

    is_once = os.environ.get("ONCE") == "1"
    async with AsyncExitStack() as stack:
        contoso = await stack.enter_async_context(world(lambda line: print(line, flush=True)))
        contoso.books.tap = tap
        await contoso.start_bot()
        page = None if is_once else await stack.enter_async_context(Page(contoso))
        if page is not None:
            say("Play it yourself, or watch this in your browser", page.address)
        await Demo(contoso).play()
        if page is not None:
            contoso.books.tap = None
            say("That was one request. Now it is your turn: open", f"{page.address}\n(Ctrl-C ends it)")
            await _until_interrupted()
    for complaint in contoso.books.complaints:
        print(f"complaint: {complaint}", file=sys.stderr)
    return 1 if contoso.books.complaints else 0


async def _until_interrupted() -> None:
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    await over.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
