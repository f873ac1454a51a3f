"""Slack's client, telling of each call how it ended."""

from collections.abc import Callable
from typing import Any

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import SlackBusy, SlackDoubtful, SlackDown
from bot.slack.api import translated

OnCall = Callable[[str, str], None]


class CountedClient(AsyncWebClient):
    """Every method of the SDK's client goes through `api_call`."""

    on_call: OnCall = staticmethod(lambda _method, _outcome: None)
    """Told the method and how the call ended: `ok`, `busy`, `doubtful`, `down`, `refused` or `no_answer`."""

    async def api_call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:
        outcome = "no_answer"
        try:
            response = await super().api_call(api_method, **arguments)
            outcome = "ok"
        except SlackApiError as error:
            outcome = _outcome(error)
            raise
        finally:
            self.on_call(api_method, outcome)
        return response


def client_for(token: SecretStr, url: str, session: aiohttp.ClientSession) -> CountedClient:
    """Return a client as everything here needs it."""
    # The SDK's own retry after a dropped connection posts twice; the tasks retry instead.
    return CountedClient(
        token=token.get_secret_value(), base_url=url, session=session, retry_handlers=[], trust_env_in_session=True
    )


def _outcome(error: SlackApiError) -> str:
    match translated(error):
        case SlackBusy():
            return "busy"
        case SlackDoubtful():
            return "doubtful"
        case SlackDown():
            return "down"
    return "refused"
