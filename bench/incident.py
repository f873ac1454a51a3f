"""200 requests of 3 users each, approved within 5 seconds, as in an incident."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from itertools import pairwise

from bench.sizes import Size, size
from bench.stage import Stage, refused, seen_safe, staged
from bench.table import Figure, Part
from demo.local_slack import Message

REQUESTS, USERS_EACH, AT_RISK = 200, 3, 1_000
APPROVED_WITHIN = 5.0
CLICKS_TAKE = 4.2
"""Seconds between the first click and the last, whose answer has to come within the five too."""
POSTED_WITHIN = 300.0
"""Slack takes one post a second in a channel, so that the requests alone take 200 seconds to be shown."""
READ_BACK_WITHIN = 120.0
SETTLE = 3.0
STRAGGLERS = 5.0
APPROVERS = ("U0MEGAN", "U0DIEGO")


async def ask(stage: Stage) -> list[Message]:
    """Have all requests on the screen, and what came with them over."""
    users = stage.crowd[: REQUESTS * USERS_EACH]
    groups = [users[n : n + USERS_EACH] for n in range(0, len(users), USERS_EACH)]
    messages = await stage.ask(groups, POSTED_WITHIN)
    await asyncio.sleep(SETTLE)
    return messages


async def approve(stage: Stage, messages: list[Message]) -> tuple[Part, Size]:
    """Click them all; count until nothing more comes."""
    users = set(stage.crowd[: REQUESTS * USERS_EACH])
    began = time.monotonic()
    await asyncio.gather(*(_click(stage, message, n) for n, message in enumerate(messages)))
    clicked = time.monotonic() - began
    await stage.books.until(lambda: users <= seen_safe(stage.answered, began).keys(), READ_BACK_WITHIN)
    await stage.books.until(lambda: all("3 of 3 confirmed safe" in stage.slack.plain(m) for m in messages))
    await asyncio.sleep(STRAGGLERS)
    return await _told(stage, began, clicked)


async def _click(stage: Stage, message: Message, n: int) -> None:
    await asyncio.sleep(CLICKS_TAKE * n / REQUESTS)
    answer = await stage.slack.click(message, "approve", by=APPROVERS[n % len(APPROVERS)])
    if answer.status != 200:  # noqa: PLR2004 - OK
        raise RuntimeError(f"a click was not taken: {answer}")


async def _told(stage: Stage, began: float, clicked: float) -> tuple[Part, Size]:
    calls = stage.risky_calls(began)
    sent = [call for call in calls if call.name.endswith("confirmSafe")]
    seen = max(seen_safe(stage.answered, began).values()) - began
    everything = stage.risky_calls()
    before = len(everything) - len(calls)
    closest = min(later.at - earlier.at for earlier, later in pairwise(everything))
    part = Part(
        f"{REQUESTS} requests of {USERS_EACH} users, {AT_RISK:,} at risk in the tenant",
        (
            Figure("approved, first click to last answer", clicked, APPROVED_WITHIN, "s"),
            Figure("confirmSafe calls", len(sent), 12),
            Figure("calls about risky users after the first click", len(calls), 25),
            Figure("first click to last user read back", seen, 30, "s"),
            Figure("calls answered 429", refused(everything), 0),
        ),
        (
            f"first click to last confirmSafe {sent[-1].at - began:.1f} s; no two calls closer than {closest:.3f} s",
            f"calls about risky users while the requests were asked and shown, before that: {before}",
        ),
    )
    return part, await size(REQUESTS * USERS_EACH, len(calls), seen)


def stage() -> AbstractAsyncContextManager[Stage]:
    """The bot for it: one person asks for all."""
    return staged(at_risk=AT_RISK, REQUESTS_PER_HOUR="1000", REMIND_AFTER="PT4H")
