"""Who somebody is just now, in Slack and in Entra, and whether that lets them decide."""

import asyncio
import contextlib
from dataclasses import replace

from bot.core.ids import SlackUserId
from bot.core.model import Request
from bot.core.policy import Policy, Standing, may_decide
from bot.errors import GraphError, SignInFailed
from bot.graph.accounts import Accounts
from bot.slack.people import People

ASK_WITHIN = 10.0
"""Seconds for Slack and Entra to tell it, where nobody waits for the answer to a click."""


class Authority:
    """Looks up those who decide, and judges by the policy in force and by what is known of them now."""

    def __init__(self, people: People, accounts: Accounts, policy: Policy) -> None:
        self._people = people
        self.accounts = accounts
        self.policy = policy

    async def standing(self, user: SlackUserId, within: float) -> Standing:
        """Look somebody up within so many seconds. Raises SlackError: Slack doesn't say.

        While Entra doesn't say whose account it is, they are known by their e-mail address alone: nobody is sent
        by their leave before it does.
        """
        over = asyncio.get_running_loop().time() + within
        standing = await self._in_slack(user, within)
        with contextlib.suppress(GraphError, SignInFailed, TimeoutError):
            async with asyncio.timeout_at(over):
                return await self._with_accounts(standing)
        return standing

    async def still_allows(self, request: Request) -> bool:
        """Whether whoever approved the request might do so now. Raises SlackError, GraphError, SignInFailed."""
        if request.decision is None:
            return False
        standing = await self._with_accounts(await self._in_slack(request.decision.by, ASK_WITHIN))
        return may_decide(self.policy, standing, request, "approve") is None

    async def _in_slack(self, user: SlackUserId, within: float) -> Standing:
        return await self._people.standing(user, self.policy.approvers, within)

    async def _with_accounts(self, standing: Standing) -> Standing:
        person = standing.person
        if not (person.email and person.is_full_member and standing.is_in(self.policy.approvers)):
            return standing
        return replace(standing, accounts=await self.accounts.with_address(person.email))
