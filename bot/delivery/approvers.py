"""The accounts in Entra of those who approved: whoever is at risk can't vouch for anybody."""

import itertools
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime

from bot.authority import Authority
from bot.clock import Clock
from bot.core.decisions import Void
from bot.core.ids import SlackUserId
from bot.core.model import Request
from bot.core.trouble import TroubleKind
from bot.delivery.jobs import Job
from bot.delivery.reading import Reading
from bot.errors import GraphError, SignInFailed, SlackError, StoreError

PLACE_AGAIN = 45.0
"""Seconds until it is read again which groups and roles the users are in."""
JUDGE_AGAIN = 5.0
"""Seconds; what Slack and Entra tell is remembered for a minute at most."""
SAY_SO_FROM = 10.0
"""From a pause of so many seconds on, people are told that it doesn't answer."""


def pauses() -> Iterator[float]:
    """How many seconds to wait before the directory is asked again, without an end."""
    yield from (1.0, 3.0, 10.0)
    yield from itertools.repeat(30.0)


def trouble_of(error: Exception) -> TroubleKind | None:
    """Name what people are told keeps it; None where whoever reads tells them: nobody gets in to Entra at all."""
    if isinstance(error, SignInFailed):
        return None
    return "unchecked" if isinstance(error, SlackError) else "unreachable"


async def keep_judging(
    job: Job,
    authority: Authority,
    clock: Clock,
    wake: Callable[[], None],
    *,
    place: Callable[[Request], Awaitable[Request]],
    untold: Callable[[Exception], Awaitable[None]],
) -> None:
    """Ask for as long as it waits whether those who approved still may; `untold` is given why nobody can tell.

    `place` reads anew what its users are in, on which the rule hangs that is asked.
    """
    between = pauses()
    while not job.done.done():
        try:
            if job.placed_at is None or clock.monotonic() - job.placed_at >= PLACE_AGAIN:
                job.became(await place(job.request))
                job.placed_at = clock.monotonic()
            asked = clock.monotonic()
            judgement = await authority.judge(job.request)
        except (SlackError, GraphError, SignInFailed, StoreError) as error:
            job.is_untold = True
            if (pause := next(between)) >= SAY_SO_FROM and not isinstance(error, StoreError):
                await untold(error)
            await clock.sleep(pause)
            continue
        between = pauses()
        job.accounts, job.panel = judgement.accounts, judgement.panel
        job.judged_at, job.is_untold = asked, False
        wake()
        await clock.sleep(JUDGE_AGAIN)


def at_risk(job: Job, reading: Reading, since: datetime) -> dict[SlackUserId, Void]:
    """Those who approved and were read as being at risk themselves."""
    read, accounts = reading.at_risk(since), job.accounts or {}
    return {
        approval.by: "at_risk"
        for approval in job.request.approvals
        if any(
            s.user_id in accounts.get(approval.by, ()) or s.upn.casefold() == approval.email.casefold() != ""
            for s in read
        )
    }


def read_at(job: Job, reading: Reading, since: datetime) -> datetime | None:
    """When it was read, as well as it can be, if those who approved are at risk; None where it was not since then."""
    if job.accounts is None:
        return None
    if (listed := reading.listed_at(since)) is not None:
        return listed
    times = [reading.read_at(user_id, since) for user_id in job.account_ids]
    times += [reading.upn_read_at(approval.email, since) for approval in job.unknown]
    return None if None in times else min((at for at in times if at is not None), default=since)
