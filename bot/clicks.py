"""A press on a button or a modal's submit, as the service takes it."""

from dataclasses import dataclass

from bot.core.ids import RequestId, SlackUserId
from bot.core.policy import Action


@dataclass(frozen=True, slots=True)
class Click:
    """A press on a button, or a modal's submit."""

    action: Action
    by: SlackUserId
    name: str
    request_id: RequestId
    view: int
    channel: str = ""
    ts: str = ""
    thread_ts: str = ""
    trigger_id: str = ""
    response_url: str = ""
