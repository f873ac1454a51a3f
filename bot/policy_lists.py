"""Who a policy names, by what an operator calls each list: for the checks and for what is missing."""

from dataclasses import dataclass
from typing import Literal

from bot.core.ids import ObjectId
from bot.core.rules import ENTRA_GROUP, Policy, Rule, entra_groups


@dataclass(frozen=True, slots=True)
class Listed:
    """One list, and what it is for."""

    label: str
    does: Literal["approve", "ask", ""]
    """What those on it may do; empty where it is what they may not."""
    entries: tuple[str, ...]
    team: str = ""
    """The key of the team whose members they are."""
    denies: bool = False
    """Whether they may never approve."""

    @property
    def groups(self) -> tuple[ObjectId, ...]:
        """The groups in Entra."""
        return entra_groups(self.entries)

    @property
    def in_slack(self) -> tuple[str, ...]:
        return tuple(entry for entry in self.entries if not entry.startswith(ENTRA_GROUP))


def is_written(policy: Policy) -> bool:
    """Whether it comes from a policy file."""
    return any(rule.name for rule in policy.rules)


def lists_of(policy: Policy) -> tuple[Listed, ...]:
    teams = policy.teams.values()
    if not is_written(policy):
        return (
            *(Listed("APPROVERS", "approve", team.members, team.key) for team in teams),
            Listed("REQUESTERS", "ask", policy.requesters),
        )
    return (
        *(Listed(f"team {team.name}", "approve", team.members, team.key) for team in teams),
        Listed("who may ask", "ask", policy.requesters),
        Listed("who may never ask", "", policy.never_ask),
        Listed("who may never approve", "", policy.never_approve, denies=True),
    )


def named(rule: Rule) -> str:
    return f'rule "{rule.name}"'
