"""Slack's client, telling of each call how it ended."""

from collections.abc import Callable
from typing import Any

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


def _outcome(error: SlackApiError) -> str:
    match translated(error):
        case SlackBusy():
            return "busy"
        case SlackDoubtful():
            return "doubtful"
        case SlackDown():
            return "down"
    return "refused"
