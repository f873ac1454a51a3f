"""What happens when a handler meets a bug: the person is told where they are, the log has the rest."""

import uuid
from typing import Any, Literal

import structlog
from slack_bolt.response import BoltResponse

from bot.core.ids import RequestId
from bot.errors import StoreError
from bot.service import Service
from bot.slack.blocks import answers
from bot.slack.blocks.place import PlaceOf
from handlers.command import origin_of

log = structlog.get_logger()


class Unexpected:
    """The one error handler."""

    def __init__(self, service: Service, place: PlaceOf) -> None:
        self._service = service
        self._place = place

    async def met(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """Log under a reference the person can quote. A click is not acked: Slack shows that it failed."""
        ref = uuid.uuid4().hex[:8]
        log.error("unexpected", ref=ref, exc_info=error)
        if "command" not in body:
            return BoltResponse(status=500, body="")
        message = answers.unexpected(ref, self._place(), await self._recorded(body))
        return BoltResponse(status=200, body=message.as_answer)

    async def _recorded(self, body: dict[str, Any]) -> RequestId | Literal["nothing", "unknown"]:
        try:
            return await self._service.begun_by(origin_of(body)) or "nothing"
        except StoreError:
            return "unknown"
