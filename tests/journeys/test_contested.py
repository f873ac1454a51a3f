"""Whoever was confirmed safe and is at risk again within 72 hours makes the decision contested."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select, update

from bot.core.ids import RequestId
from bot.core.wishes import Wish
from bot.store.recent import RECENT
from bot.store.tables import targets, tasks
from bot.store.tasks import wish
from demo.graph.directory import ADELE, ALEX
from demo.local_slack import Message
from demo.wire import Fault
from tests.journeys.test_graph_at_its_quota import approve
from tests.journeys.test_reading_back import minutes_pass
from tests.rig import INCIDENT, Rig, running

ONE = "adelev@contoso.com VPN"
AN_HOUR = timedelta(hours=1)


def looks(rig: Rig) -> int:
    """How often Graph was asked for risky users and answered; a token that has expired meanwhile is renewed."""
    is_read = "GET /v1.0/identityProtection/riskyUsers"
    return sum(call.name.startswith(is_read) and call.status in {200, 403} for call in rig.books.calls)


async def confirmed(rig: Rig, message: Message) -> int:
    """How many of its users have been read back as safe."""
    assert rig.parts is not None
    entry = await rig.parts.store.entry(RequestId(rig.id_of(message)))
    return len(entry.request.having("confirmed"))


async def watching_tasks(rig: Rig) -> int:
    """How many tasks there are for all who are watched."""
    assert rig.parts is not None
    counted = select(func.count()).where(tasks.c.kind == "recur")
    return await rig.parts.store.run(lambda connection: connection.execute(counted).scalar_one())


async def looked_at(rig: Rig) -> None:
    """Let an hour pass, and wait until the list was read for it."""
    before = looks(rig)
    rig.clock.advance(AN_HOUR)
    await rig.books.until(lambda: looks(rig) > before)


async def test_who_turns_risky_again_is_told_in_the_old_thread_and_marks_the_decision(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        rig.entra.roles.add("IdentityRiskEvent.Read.All")
        await rig.start()
        message = await rig.asked(ONE)
        await approve(rig, message)
        await rig.shows(message, "1 user confirmed safe")
        await looked_at(rig)
        rig.graph.rise(ADELE, "high", "leakedCredentials")
        rig.clock.advance(AN_HOUR)
        told = await rig.thread_says(message, "at risk again")
        assert told.startswith("@Lynne Robbins @Megan Bowen Adele Vance was confirmed safe at ")
        assert "and is at risk again: Leaked credentials, " in told
        assert "Treat it as a new case. Do not ask again before you have looked." in told
        assert "This decision is marked as contested." in told
        shown = await rig.shows(message, "Contested: 1 user is at risk again, see its thread.")
        assert "1 user confirmed safe" in shown
        await rig.books.until(lambda: "1 at risk again" in rig.slack.plain(rig.slack.messages(INCIDENT)[0]))
        await rig.books.until(
            lambda: (
                "1 at risk again after they were confirmed safe" in rig.slack.plain(rig.slack.messages(INCIDENT)[-1])
            )
        )
        rig.clock.advance(2 * AN_HOUR)
        thread = [rig.slack.plain(m) for m in rig.slack.thread(message)]
        assert sum("at risk again" in text for text in thread) == 1


async def test_who_stays_safe_is_watched_by_one_list_an_hour_and_after_72_hours_no_more(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await approve(rig, message)
        await rig.shows(message, "1 user confirmed safe")
        other = await rig.asked("alexw@contoso.com VPN")
        await approve(rig, other)
        await rig.shows(other, "1 user confirmed safe")
        before = looks(rig)
        assert await watching_tasks(rig) == 1
        await looked_at(rig)
        await looked_at(rig)
        assert looks(rig) - before == 2
        rig.clock.advance(timedelta(hours=71))
        await rig.books.until(lambda: looks(rig) == before + 3)
        rig.graph.rise(ADELE, "high", "leakedCredentials")
        rig.clock.advance(AN_HOUR)
        assert looks(rig) == before + 3
        assert "Contested" not in rig.slack.plain(message)


async def test_who_is_at_risk_again_while_others_are_still_read_back_is_noticed(tmp_path: Path) -> None:
    async with running(tmp_path, speed=20.0) as rig:
        first, *others, last = rig.graph.add_crowd(5)
        rig.graph.lies_about.add(last)
        message = await rig.asked(f"{first} {' '.join(others)} {last} VPN")
        await approve(rig, message)
        while await confirmed(rig, message) < 4:
            await rig.clock.sleep(1)
        rig.graph.rise(first, "high", "leakedCredentials")
        await minutes_pass(rig, 16)
        await rig.shows(message, "4 of 5 users confirmed safe")
        await looked_at(rig)
        await rig.thread_says(message, "and is at risk again")


async def test_a_look_that_fails_is_made_up_for_by_the_next(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await approve(rig, message)
        await rig.shows(message, "1 user confirmed safe")
        rig.graph.rise(ADELE, "medium", "unfamiliarFeatures")
        rig.graph.faults.add(Fault("riskyUsers", "status", times=-1, status=403))
        await looked_at(rig)
        rig.graph.faults.clear()
        rig.clock.advance(AN_HOUR)
        told = await rig.thread_says(message, "at risk again")
        assert "is at risk again. Treat it as a new case." in told  # without the permission to read why


async def test_a_restart_forgets_nobody(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await approve(rig, message)
        await rig.shows(message, "1 user confirmed safe")
        await rig.die()
        rig.graph.rise(ADELE, "medium", "unfamiliarFeatures")
        rig.clock.advance(5 * AN_HOUR)
        await rig.start()
        await rig.thread_says(message, "is at risk again")


async def test_who_was_confirmed_by_an_older_version_beside_this_one_is_watched_too(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await approve(rig, message)
        await rig.shows(message, "1 user confirmed safe")
        assert rig.parts is not None
        now = rig.clock.now()

        def as_it_was(connection: Connection) -> None:
            """It asks for a task of each request, and notes nothing beside whom it is for."""
            connection.execute(update(targets).values(safe_since=None, watched_until=None))
            request_id = RequestId(rig.id_of(message))
            wish(connection, [Wish("recur", request_id, now)], request_id)

        await rig.parts.store.run(as_it_was)
        rig.clock.advance(AN_HOUR / 2)
        while await watching_tasks(rig) > 1:
            await rig.clock.sleep(1)
        rig.graph.rise(ADELE, "high", "leakedCredentials")
        rig.clock.advance(AN_HOUR)
        await rig.thread_says(message, "at risk again")


async def test_a_request_that_cannot_be_read_hides_nobody_else_who_is_at_risk_again(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        broken = await rig.asked("alexw@contoso.com VPN")
        await approve(rig, broken)
        await rig.shows(broken, "1 user confirmed safe")
        message = await rig.asked(ONE)
        await approve(rig, message)
        await rig.shows(message, "1 user confirmed safe")
        assert rig.parts is not None
        empty = "UPDATE event_bodies SET body = '{}' WHERE n = (SELECT min(n) FROM events WHERE request_id = ?)"
        await rig.parts.store.run(lambda c: c.exec_driver_sql(empty, (rig.id_of(broken),)))
        await rig.parts.store.run(lambda c: c.info.pop(RECENT, None))
        rig.graph.rise(ALEX, "high", "leakedCredentials")
        rig.graph.rise(ADELE, "high", "leakedCredentials")
        rig.clock.advance(AN_HOUR)
        await rig.thread_says(message, "at risk again")
