"""`python -m bot doctor --find`: people, user groups and channels by a part of their name, with the ids to set."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.errors import SettingsInvalid, SlackBusy, SlackError, SlackUnreachable
from bot.remedies import slack_trouble
from bot.setting_problems import MISSING
from bot.setting_sources import read_dotenv, text_of, without_empty
from bot.setting_values import SLACK_API, bot_token, slack_api
from bot.slack.api import answered
from bot.slack.blocks.words import one_line
from bot.slack.counted import client_for

PAGE, MOST_PAGES = 500, 40
"""How many are read at once, and at most: 20,000 people."""
TRIES = 3

Say = Callable[[str], None]
Ask = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Access:
    """All that looking for ids needs: it comes before the settings that hold the ids."""

    token: SecretStr
    url: str


def read_access(environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> Access:
    """Read the token and where Slack is, and no other setting. Raises SettingsInvalid."""
    problems: list[str] = []
    written = read_dotenv(dotenv, problems) if dotenv else {}
    given = without_empty(written) | without_empty(os.environ if environ is None else environ)
    token, url = (text_of(name, given, problems, {}) for name in ("SLACK_BOT_TOKEN", "SLACK_API_URL"))
    if not token and not problems:
        problems.append(f"SLACK_BOT_TOKEN {MISSING['SLACK_BOT_TOKEN']}")
    for name, read, text in (("SLACK_BOT_TOKEN", bot_token, token), ("SLACK_API_URL", slack_api, url)):
        try:
            if text:
                read(text)
        except ValueError as error:
            problems.append(f"{name} {error}")
    if problems:
        raise SettingsInvalid(problems)
    return Access(bot_token(token), slack_api(url) if url else SLACK_API)


async def find(
    access: Access, text: str, clock: Clock, say: Say, *, page: int = PAGE, most_pages: int = MOST_PAGES
) -> bool:
    """Say who and what is named like that, one a line; return whether there is any."""
    async with aiohttp.ClientSession(trust_env=True) as session:
        client = client_for(access.token, access.url, session)
        wanted = text.strip().lstrip("@#").casefold()
        return await _Search(client, clock, wanted, access.url, say, page=page, most_pages=most_pages).whole()


class _Search:
    """One run; what Slack does not tell is said, and keeps nothing else from being looked for."""

    def __init__(
        self, client: AsyncWebClient, clock: Clock, text: str, url: str, say: Say, *, page: int, most_pages: int
    ) -> None:
        self._client = client
        self._clock = clock
        self._text = text
        self._url = url
        self._say = say
        self._page, self._most_pages = page, most_pages
        self._is_whole = True

    async def whole(self) -> bool:
        team = ""
        try:
            team = str((await self._asked(self._client.auth_test)).get("team_id", ""))
        except SlackError as error:
            trouble = slack_trouble(error, self._url)
            self._say(f"Slack: {trouble}")
            return False
        n = 0
        async for user in self._pages("People", self._client.users_list, "members"):
            n += self._is_person(user, team)
        async for group in self._pages("User groups", self._client.usergroups_list, "usergroups", is_paged=False):
            n += self._is_group(group)
        types = "public_channel,private_channel"
        async for channel in self._pages(
            "Channels", self._client.conversations_list, "channels", types=types, exclude_archived=True
        ):
            n += self._is_channel(channel)
        if not n and self._is_whole:
            self._say(f"No person, user group or channel is named like `{one_line(self._text)}`.")
        return bool(n)

    def _fits(self, *names: Any) -> bool:
        return any(isinstance(name, str) and self._text in name.casefold() for name in names)

    def _is_person(self, user: Mapping[str, Any], team: str) -> bool:
        """Say a person who fits; whoever is gone or is a bot could do nothing anyway."""
        profile = user.get("profile") or {}
        real = str(user.get("real_name") or profile.get("real_name") or "")
        shown, handle = str(profile.get("display_name") or ""), str(user.get("name") or "")
        if user.get("deleted") or user.get("is_bot") or not self._fits(real, shown, handle):
            return False
        named = ", ".join(one_line(name) for name in dict.fromkeys((real, shown)) if name)
        mark = ""
        if user.get("is_restricted") or user.get("is_ultra_restricted"):
            mark = ", a guest: can't ask or approve"
        elif team and user.get("team_id") not in {team, None}:
            mark = ", of another workspace: can't ask or approve"
        self._say(f"{user.get('id')}  {named} (@{one_line(handle)}){mark}")
        return True

    def _is_group(self, group: Mapping[str, Any]) -> bool:
        handle, name = str(group.get("handle") or ""), str(group.get("name") or "")
        if not self._fits(handle, name):
            return False
        self._say(f"{group.get('id')}  @{one_line(handle)}, user group {one_line(name)}".rstrip())
        return True

    def _is_channel(self, channel: Mapping[str, Any]) -> bool:
        name = str(channel.get("name") or "")
        if not self._fits(name):
            return False
        private = "private " if channel.get("is_private") else ""
        mark = "" if channel.get("is_member") else ", the bot is not in it"
        self._say(f"{channel.get('id')}  #{one_line(name)}, {private}channel{mark}")
        return True

    async def _pages(
        self, what: str, ask: Ask, key: str, *, is_paged: bool = True, **args: Any
    ) -> AsyncIterator[Mapping[str, Any]]:
        cursor = ""
        for _ in range(self._most_pages):
            more = {"limit": self._page, **({"cursor": cursor} if cursor else {})} if is_paged else {}
            try:
                page = await self._asked(ask, **args, **more)
            except SlackError as error:
                self._is_whole = False
                scope = ": add the scope that is missing" if error.code == "missing_scope" else ""
                self._say(f"{what} can't be listed ({error.code}){scope}.")
                return
            for found in page.get(key) or ():
                yield found
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return
        self._is_whole = False
        self._say(f"{what}: only the first {self._page * self._most_pages} were looked through.")

    async def _asked(self, ask: Ask, **args: Any) -> Mapping[str, Any]:
        """Ask, and wait where Slack says that it is too much. Raises SlackError."""
        for tries_left in reversed(range(TRIES)):
            try:
                return await answered(ask(**args))
            except SlackBusy as error:
                if isinstance(error, SlackUnreachable) or not tries_left:
                    raise
                await self._clock.sleep(error.retry_after)
        raise AssertionError("unreachable")
