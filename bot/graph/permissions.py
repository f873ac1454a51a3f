"""Which permissions the rules need of Entra, and which of these the token doesn't show."""

from collections.abc import Iterator

from bot.core.rules import Policy, Rule
from bot.graph.accounts import DIRECTORY, GROUPS, may_read
from bot.policy_lists import lists_of, named


def lacking(policy: Policy, roles: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return each permission that a token with these roles lacks, with each rule, team or list that needs it."""
    return tuple((permission, what) for permission, what in _needed(policy) if not may_read(permission, roles))


def _needed(policy: Policy) -> Iterator[tuple[str, str]]:
    for listed in lists_of(policy):
        if listed.groups:
            yield DIRECTORY, listed.label
            yield GROUPS, listed.label
    for rule in policy.rules:
        yield from ((permission, named(rule)) for permission in _of_rule(rule))


def _of_rule(rule: Rule) -> Iterator[str]:
    if rule.memberships or rule.approvals > 1:  # that two who approve are two is told by their accounts
        yield DIRECTORY
    if rule.memberships:
        yield GROUPS
