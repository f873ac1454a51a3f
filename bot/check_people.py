"""Checks whom the policy names, as Slack shows them now: each list, and how many of them can approve."""

from collections.abc import AsyncIterator, Mapping

from slack_sdk.web.async_client import AsyncWebClient

from bot.check import Check, no, ok, warn
from bot.core.ids import SlackUserId
from bot.core.persons import Person
from bot.core.rules import Policy
from bot.errors import SlackError, SlackRefused
from bot.policy_lists import Listed, is_written, lists_of
from bot.remedies import look_up_remedy
from bot.slack.api import answered
from bot.slack.installation import Installation
from bot.slack.people import read_person

MOST_LOOKED_UP = 100
"""Members of groups whose profiles are read; Slack allows about as many a minute."""


class PeopleChecks:
    """Goes through the lists once; what it learnt stays for the checks of the rules."""

    def __init__(self, policy: Policy, client: AsyncWebClient, installation: Installation) -> None:
        self._policy = policy
        self._client = client
        self._installation = installation
        self._handles: Mapping[str, str] = {}
        self._known: dict[str, Person] = {}
        self._able: dict[SlackUserId, set[str]] = {}
        self._denied: set[str] = set()
        self.untold: set[str] = set()
        """The keys of the teams of which Slack doesn't tell just now who is in them."""

    @property
    def able(self) -> Mapping[SlackUserId, set[str]]:
        """Who can approve as far as Slack shows it, with the keys of their teams."""
        return {user: teams for user, teams in self._able.items() if user not in self._denied}

    async def all(self) -> AsyncIterator[Check]:
        self._known, self._able, self._denied, self.untold = {}, {}, set(), set()
        self._handles = await self._learn_handles()
        asking = [listed for listed in lists_of(self._policy) if listed.does == "ask"]
        approving = [listed for listed in lists_of(self._policy) if listed.does == "approve"]
        for listed in approving:
            async for check in self._entries(listed):
                yield check
        if not is_written(self._policy) and not self.able and not any(listed.groups for listed in approving):
            remedy = "Give full members of the workspace with an e-mail."
            yield no("approvers", "APPROVERS: nobody on the list can approve now", remedy)
        for listed in (*asking, *(one for one in lists_of(self._policy) if not one.does)):
            async for check in self._entries(listed):
                yield check
        async for check in self._mapped():
            yield check

    async def _learn_handles(self) -> Mapping[str, str]:
        """The names of the user groups; without the scope for it, their ids have to do."""
        try:
            groups = (await answered(self._client.usergroups_list())).get("usergroups", [])
        except SlackError:
            return {}
        return {str(group.get("id")): f"@{group.get('handle')}" for group in groups}

    async def _entries(self, listed: Listed) -> AsyncIterator[Check]:
        for entry in listed.in_slack:
            async for check in self._entry(listed, entry):
                yield check

    async def _entry(self, listed: Listed, entry: str) -> AsyncIterator[Check]:
        """Check one id of a list."""
        label, about = listed.label, f"{listed.label} {entry}"
        try:
            if not entry.startswith("S"):
                if listed.denies:
                    self._denied.add(entry)
                person = await self._person(entry)
                yield self._may(listed, about, person) or ok(about, f"{label}: {person.name}")
                return
            users = (await answered(self._client.usergroups_users_list(usergroup=entry))).get("users", [])
        except SlackError as error:
            if not isinstance(error, SlackRefused):
                self.untold.add(listed.team)
            yield no(about, f"{label}: {entry} can't be looked up ({error.code})", look_up_remedy(error))
            return
        name = self._handles.get(entry, entry)
        count = f"{len(users)} {'person' if len(users) == 1 else 'people'}"
        what = f"{label}: {name} ({count})"
        if users or not listed.does:
            yield ok(about, what)
        else:
            yield no(about, what, "Add people to the group in Slack, or name another one.")
        if listed.denies:
            self._denied.update(users)
        async for check in self._members(listed, about, name, users if listed.does else []):
            yield check

    async def _members(self, listed: Listed, about: str, name: str, users: list[str]) -> AsyncIterator[Check]:
        for n, user in enumerate(users):
            if n >= MOST_LOOKED_UP or (len(self._known) >= MOST_LOOKED_UP and user not in self._known):
                self._is_able(listed, user)
                continue
            try:
                trouble = self._may(listed, f"{about} {user}", await self._person(user))
            except SlackError as error:
                if not isinstance(error, SlackRefused):
                    self.untold.add(listed.team)
                what = f"{listed.label}: {user} of {name} can't be looked up ({error.code})"
                trouble = warn(f"{about} {user}", what, look_up_remedy(error))
            if trouble:
                yield trouble

    async def _person(self, user: str) -> Person:
        if user not in self._known:
            found = (await answered(self._client.users_info(user=user))).get("user") or {}
            self._known[user] = read_person(found, self._installation.team_id)
        return self._known[user]

    def _may(self, listed: Listed, about: str, person: Person) -> Check | None:
        """Say why somebody on a list can't do what the list is for."""
        label, does = listed.label, listed.does
        if not does:
            return None
        if not person.is_full_member:
            what = f"{label}: {person.name} is not a full member of this workspace, so can't {does}"
            return warn(about, what, "Make them one, or take them off the list.")
        if not person.email and not (does == "approve" and person.id in self._policy.people):
            remedy = "Give them one in Slack"
            if does == "approve" and is_written(self._policy):
                remedy += ", or name their account in Entra under [people]"
            return warn(about, f"{label}: {person.name} has no e-mail in Slack, so can't {does}", f"{remedy}.")
        self._is_able(listed, person.id)
        return None

    def _is_able(self, listed: Listed, user: str) -> None:
        if listed.team:
            self._able.setdefault(SlackUserId(user), set()).add(listed.team)

    async def _mapped(self) -> AsyncIterator[Check]:
        """Check that those whose accounts are named are somebody: a mistyped id would map nobody."""
        for user in self._policy.people:
            try:
                await self._person(user)
            except SlackError as error:
                what = f"people: {user} can't be looked up ({error.code})"
                yield no(f"people {user}", what, look_up_remedy(error))
