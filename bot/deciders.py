"""Who clicks and who has approved before, as they are now, whether that counts, and the approval it makes."""

import asyncio
from dataclasses import dataclass, replace

from bot.authority import Authority
from bot.clicks import Click
from bot.core.commands import Approve
from bot.core.mistake import unreportable
from bot.core.model import Request
from bot.core.policy import Refusal, Standing, may_decide, may_report, may_stop
from bot.core.quorum import Panel
from bot.core.rules import Policy
from bot.errors import GraphError, SignInFailed, SlackError
from bot.slack.blocks.rules import because

LOOK_UP_WITHIN = 1.5


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Who clicks, and what became of the approvals that were given before."""

    standing: Standing
    panel: Panel


def teams_at_once(policy: Policy, click: Click) -> tuple[str, ...] | None:
    """In which teams to look for whoever clicks, where that is the same for every request; else None."""
    if not _does_approve(click):
        return tuple(policy.teams)
    teams = {rule.teams for rule in policy.rules}
    return teams.pop() if len(teams) == 1 else None


def _does_approve(click: Click) -> bool:
    return click.action in {"approve", "review"}


async def look_up(
    authority: Authority, click: Click, teams: tuple[str, ...], given: Request | None = None
) -> LookedUp | Refusal:
    """Look up whoever clicks, and whoever has approved before in a request that is `given`.

    Side by side, within one deadline. A refusal if nobody can tell.
    """
    try:
        standing, panel = await asyncio.gather(
            authority.standing(click.by, teams, LOOK_UP_WITHIN), _panel(authority, given)
        )
    except SlackError:
        return Refusal("could_not_check")
    except (GraphError, SignInFailed):
        return Refusal("entra_silent")
    return LookedUp(standing, panel)


async def look_up_for(
    authority: Authority, click: Click, request: Request | None, *, counts: bool
) -> LookedUp | Refusal:
    """Look up whoever clicks on a request, and where it `counts` as an approval those who have approved before it."""
    if request is None:
        return Refusal("unknown_request")
    policy = authority.policy
    teams = policy.rule_for(request.as_shown).teams if _does_approve(click) else tuple(policy.teams)
    given = counts and request.state == "pending" and bool(request.approvals)
    return await look_up(authority, click, teams, request if given else None)


async def _panel(authority: Authority, request: Request | None) -> Panel:
    return (await authority.judge(request, LOOK_UP_WITHIN)).panel if request is not None else Panel()


def approval(policy: Policy, command: Approve, looked_up: LookedUp, request: Request) -> Approve:
    """Complete an approval with what the policy asks for, and with who gives it."""
    standing = looked_up.standing
    rule = policy.rule_for(request.as_shown)
    return replace(
        command,
        email=standing.person.email,
        accounts=standing.account_ids,
        teams=tuple(key for key in rule.teams if key in standing.teams),
        panel=replace(looked_up.panel, needs=rule.needs),
        rule=rule.name,
        because=because(policy, request.as_shown),
        policy=policy.digest,
    )


def judge(policy: Policy, click: Click, looked_up: LookedUp | Refusal, request: Request) -> Refusal | None:
    """Say why a click does not count, by what was found out of whoever clicked."""
    standing = looked_up.standing if isinstance(looked_up, LookedUp) else looked_up
    if request.ts is None and request.view and request.state != "not_asked":
        return Refusal("not_shown")  # Slack shows it already, and our note of that is on its way
    if not click.is_from(request):
        return Refusal("unknown_request")
    if isinstance(standing, Standing) and not standing.person.is_full_member:
        return Refusal("not_member")
    if request.state != "pending" and click.action not in {"stop", "mistake"}:
        return Refusal("decided")
    if isinstance(standing, Refusal):
        return standing
    if click.action == "stop":
        return may_stop(policy, standing, request)
    if click.action == "mistake":
        return may_report(policy, standing, request) or unreportable(request)
    refusal = may_decide(policy, standing, request, click.action)
    if refusal is None and _does_approve(click):
        if click.view != request.view:
            return Refusal("old_view")
        if request.shown_view < request.view:
            return Refusal("not_shown")
    return refusal
