"""May this person ask for, or decide on, this request? A refusal is a value, not an error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.core.ids import SlackUserId
from bot.core.model import Request
from bot.core.persons import DirectoryUser, Person, the_account

Why = Literal[
    "not_member",
    "not_approver",
    "only_approvers_deny",
    "own_request",
    "own_account",
    "no_email",
    "no_account",
    "several_accounts",
    "account_disabled",
    "could_not_check",
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

Action = Literal["approve", "review", "deny", "ask_again", "ask_others", "drop", "withdraw", "stop", "mistake"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """You may not, or it would change nothing."""

    why: Why
    email: str = ""
    """The address by which their account in Entra was looked for, where that matters."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Who approves and who asks: Slack user ids and user group ids."""

    approvers: tuple[str, ...]
    requesters: tuple[str, ...] = ()
    """Empty: full members who are in the approval channel."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A person and the groups they were in when they clicked; `groups` maps a group id to its members."""

    person: Person
    groups: Mapping[str, frozenset[SlackUserId]]
    accounts: tuple[DirectoryUser, ...] | None = None
    """Those in Entra with the person's e-mail address; None where the directory may not be asked."""

    @property
    def account_id(self) -> str:
        """The object id of the person's account; empty where it is not known."""
        account = the_account(self.accounts or ())
        return account.user_id if account is not None else ""

    def is_in(self, listed: tuple[str, ...]) -> bool:
        """Whether the list names the person or one of their groups."""
        return any(entry == self.person.id or self.person.id in self.groups.get(entry, ()) for entry in listed)


def may_decide(policy: Policy, standing: Standing, request: Request, action: Action) -> Refusal | None:
    """Judge an Approve, Review or Deny by someone who was looked up at the click."""
    person = standing.person
    if not person.is_full_member:
        return Refusal("not_member")
    if person.id == request.asker.id and (action != "deny" or standing.is_in(policy.approvers)):
        return Refusal("own_request")
    if not standing.is_in(policy.approvers):
        is_target = person.email and is_among_targets(person, request)
        if is_target:
            return Refusal("own_account")
        return Refusal("only_approvers_deny" if action == "deny" else "not_approver")
    if not person.email:
        return Refusal("no_email")
    if is_among_targets(person, request):
        return Refusal("own_account")
    return _of_account(standing.accounts, person.email, request) if standing.accounts is not None else None


def _of_account(accounts: tuple[DirectoryUser, ...], email: str, request: Request) -> Refusal | None:
    """Nobody decides who can't be told apart from the users, or whose own account is shut."""
    targets = {target.user_id for target in request.targets}
    if any(account.user_id in targets for account in accounts):
        return Refusal("own_account")
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
    may = standing.person.id == request.asker.id or standing.is_in(policy.approvers)
    return None if may else Refusal(why)


def is_among_targets(person: Person, request: Request) -> bool:
    """Whether the person's e-mail is a UPN, mail or proxy address of one of the users."""
    email = person.email.casefold()
    return any(email in (t.shown.upn.casefold(), *t.addresses) for t in request.targets)


def may_ask(policy: Policy, standing: Standing, *, is_in_channel: bool) -> Refusal | None:
    """Judge an ask by someone who was looked up just now."""
    if not standing.person.is_full_member:
        return Refusal("not_member")
    allowed = standing.is_in(policy.requesters) if policy.requesters else is_in_channel
    return None if allowed else Refusal("may_not_ask")
