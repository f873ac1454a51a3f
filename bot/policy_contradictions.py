"""What parts of the policy file say against each other: rules that never decide, approvals that nobody could give."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.core.ids import SlackUserId
from bot.core.levels import rank_of
from bot.core.quorum import missing
from bot.core.rules import ANY_ROLE, ENTRA_GROUP, Need, Policy, Rule
from bot.policy_table import Table
from bot.setting_values import shown

CONDITIONS = ("level", "more_than", "users", "groups", "roles")
MOST_APPROVALS = 10


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as far as it could be read, and the table it was read from."""

    rule: Rule
    table: Table

    @property
    def is_sure(self) -> bool:
        """Whether its conditions are those that were meant: nothing is concluded from half a rule."""
        return self.table.doubtful <= {"name", "needs", "open_for"}


def contradictions(top: Table, policy: Policy, drafts: Sequence[Draft]) -> None:
    """Note them. What is wrong by itself was noted before, and is not held against anything else."""
    _same_names(drafts)
    _never_decides(drafts)
    _nothing_for_the_rest(drafts)
    _unused(top, policy, drafts)
    _too_few(policy, drafts)
    _shared_accounts(top, policy)


def _same_names(drafts: Sequence[Draft]) -> None:
    first: dict[str, int] = {}
    for draft in drafts:
        name, table = draft.rule.name, draft.table
        if name in first:
            table.note("name", f"is that of the rule in line {first[name]} too: give it one of its own.")
        elif name:
            first[name] = table.notes.line((*table.path, "name"))


def _never_decides(drafts: Sequence[Draft]) -> None:
    sure = [draft for draft in drafts if draft.is_sure]
    for n, later in enumerate(sure):
        earlier = next((draft for draft in sure[:n] if _takes_all(draft.rule, later.rule)), None)
        if earlier:
            line = earlier.table.notes.line(earlier.table.path)
            later.table.notes.add(
                later.table.path,
                f"{later.table.label} never decides: {earlier.table.label} (line {line}) comes first and takes "
                "all that this one could take. Move it up, or remove it.",
            )


def _takes_all(earlier: Rule, later: Rule) -> bool:
    """Whether every request that fits the later rule fits the earlier one."""
    if earlier.level and not (later.level and rank_of(later.level) >= rank_of(earlier.level)):
        return False
    if earlier.more_than > later.more_than:
        return False
    return not earlier.protects or (later.protects and _protects_all(earlier, later))


def _protects_all(earlier: Rule, later: Rule) -> bool:
    has_roles = ANY_ROLE in earlier.roles or set(later.roles) <= set(earlier.roles)
    return has_roles and set(later.users) <= set(earlier.users) and set(later.groups) <= set(earlier.groups)


def _nothing_for_the_rest(drafts: Sequence[Draft]) -> None:
    if not drafts or any(draft.is_sure and draft.rule.is_for_all for draft in drafts):
        return
    last = drafts[-1].table
    if has := [key for key in CONDITIONS if key in last.values]:
        last.notes.add(
            last.path,
            f"{last.label} is the last, and only for some requests ({', '.join(has)}): nothing would decide the "
            f"others. Add a last rule without {', '.join(CONDITIONS[:-1])} or {CONDITIONS[-1]}.",
        )


def _unused(top: Table, policy: Policy, drafts: Sequence[Draft]) -> None:
    if any({"", "needs"} & draft.table.doubtful for draft in drafts):
        return  # the team may be meant just where a name is mistyped: "remove it" would be the wrong advice
    used = {team for rule in policy.rules for team in rule.teams}
    for key in policy.teams:
        if policy.rules and key not in used:
            top.notes.add(
                ("teams", key), f"teams: {key} is in no rule: name it in the `from` of a need, or remove it."
            )


def _too_few(policy: Policy, drafts: Sequence[Draft]) -> None:
    """Look whether those who are named one by one are enough; how many are in a group isn't known here.

    Whoever is in `never` of [approve] is nobody's approver.
    """
    for draft in drafts:
        rule, table = draft.rule, draft.table
        if "needs" in table.doubtful:
            continue
        if rule.approvals > MOST_APPROVALS:
            table.note("needs", f"asks for {rule.approvals} approvals: at most {MOST_APPROVALS} in a rule.")
            continue
        counted = [need for need in rule.needs if _can_be_counted(policy, need)]
        people: dict[SlackUserId, set[str]] = {}
        for key in {key for need in counted for key in need.teams}:
            for member in set(policy.teams[key].members) - set(policy.never_approve):
                people.setdefault(SlackUserId(member), set()).add(key)
        if lacking := missing(counted, people):
            asked = " and ".join(f"{need.count} more in {' or '.join(need.teams)}" for need in lacking)
            table.note(
                "needs",
                "asks for more people than there are, as each counts once: there would have to be "
                f"{asked}. Add members, or ask for fewer approvals.",
            )


def _can_be_counted(policy: Policy, need: Need) -> bool:
    members = [member for key in need.teams for member in policy.teams[key].members]
    groups = {member for member in members if member.startswith(("S", ENTRA_GROUP))}
    return bool(members) and groups <= set(policy.never_approve)


def _shared_accounts(top: Table, policy: Policy) -> None:
    """One account can't be two people's: those who approve are told apart by their accounts."""
    owned = [(account, user) for user, accounts in policy.people.items() for account in accounts]
    for (one, first), (other, second) in pairwise(sorted(owned, key=lambda pair: pair[0])):
        if one == other:
            line = top.notes.line(("people", first))
            top.notes.add(
                ("people", second),
                f"people: {shown(second)} has an account that {shown(first)} has too (line {line}): no two people "
                "share one, as an approval counts once for each account.",
            )
