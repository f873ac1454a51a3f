"""A press on a button or a modal's submit, as the service takes it."""

from dataclasses import dataclass

from bot.core.ids import RequestId, SlackUserId
from bot.core.model import Request
from bot.core.policy import Action, Why
from bot.slack.blocks.message import Message


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
    is_home: bool = False
    """Whether it began on the Home tab, which is drawn anew then."""

    @property
    def origin(self) -> str:
        """What tells one press from every other: a payload that is replayed has the same."""
        return f"{self.by}:{self.trigger_id}"

    def is_from(self, request: Request) -> bool:
        """Whether it came from the message that the store says is this request's, or from no message."""
        return not self.ts or (self.channel, self.ts) == (request.channel, request.ts)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a click: the request, and what its presser has to be told where it was refused."""

    request: Request | None = None
    refused: Message | None = None
    why: Why | None = None
