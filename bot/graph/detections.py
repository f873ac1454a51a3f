"""Risk detections on the wire without a socket: asks for those of some users and reads the pages that come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.detections import Detection
from bot.core.ids import ObjectId
from bot.core.model import Receipt
from bot.errors import Garbled
from bot.graph.wire import PAGE, GraphAnswer, GraphRequest, next_link_of, rows_of, text_of, time_of

PERMISSION = "IdentityRiskEvent.Read.All"
PERMISSIONS = frozenset({PERMISSION, "IdentityRiskEvent.ReadWrite.All"})
"""Any of these lets an app read risk detections (riskDetection: list, Graph reference, v1.0)."""
RISK_DETECTIONS = "/v1.0/identityProtection/riskDetections"
USERS_A_CALL = 28
"""Users one call asks for: percent-encoded, 64 characters each beside 200 for the rest stay below 2,000.

Graph documents no limit of its own for this list; proxies and servers begin to cut URLs at about 2,048.
"""
_FIELDS = "userId,riskEventType,activityDateTime,detectedDateTime,ipAddress,location,riskLevel,riskState"


@dataclass(frozen=True, slots=True)
class DetectionPage:
    """One page of detections, in no order that Graph promises; `next_link` is empty on the last."""

    detections: tuple[Detection, ...]
    next_link: str


def of_users(user_ids: Iterable[ObjectId]) -> GraphRequest:
    """The first page of these users' detections, of any state (riskDetection: list, Graph reference, v1.0)."""
    ids = tuple(user_ids)
    if not 0 < len(ids) <= USERS_A_CALL:  # without any the filter would be none, and the answer everybody's
        raise ValueError(f"{len(ids)} users: one call asks for 1 to {USERS_A_CALL}")
    chosen = " or ".join(f"userId eq '{user_id}'" for user_id in ids)
    return GraphRequest("GET", RISK_DETECTIONS, {"$filter": chosen, "$select": _FIELDS, "$top": str(PAGE)})


def read_page(answer: GraphAnswer, receipt: Receipt) -> DetectionPage:
    """Read one page. Raises Garbled, also where a detection says of nobody that it is theirs."""
    found = tuple(_detection(row, receipt) for row in rows_of(answer, receipt))
    return DetectionPage(found, next_link_of(answer.json, receipt))


def _detection(body: Any, receipt: Receipt) -> Detection:
    if not isinstance(body, Mapping) or not (user_id := text_of(body, "userId")):
        raise Garbled(receipt)
    location = body.get("location")
    place = location if isinstance(location, Mapping) else {}
    return Detection(
        user_id=ObjectId(user_id.lower()),
        type=text_of(body, "riskEventType"),
        activity_at=time_of(body.get("activityDateTime")),
        detected_at=time_of(body.get("detectedDateTime")),
        ip=text_of(body, "ipAddress"),
        city=text_of(place, "city"),
        country=text_of(place, "countryOrRegion"),
        level=text_of(body, "riskLevel"),
        state=text_of(body, "riskState"),
    )
