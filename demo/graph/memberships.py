"""The routes that tell of groups and of what a user is a member of, as the reference pages of the calls have them."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from demo.front import Reply
from demo.graph.answers import Refused, broken
from demo.graph.directory import Directory
from demo.graph.groups import Role
from demo.graph.listing import ROOT, context, only, select
from demo.graph.odata import NotUnderstood, read_top
from demo.graph.records import GraphUser
from demo.graph.routes import GUID, missing, read_parameters

CHECK_GROUPS = re.compile(re.escape(ROOT) + r"/users/([^/]+)/checkMemberGroups")
ONE_GROUP = re.compile(re.escape(ROOT) + r"/groups/([^/]+)")
ROLES_OF = re.compile(re.escape(ROOT) + r"/users/([^/]+)/transitiveMemberOf/microsoft\.graph\.directoryRole")
MOST_GROUPS = 20
MOST_A_PAGE = 999
USUAL_PAGE = 100

EVERYTHING = frozenset({"Directory.Read.All", "Directory.ReadWrite.All"})
USERS = frozenset({"User.Read.All"})
MEMBERS = frozenset({"GroupMember.Read.All", "Group.Read.All"})
HIDDEN_MEMBERS = frozenset({"Member.Read.Hidden"})
ROLE_READERS = frozenset({"RoleManagement.Read.Directory"})
GROUP = ("id", "deletedDateTime", "description", "displayName", "visibility")
DIRECTORY_ROLE = ("id", "deletedDateTime", "description", "displayName", "roleTemplateId")


@dataclass(slots=True)
class Memberships:
    """What users are members of; it also remembers the pages it has handed out."""

    directory: Directory
    hides_templates: bool = False
    """Leave roleTemplateId null where the token may not read roles; Graph may do so, and is known not to."""
    _pages: dict[str, str] = field(default_factory=dict)

    def group(self, group_id: str, query: Mapping[str, str], url: str) -> Reply:
        """Answer GET /groups/{id}."""
        only(query, "$select")
        names = select(query, GROUP, "microsoft.graph.group")
        if not GUID.fullmatch(group_id):
            raise broken(f"Invalid object identifier '{group_id}'.", 400, "Request_BadRequest")
        group = self.directory.groups.get(group_id.lower())
        if group is None:
            raise missing(group_id)
        row = {
            "id": group.id,
            "deletedDateTime": None,
            "description": None,
            "displayName": group.name,
            "visibility": group.visibility,
        }
        where = context(url, "groups", query) + "/$entity"
        return Reply(200, {"@odata.context": where} | {name: row[name] for name in names})

    def groups(
        self,
        who: str,
        content_type: str | None,
        query: Mapping[str, str],
        body: bytes,
        url: str,
        *,
        permissions: set[str],
    ) -> Reply:
        """Answer POST /users/{id}/checkMemberGroups: those of the groups that the user is in."""
        asked = _group_ids(read_parameters(content_type, query, body, "groupIds"))
        inside = self.directory.groups_of(self._user(who).id)
        if not permissions & HIDDEN_MEMBERS:
            inside = {group_id for group_id in inside if not self.directory.groups[group_id].hides_members}
        found = [group_id for group_id in dict.fromkeys(one.lower() for one in asked) if group_id in inside]
        return Reply(200, {"@odata.context": context(url, "Collection(Edm.String)", {}), "value": found})

    def roles(
        self, who: str, query: Mapping[str, str], url: str, *, consistency: str, permissions: set[str]
    ) -> Reply:
        """Answer GET /users/{id}/transitiveMemberOf/microsoft.graph.directoryRole."""
        only(query, "$select", "$top", "$count", "$skiptoken")
        if consistency.lower() != "eventual" or query.get("$count") != "true":
            # The page on transitiveMemberOf: both are required with an OData cast.
            raise broken(
                "An OData cast needs ConsistencyLevel: eventual and $count.", 400, "Request_UnsupportedQuery"
            )
        names = select(query, DIRECTORY_ROLE, "microsoft.graph.directoryRole")
        top = _top(query)
        held = self.directory.roles_of(self._user(who).id)
        after = self._after(query.get("$skiptoken"))
        rows = [role for role in held if role.id > after]
        shows = bool(permissions & (ROLE_READERS | EVERYTHING))
        reply: dict[str, Any] = {"@odata.context": context(url, "directoryRoles", query)}
        if not after:
            reply["@odata.count"] = len(held)
        if len(rows) > top:
            reply["@odata.nextLink"] = self._next_link(who, query, url, rows[top - 1].id)
        reply["value"] = [{name: self._row(role, shows=shows)[name] for name in names} for role in rows[:top]]
        return Reply(200, reply)

    def _user(self, id_or_upn: str) -> GraphUser:
        user = self.directory.find(id_or_upn)
        if user is None:
            raise missing(id_or_upn)
        return user

    def _row(self, role: Role, *, shows: bool) -> Mapping[str, Any]:
        """Write a role; who may not read roles gets limited information ("Limited information", permissions)."""
        return {
            "id": role.id,
            "deletedDateTime": None,
            "description": role.name if shows else None,
            "displayName": role.name if shows else None,
            "roleTemplateId": role.template_id if shows or not self.hides_templates else None,
        }

    def _after(self, token: str | None) -> str:
        if token is None:
            return ""
        if token not in self._pages:
            raise broken("The $skiptoken is not one that was given out.")
        return self._pages[token]

    def _next_link(self, who: str, query: Mapping[str, str], url: str, last: str) -> str:
        token = secrets.token_urlsafe(24)
        self._pages[token] = last
        pairs = {**query, "$skiptoken": token}.items()
        path = f"{ROOT}/users/{quote(who, safe='')}/transitiveMemberOf/microsoft.graph.directoryRole"
        return f"{url}{path}?" + "&".join(f"{key}={quote(value, safe='')}" for key, value in pairs)


def admit_to_groups(roles: set[str]) -> None:
    """Let in who may read users and the members of groups: checkMemberGroups takes both."""
    if not (roles & EVERYTHING or (roles & USERS and roles & MEMBERS)):
        raise _denied()


def admit_to_group(roles: set[str]) -> None:
    """Let in who may read a group: group: get names nothing of users."""
    if not roles & (EVERYTHING | MEMBERS):
        raise _denied()


def admit_to_roles(roles: set[str]) -> None:
    """Let in by any of the permissions that transitiveMemberOf names."""
    if not roles & (EVERYTHING | USERS | MEMBERS):
        raise _denied()


def _denied() -> Refused:
    return Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _group_ids(group_ids: object) -> list[str]:
    """Read the groups; one that is no id refuses them all."""
    if not isinstance(group_ids, list) or not group_ids:
        raise broken("groupIds must not be empty.", 400, "Request_BadRequest")
    if len(group_ids) > MOST_GROUPS:
        raise broken(f"{len(group_ids)} groupIds are too many, at most {MOST_GROUPS}.", 400, "Request_BadRequest")
    for group_id in group_ids:
        if not isinstance(group_id, str) or not GUID.fullmatch(group_id):
            raise broken(f"Invalid object identifier '{group_id}'.", 400, "Request_BadRequest")
    return group_ids


def _top(query: Mapping[str, str]) -> int:
    try:
        return read_top(query["$top"], MOST_A_PAGE) if "$top" in query else USUAL_PAGE
    except NotUnderstood as error:
        raise broken(str(error)) from error
