"""Who somebody is just now, in Slack and in Entra, and whether that lets them ask or decide."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from bot.core.ids import ChannelId, ObjectId, SlackUserId
from bot.core.model import Receipt, Request
from bot.core.persons import Person
from bot.core.policy import Refusal, Standing, is_untold, may_ask, panel_of
from bot.core.quorum import Panel
from bot.core.rules import Policy, entra_groups
from bot.errors import Forbidden, GraphError, Rejected, SignInFailed, SlackDoubtful, Unavailable
from bot.graph.accounts import Accounts
from bot.graph.groups import Groups
from bot.slack.people import People

ASK_WITHIN = 10.0
"""Seconds for Slack and Entra to tell it, where nobody waits for the answer to a click."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the policy in force makes of the approvals that were given, and whose accounts theirs are."""

    panel: Panel
    accounts: Mapping[SlackUserId, tuple[ObjectId, ...]] = field(default_factory=dict)
    """Of each who approved; empty for one whom the directory doesn't know, or may not be asked about."""


class Authority:
    """Looks people up, and judges by the policy in force and by what is known of them now."""

    def __init__(self, people: People, accounts: Accounts, groups: Groups, policy: Policy) -> None:
        self._people = people
        self._accounts = accounts
        self._groups = groups
        self._by_group: dict[tuple[SlackUserId, str], ObjectId] = {}
        """By which account somebody was last seen to be in a team through a group in Entra."""
        self.policy = policy

    async def standing(self, user: SlackUserId, teams: Collection[str], within: float) -> Standing:
        """Look somebody up within so many seconds: which of these teams they are in, and their account in Entra.

        Raises SlackError: Slack doesn't say. While Entra doesn't say whose account it is, they are known by their
        e-mail address alone: nobody is sent by their leave before it does.
        """
        over = asyncio.get_running_loop().time() + within
        standing = await self._in_slack(user, teams, over)
        try:
            async with asyncio.timeout_at(over):
                return await self._in_entra(standing, teams)
        except (GraphError, SignInFailed, TimeoutError):
            is_mapped = standing.person.id in self.policy.people
            return replace(standing, is_unsure=self._hangs_on_entra(standing, teams), is_mapped=is_mapped)

    async def judge(self, request: Request, within: float = ASK_WITHIN) -> Judgement:
        """Judge all approvals that the request has. Raises SlackError, GraphError, SignInFailed: nobody can tell."""
        rule = self.policy.rule_for(request.as_shown)
        over = asyncio.get_running_loop().time() + within
        # What they were not in then is not asked about: a no is never remembered, and this is asked again and again.
        asked = (
            self._surely(one.by, [key for key in one.teams if key in rule.teams] or rule.teams, over)
            for one in request.approvals
        )
        found = await asyncio.gather(*asked)
        if any(is_untold(self.policy, one, request) for one in found):
            raise Unavailable(Receipt(0))  # the permission is gone, say: it is no reason to strike anybody out
        accounts = {one.person.id: tuple(account.user_id for account in one.accounts or ()) for one in found}
        return Judgement(panel_of(self.policy, found, request), accounts)

    async def may_ask(self, user: SlackUserId, channel: ChannelId, within: float) -> tuple[Person, Refusal | None]:
        """Judge an ask. Raises SlackError, GraphError, SignInFailed: nobody can tell."""
        policy = self.policy
        async with _within(asyncio.get_running_loop().time() + within):
            person = await self._people.person(user)
            if not person.is_full_member:
                return person, may_ask(person, is_listed=False)
            if not policy.requesters:
                is_listed = await self._people.is_member(channel, user)
            else:
                is_listed = await self._is_listed(person, policy.requesters)
            is_denied = is_listed and await self._is_listed(person, policy.never_ask, is_hoped=False)
        return person, may_ask(person, is_listed=is_listed, is_denied=is_denied)

    async def accounts_of(self, person: Person) -> tuple[ObjectId, ...]:
        """Whose account in Entra it is, as far as it can be told. Raises GraphError, SignInFailed: not just now."""
        try:
            return (await self._with_accounts(Standing(person))).account_ids
        except (Forbidden, Rejected):
            return ()

    async def is_approver(self, user: SlackUserId, within: float) -> bool:
        """Whether somebody may approve anything at all. Raises SlackError: Slack doesn't say."""
        standing = await self.standing(user, tuple(self.policy.teams), within)
        return standing.person.is_full_member and bool(standing.teams) and not standing.is_denied

    async def _surely(self, user: SlackUserId, teams: Collection[str], over: float) -> Standing:
        # Who is in a team by Entra is not in its user groups, and Slack takes few questions about those.
        standing = await self._in_slack(user, [key for key in teams if not self._is_by_group(user, key)], over)
        async with _within(over):
            return await self._in_entra(standing, teams)

    def _is_by_group(self, user: SlackUserId, team: str) -> bool:
        account = self._by_group.get((user, team))
        groups = entra_groups(self.policy.teams[team].members)
        return account is not None and self._groups.is_known_in(account, groups)

    async def _in_slack(self, user: SlackUserId, teams: Collection[str], over: float) -> Standing:
        policy, people = self.policy, self._people
        lists = [policy.teams[key].members for key in teams]
        async with _within(over):
            person, is_denied, is_in = await asyncio.gather(
                people.person(user, needs_email=user not in policy.people),
                people.names(user, policy.never_approve, is_hoped=False),
                asyncio.gather(*(people.names(user, members) for members in lists)),
            )
        found = frozenset(key for key, is_one in zip(teams, is_in, strict=True) if is_one)
        return Standing(person, found, is_denied=is_denied)

    async def _in_entra(self, standing: Standing, teams: Collection[str]) -> Standing:
        """Add what Entra knows, where it matters. Raises GraphError, SignInFailed: it doesn't say."""
        person = standing.person
        if not person.is_full_member or standing.is_denied:
            return standing
        if not (standing.teams or self._groups_left(standing, teams)):
            return standing
        standing = await self._with_accounts(standing)
        more, groups = set(standing.teams), self._groups_left(standing, teams)
        if groups and standing.accounts is None:
            return replace(standing, is_unsure=True)
        for team, ids in groups.items():
            if (account := await self._account_in(standing, ids)) is not None:
                more.add(team)
                self._by_group[person.id, team] = account
        denying = entra_groups(self.policy.never_approve)
        if denying and standing.accounts is None:
            return replace(standing, is_unsure=True)
        is_denied = bool(denying) and await self._is_in_group(standing, denying, is_hoped=False)
        return replace(standing, teams=frozenset(more), is_denied=is_denied)

    async def _with_accounts(self, standing: Standing) -> Standing:
        person = standing.person
        if (named := self.policy.people.get(person.id)) is not None:
            return replace(standing, accounts=await self._accounts.with_ids(named), is_mapped=True)
        if not person.email:
            return standing
        return replace(standing, accounts=await self._accounts.with_address(person.email))

    async def _is_listed(self, person: Person, listed: tuple[str, ...], *, is_hoped: bool = True) -> bool:
        if await self._people.names(person.id, listed, is_hoped=is_hoped):
            return True
        groups = entra_groups(listed)
        if not groups:
            return False
        standing = await self._with_accounts(Standing(person))
        if standing.accounts is None and person.email:
            # It may not be asked: that tells neither that they may, nor that they may not.
            raise Unavailable(Receipt(0))
        if not is_hoped and not standing.account_ids:
            return True  # whose account isn't clear could be anybody there
        return await self._is_in_group(standing, groups, is_hoped=is_hoped)

    async def _is_in_group(self, standing: Standing, groups: Collection[ObjectId], *, is_hoped: bool = True) -> bool:
        """Whether an account of theirs is in one of these groups: the one that is clear, or of those named one."""
        return await self._account_in(standing, groups, is_hoped=is_hoped) is not None

    async def _account_in(
        self, standing: Standing, groups: Collection[ObjectId], *, is_hoped: bool = True
    ) -> ObjectId | None:
        for account in standing.account_ids:
            if await self._groups.is_in(account, groups, is_hoped=is_hoped):
                return account
        return None

    def _groups_left(self, standing: Standing, teams: Collection[str]) -> dict[str, tuple[ObjectId, ...]]:
        """The groups in Entra by which they may be in a team that Slack doesn't show them in."""
        left = (self.policy.teams[key] for key in teams if key not in standing.teams)
        return {team.key: entra_groups(team.members) for team in left if team.has_entra_group}

    def _hangs_on_entra(self, standing: Standing, teams: Collection[str]) -> bool:
        if not standing.person.is_full_member or standing.is_denied:
            return False
        return bool(
            self._groups_left(standing, teams) or (standing.teams and entra_groups(self.policy.never_approve))
        )


@asynccontextmanager
async def _within(over: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(over):
            yield
    except TimeoutError as error:
        raise SlackDoubtful("timeout") from error
