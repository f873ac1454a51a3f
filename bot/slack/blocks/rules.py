"""What a rule says, in words: which one decides, what it takes, and what of that is missing.

Plain text, for the record and the command line too; whoever puts it into a message escapes it.
"""

from collections.abc import Collection
from dataclasses import replace

from bot.core.levels import rank_of
from bot.core.model import Request, Target
from bot.core.quorum import helpful, missing
from bot.core.rules import ENTRA_GROUP, Need, Policy, Rule
from bot.slack.blocks.place import NAMED, Place
from bot.slack.blocks.words import conjoined


def because(policy: Policy, targets: Collection[Target]) -> str:
    """Say which rule decides a request for these users, and why."""
    rule = policy.rule_for(targets)
    takes = f"It takes {asked_for(policy, rule.needs)}{_distinct(rule)}."
    if not rule.name:
        return takes
    return f"The rule “{rule.name}” decides: {_why(rule, targets)}. {takes}"


def asked_for(policy: Policy, needs: Collection[Need]) -> str:
    """Write what it takes, or what is still needed: "one from SOC and one from Identity"."""
    parts = [f"{_number(need.count)} from {_either(policy, need.teams)}" for need in needs]
    return conjoined(parts)


def still_needed(policy: Policy, request: Request) -> str:
    """Write which approvals a request still needs; empty where there are enough."""
    needs = policy.rule_for(request.as_shown).needs
    given = {approval.by: approval.teams for approval in request.approvals}
    left = missing(needs, given)
    if sum(need.count for need in left) == 1:
        able = helpful(needs, given)
        return f"one from {_either(policy, [key for key in policy.teams if key in able])}"
    return asked_for(policy, left)


def teams_of(policy: Policy, keys: Collection[str]) -> str:
    """Name teams; those that the policy doesn't know any more are left out."""
    return conjoined([policy.teams[key].name for key in keys if key in policy.teams])


def whose(policy: Policy, rule: Rule) -> str:
    """Name the teams whose members can approve under a rule: "SOC or Identity"."""
    return _either(policy, rule.teams)


def _why(rule: Rule, targets: Collection[Target]) -> str:
    if rule.is_for_all:
        return "no rule before it fits"
    highest = max((target.shown.level for target in targets), key=rank_of, default="none")
    users = len(targets)
    parts = [f"the highest risk is {highest or 'not known'} ({rule.level} or more)"] if rule.level else []
    if rule.more_than:
        parts.append(f"there are {users:,} users (more than {rule.more_than:,})")
    if rule.protects:
        parts.append(_protected(rule, targets))
    return conjoined(parts)


def _protected(rule: Rule, targets: Collection[Target]) -> str:
    """Say whom it protects; of groups and roles only who is in none is known for sure."""
    named = [target for target in targets if target.user_id in rule.users]
    inside = [t for t in targets if t not in named and any(what not in t.not_in for what in rule.memberships)]
    parts = [f"{len(named)} of the users {'is' if len(named) == 1 else 'are'} named in it"] if named else []
    if inside:
        parts.append(f"of {len(inside)} it can't be ruled out that they are in a group or hold a role named in it")
    return conjoined(parts)


def _distinct(rule: Rule) -> str:
    return ", by different people" if rule.approvals > 1 else ""


def _number(n: int) -> str:
    return "one" if n == 1 else str(n)


def _either(policy: Policy, keys: Collection[str]) -> str:
    return conjoined([policy.teams[key].name for key in keys], "or")


def able(policy: Policy, request: Request | None) -> tuple[str, ...]:
    """List who can approve a request, or anything where none is given, as Slack ids or names.

    Silent back-ups are left out; where nobody else can, they are named and still not mentioned.
    """
    if request is None:
        teams = list(policy.teams.values())
    else:
        rule = policy.rule_for(request.as_shown)
        given = {approval.by: approval.teams for approval in request.approvals}
        wanted = helpful(rule.needs, given) if missing(rule.needs, given) else frozenset(rule.teams)
        teams = [team for team in policy.teams_of(rule) if team.key in wanted]
    gone = {request.asker.id, *(approval.by for approval in request.approvals)} if request is not None else set()
    heard = [team for team in teams if not team.is_silent]
    named = (
        f"{NAMED}{team.name}" if member.startswith(ENTRA_GROUP) else member
        for team in heard
        for member in team.members
        if member not in gone
    )
    return tuple(dict.fromkeys(named)) if heard else tuple(f"{NAMED}{team.name}" for team in teams)


def installed(place: Place, policy: Policy, request: Request | None) -> Place:
    """Complete a place with what the policy says, of one request where it is given."""
    known = replace(place, approvers=able(policy, request), requesters=_named(policy.requesters))
    if request is None:
        return known
    rule = policy.rule_for(request.as_shown)
    return replace(
        known,
        rule=rule.name,
        teams=_either(policy, rule.teams),
        missing=still_needed(policy, request) if rule.approvals > 1 else "",
        approved_as={approval.by: teams_of(policy, approval.teams) for approval in request.approvals},
    )


def _named(listed: Collection[str]) -> tuple[str, ...]:
    names = (f"{NAMED}members of a group in Entra" if entry.startswith(ENTRA_GROUP) else entry for entry in listed)
    return tuple(dict.fromkeys(names))
