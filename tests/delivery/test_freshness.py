"""Seen, then sent: of whom Graph will not tell it is asked again, but not in every slot."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from bot.core.decisions import Decision
from bot.core.ids import ObjectId, SlackUserId
from bot.core.model import Target
from bot.delivery.freshness import READ_AGAIN, READ_WITHIN, Freshness
from bot.delivery.jobs import Job
from bot.delivery.reading import Reading
from bot.delivery.reasons import Reasons
from demo.graph.directory import ADELE, MEGAN
from demo.wire import Fault
from tests.graph.test_client import LIST, Setup
from tests.slack.made import NOON, request, snapshot


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    async with aiohttp.ClientSession() as session:
        it = Setup(session)
        async with it.there:
            yield it


class Waiting:
    """An approved request that waits to be sent, with a slot for a call each second."""

    def __init__(self, setup: Setup, *users: str, account: str = "") -> None:
        graph = setup.client()
        self._setup = setup
        self._reading = Reading(graph, setup.clock)
        self._freshness = Freshness(self._reading, Reasons(graph, setup.clock), graph.pacer, setup.clock)
        targets = tuple(Target(replace(snapshot(), user_id=ObjectId(user_id))) for user_id in users)
        # Nobody beside the users is looked for, unless said: so they are got one by one.
        accounts = {SlackUserId("U0MEGAN"): (ObjectId(account or users[0]),)}
        approved = Decision(SlackUserId("U0MEGAN"), NOON, 1, email="meganb@contoso.com")
        self.job = Job(request(targets, "approved", decision=approved), setup.clock.monotonic(), accounts)

    async def calls_of(self, name: str, seconds: float) -> int:
        """How many calls of that name are made in the time."""
        before = len(self._setup.books.of(name))
        for _ in range(int(seconds)):
            self._freshness.want(self.job)
            if self._reading.most_urgent is not None:
                await self._reading.step()
            self._setup.clock.advance(timedelta(seconds=1))
        return len(self._setup.books.of(name)) - before

    @property
    def may_go(self) -> tuple[ObjectId, ...]:
        self.job.judged_at = self._setup.clock.monotonic()
        return self._freshness.of(self.job)


def refuse(setup: Setup, user_id: str) -> str:
    """Have Graph refuse to tell of a user; returns the name of the call."""
    name = f"{LIST}/{user_id}"
    setup.there.faults.add(Fault(name, "status", times=-1, status=400))
    return name


async def test_whoever_graph_refuses_to_tell_of_is_asked_for_every_fifteen_seconds(setup: Setup) -> None:
    waiting = Waiting(setup, ADELE)
    alone = refuse(setup, ADELE)
    assert await waiting.calls_of(alone, READ_AGAIN) == 1
    assert await waiting.calls_of(alone, 4 * READ_AGAIN) == 4
    setup.there.faults.waiting.clear()
    await waiting.calls_of(alone, READ_AGAIN + 2)
    assert waiting.may_go == (ADELE,)


async def test_what_could_not_be_read_in_time_is_asked_for_again_after_fifteen_seconds(setup: Setup) -> None:
    waiting = Waiting(setup, ADELE)
    alone = f"{LIST}/{ADELE}"
    waiting._freshness.want(waiting.job)
    setup.clock.advance(timedelta(seconds=READ_WITHIN))
    assert await waiting.calls_of(alone, READ_AGAIN) == 0
    assert await waiting.calls_of(alone, 2) == 1


async def test_who_was_read_is_read_again_as_soon_as_that_is_too_old(setup: Setup) -> None:
    waiting = Waiting(setup, ADELE)
    assert await waiting.calls_of(f"{LIST}/{ADELE}", 14) == 1
    assert await waiting.calls_of(f"{LIST}/{ADELE}", 3) == 1


async def test_an_approvers_account_that_graph_refuses_to_tell_of_does_not_take_every_slot(setup: Setup) -> None:
    crowd = setup.there.add_crowd(8_000)  # a list that takes longer to be read than its first page counts
    waiting = Waiting(setup, *crowd[::80], account=MEGAN)
    assert await waiting.calls_of(refuse(setup, MEGAN), 60) <= 60 / READ_AGAIN
