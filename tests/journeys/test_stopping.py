"""Hold and Stop: between the approval and the call there is time to say no; who was sent stays sent."""

from datetime import timedelta
from pathlib import Path

import pytest

from demo.local_slack import Message
from demo.wire import Fault
from tests.journeys.test_graph_at_its_quota import RATE, risky_calls
from tests.rig import INCIDENT, Rig, running

ONE = "adelev@contoso.com VPN"


async def held(rig: Rig, text: str = ONE) -> Message:
    """An approved request that is not sent yet."""
    message = await rig.asked(text)
    await rig.slack.click(message, "approve")
    await rig.shows(message, "[Stop]")
    return message


async def test_what_is_held_is_sent_when_the_time_has_come(tmp_path: Path) -> None:
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await held(rig)
        assert "Approved by @Megan Bowen. Sending to Entra at " in rig.slack.plain(message)
        rig.clock.advance(timedelta(minutes=4))
        await rig.clock.sleep(20)
        assert rig.sent() == []
        rig.clock.advance(timedelta(minutes=1))
        await rig.shows(message, "1 of 1 confirmed safe")
        assert "[Stop]" not in rig.slack.plain(message)


@pytest.mark.parametrize("by", ["U0MEGAN", "U0DIEGO", "U0ANALYST"])
async def test_any_approver_and_whoever_asked_can_stop_it(tmp_path: Path, by: str) -> None:
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await held(rig)
        await rig.slack.click(message, "stop", by=by)
        shown = await rig.shows(message, "Stopped: 1 user")
        assert "stopped it before it was sent. The user stays at risk." in shown
        assert "[Ask again]" in shown
        told = await rig.thread_says(message, "before sending. Nothing was changed.")
        assert told.startswith("@Lynne Robbins Stopped by @")
        await rig.books.until(
            lambda: "stopped before it was sent" in rig.slack.plain(rig.slack.messages(INCIDENT)[0])
        )
        rig.clock.advance(timedelta(hours=2))
        await rig.clock.sleep(20)
        assert rig.sent() == []


async def test_nobody_else_can_stop_it(tmp_path: Path) -> None:
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await held(rig)
        await rig.slack.click(message, "stop", by="U0JONI")
        await rig.whispered("U0JONI", "Only approvers and @Lynne Robbins can stop it.")
        rig.clock.advance(timedelta(minutes=5))
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_what_was_stopped_can_be_asked_for_anew(tmp_path: Path) -> None:
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await held(rig)
        await rig.slack.click(message, "stop")
        await rig.shows(message, "Stopped: 1 user")
        again = await rig.asked(ONE)
        assert rig.id_of(again) != rig.id_of(message)


async def test_without_a_hold_stop_is_shown_only_if_the_call_does_not_leave_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, speed=1.0) as rig:
        message = await rig.asked(ONE)
        await rig.clock.sleep(2)
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 of 1 confirmed safe")
        reads = [call for call in risky_calls(rig) if call.method == "GET"]
        assert len(reads) <= 4  # the check at the start, the look-up, before the call and after it
        assert not any("stop" in str(blocks) and "Stop before sending?" in str(blocks) for _, blocks in message.edits)


async def test_while_entra_is_busy_it_can_be_stopped(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(Fault("confirmSafe", "status", times=-1, status=429))
        message = await held(rig)
        await rig.slack.click(message, "stop")
        await rig.shows(message, "Stopped: 1 user")
        sent = len(rig.sent())
        rig.graph.faults.clear()
        await rig.clock.sleep(60)
        assert len(rig.sent()) == sent


async def test_of_many_the_rest_is_stopped_and_who_was_sent_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path, speed=2.0, rate=RATE) as rig:
        ids = rig.graph.add_crowd(310)
        message = await rig.asked(" ".join(ids) + " VPN")
        await rig.slack.click(message, "review")
        await rig.slack.submit(await rig.modal_of("U0MEGAN"))
        await rig.shows(message, "[Stop the rest]")
        await rig.slack.click(message, "stop")
        told = await rig.thread_says(message, "Stopped by @Megan Bowen after ")
        sent = sum(len(call.args["userIds"]) for call in rig.sent())
        assert f"after {sent} of 310 were sent. The other {310 - sent} stay at risk." in told
        await rig.shows(message, f"{sent} of 310 users confirmed safe")
        ended = await rig.thread_says(message, "were not sent, as @Megan Bowen stopped it")
        assert f"{310 - sent} users were not sent" in ended


async def test_a_stop_that_comes_too_late_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await held(rig)
        on_screen = Message(message.channel, message.ts, message.user, message.text, message.blocks)
        rig.graph.processing = 600.0
        rig.clock.advance(timedelta(minutes=5))
        await rig.shows(message, "Sent: 1 user")
        await rig.slack.click(on_screen, "stop")
        await rig.whispered("U0MEGAN", "It is too late to stop it: nobody is left who has not been sent to Entra.")
