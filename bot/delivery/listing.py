"""A list of risky users that is read page by page: what it has to hold, and how far its reading is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.graph import wire
from bot.graph.wire import GraphRequest

CLOCKS_DIFFER = timedelta(minutes=5)

ListKind = Literal["at risk", "updated", "both"]


@dataclass(slots=True)
class Listing:
    """One reading of a list, from its first page on."""

    kind: ListKind
    number: int
    next: GraphRequest | None
    read: int = 0


def first_page(kind: ListKind, since: datetime) -> GraphRequest:
    """Ask for a list; where it holds who was updated, then since that moment by Graph's clock."""
    match kind:
        case "at risk":
            return wire.at_risk_users()
        case "updated":
            return wire.updated_since(since - CLOCKS_DIFFER)
        case "both":
            return wire.at_risk_or_updated_since(since - CLOCKS_DIFFER)
