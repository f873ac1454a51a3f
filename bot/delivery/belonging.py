"""Reads which groups and directory roles the users of a request are not in, as far as some rule has to know."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import structlog

from bot.core.commands import PlaceUsers
from bot.core.model import Request, Target
from bot.errors import Forbidden, Rejected
from bot.graph.client import Graph
from bot.graph.memberships import memberships
from bot.store.store import Store

log = structlog.get_logger()


async def placed(graph: Graph, targets: Iterable[Target], wanted: tuple[str, ...]) -> tuple[Target, ...]:
    """Return the users with what Entra said they are not in: nothing where it refuses to tell or knows no account.

    What keeps it from telling just now is raised, in a group: it is to be tried again.
    """
    targets = tuple(targets)
    if not wanted:
        return targets
    asked: list[asyncio.Task[Target]] = []
    try:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(_placed(graph, target, wanted)) for target in targets]
    except* Forbidden as refused:  # as it is about the app, nobody else needs to be asked about
        log.warning("Entra doesn't tell who is in which group", why=str(refused.exceptions[0]))
        asked = []
    return tuple(task.result() for task in asked) or targets


async def place_anew(store: Store, graph: Graph, request: Request, *, wanted: tuple[str, ...]) -> Request:
    """Read and record what those who are about to be sent are not in now. Raises GraphError, SignInFailed.

    Whoever was given a role since the request was asked takes what the rules ask for with that role.
    """
    if not wanted:
        return request
    try:
        found = await placed(graph, request.having("waiting"), wanted)
    except ExceptionGroup as group:
        raise group.exceptions[0] from group
    return (await store.apply(request.id, PlaceUsers({t.user_id: t.not_in for t in found}))).request


async def _placed(graph: Graph, target: Target, wanted: tuple[str, ...]) -> Target:
    try:
        inside = await memberships(graph, target.user_id, wanted)
    except Rejected as error:
        log.warning("Entra doesn't tell what a user is in", user=target.user_id, why=str(error))
        return target
    if inside is None:
        return target
    return replace(target, not_in=tuple(what for what in wanted if what not in inside))
