"""The app-level token: opens sockets, and is of no other use."""

import re

from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import SlackDown
from bot.slack.api import answered

_APP = re.compile(r"xapp-\d+-(A[A-Z0-9]+)-")


async def socket_address(client: AsyncWebClient, token: SecretStr) -> str:
    """Ask for the address of a new socket, which is a key to it. Raises SlackError."""
    asked = client.apps_connections_open(app_token=token.get_secret_value())
    url = str((await answered(asked)).get("url", ""))
    if not url.startswith(("wss://", "ws://")):
        raise SlackDown("no_url")
    return url


def app_of(token: SecretStr) -> str:
    """Return the id of the app that the token names in itself; empty where it does not."""
    named = _APP.match(token.get_secret_value())
    return named[1] if named else ""
