"""A group in Entra as it shows itself: whether it is there, its name, and whether it hides who is in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from bot.core.ids import ObjectId
from bot.core.model import Receipt
from bot.errors import Garbled, Rejected
from bot.graph.client import NOT_FOUND, Graph
from bot.graph.wire import GraphAnswer, GraphRequest, text_of

HIDDEN_MEMBERS = "Member.Read.Hidden"
"""The permission that shows who is in a group that hides it (Graph permissions reference)."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group, of which the app may read the name but perhaps not the members."""

    name: str
    hides_members: bool


def group(group_id: ObjectId) -> GraphRequest:
    path = f"/v1.0/groups/{quote(group_id, safe='')}"
    return GraphRequest("GET", path, {"$select": "id,displayName,visibility"})


def read_group(answer: GraphAnswer, receipt: Receipt) -> Group:
    """Read `group: get`. Raises Garbled."""
    body = answer.json
    if not isinstance(body, Mapping) or not text_of(body, "id"):
        raise Garbled(receipt)
    return Group(text_of(body, "displayName"), text_of(body, "visibility").lower() == "hiddenmembership")


async def the_group(graph: Graph, group_id: ObjectId) -> Group | None:
    """Return the group with that id; None where Entra knows none. Raises GraphError, SignInFailed."""
    try:
        return read_group(*await graph.in_directory(group(group_id)))
    except Rejected as error:
        if error.receipt.status == NOT_FOUND:
            return None
        raise
