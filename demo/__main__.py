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

    def __init__(self, contoso: World, patience: float = PATIENCE) -> None:
        self._books = contoso.books
        self._slack = contoso.slack
        self._patience = patience

    async def play(self) -> None:
        """From the command to the thread outcome."""
        slack = self._slack
        say("#general, Lynne Robbins types", f"/confirm-safe {COMMAND}")
        answer = await slack.command(COMMAND)
        say(f"only Lynne sees ({answer.took:.0f} ms)", slack.plain(slack.ephemerals("U0ANALYST")[0]))
        await self._books.until(lambda: slack.messages(APPROVALS), self._patience)
        message = slack.messages(APPROVALS)[0]
        say("#id-approvals", slack.plain(message))
        await self._books.until(self._is_waiting, self._patience)
        say("only Lynne sees, in place of the first answer", slack.plain(slack.ephemerals("U0ANALYST")[0]))
        await slack.click(message, "approve", by="U0JONI")
        await self._books.until(lambda: slack.ephemerals("U0JONI") or slack.dm("U0JONI"), self._patience)
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
            await self._books.until(self._shows_approval_of(message, user), self._patience)

    def _shows_approval_of(self, message: Message, user: str) -> Callable[[], bool]:
        return lambda: user in self._slack.pings(message)

    async def _follow(self, message: Message) -> None:
        slack = self._slack
        await self._books.until(lambda: "2 of 2 confirmed safe" in slack.plain(message), self._patience)
        await self._books.until(self._is_told(message), self._patience)
        say("#id-approvals, the message now", slack.plain(message))
        say("in the thread, the outcome now", slack.plain(slack.thread(message)[-1]))
        await self._books.until(lambda: len(slack.messages(INCIDENT)) > 1, self._patience)

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
        if is_once:
            await Demo(contoso).play()
        else:
            page = await stack.enter_async_context(Page(contoso))
            over = asyncio.create_task(_interrupted().wait())
            story = asyncio.create_task(told(Demo(contoso), page.address))
            await asyncio.wait({story, over}, return_when=asyncio.FIRST_COMPLETED)
            contoso.books.tap = None
            if not story.cancel():
                await story
                await over
    for complaint in contoso.books.complaints:
        print(f"complaint: {complaint}", file=sys.stderr)
    return 1 if contoso.books.complaints else 0


async def told(story: Demo, address: str) -> None:
    """Tell the story beside the open page, where a visitor may decide, break or take away what it waits for."""
    say("Play it yourself, or watch this in your browser", address)
    try:
        await story.play()
    except (TimeoutError, LookupError):
        say("The story ends here: on the page it took another way. Go on there", f"{address}\n(Ctrl-C ends it)")
    else:
        say("That was one request. Now it is your turn: open", f"{address}\n(Ctrl-C ends it)")


def _interrupted() -> asyncio.Event:
    """Return what Ctrl-C sets from now on; it ends the bot and the look-alikes in order."""
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    return over


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
