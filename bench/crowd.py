"""Looks up 500 users in a tenant with 10,000 at risk."""

import time

from bench.stage import refused, staged
from bench.table import Figure, Part

AT_RISK, USERS = 10_000, 500
WITHIN = 120.0


async def measure() -> Part:
    """Ask for users from all over the list; count until the request is shown."""
    async with staged(at_risk=AT_RISK) as stage:
        users = [stage.crowd[n * len(stage.crowd) // USERS] for n in range(USERS)]
        began = time.monotonic()
        (message,) = await stage.ask([users], WITHIN)
        took = time.monotonic() - began
        if f"{USERS} users" not in stage.slack.plain(message):
            raise RuntimeError(f"not all were found:\n{stage.slack.plain(message)}")
        calls, peak = stage.risky_calls(began), stage.peak_mb()
    return Part(
        f"a look-up of {USERS} users, {AT_RISK:,} at risk in the tenant",
        (
            Figure("calls about risky users", len(calls), 21),
            Figure("most memory of the bot's process", peak, 150, "MB"),
            Figure("calls answered 429", refused(calls), 0),
        ),
        (f"shown after {took:.1f} s",),
    )
