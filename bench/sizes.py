"""Graph calls, and the time until the last user is read back, against how many users are approved at once."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.naive import naively
from bench.stage import SEEN_WITHIN, Stage, refused, seen_safe, staged
from bench.table import Figure, Part
from demo.local_slack import Message

SIZES, USERS_EACH, AT_RISK = (1, 10, 60, 200), 20, 1_000
"""The incident's size comes on top. A message with more users can't be approved by one click."""
POSTED_WITHIN, READ_BACK_WITHIN = 120.0, 120.0
STRAGGLERS = 2.0


@dataclass(frozen=True, slots=True)
class Size:
    """What so many users took, from the first click on."""

    users: int
    calls: int
    seconds: float
    """Until the last of them was read back."""
    naive_calls: int
    naive_seconds: float


async def measure() -> list[Size]:
    """Approve so many at once, a size after the other."""
    async with staged(at_risk=AT_RISK, REQUESTS_PER_HOUR="1000") as stage:
        left = iter(stage.crowd)
        groups = [[next(left) for _ in range(users)] for users in SIZES]
        asked = [await stage.ask(_requests(users), POSTED_WITHIN) for users in groups]
        aside = [stage.set_aside(users) for users in groups]
        await asyncio.sleep(SEEN_WITHIN)
        found = []
        for users, records, messages in zip(groups, aside, asked, strict=True):
            stage.bring_back(records)
            found.append(await _approve(stage, users, messages))
        if refusals := refused(stage.risky_calls()):
            raise RuntimeError(f"{refusals} calls were answered 429")
        return found


def _requests(users: Sequence[str]) -> list[Sequence[str]]:
    return [users[n : n + USERS_EACH] for n in range(0, len(users), USERS_EACH)]


async def _approve(stage: Stage, users: Sequence[str], messages: Sequence[Message]) -> Size:
    began = time.monotonic()
    await asyncio.gather(*(stage.slack.click(message, "approve") for message in messages))
    await stage.books.until(lambda: set(users) <= seen_safe(stage.answered, began).keys(), READ_BACK_WITHIN)
    await asyncio.sleep(STRAGGLERS)
    seen = seen_safe(stage.answered, began)
    return await size(len(users), len(stage.risky_calls(began)), max(seen[user] for user in users) - began)


async def size(users: int, calls: int, seconds: float) -> Size:
    """Put the naive client beside it."""
    naive = await naively(users)
    return Size(users, calls, seconds, naive.calls, naive.seconds)


def told(sizes: Sequence[Size]) -> Part:
    """Tell how many times more the naive client takes."""
    figures = []
    for one in sizes:
        many = f"{one.users:,} user{'' if one.users == 1 else 's'}"
        figures += [
            Figure(f"{many}: calls", one.calls),
            Figure(f"{many}: the naive client's calls", one.naive_calls / one.calls, unit="x"),
            Figure(f"{many}: until all are read back", one.seconds, unit="s"),
            Figure(f"{many}: the naive client's time", one.naive_seconds / one.seconds, unit="x"),
        ]
    return Part(
        "Graph calls and time against users approved at once, one run",
        tuple(figures),
        (
            "from the first click on; the naive client makes a GET and a POST a user, and once more after a 429",
            "its refused calls are given to it for no time, and it reads nobody back",
        ),
    )
