"""Checks what the policy names in Entra, and whether enough people can approve under each rule."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping

from bot.check import Check, no, ok, warn
from bot.core.ids import ObjectId, SlackUserId
from bot.core.persons import DirectoryUser
from bot.core.quorum import missing
from bot.core.rules import Need, Policy
from bot.errors import GraphError, SignInFailed
from bot.graph.accounts import DIRECTORY, GROUPS, may_read
from bot.graph.client import Graph
from bot.graph.group import HIDDEN_MEMBERS, Group, the_group
from bot.policy_lists import is_written, lists_of, named
from bot.slack.blocks.rules import asked_for

AGAIN = "Run the doctor again once Entra answers."


class PolicyChecks:
    """Asks Entra about each group and account once; a mistyped one reads as somebody who is in no group."""

    def __init__(self, policy: Policy, graph: Graph) -> None:
        self._policy = policy
        self._graph = graph
        self._seen: dict[ObjectId, Group | None] = {}
        self._empty: set[ObjectId] = set()
        """Groups by which nobody can be let in."""
        self._shut: set[SlackUserId] = set()
        """Those none of whose accounts, as they are named, can be used."""

    async def in_entra(self, roles: frozenset[str] | None) -> AsyncIterator[Check]:
        """Check groups and accounts, as far as a token with these roles may read them."""
        if may_read(GROUPS, roles):
            for listed in lists_of(self._policy):
                for group_id in listed.groups:
                    yield await self._group(listed.label, group_id, roles)
            for rule in self._policy.rules:
                for group_id in rule.groups:
                    yield await self._group(named(rule), group_id, roles)
        if may_read(DIRECTORY, roles):
            for user, accounts in self._policy.people.items():
                for check in await self._accounts(user, accounts):
                    yield check

    def forget(self) -> None:
        """Forget what an earlier round found."""
        self._seen, self._empty, self._shut = {}, set(), set()

    def enough(self, able: Mapping[SlackUserId, Collection[str]], untold: Collection[str]) -> Iterator[Check]:
        """Check for each rule whether those who can approve now are enough, each counted once.

        How many are in a group in Entra isn't known, nor in a team of which Slack tells nothing (`untold`): an
        approval that can come from there is taken for given.
        """
        if not is_written(self._policy):
            return
        people = {user: teams for user, teams in able.items() if user not in self._shut}
        endless = {listed.team for listed in lists_of(self._policy) if not self._empty.issuperset(listed.groups)}
        for rule in self._policy.rules:
            counted = [need for need in rule.needs if endless.union(untold).isdisjoint(need.teams)]
            if left := missing(counted, people):
                remedy = "Add members who can approve, or ask for fewer approvals."
                yield no(named(rule), f"{named(rule)}: {self._too_few(left)}", remedy)

    def _too_few(self, left: tuple[Need, ...]) -> str:
        still = asked_for(self._policy, left)
        return f"too few people can approve it now, as each counts once: still missing {still}"

    async def _group(self, label: str, group_id: ObjectId, roles: frozenset[str] | None) -> Check:
        about = f"{label} {group_id}"
        try:
            if group_id not in self._seen:
                self._seen[group_id] = await the_group(self._graph, group_id)
        except (GraphError, SignInFailed) as error:
            what = f"{label}: group {group_id} can't be looked up in Entra ({error})"
            return warn(about, what, AGAIN)
        group = self._seen[group_id]
        if group is None:
            self._empty.add(group_id)
            what = f"{label}: Entra knows no group {group_id}, so nobody counts as in it"
            return no(about, what, "Check the id.")
        name = group.name or group_id
        if group.hides_members and roles is not None and HIDDEN_MEMBERS not in roles:
            self._empty.add(group_id)
            what = f"{label}: group {name} in Entra hides who is in it (HiddenMembership), so nobody counts as in it"
            return no(about, what, f"Name another group, or an admin grants {HIDDEN_MEMBERS}.")
        return ok(about, f"{label}: group {name} in Entra")

    async def _accounts(self, user: SlackUserId, accounts: tuple[ObjectId, ...]) -> list[Check]:
        """Check the accounts that are named for somebody."""
        found: list[Check] = []
        known: list[DirectoryUser] = []
        for account in accounts:
            about = f"people {user} {account}"
            try:
                there = await self._graph.accounts_of(account)
            except (GraphError, SignInFailed) as error:
                what = f"people: account {account} of {user} can't be looked up in Entra ({error})"
                return [*found, warn(about, what, AGAIN)]
            known += there
            if not there:
                what = f"people: Entra knows no account {account}, which is named for {user}"
                found.append(no(about, what, "Check the id."))
            elif not there[0].enabled:
                what = f"people: account {there[0].upn or account} of {user} is disabled in Entra"
                found.append(warn(about, what, "Enable it, or take it out."))
            else:
                found.append(ok(about, f"people: {user} is {there[0].upn or account}"))
        if not any(account.enabled for account in known):
            self._shut.add(user)
            what = f"people: none of the accounts of {user} can be used, so they can't approve"
            found.append(warn(f"people {user}", what, "Name one that is enabled in Entra."))
        return found
