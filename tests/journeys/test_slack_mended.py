"""Slack failing call by call, and channels that take nothing: shown with a remedy, and made good once mended."""

from datetime import timedelta
from pathlib import Path

import pytest

from demo.wire import Call, Fault
from tests.journeys.test_bad_days import ONE, readyz
from tests.journeys.test_lost_messages import until_degraded
from tests.rig import APPROVALS, SPEED, running

KINDS = ["drop_after", "reset", "hang_then_accept", "html", "status"]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_update_comes_whatever_happens_to_it(tmp_path: Path, kind: str) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.slack.faults.add(Fault("chat.update", kind, times=3, status=502))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.books.until(lambda: rig.books.of("chat.update"))
        rig.slack.faults.release()
        await rig.shows(message, "1 user confirmed safe")
        rig.slack.faults.clear()
        assert len(rig.slack.messages(APPROVALS)) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_every_whisper_comes_whatever_happens_to_it(tmp_path: Path, kind: str) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.slack.faults.add(Fault("chat.postEphemeral", kind, times=2, status=502))
        await rig.slack.click(message, "approve", by="U0ANALYST")
        await rig.books.until(lambda: rig.books.of("chat.postEphemeral"))
        rig.slack.faults.release()
        await rig.whispered("U0ANALYST", "someone else has to approve it")
        rig.slack.faults.clear()


@pytest.mark.parametrize("kind", ["reset", "html", "status", "hang"])
async def test_a_modal_that_does_not_come_is_told(tmp_path: Path, kind: str) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.slack.faults.add(Fault("views.open", kind, status=503))
        assert (await rig.slack.click(message, "deny", by="U0MEGAN")).status == 200
        await rig.whispered("U0MEGAN", "Please click again in a minute.")
        rig.slack.faults.clear()
        await rig.slack.click(message, "deny", by="U0MEGAN")
        await rig.slack.submit(await rig.modal_of("U0MEGAN"), values={"text": "no"})
        await rig.shows(message, "Denied: 1 user")


@pytest.mark.parametrize("name", ["chat.postMessage", "chat.update", "chat.postEphemeral"])
async def test_slack_is_given_the_time_it_asks_for(tmp_path: Path, name: str) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        before = len(rig.books.of(name))
        rig.slack.faults.add(Fault(name, "status", status=429, retry_after=20, when=_in_approvals))
        await rig.slack.click(message, "approve", by="U0ANALYST")
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "1 user confirmed safe")
        await rig.thread_says(message, "confirmed safe")
        await rig.whispered("U0ANALYST", "someone else has to approve it")
        calls = [call for call in rig.books.of(name)[before:] if _in_approvals(call)]
        busy = next(call for call in calls if call.status == 429)
        again = next(call for call in calls[calls.index(busy) + 1 :] if _same(call.args) == _same(busy.args))
        assert (again.at - busy.at) * SPEED >= 19


def _in_approvals(call: Call) -> bool:
    return bool(call.args["channel"] == APPROVALS)


def _same(args: object) -> object:
    assert isinstance(args, dict)
    return args.get("ts") or args.get("user") or args["metadata"]["event_payload"]["op_id"]


@pytest.mark.parametrize("code", ["not_in_channel", "is_inactive"])
async def test_a_channel_that_takes_no_update_is_shown_and_made_good_once_mended(tmp_path: Path, code: str) -> None:
    async with running(tmp_path, speed=30) as rig:
        message = await rig.asked(ONE)
        channel = rig.slack.channels[APPROVALS]
        rig.graph.processing = 5.0
        await rig.slack.click(message, "approve", by="U0MEGAN")
        if code == "is_inactive":
            channel.is_archived = True
        else:
            channel.members.discard("U0BOT")
        trouble = await until_degraded(rig, lambda t: f"can't be updated: {code}" in t)
        assert ("Unarchive" if code == "is_inactive" else "/invite @confirm-safe") in trouble
        # What belongs into the thread comes to whoever asked meanwhile, with the reason.
        await rig.whispered("U0ANALYST", "so this comes to you")
        tried = len(rig.books.of("chat.update"))
        await rig.clock.sleep(200)
        assert len(rig.books.of("chat.update")) - tried <= 6
        channel.is_archived = False
        channel.members.add("U0BOT")
        rig.clock.advance(timedelta(minutes=6))
        await rig.shows(message, "1 user confirmed safe")
        while any("can't be updated" in t for t in (await readyz(rig))[1]["degraded"]):
            await rig.clock.sleep(1)
        assert len(rig.slack.messages(APPROVALS)) == 1


async def test_an_archived_incident_channel_is_shown(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await rig.books.until(lambda: rig.slack.messages("C0INCIDENT"))
        rig.slack.channels["C0INCIDENT"].is_archived = True
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "1 user confirmed safe")
        assert "Unarchive" in await until_degraded(rig, lambda t: "can't post in C0INCIDENT" in t)
