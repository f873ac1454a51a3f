"""`python -m bot audit verify --anchors`: the chain against what the bot's posts in Slack say of it."""

from collections.abc import Collection
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.clock import Clock
from bot.errors import SlackError, StoreError
from bot.graph.pacer import SingleCall
from bot.outside import open_outside
from bot.remedies import slack_trouble
from bot.settings import Settings
from bot.slack.anchors import Anchors, Posted
from bot.slack.messenger import Spot
from bot.store.chain import Verdict
from bot.store.reader import open_reader
from bot.store.trail import places

GONE = "thread_not_found"
"""Of a message that was deleted with what was below it: as of a single post that was, nothing is left to compare."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What Slack holds, and where it could not be read."""

    posts: tuple[Posted, ...]
    unread: tuple[str, ...]


async def collect(settings: Settings, clock: Clock) -> Collected:
    """Read the approval channel and every place where the store knows a post. Raises StoreError."""
    with ExitStack() as files, open_reader(settings.database_url, files).connect() as connection:
        known = _spots(connection, settings)
    async with AsyncExitStack() as resources:
        outside = await open_outside(settings, clock, resources, SingleCall(clock))
        try:
            await outside.installation.learn(outside.client)
        except SlackError as error:
            raise StoreError(f"Slack: {slack_trouble(error, settings.slack_api_url)}") from error
        anchors = Anchors(outside.client, outside.installation, clock)
        posts: dict[tuple[str, str], Posted] = {}
        unread: list[str] = []
        waiting = list(known)
        for spot in waiting:  # grows by the threads that are met
            try:
                page = await anchors.read(spot)
            except SlackError as error:
                if spot.thread_ts and error.code == GONE:
                    continue
                unread.append(f"{spot.channel}{f' thread {spot.thread_ts}' if spot.thread_ts else ''}: {error.code}")
                continue
            posts.update({(post.channel, post.ts): post for post in page.anchors})
            waiting += [thread for thread in page.threads if thread not in waiting]
    return Collected(tuple(sorted(posts.values(), key=lambda post: post.n)), tuple(unread))


def _spots(connection: Connection, settings: Settings) -> list[Spot]:
    found = [Spot(channel, thread) for channel, thread in places(connection)]
    return list(dict.fromkeys([Spot(settings.approval_channel), *(Spot(spot.channel) for spot in found), *found]))


def compared(posts: Collection[Posted], verdict: Verdict) -> list[str]:
    """Say which post does not agree with a chain that is whole in itself, the oldest entry first."""
    wrong = []
    for post in posts:
        where = f"the post {post.ts} in {post.channel}"
        if post.n > verdict.last:
            named = f"{where} names entry {post.n}: its end was cut off"
            wrong.append(f"the chain ends with entry {verdict.last}, but {named}")
        elif post.n >= verdict.first and verdict.macs.get(post.n) != post.mac:
            wrong.append(f"entry {post.n} is another one than {where} names: the chain was rewritten")
    return wrong
