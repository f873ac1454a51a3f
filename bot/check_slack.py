"""Checks Slack itself: who the bot is there, each scope, and the channels it posts to."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.check import Check, no, ok, warn
from bot.check_clock import clock_check
from bot.clock import Clock
from bot.errors import SlackError
from bot.remedies import SLACK_APPS, look_up_remedy, slack_trouble
from bot.settings import Settings
from bot.slack.api import answered
from bot.slack.blocks.words import one_line
from bot.slack.installation import Installation

SCOPES = {
    "commands": "nobody can type /confirm-safe",
    "chat:write": "nothing can be posted",
    "users:read": "nobody can be looked up",
    "users:read.email": "nobody can be told from the users at risk",
    "usergroups:read": "user groups are nobody",
    "channels:read": "public channels can't be looked at",
    "groups:read": "private channels can't be looked at",
    "channels:history": "what was posted in public channels can't be found again",
    "groups:history": "what was posted in private channels can't be found again",
    "im:history": "direct messages can't be found again",
    "im:write": "no direct message can be opened",
}
"""Each with what is lost without it."""


class SlackChecks:
    """Learns the installation; the rest of the checks stand on it."""

    def __init__(self, settings: Settings, client: AsyncWebClient, installation: Installation, clock: Clock) -> None:
        self._settings = settings
        self._client = client
        self._installation = installation
        self._clock = clock
        self.channel_name = settings.approval_channel

    @property
    def _page(self) -> str:
        """The app's page for its scopes and its installation, as far as the app is known."""
        return f"{SLACK_APPS}/{self._installation.app_id}/oauth" if self._installation.app_id else SLACK_APPS

    async def app(self) -> AsyncIterator[Check]:
        asked = self._clock.now()
        try:
            await self._installation.learn(self._client)
        except SlackError as error:
            trouble = slack_trouble(error, self._settings.slack_api_url)
            yield no("Slack", f"Slack: {trouble.what}", trouble.remedy, trouble.link)
            if error.code == "missing_scope":  # the token works, and has told its scopes
                for check in self._scopes():
                    yield check
            return
        yield ok("Slack", f"Slack: bot @{self._installation.bot_name} in {self._installation.team}")
        if told := clock_check("Slack", self._installation.date, asked, self._clock.now()):
            yield told
        for check in self._scopes():
            yield check

    def _scopes(self) -> Iterator[Check]:
        granted = self._installation.scopes
        if not granted:
            return
        missing = {scope: without for scope, without in SCOPES.items() if scope not in granted}
        remedy = "Add it from manifest.yaml and reinstall the app."
        for scope, without in missing.items():
            yield no(f"scope {scope}", f"scope {scope} missing: {without}", remedy, self._page)
        if not missing:
            yield ok("scopes", f"scopes: all {len(SCOPES)}")

    async def channels(self) -> AsyncIterator[Check]:
        for channel in dict.fromkeys((self._settings.approval_channel, *self._settings.incident_channels)):
            about = f"channel {channel}"
            try:
                info = (await answered(self._client.conversations_info(channel=channel)))["channel"]
            except SlackError as error:
                is_unknown = error.code == "channel_not_found"
                remedy = f"{look_up_remedy(error)}{PRIVATE if is_unknown else ''}"
                yield no(about, f"{about}: {error.code}", remedy)
                continue
            for check in self._channel(channel, about, info):
                yield check

    def _channel(self, channel: str, about: str, info: Mapping[str, Any]) -> Iterator[Check]:
        name = f"#{one_line(str(info.get('name', channel)))}"
        is_main = channel == self._settings.approval_channel
        if is_main:
            self.channel_name = name
        if info.get("is_archived"):
            yield no(about, f"{name} is archived", "Unarchive it or choose another channel.")
            return
        is_shared = info.get("is_ext_shared") or info.get("is_pending_ext_shared")
        shared = f"{name} is shared with another organisation"
        if is_main and is_shared:
            yield no(about, shared, "Choose another channel.")
            return
        if is_shared:
            yield warn(f"{about} shared", f"{shared}, which reads who is at risk", "Choose another incident channel.")
        if not info.get("is_member", True):
            remedy = f"Someone in it types /invite @{self._installation.bot_name}"
            yield no(about, f"not in {name}", remedy)
        else:
            yield ok(about, f"in {name}")


PRIVATE = " If the channel is private, invite the bot to it first."
