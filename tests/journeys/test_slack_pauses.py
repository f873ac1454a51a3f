"""Slack asks for a pause: nothing is posted or changed within it, whoever wants to, and nothing is lost by it."""

from pathlib import Path

from demo.wire import Call, Fault
from tests.journeys.test_replicas import ONE, OTHER, replicas
from tests.postgres import PostgresServer
from tests.rig import APPROVALS, SPEED, Rig, running


async def test_no_update_is_lost_and_none_is_tried_in_a_pause_that_slack_wants(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        first, second = await rig.asked(ONE), await rig.asked(OTHER)
        before = len(updates(rig))
        rig.slack.faults.add(Fault("chat.update", "status", status=429, retry_after=30, when=_in_approvals))
        await rig.slack.click(first, "approve", by="U0MEGAN")
        await rig.books.until(lambda: len(updates(rig)) > before)
        await rig.slack.click(second, "deny", by="U0MEGAN")
        await rig.slack.submit(await rig.modal_of("U0MEGAN"), values={"text": "Not Oslo"})
        await rig.thread_says(second, "Reason: Not Oslo")
        await rig.shows(first, "1 user confirmed safe")
        await rig.shows(second, "Denied: 1 user")
        busy, *later = updates(rig)[before:]
        assert busy.status == 429
        assert (later[0].at - busy.at) * SPEED >= 29


def updates(rig: Rig) -> list[Call]:
    return [call for call in rig.books.of("chat.update") if _in_approvals(call)]


def _in_approvals(call: Call) -> bool:
    return bool(call.args["channel"] == APPROVALS)


async def test_in_a_pause_that_slack_wants_nothing_is_posted_in_the_channel(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await two_requests_meet_a_pause(rig, rig)


async def test_the_pause_goes_for_every_replica(tmp_path: Path, postgres: PostgresServer) -> None:
    async with replicas(tmp_path, postgres) as (one, other):
        await two_requests_meet_a_pause(one, other)


async def two_requests_meet_a_pause(one: Rig, other: Rig) -> None:
    one.slack.faults.add(Fault("chat.postMessage", "status", status=429, retry_after=30, when=_in_approvals))
    await one.slack.command(ONE)
    await one.books.until(lambda: [call for call in _posts(one) if call.status == 429])
    other.serves()
    await one.slack.command(OTHER)
    await one.books.until(lambda: len(one.slack.messages(APPROVALS)) == 2)
    busy, *later = _posts(one)
    assert busy.status == 429
    assert (later[0].at - busy.at) * SPEED >= 29


def _posts(rig: Rig) -> list[Call]:
    return [call for call in rig.books.of("chat.postMessage") if _in_approvals(call)]
