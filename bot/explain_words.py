"""The words of `policy check` and `policy explain`, for whoever writes the rules."""

from collections.abc import Collection

from bot.core.model import Request, Target
from bot.core.persons import Person
from bot.core.policy import Refusal, Standing
from bot.core.rules import Policy
from bot.errors import SlackError
from bot.policy_lists import is_written
from bot.slack.blocks import rules
from bot.slack.blocks.words import one_line

SHORT = 12
"""As much of the policy's digest as people compare."""
AT_RISK = "is at risk in Entra, so that the approval would not count"


def summary(policy: Policy) -> str:
    """Write what there is: "4 rules, 3 teams, policy 0123456789ab"."""
    if not is_written(policy):
        return f"{digest(policy)}, one approval by anybody in APPROVERS"
    return f"{_counted(len(policy.rules), 'rule')}, {_counted(len(policy.teams), 'team')}, {digest(policy)}"


def digest(policy: Policy) -> str:
    return f"policy {policy.digest[:SHORT]}" if policy.digest else "no policy file"


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def user(target: Target) -> str:
    """Name a user with the risk by which they are judged."""
    shown = target.shown
    upn = f"({one_line(shown.upn)})" if shown.upn else ""
    name = " ".join(filter(None, [one_line(shown.display_name), upn])) or shown.user_id
    remark = "" if shown.is_at_risk else ", not at risk now: a request would leave them out, here they count"
    return f"{name}: risk {one_line(shown.level) or 'not known'}{remark}"


def nobody_known(typed: str) -> str:
    return f"{one_line(typed)}: Entra knows no such user"


def gone(typed: str) -> str:
    return f"{one_line(typed)}: deleted in Entra, a request would leave them out"


def own(target: Target) -> str:
    return f"{one_line(target.name)}: the requester's own account, a request would leave it out"


def person(who: Person) -> str:
    if not who.team_id:
        return f"{who.id} (unknown to Slack)"
    name = one_line(who.name)
    return f"{name} ({who.id})" if name and name != who.id else who.id


def asking(why: str) -> str:
    """Say whether somebody may ask; `why` is why not."""
    return {
        "": "may ask",
        "not_member": "may not ask: is not a full member of this workspace",
        "no_email": "may not ask: has no e-mail address in Slack",
        "may_not_ask": "may not ask: is not among those who may, or among those who never may",
    }.get(why, f"may not ask ({why})")


def could(policy: Policy, keys: Collection[str]) -> str:
    return f"could approve, by {rules.teams_of(policy, keys)}" if is_written(policy) else "could approve"


def why_not(refusal: Refusal, standing: Standing, policy: Policy, request: Request) -> str:
    """Say why somebody could not approve."""
    whose = rules.whose(policy, policy.rule_for(request.as_shown))
    still = f"Still needed: {rules.still_needed(policy, request)}"
    found = f"for {one_line(refusal.email)}" if refusal.email else "by the ids in [people]"
    return {
        "not_member": "is not a full member of this workspace",
        "not_approver": "is among those who may never approve" if standing.is_denied else f"is not in {whose}",
        "own_request": "is the requester",
        "own_account": "is one of the users",
        "no_email": "has no e-mail address in Slack, and is not in [people]",
        "no_account": f"Entra has no account {found}",
        "several_accounts": f"Entra has more than one account {found}",
        "account_disabled": "their account in Entra is disabled",
        "entra_silent": "Entra doesn't tell now whose account theirs is, or which groups it is in",
        "approved_already": f"has approved. {still}",
        "same_account": f"their account in Entra has approved, by another Slack user. {still}",
        "wrong_team": f"would not add what is missing. {still}",
    }.get(refusal.why, f"is refused ({refusal.why})")


def silent(error: Exception) -> str:
    """Say that something isn't known, and why."""
    who = "Slack" if isinstance(error, SlackError) else "Entra"
    return f"can't be told now: {who} does not answer as it should ({one_line(str(error)) or type(error).__name__})"


def together(policy: Policy, request: Request, *, is_enough: bool) -> str:
    if not is_enough:
        return f"Not enough. Still needed: {rules.still_needed(policy, request)}"
    return "Enough: it would be approved"
