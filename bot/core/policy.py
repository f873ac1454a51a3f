"""May this person ask for, or decide on, this request? A refusal is a value, not an error."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from bot.core.decisions import Void
from bot.core.ids import ObjectId, SlackUserId
from bot.core.model import Request
from bot.core.persons import DirectoryUser, Person, is_theirs, the_account
from bot.core.quorum import Panel, missing
from bot.core.rules import Policy, Rule

Why = Literal[
    "not_member",
    "not_approver",
    "only_approvers_deny",
    "own_request",
    "asked_elsewhere",
    "own_account",
    "no_email",
    "no_account",
    "several_accounts",
    "account_disabled",
    "could_not_check",
    "entra_silent",
    "approved_already",
    "same_account",
    "wrong_team",
    "decided",
    "old_view",
    "not_shown",
    "unknown_request",
    "may_not_ask",
    "only_asker_withdraws",
    "only_approvers_stop",
    "too_late",
    "only_approvers_report",
    "marked",
    "still_sending",
    "nothing_confirmed",
    "nobody_left",
]
"""Grounds for a refusal; each has words of its own in bot/slack/blocks/refusals.py."""

Action = Literal[
    "approve", "review", "deny", "ask_again", "ask_others", "drop", "withdraw", "stop", "mistake", "details"
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """You may not, or it would change nothing."""

    why: Why
    email: str = ""
    """The address by which their account in Entra was looked for, where that matters."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A person as Slack and Entra show them now, and what the policy's lists make of them."""

    person: Person
    teams: frozenset[str] = frozenset()
    """The keys of the teams they are in, of those that were asked about."""
    is_denied: bool = False
    """Whether they are on the list of those who may not, whatever else names them."""
    accounts: tuple[DirectoryUser, ...] | None = None
    """Theirs in Entra; None where the directory may not be asked, or has not told."""
    is_unsure: bool = False
    """Whether Entra has not told something that might let them, or forbid it."""
    is_mapped: bool = False
    """Whether the policy names their accounts, so that no e-mail address had to be asked for."""

    @property
    def account_ids(self) -> tuple[ObjectId, ...]:
        """The object ids by which they are told from others; empty where none is known."""
        if self.is_mapped:
            return tuple(account.user_id for account in self.accounts or ())
        account = the_account(self.accounts or ())
        return (account.user_id,) if account is not None else ()


def may_decide(policy: Policy, standing: Standing, request: Request, action: Action) -> Refusal | None:
    """Judge an Approve, Review or Deny by someone who was looked up at the click."""
    refusal = _may(policy, standing, request, does_approve=action != "deny")
    return refusal or (_of_others(policy, standing, request) if action != "deny" else None)


def panel_of(policy: Policy, found: Collection[Standing], request: Request) -> Panel:
    """Judge the approvals that were given, by those who gave them as they were looked up now."""
    known = {standing.person.id: standing for standing in found}
    good: dict[SlackUserId, tuple[str, ...]] = {}
    void: dict[SlackUserId, Void] = {}
    taken: set[ObjectId] = set()
    for by in (one.by for one in request.approvals):
        if by not in known or _may(policy, known[by], request, does_approve=True) is not None:
            void[by] = "not_allowed"
        elif not taken.isdisjoint(known[by].account_ids):
            void[by] = "same_account"  # which was not known yet as they approved
        else:
            good[by] = tuple(sorted(known[by].teams))
            taken.update(known[by].account_ids)
    return Panel(policy.rule_for(request.as_shown).needs, good, void)


def is_untold(policy: Policy, standing: Standing, request: Request) -> bool:
    """Whether nobody can tell if somebody's approval holds, since Entra isn't to be asked about them."""
    refusal = _may(policy, standing, request, does_approve=True)
    return refusal is not None and refusal.why == "entra_silent"


def _may(policy: Policy, standing: Standing, request: Request, *, does_approve: bool) -> Refusal | None:
    person, rule = standing.person, policy.rule_for(request.as_shown)
    if not person.is_full_member:
        return Refusal("not_member")
    may = may_vouch(standing, rule.teams if does_approve else tuple(policy.teams))
    if person.id == request.asker.id and (does_approve or may):
        return Refusal("own_request")
    askers = {*request.asker.accounts, *policy.people.get(request.asker.id, ())}
    if may and not askers.isdisjoint(standing.account_ids):
        return Refusal("asked_elsewhere")
    if not may:
        if standing.is_unsure:
            return Refusal("entra_silent" if person.email or standing.is_mapped else "no_email")
        if standing.accounts is not None and not standing.account_ids and _is_by_group(policy, rule, does_approve):
            return _of_account(policy, standing, rule)
        if person.email and is_among_targets(standing, request):
            return Refusal("own_account")
        return Refusal("not_approver" if does_approve else "only_approvers_deny")
    if not person.email and not standing.is_mapped:
        return Refusal("no_email")
    if is_among_targets(standing, request):
        return Refusal("own_account")
    return _of_account(policy, standing, rule if does_approve else None)


def may_vouch(standing: Standing, teams: Collection[str]) -> bool:
    """Whether they are in one of the teams, and nothing forbids it."""
    return not (standing.is_denied or standing.is_unsure) and bool(standing.teams.intersection(teams))


def _is_by_group(policy: Policy, rule: Rule, does_approve: bool) -> bool:  # noqa: FBT001 - as its caller has it
    teams = policy.teams_of(rule) if does_approve else tuple(policy.teams.values())
    return any(team.has_entra_group for team in teams)


def _of_others(policy: Policy, standing: Standing, request: Request) -> Refusal | None:
    """Distinct people: nobody approves twice, by another Slack user of theirs neither, or where it doesn't help."""
    needs, given = policy.rule_for(request.as_shown).needs, {a.by: a.teams for a in request.approvals}
    person, theirs = standing.person.id, frozenset(standing.account_ids)
    if any(one.by != person and theirs.intersection(one.accounts) for one in request.approvals):
        return Refusal("same_account")
    left = sum(need.count for need in missing(needs, given))
    # By another team than they were in then, or that has another key now, who approved may help once more.
    after = sum(need.count for need in missing(needs, {**given, person: standing.teams}))
    if not left or after < left:
        return None
    return Refusal("approved_already" if person in given else "wrong_team")


def _of_account(policy: Policy, standing: Standing, rule: Rule | None) -> Refusal | None:
    """Nobody decides who can't be told apart from the users, or whose own account is shut."""
    accounts, email = standing.accounts, standing.person.email
    if accounts is None:
        # Of those it names, the policy says that their e-mail address doesn't tell who they are.
        is_needed = rule is not None and (standing.is_mapped or policy.needs_account(rule))
        return Refusal("entra_silent") if is_needed else None
    if standing.is_mapped and accounts:
        return None if all(account.enabled for account in accounts) else Refusal("account_disabled")
    if standing.is_mapped:
        return Refusal("no_account")
    if the_account(accounts) is not None:
        return None
    if any(account.enabled and not account.is_guest for account in accounts):
        return Refusal("several_accounts", email)
    if any(not account.is_guest for account in accounts):
        return Refusal("account_disabled")
    return Refusal("no_account", email)


def may_stop(policy: Policy, standing: Standing, request: Request) -> Refusal | None:
    """Judge a Stop: any approver may, and whoever asked."""
    return _of_its_people(policy, standing, request, "only_approvers_stop")


def may_report(policy: Policy, standing: Standing, request: Request) -> Refusal | None:
    """Judge the report of a mistake: any approver may, and whoever asked."""
    return _of_its_people(policy, standing, request, "only_approvers_report")


def _of_its_people(policy: Policy, standing: Standing, request: Request, why: Why) -> Refusal | None:
    if not standing.person.is_full_member:
        return Refusal("not_member")
    if standing.person.id == request.asker.id or may_vouch(standing, policy.teams):
        return None
    return Refusal("entra_silent" if standing.is_unsure else why)


def is_among_targets(standing: Standing, request: Request) -> bool:
    """Whether one of the users is the person: by their account, or by a UPN, mail or proxy address."""
    ids, email = {account.user_id for account in standing.accounts or ()}, standing.person.email
    return any(is_theirs(target.user_id, target.names, ids, email) for target in request.targets)


def may_ask(person: Person, *, is_listed: bool, is_denied: bool = False) -> Refusal | None:
    """Judge an ask; `is_listed` says whether whoever may ask includes them, now."""
    if not person.is_full_member:
        return Refusal("not_member")
    return None if is_listed and not is_denied else Refusal("may_not_ask")
