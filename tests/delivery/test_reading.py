"""Reading risky users with few calls, shared by everybody who waits; absence from a part of a list proves nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.authority import Authority
from bot.core.ids import ObjectId
from bot.core.rules import of_lists
from bot.core.terms import Terms
from bot.delivery.conversation import Conversation
from bot.delivery.reading import Reading
from bot.delivery.wants import Read, Want
from bot.errors import Unavailable
from bot.graph.accounts import Accounts
from bot.graph.groups import Groups
from bot.graph.pacer import Turn
from bot.setting_database import address
from bot.slack.installation import Installation
from bot.slack.people import People
from bot.store.database import open_database
from bot.store.events import Log
from bot.store.ledger import Ledger
from bot.store.store import Store
from bot.store.writer import Writer
from demo.graph.directory import ADELE
from tests.graph.test_client import Setup

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    async with aiohttp.ClientSession() as session:
        it = Setup(session)
        async with it.there:
            yield it


def wanted(reading: Reading, ids: list[str], turn: Turn = Turn.LOOK_UP, singles: int = 1000) -> Want:
    return reading.want({ObjectId(user_id): START - timedelta(seconds=10) for user_id in ids}, turn, 600.0, singles)


async def all_read(reading: Reading, *wants: Want) -> tuple[int, list[Read]]:
    """Step until nobody waits: how many calls it took, and what each was told."""
    calls = 0
    while not all(want.done.done() for want in wants):
        await reading.step()
        calls += 1
        assert calls < 200
    return calls, [want.done.result() for want in wants]


async def test_five_hundred_of_ten_thousand_cost_twenty_pages(setup: Setup) -> None:
    crowd = setup.there.add_crowd(9_990)
    reading = Reading(setup.client(), setup.clock)
    calls, (read,) = await all_read(reading, wanted(reading, crowd[::20]))
    assert len(read.found) == 500
    assert calls <= 21


async def test_who_waits_at_the_same_moment_shares_the_list(setup: Setup) -> None:
    crowd = setup.there.add_crowd(600)
    reading = Reading(setup.client(), setup.clock)
    wants = [wanted(reading, crowd[n : n + 3]) for n in range(0, 600, 3)]
    calls, read = await all_read(reading, *wants)
    assert calls == 2
    assert all(len(one.found) == 3 for one in read)


async def test_once_the_number_of_pages_is_known_the_cheaper_way_is_taken(setup: Setup) -> None:
    crowd = setup.there.add_crowd(1_900)
    reading = Reading(setup.client(), setup.clock)
    assert (await all_read(reading, wanted(reading, crowd[::10])))[0] == 4
    setup.clock.advance(timedelta(minutes=2))
    since = {ObjectId(user_id): setup.clock.now() for user_id in crowd[-3:]}
    assert (await all_read(reading, reading.want(since, Turn.LOOK_UP, 600.0, 10)))[0] == 3


async def test_what_was_read_for_somebody_else_just_now_costs_nothing(setup: Setup) -> None:
    reading = Reading(setup.client(), setup.clock)
    await all_read(reading, wanted(reading, [ADELE]))
    assert (await all_read(reading, wanted(reading, [ADELE])))[0] == 0


async def test_who_is_not_on_the_list_is_got_alone_up_to_the_budget(setup: Setup) -> None:
    crowd = setup.there.add_crowd(20)
    for user_id in crowd:
        setup.there.remediate(user_id)
    reading = Reading(setup.client(), setup.clock)
    calls, (read,) = await all_read(reading, wanted(reading, crowd, singles=5))
    assert calls == 6
    assert len(read.found) == 5
    assert read.not_listed >= read.unread
    assert len(read.unread) == 15


async def test_who_is_beyond_what_can_be_read_of_a_list_is_not_called_absent(setup: Setup) -> None:
    crowd = setup.there.add_crowd(1_600)
    reading = Reading(setup.client(), setup.clock, most_pages=2)
    _, (read,) = await all_read(reading, wanted(reading, crowd[-50:], singles=5))
    assert len(read.found) == 5
    assert len(read.unread) == 45
    assert read.not_listed == set()


async def test_one_list_serves_look_ups_and_read_backs(setup: Setup) -> None:
    crowd = setup.there.add_crowd(40)
    sent = crowd[:20]
    setup.there.confirm(sent)
    setup.clock.advance(timedelta(seconds=5))
    reading = Reading(setup.client(), setup.clock)
    since = {ObjectId(user_id): START for user_id in sent}
    back = reading.want(since, Turn.READ_BACK, 600.0, 0)
    up = wanted(reading, crowd[20:])
    calls, (read_back, looked_up) = await all_read(reading, back, up)
    assert calls == 1
    assert all(snapshot.is_safe for snapshot in read_back.found.values())
    assert len(read_back.found) == len(looked_up.found) == 20


async def test_whoever_waits_too_long_is_told_what_is_known(setup: Setup) -> None:
    crowd = setup.there.add_crowd(3)
    reading = Reading(setup.client(), setup.clock)
    want = wanted(reading, crowd)
    setup.clock.advance(timedelta(seconds=601))
    await reading.step()
    assert want.done.result().unread == set(crowd)
    assert reading.most_urgent is None


async def test_whoever_wants_the_whole_list_gets_all_of_it_however_long_its_reading_takes(
    setup: Setup, tmp_path: Path
) -> None:
    crowd = setup.there.add_crowd(1_400)
    clock = setup.clock
    with ExitStack() as files:
        writer = Writer(open_database(address(f"sqlite:///{tmp_path}/x.db"), files))
        writer.start()
        store = Store(writer, Ledger(Log(b""), Terms(MINUTE, MINUTE), ()), clock)
        people = People(AsyncWebClient(), Installation(), clock)  # nothing is sent, so nobody is looked up
        graph = setup.client(interval=MINUTE)
        authority = Authority(people, Accounts(graph, clock), Groups(graph, clock), of_lists(("U0MEGAN",)))
        conversation = Conversation(store, graph, authority, clock)
        listed = asyncio.create_task(conversation.everybody_at_risk(900.0))
        async with asyncio.timeout(20):
            while not listed.done():
                if clock.next_due is not None:
                    clock.advance(clock.next_due - clock.now())
                await asyncio.sleep(0.001)
        await conversation.close()
        writer.close()
    assert clock.now() - START >= 2 * MINUTE
    assert {snapshot.user_id for snapshot in listed.result()} >= set(crowd)


async def test_who_left_a_whole_list_that_had_to_be_begun_anew_is_not_on_it(setup: Setup) -> None:
    crowd = setup.there.add_crowd(700)
    reading = Reading(setup.client(), setup.clock)
    want = reading.want_list(Turn.LOOK_UP, 600.0)
    await reading.step()
    gone = next(iter(want.read.found))
    setup.there.remediate(gone)
    setup.plant("riskyUsers", "status", 503)
    with pytest.raises(Unavailable):
        await reading.step()
    _, (read,) = await all_read(reading, want)
    assert reading.listed_at(START) is not None
    assert gone not in read.found
    assert read.found.keys() >= set(crowd) - {gone}


async def test_a_list_that_was_begun_before_it_was_wanted_whole_is_not_taken_for_it(setup: Setup) -> None:
    crowd = setup.there.add_crowd(1_200)
    reading = Reading(setup.client(), setup.clock)
    others = wanted(reading, crowd[-100:])
    await reading.step()
    want = reading.want_list(Turn.LOOK_UP, 600.0)
    await all_read(reading, others, want)
    assert want.done.result().found.keys() >= set(crowd)


async def test_who_waits_for_a_change_is_not_told_what_was_read_before(setup: Setup) -> None:
    reading = Reading(setup.client(), setup.clock)
    for turn in (Turn.READ_BACK, Turn.DOUBT):
        assert (await all_read(reading, wanted(reading, [ADELE], turn)))[0] == 1
        setup.clock.advance(timedelta(seconds=0.5))
        assert (await all_read(reading, wanted(reading, [ADELE], turn)))[0] == 0
        setup.clock.advance(timedelta(seconds=2))
