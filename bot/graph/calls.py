"""One call to Graph as the log and the numbers tell it: of which kind, how it ended, by which ids Graph knows it."""

from collections.abc import Callable

import structlog

from bot.core.model import Receipt
from bot.errors import Ambiguous, Garbled, GraphError, NotSent, TooLate, Unavailable
from bot.graph.wire import GraphRequest

OnAnswer = Callable[[str, str, float], None]
"""Told the kind of each call, its status and how many seconds it took."""
_KINDS = (
    ("/confirmSafe", "confirm_safe"),
    ("/riskyUsers", "risky_users"),
    ("/riskDetections", "risk_detections"),
    ("/checkMemberGroups", "memberships"),
    ("/transitiveMemberOf", "memberships"),
    ("/users", "users"),
    ("/groups", "groups"),
    ("/applications", "application"),
)
OK, BAD, NOT_FOUND = 200, 400, 404

log = structlog.get_logger()


def kind_of(request: GraphRequest) -> str:
    path = request.path.partition("?")[0]
    return next((kind for part, kind in _KINDS if part in path), "other")


def status_of(receipt: Receipt, error: GraphError | None) -> str:
    """The HTTP status, or what came instead of one."""
    match error:
        case NotSent():
            return "no_connection"
        case Garbled() if OK <= receipt.status < BAD:
            return "garbled"
        case Ambiguous() | Unavailable() if not receipt.status:
            return "no_answer"
    return str(receipt.status)


def tell(
    request: GraphRequest, receipt: Receipt, error: GraphError | None, seconds: float, on_answer: OnAnswer
) -> None:
    """Log a call that was made: a write and what failed always, a read that went well only at DEBUG."""
    if isinstance(error, TooLate):
        return
    kind, status = kind_of(request), status_of(receipt, error)
    on_answer(kind, status, seconds)
    failed = error is not None and receipt.status != NOT_FOUND
    (log.info if failed or request.is_write else log.debug)(
        "Graph call",
        kind=kind,
        status=status,
        code=receipt.code,
        graph_request_id=receipt.request_id,
        client_request_id=receipt.client_request_id,
        seconds=round(seconds, 3),
    )
