"""Which groups and directory roles somebody is in, as Entra's directory tells: through groups in groups as well."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

from bot.core.ids import ObjectId
from bot.core.model import Receipt
from bot.core.rules import ANY_ROLE, ROLE
from bot.errors import Garbled, Rejected
from bot.graph.client import MAX_PAGES, NOT_FOUND, Graph
from bot.graph.wire import GraphAnswer, GraphRequest, next_link_of, rows_of, text_of

GROUPS_A_CALL = 20
"""directoryObject: checkMemberGroups."""
ADVANCED = {"ConsistencyLevel": "eventual"}
"""Needed, with `$count`, wherever an OData cast is (user: list transitiveMemberOf)."""
UNTOLD = ""
"""Stands for a role of which Graph told no more than that it is held."""


def check_groups(user_id: ObjectId, group_ids: Collection[str]) -> GraphRequest:
    """Ask which of at most 20 groups the user is in; one malformed id refuses them all."""
    path = f"{_user(user_id)}/checkMemberGroups"
    return GraphRequest("POST", path, json={"groupIds": list(group_ids)}, is_question=True)


def directory_roles(user_id: ObjectId) -> GraphRequest:
    """Ask for the first page of the directory roles that the user holds now, not of those they may activate."""
    path = f"{_user(user_id)}/transitiveMemberOf/microsoft.graph.directoryRole"
    return GraphRequest("GET", path, {"$count": "true", "$select": "id,roleTemplateId"}, headers=ADVANCED)


def more_roles(link: str) -> GraphRequest:
    return GraphRequest("GET", link, headers=ADVANCED)


def _user(user_id: ObjectId) -> str:
    return f"/v1.0/users/{quote(user_id, safe='')}"


def read_groups(answer: GraphAnswer, receipt: Receipt) -> frozenset[str]:
    """Read the ids of the groups that the user is in, in lower case. Raises Garbled."""
    rows = rows_of(answer, receipt)
    if not all(isinstance(row, str) for row in rows):
        raise Garbled(receipt)
    return frozenset(row.lower() for row in rows)


def read_roles(answer: GraphAnswer, receipt: Receipt) -> tuple[frozenset[str], str]:
    """Read the template ids of a page of roles, and where it goes on. Raises Garbled.

    A role that the app may not read comes with its id alone ("Limited information returned for inaccessible
    member objects", Graph permissions overview).
    """
    templates = frozenset(_template(row, receipt) for row in rows_of(answer, receipt))
    return templates, next_link_of(answer.json, receipt)


def _template(row: Any, receipt: Receipt) -> str:
    if not isinstance(row, Mapping) or not text_of(row, "id"):
        raise Garbled(receipt)
    template = row.get("roleTemplateId")
    if not isinstance(template, str | None):
        raise Garbled(receipt)
    return (template or UNTOLD).lower()


async def memberships(graph: Graph, user_id: ObjectId, wanted: Collection[str]) -> frozenset[str] | None:
    """Return those of the groups (object ids) and roles (`role:<template id>`, `role:any`) that the user is in.

    A role of which nothing is told counts as each of those wanted. None where Entra knows no such account.
    Raises GraphError, SignInFailed: nobody can tell.
    """
    groups = tuple(dict.fromkeys(what.lower() for what in wanted if not what.startswith(ROLE)))
    inside: set[str] = set()
    try:
        for first in range(0, len(groups), GROUPS_A_CALL):
            some = groups[first : first + GROUPS_A_CALL]
            inside |= read_groups(*await graph.in_directory(check_groups(user_id, some)))
        held = await _roles_of(graph, user_id) if any(what.startswith(ROLE) for what in wanted) else frozenset()
    except Rejected as error:
        if error.receipt.status == NOT_FOUND:
            return None
        raise
    return frozenset(what for what in wanted if _counts(what, inside, held))


def _counts(what: str, groups: Collection[str], held: Collection[str]) -> bool:
    if not what.startswith(ROLE):
        return what.lower() in groups
    template = what.removeprefix(ROLE).lower()
    return template in held or UNTOLD in held or (template == ANY_ROLE and bool(held))


async def _roles_of(graph: Graph, user_id: ObjectId) -> frozenset[str]:
    request, held, pages = directory_roles(user_id), frozenset[str](), 0
    while True:
        answer, receipt = await graph.in_directory(request)
        more, link = read_roles(answer, receipt)
        held, pages = held | more, pages + 1
        if not link:
            return held
        if pages == MAX_PAGES:
            raise Garbled(receipt, "a list of roles without an end")
        request = more_roles(link)
