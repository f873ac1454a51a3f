"""What the log says of each request: who did what, once that is committed, and in which call its users were sent."""

import structlog

from bot.core.ids import RequestId, SlackUserId
from bot.core.model import Receipt

log = structlog.get_logger()


def taken(actor: SlackUserId, action: str, request: RequestId, **more: str | int) -> None:
    log.info("taken", request=request, actor=actor, action=action, **more)


def refused(actor: SlackUserId, action: str, request: RequestId | None, ground: str) -> None:
    log.info("refused", request=request, actor=actor, action=action, ground=ground)


def called(request: RequestId, users: int, receipt: Receipt) -> None:
    """Tell of a call to confirm users, once for each request that had some in it; of none where none was made."""
    if receipt.client_request_id:
        log.info(
            "confirmSafe called",
            request=request,
            users=users,
            status=receipt.status,
            graph_request_id=receipt.request_id,
            client_request_id=receipt.client_request_id,
        )
