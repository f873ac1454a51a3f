"""What the log says of each ask and click, once that is committed: who, what, about which request."""

import structlog

from bot.core.ids import RequestId, SlackUserId

log = structlog.get_logger()


def taken(actor: SlackUserId, action: str, request: RequestId, **more: str | int) -> None:
    log.info("taken", request=request, actor=actor, action=action, **more)


def refused(actor: SlackUserId, action: str, request: RequestId | None, ground: str) -> None:
    log.info("refused", request=request, actor=actor, action=action, ground=ground)
