"""What is said privately to whoever asked: that it was taken, that it waits, or why nothing was asked for."""

from bot.core.model import Request
from bot.delivery.context import Context
from bot.errors import SlackError
from bot.slack.blocks import answers, findings, refusals
from bot.slack.blocks.message import Message

LOOK_UP_WITHIN = 5.0
"""Seconds."""


async def private(context: Context, request: Request, topic: str) -> Message:
    """What whoever asked is told of a topic."""
    place = context.place(request)
    match topic:
        case "taken":
            return answers.taken(request.id, len(request.entries), place)
        case "waiting":
            return answers.waiting(request, place)
        case "slow":
            return answers.slow(len(request.entries), is_limited=context.graph.is_limited)
        case "others":
            return answers.asked_for_others(request, place)
        case "findings":
            return findings.findings(request, place)
        case _:
            return await _not_asked(context, request)


async def _not_asked(context: Context, request: Request) -> Message:
    place = context.place()
    why, _, detail = request.why_not_asked.partition(":")
    match why:
        case "none_left":
            return findings.findings(request, place)
        case "may_not_ask":
            return refusals.may_not_ask(place)
        case "not_member":
            return refusals.not_member()
        case "not_ready":
            what, _, more = detail.partition(":")
            return answers.not_ready(what, place, more if await _is_approver(context, request) else "")
        case "no_email":
            return refusals.no_email_to_ask(place)
        case "not_in_channel":
            return answers.not_in_channel(place, request.command)
        case "shared":
            return answers.bad_channel(place, "shared")
        case "archived":
            return answers.bad_channel(place, "archived")
        case "gave_up":
            return answers.gave_up(request.command)
        case _:
            return answers.dropped(request)


async def _is_approver(context: Context, request: Request) -> bool:
    try:
        return await context.authority.is_approver(request.asker.id, LOOK_UP_WITHIN)
    except SlackError:
        return False
