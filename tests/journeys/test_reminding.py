"""A request that waits is called to mind, twice at most, and never once it was decided."""

from datetime import timedelta
from pathlib import Path

from demo.local_slack import Message
from tests.rig import Rig, running

ONE = "adelev@contoso.com VPN"
MINUTES = timedelta(minutes=1)


def reminders(rig: Rig, message: Message) -> list[str]:
    return [text for m in rig.slack.thread(message) if "Waiting since" in (text := rig.slack.plain(m))]


async def test_approvers_are_reminded_after_a_quarter_of_an_hour_and_once_more_after_an_hour(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.clock.advance(14 * MINUTES)
        await rig.clock.sleep(5)
        assert reminders(rig, message) == []
        rig.clock.advance(1 * MINUTES)
        told = await rig.thread_says(message, "Waiting since ")
        assert told.startswith("@soc-approvers Waiting since ")
        assert ": 1 user, highest risk High. Open until " in told
        rig.clock.advance(45 * MINUTES)
        await rig.books.until(lambda: len(reminders(rig, message)) == 2)
        rig.clock.advance(timedelta(hours=4))
        await rig.clock.sleep(5)
        assert len(reminders(rig, message)) == 2


async def test_nobody_is_reminded_of_what_was_decided(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 user confirmed safe")
        rig.clock.advance(timedelta(hours=2))
        await rig.clock.sleep(5)
        assert reminders(rig, message) == []


async def test_whoever_asked_is_not_reminded_of_what_they_cannot_approve(tmp_path: Path) -> None:
    async with running(tmp_path, APPROVERS="U0ANALYST,U0MEGAN") as rig:
        message = await rig.asked(ONE)
        rig.clock.advance(15 * MINUTES)
        told = await rig.thread_says(message, "Waiting since ")
        assert told.startswith("@Megan Bowen Waiting since ")


async def test_a_view_that_was_shown_anew_is_waited_for_anew(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.clock.advance(10 * MINUTES)
        rig.graph.risky[next(iter(rig.graph.risky))].state = "confirmedCompromised"
        await rig.slack.click(message, "approve")
        await rig.shows(message, "Risk changed: 1 user")
        await rig.clock.sleep(5)  # from when it is recorded as shown
        rig.clock.advance(6 * MINUTES)
        await rig.clock.sleep(5)
        assert reminders(rig, message) == []
        rig.clock.advance(9 * MINUTES)
        await rig.books.until(lambda: len(reminders(rig, message)) == 1)


async def test_reminders_can_be_switched_off(tmp_path: Path) -> None:
    async with running(tmp_path, REMIND_AFTER="PT0S") as rig:
        message = await rig.asked(ONE)
        rig.clock.advance(timedelta(hours=2))
        await rig.clock.sleep(5)
        assert reminders(rig, message) == []
