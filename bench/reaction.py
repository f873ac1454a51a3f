"""One request of 3 users while nothing else goes on: from the click's 200 to the first call."""

import asyncio
import time
from dataclasses import dataclass, replace

from bench.stage import SEEN_WITHIN, Stage, refused, staged
from bench.table import Figure, Part, over
from demo.graph.records import RiskyUserRecord
from demo.local_slack import Message, SlackUser
from demo.wire import Call

ROUNDS, USERS_EACH = 11, 3
AT_RISK = ROUNDS * USERS_EACH + 3
"""Beside those of whom the local Graph always tells."""
SETTLE = 1.5
WITHIN = 60.0
PACE, GOOD_FOR = 1.05, 0.1


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds of one request."""

    reading: float
    """From the click's 200 to the arrival of the read."""
    sending: float
    """From there to the arrival of the confirmSafe."""


async def measure() -> Part:
    """Play all rounds, each approved by somebody whom the bot does not remember."""
    async with staged(at_risk=AT_RISK, processing=0.5, REQUESTS_PER_HOUR="1000") as stage:
        groups = [stage.crowd[n : n + USERS_EACH] for n in range(0, ROUNDS * USERS_EACH, USERS_EACH)]
        messages = await stage.ask(groups, WITHIN)
        aside = [stage.set_aside(group) for group in groups]
        await asyncio.sleep(SEEN_WITHIN)
        rounds = [
            await _round(stage, _naming(stage, messages, records[0].upn), records, _approver(stage, n))
            for n, records in enumerate(aside)
        ]
        return _told(rounds, refused(stage.risky_calls()))


def _naming(stage: Stage, messages: list[Message], upn: str) -> Message:
    return next(message for message in messages if upn in stage.slack.plain(message))


def _approver(stage: Stage, n: int) -> str:
    """Put one more into the group of those who approve, with an account in Entra."""
    user, address = f"U0SOC{n:02}", f"soc{n:02}@contoso.com"
    stage.slack.users[user] = SlackUser(user, f"Approver {n}", address)
    stage.slack.groups["S0SOC"].add(user)
    stage.graph.add_user(f"50c00000-0000-4000-8000-{n:012x}", f"Approver {n}", address)
    return user


async def _round(stage: Stage, message: Message, records: list[RiskyUserRecord], approver: str) -> Round:
    stage.bring_back(records)
    began = time.monotonic()
    answer = await stage.slack.click(message, "approve", by=approver)
    taken = began + answer.took / 1000
    read, sent = await stage.books.until(lambda: _first_two(stage, began), WITHIN)
    await stage.books.until(lambda: "3 of 3 confirmed safe" in stage.slack.plain(message), WITHIN)
    await asyncio.sleep(SETTLE)
    if (read.method, sent.method) != ("GET", "POST"):
        raise RuntimeError(f"not a read and a confirmSafe, but {read} and {sent}")
    return Round(read.at - taken, sent.at - read.at)


def _first_two(stage: Stage, began: float) -> list[Call]:
    calls = stage.risky_calls(began)
    return calls[:2] if len(calls) > 1 else []


def _told(rounds: list[Round], refusals: int) -> Part:
    reading, sending = [r.reading * 1000 for r in rounds], [r.sending for r in rounds]
    return Part(
        f"one request of {USERS_EACH} users, nothing else going on; median of {ROUNDS}",
        (
            over("the click's 200 to the read's arrival at Graph", reading, 15, "ms"),
            replace(over("from there to the confirmSafe", sending, PACE + GOOD_FOR, "s"), least=1.0),
            Figure("calls answered 429", refusals, 0),
        ),
    )
