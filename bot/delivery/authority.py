"""Whether an approval still holds: the policy is asked again before anybody is sent, as the people are now."""

from collections.abc import Awaitable, Callable

from bot.clock import Clock
from bot.core.model import Request
from bot.core.policy import Policy, may_decide
from bot.delivery import approvers
from bot.delivery.jobs import Job
from bot.errors import SlackError
from bot.slack.people import People

ASK_WITHIN = 10.0
"""Seconds for Slack to tell who somebody is and which groups they are in."""
ASK_AGAIN = 5.0
"""Seconds; People remembers for a minute at most what it was told."""


class Authority:
    """Judges those who approved by the policy in force and the groups as Slack has them now."""

    def __init__(self, people: People, policy: Policy) -> None:
        self._people = people
        self._policy = policy

    async def still_allows(self, request: Request) -> bool:
        """Whether whoever approved the request might do so now. Raises SlackError where Slack doesn't say."""
        if request.decision is None:
            return False
        standing = await self._people.standing(request.decision.by, self._policy.approvers, ASK_WITHIN)
        return may_decide(self._policy, standing, request, "approve") is None

    async def keep_judging(
        self, job: Job, clock: Clock, wake: Callable[[], None], unchecked: Callable[[str], Awaitable[None]]
    ) -> None:
        """Judge a job's approval again and again; `unchecked` is told the code while Slack doesn't answer."""
        pauses = approvers.pauses()
        while not job.done.done():
            try:
                job.is_disallowed = not await self.still_allows(job.request)
            except SlackError as error:
                if (pause := next(pauses)) >= approvers.SAY_SO_FROM:
                    await unchecked(error.code)
                await clock.sleep(pause)
                continue
            pauses = approvers.pauses()
            job.judged_at = clock.monotonic()
            wake()
            await clock.sleep(ASK_AGAIN)
