"""Who clicks and who has approved before, as they are now, and the approval that makes of it."""

import asyncio
from dataclasses import dataclass, replace

from bot.authority import Authority
from bot.clicks import Click
from bot.core.commands import Approve
from bot.core.model import Request
from bot.core.policy import Refusal, Standing
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


async def look_up(
    authority: Authority, click: Click, request: Request | None, *, counts: bool = False
) -> LookedUp | Refusal:
    """Look up whoever clicks, and where it `counts` as an approval those who have approved before it.

    Side by side, within one deadline. A refusal if nobody can tell.
    """
    if request is None:
        return Refusal("unknown_request")
    policy = authority.policy
    does_approve = click.action in {"approve", "review"}
    teams = policy.rule_for(request.as_shown).teams if does_approve else tuple(policy.teams)
    try:
        given = counts and request.state == "pending" and bool(request.approvals)
        standing, panel = await asyncio.gather(
            authority.standing(click.by, teams, LOOK_UP_WITHIN), _panel(authority, request if given else None)
        )
    except SlackError:
        return Refusal("could_not_check")
    except (GraphError, SignInFailed):
        return Refusal("entra_silent")
    return LookedUp(standing, panel)


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
