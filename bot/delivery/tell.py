"""Says what happened: in the request's thread, in the incident channels, and privately to whoever asked."""

from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.core.follow_ups import FORBIDDEN, edits_outcome
from bot.core.ids import ChannelId, MessageTs, SlackUserId
from bot.core.model import Receipt, Request
from bot.core.terms import is_kept, lapses_at
from bot.delivery.context import Context, Done, Ending
from bot.delivery.posting import direct, entry_of, message_op, post_once
from bot.delivery.private_words import private
from bot.errors import SlackDoubtful, SlackRefused
from bot.slack.blocks import changed, ending, incident, mistake, rehearsal, thread, words
from bot.slack.blocks.absence import back
from bot.slack.blocks.message import Message
from bot.slack.blocks.rehearsal import marked
from bot.slack.messenger import Spot
from bot.store.ledger import Entry, Post, find_post, posted
from bot.store.tasks import Task

PRIVATELY_WITHIN = timedelta(seconds=30)
"""After so long the answer is a direct message: what is private in a channel is gone when it scrolls away."""

log = structlog.get_logger()


async def tell(context: Context, task: Task) -> Ending:
    """Post once in a thread or an incident channel."""
    entry = await entry_of(context, task)
    request = entry.request
    topic = str(task.payload["topic"])
    if topic.startswith("reminder") and (request.state, request.view) != ("pending", task.payload["view"]):
        return Done()  # somebody has decided
    if topic.startswith("approved") and request.state != "pending":
        return Done()  # nothing is needed any more
    if (of_channel := incident.POSTS.get(topic)) is not None:
        message = of_channel(request, context.place(request))
        return await post_once(context, task, entry, Spot(str(task.payload["channel"])), message)
    if topic.startswith("set_aside"):
        message = await _set_aside(context, request, task.payload)
    else:
        message = marked(_words(context, entry, topic, task.payload), request)
    if task.payload.get("to_asker"):
        return await _to_asker(context, task, entry, message)
    if request.ts is None:
        return await direct(context, task, entry, message)  # it ended before it could be shown
    spot = Spot(request.channel or "", request.ts)
    outcome = await context.store.do(find_post, f"{request.id}.accepted")
    if topic == "ended" and edits_outcome(request) and outcome is not None and outcome.thread_ts == request.ts:
        try:
            await context.messenger.update(outcome.channel, outcome.ts, message)
        except SlackRefused as error:
            log.warning("the outcome can't be edited and is posted anew", request=request.id, why=error.code)
        else:
            again = Post(task.key, request.id, outcome.channel, outcome.thread_ts, outcome.ts)
            return Done(lambda connection: posted(connection, again))
    return await post_once(context, task, entry, spot, message)


async def _to_asker(context: Context, task: Task, entry: Entry, message: Message) -> Ending:
    """Tell the end by direct message too where whoever asked can't read the thread."""
    request = entry.request
    if not context.authority.policy.requesters or request.channel is None:
        return Done()  # then only members of the channel may ask
    try:
        if await context.people.is_member(request.channel, request.asker.id):
            return Done()
    except SlackRefused as error:
        log.info("whether the asker is in the channel can't be told", why=error.code)
    return await direct(context, task, entry, message)


async def _set_aside(context: Context, request: Request, payload: dict[str, Any]) -> Message:
    """Link to the request in which they are asked for anew."""
    place, other = context.place(request), str(payload["follow_up"])
    post = await context.store.do(find_post, message_op(other))
    link = words.link(place, ChannelId(post.channel), MessageTs(post.ts), other) if post else ""
    return changed.set_aside(request, place, payload["user_ids"], link or other)


async def answer(context: Context, task: Task) -> Ending:
    """Answer whoever asked, privately: in place while the command is fresh, later by direct message."""
    entry = await entry_of(context, task)
    request = entry.request
    topic = str(task.payload["topic"])
    # Who is asked whom to ask for has been answered: telling that it goes on would take the question away.
    if topic == "slow" and (request.state != "looking_up" or request.findings):
        return Done()
    message = marked(await private(context, request, topic), request)
    fresh = context.clock.now() - request.asked_at <= PRIVATELY_WITHIN
    if entry.response_url and (fresh or topic == "others" or request.why_not_asked == "dropped"):
        try:
            await context.messenger.respond(entry.response_url, message)
        except SlackRefused as error:
            log.info("the private answer goes as a direct message", request=request.id, why=error.code)
        except SlackDoubtful:
            pass
        else:
            return Done()
    return await direct(context, task, entry, message)


async def whisper(context: Context, task: Task) -> Ending:
    """Tell one person something where they clicked, or where that can't be, in a direct message."""
    payload = task.payload
    message = Message(payload["text"], payload["blocks"])
    try:
        if channel := payload["channel"]:  # none where the click was on the Home tab
            await context.messenger.whisper(Spot(channel, payload["thread_ts"]), payload["user"], message)
            return Done()
    except SlackRefused as error:
        log.info("told by direct message instead", why=error.code)
    try:
        spot = Spot(await context.messenger.open_dm(payload["user"]))
        since = context.clock.now() - timedelta(hours=1) if task.doubtful else None
        await context.messenger.turn(spot.channel)
        await context.messenger.post_once(spot, message, {"op_id": task.key}, since=since)
    except SlackRefused as error:
        log.warning("somebody could not be told", user=payload["user"], why=error.code)
    return Done()


def _words(context: Context, entry: Entry, topic: str, payload: dict[str, Any]) -> Message:
    request, place, now = entry.request, context.place(entry.request), context.clock.now()
    anchor = (entry.anchor.n, entry.anchor.mac)
    until = lapses_at(request, context.store.ledger.terms) or now
    kind = topic.rstrip("0123456789.")
    match kind:
        case "accepted":
            return thread.accepted(request, now, anchor)
        case "ended":
            return ending.ended(request, place, now, anchor)
        case "forbidden":
            refused = next((t.receipt for t in request.targets if t.receipt and t.receipt.status == FORBIDDEN), None)
            roles = payload.get("roles")
            known = frozenset(roles) if roles is not None else None
            return thread.forbidden(request, place, known, refused or Receipt(FORBIDDEN), anchor)
        case "sign_in":
            return thread.sign_in(request, place, str(payload.get("code", "")), until)
        case "throttled":
            return thread.throttled(until)
        case "unreachable":
            return thread.unreachable(until)
        case "unchecked":
            return thread.unchecked(until)
        case "approved":
            return thread.approved_in_part(SlackUserId(payload["by"]), place)
        case "lapsed":
            return thread.lapsed(request, place)
        case "voided":
            return changed.voided(request, place)
        case "partly_voided":
            return changed.partly_voided(request, place)
        case "spared":
            return changed.spared(request, payload["user_ids"])
        case "drifted":
            return changed.drifted(request, place)
        case "looked_again":
            return changed.looked_again(request)
        case "recurred":
            return changed.recurred(request, payload["user_ids"])
        case "unclear":
            receipt = next((t.receipt for t in request.targets if t.doubted_at and t.receipt), None)
            return thread.unclear(request, receipt)
        case "again":
            return thread.sent_again(int(payload["n"]))
        case "reminder":
            return thread.reminder(request, place)
        case "resumed":
            since, until_then = (datetime.fromisoformat(payload[name]) for name in ("since", "until"))
            return back(request, since, until_then, is_kept=is_kept(request, now, context.store.ledger.terms))
        case "denied":
            return thread.denied(request)
        case "stopped":
            return thread.stopped(request)
        case "mistake":
            return mistake.marked(request, place)
        case "rehearsed":
            return rehearsal.over(request)
        case "withdrawn":
            return thread.withdrawn(request)
        case "expired":
            return thread.expired(request)
        case _:
            raise ValueError(topic)
