"""Checks Socket Mode: whether the app token is this app's and opens connections."""

from collections.abc import Iterator

from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.check import Check, no, ok
from bot.errors import SlackError
from bot.remedies import SLACK_APPS, app_token_trouble
from bot.settings import Settings
from bot.slack.app_token import app_of, socket_address

ABOUT = "Socket Mode"


async def token_check(client: AsyncWebClient, settings: Settings) -> Check:
    """Ask for an address, and open nothing: over a socket comes what people do."""
    try:
        await socket_address(client, settings.slack_app_token or SecretStr(""))
    except SlackError as error:
        return closed(error, settings.slack_api_url)
    return ok(ABOUT, "Socket Mode: the app token opens connections")


def opened() -> Check:
    return ok(ABOUT, "Socket Mode: connected")


def closed(error: SlackError, url: str) -> Check:
    trouble = app_token_trouble(error, url)
    return no(ABOUT, f"Socket Mode: {trouble.what}", trouble.remedy, trouble.link)


def owner_check(token: SecretStr, app_id: str) -> Iterator[Check]:
    """Compare the app that the app token names in itself with the bot's; nothing where either isn't known."""
    named = app_of(token)
    if named and app_id and named != app_id:
        remedy = f"Copy both from the same app: {SLACK_APPS}"
        text = f"SLACK_APP_TOKEN is of app {named}, SLACK_BOT_TOKEN of {app_id}: what people do does not arrive"
        yield no(f"{ABOUT} app", text, remedy, SLACK_APPS)
