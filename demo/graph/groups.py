"""Who is in which group and who holds which directory role, also through groups in groups."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import NAMESPACE_OID, uuid5


@dataclass(slots=True)
class Group:
    """A security group; members are the ids of users and of groups."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    visibility: str | None = None
    """Public or Private of a Microsoft 365 group, which alone can be HiddenMembership; None of any other."""

    @property
    def hides_members(self) -> bool:
        return self.visibility == "HiddenMembership"


@dataclass(slots=True)
class Role:
    """A directory role as it is activated in this tenant; members are users and groups."""

    id: str
    """Differs from tenant to tenant, unlike that of its template."""
    template_id: str
    name: str
    members: set[str] = field(default_factory=set)


class Groups:
    """The groups and directory roles of a tenant."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self.roles: dict[str, Role] = {}
        """By template id."""

    def add_group(
        self, group_id: str, name: str, members: Iterable[str] = (), *, visibility: str | None = None
    ) -> Group:
        """Add a group, with users and groups in it."""
        group = Group(group_id.lower(), name, {member.lower() for member in members}, visibility)
        self.groups[group.id] = group
        return group

    def remove_from_group(self, group_id: str, member: str) -> None:
        self.groups[group_id.lower()].members.discard(member.lower())

    def add_role(self, template_id: str, name: str, members: Iterable[str] = ()) -> Role:
        """Activate a directory role, held by users and groups."""
        template_id = template_id.lower()
        role_id = str(uuid5(NAMESPACE_OID, template_id))
        role = Role(role_id, template_id, name, {member.lower() for member in members})
        self.roles[template_id] = role
        return role

    def groups_of(self, user_id: str) -> set[str]:
        """Return the ids of all groups that a user is in; a circle of groups has an end too."""
        found: set[str] = set()
        sought = {user_id}
        while sought:
            sought = {group.id for group in self.groups.values() if group.members & sought} - found
            found |= sought
        return found

    def roles_of(self, user_id: str) -> list[Role]:
        """Return the roles that a user holds, by id."""
        who = {user_id, *self.groups_of(user_id)}
        return sorted((role for role in self.roles.values() if role.members & who), key=lambda role: role.id)
