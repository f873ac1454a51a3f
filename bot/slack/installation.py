"""Where the bot is installed: learnt from Slack with its token, once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import SlackRefused
from bot.slack.api import answered


@dataclass(slots=True)
class Installation:
    """The workspace and the app; empty until Slack has told."""

    team_id: str = ""
    team: str = ""
    team_url: str = ""
    app_id: str = ""
    bot_id: str = ""
    bot_user_id: str = ""
    bot_name: str = ""
    scopes: frozenset[str] = frozenset()
    date: str = ""
    """The Date of Slack's answer to who we are."""
    on_known: list[Callable[[], None]] = field(default_factory=list)
    """Called once Slack has told."""

    @property
    def is_known(self) -> bool:
        return bool(self.app_id)

    async def learn(self, client: AsyncWebClient) -> None:
        """Ask Slack who we are. Raises SlackError."""
        headers: dict[str, str] = {}
        who = await answered(_noting_headers(client.auth_test(), headers))
        if who.get("is_enterprise_install"):
            raise SlackRefused("org_wide_install")
        self.team_id, self.team = str(who.get("team_id", "")), str(who.get("team", ""))
        self.team_url = str(who.get("url", ""))
        self.bot_id, self.bot_user_id = str(who.get("bot_id", "")), str(who.get("user_id", ""))
        self.bot_name = str(who.get("user", ""))
        granted = next((v for k, v in headers.items() if k.lower() == "x-oauth-scopes"), "")
        self.date = next((v for k, v in headers.items() if k.lower() == "date"), "")
        self.scopes = frozenset(scope.strip() for scope in granted.split(",") if scope.strip())
        bot = (await answered(client.bots_info(bot=self.bot_id))).get("bot") or {}
        self.app_id = str(bot.get("app_id", ""))
        if not self.app_id:
            raise SlackRefused("no_app_id")
        for notify in self.on_known:
            notify()


async def _noting_headers(call: Awaitable[AsyncSlackResponse], headers: dict[str, str]) -> AsyncSlackResponse:
    response = await call
    headers.update({str(k): str(v) for k, v in response.headers.items()})
    return response
