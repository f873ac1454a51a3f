"""Who somebody is in Slack and which groups they are in, looked up now and remembered for a minute at most."""

import asyncio
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.core.ids import ChannelId, SlackUserId
from bot.core.persons import Person
from bot.core.text import sound
from bot.errors import SlackDoubtful, SlackRefused
from bot.memory import Memory
from bot.slack.api import answered
from bot.slack.installation import Installation

MAX_MEMBER_PAGES = 50


class People:
    """Looks people up in Slack. Raises SlackError where Slack doesn't say."""

    def __init__(self, client: AsyncWebClient, installation: Installation, clock: Clock) -> None:
        self._client = client
        self._installation = installation
        self._people = Memory(clock, self._person)
        self._groups = Memory(clock, self._group)

    async def person(self, user: SlackUserId, *, needs_email: bool = True) -> Person:
        """Look somebody up; without an e-mail address they are remembered only where that is nothing against them."""
        return await self._people.get(
            user, lambda person: person.is_full_member and (bool(person.email) or not needs_email)
        )

    async def names(self, user: SlackUserId, listed: tuple[str, ...], *, is_hoped: bool = True) -> bool:
        """Whether a list of Slack user ids and user group ids names somebody; other entries are nobody's here.

        Who is named by a list of those who may (`is_hoped`) is remembered, and of one of those who may not, who
        isn't: what goes against somebody is asked about each time.
        """
        if user in listed or (is_hoped and self.is_known_in(user, listed)):
            return True
        groups = _groups_of(listed)
        found = await asyncio.gather(
            *(self._groups.get(group, lambda members: (user in members) == is_hoped) for group in groups)
        )
        return any(user in members for members in found)

    def is_known_in(self, user: SlackUserId, listed: tuple[str, ...]) -> bool:
        """Whether a list names somebody, as far as that can be told without asking."""
        return user in listed or any(user in (self._groups.remembered(group) or ()) for group in _groups_of(listed))

    async def is_member(self, channel: ChannelId, user: SlackUserId) -> bool:
        """Whether a person is in a channel."""
        cursor = ""
        for _ in range(MAX_MEMBER_PAGES):
            more = {"cursor": cursor} if cursor else {}
            page = await answered(self._client.conversations_members(channel=channel, limit=200, **more))
            if user in page.get("members", ()):
                return True
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return False
        return False

    async def _person(self, user: str) -> Person:
        try:
            found = (await answered(self._client.users_info(user=user))).get("user") or {}
        except SlackRefused as error:
            if error.code in {"user_not_found", "user_not_visible"}:
                return Person(SlackUserId(user), "", user, "", deleted=True)
            raise
        if not self._installation.is_known:
            raise SlackDoubtful("workspace_unknown")  # whether somebody is a stranger can't be told yet
        return read_person(found, self._installation.team_id)

    async def _group(self, group: str) -> frozenset[SlackUserId]:
        try:
            found = await answered(self._client.usergroups_users_list(usergroup=group))
        except SlackRefused as error:
            if error.code in {"no_such_subteam", "subteam_not_found"}:
                return frozenset()  # a group that is gone has nobody in it, and must not stop the others
            raise
        return frozenset(SlackUserId(user) for user in found.get("users", ()))


def _groups_of(listed: tuple[str, ...]) -> list[str]:
    return [entry for entry in listed if entry.startswith("S")]


def read_person(user: dict[str, Any], team_id: str) -> Person:
    """Read a user object of `users.info`."""
    profile = user.get("profile") or {}
    name = profile.get("display_name") or user.get("real_name") or user.get("name") or ""
    return Person(
        id=SlackUserId(str(user.get("id", ""))),
        team_id=str(user.get("team_id", "")),
        name=sound(str(name)),
        email=sound(str(profile.get("email") or "")),
        deleted=bool(user.get("deleted")),
        is_bot=bool(user.get("is_bot")) or bool(user.get("is_workflow_bot")),
        is_guest=bool(user.get("is_restricted")) or bool(user.get("is_ultra_restricted")),
        is_stranger=bool(user.get("is_stranger")) or user.get("team_id") not in {team_id, None},
    )
