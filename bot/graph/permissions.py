"""Which permissions the rules need of Entra, and which of these the token doesn't show."""

from collections.abc import Iterator

from bot.core.rules import ENTRA_GROUP, Policy, Rule
from bot.graph.accounts import DIRECTORY, GROUPS, may_read


def lacking(policy: Policy, roles: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return each permission that a token with these roles lacks, with each rule, team or list that needs it."""
    return tuple((permission, what) for permission, what in _needed(policy) if not may_read(permission, roles))


def _needed(policy: Policy) -> Iterator[tuple[str, str]]:
    lists = {
        **{f"team {team.name}": team.members for team in policy.teams.values()},
        "who may ask": policy.requesters,
        "who may never ask": policy.never_ask,
        "who may never approve": policy.never_approve,
    }
    for what, entries in lists.items():
        if any(entry.startswith(ENTRA_GROUP) for entry in entries):
            yield DIRECTORY, what
            yield GROUPS, what
    for rule in policy.rules:
        yield from ((permission, f"rule {rule.name}") for permission in _of_rule(rule))


def _of_rule(rule: Rule) -> Iterator[str]:
    if rule.memberships or rule.approvals > 1:  # that two who approve are two is told by their accounts
        yield DIRECTORY
    if rule.memberships:
        yield GROUPS
