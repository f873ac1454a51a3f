"""A message that was deleted or can't be changed any more: another one continues it, once."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.local_slack import Message
from demo.wire import Call, Fault
from tests.journeys.test_bad_days import ONE, entries, readyz
from tests.rig import APPROVALS, INCIDENT, Rig, running

DELETED = "was deleted. This one continues it."


async def continued(rig: Rig, lost: Message, *, there: int = 1) -> Message:
    """Wait for the message that continues the lost one."""
    await rig.books.until(lambda: _others(rig, lost) and len(_others(rig, lost)) >= there)
    return _others(rig, lost)[-1]


def _others(rig: Rig, lost: Message) -> list[Message]:
    return [m for m in rig.slack.messages(APPROVALS) if m is not lost]


async def redraw(rig: Rig, message: Message) -> None:
    """Have the message drawn anew, as a start does with all that waits."""
    await rig.stop()
    await rig.start()


def of_approvals(name: str, **how: Any) -> Fault:
    return Fault(name, when=lambda c: c.args["channel"] == APPROVALS and "thread_ts" not in c.args, **how)


async def test_a_deleted_message_is_continued_by_another_one_that_decides(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        lost = await rig.asked()
        lost.deleted = True
        await redraw(rig, lost)
        new = await continued(rig, lost)
        shown = await rig.shows(new, f"The first message of {rig.id_of(lost)} {DELETED}")
        assert "Confirm 2 users safe?" in shown
        await until_recorded(rig, 2)
        await rig.slack.click(lost, "approve", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "I don't know this request any more.")
        assert rig.sent() == []
        await rig.slack.click(new, "approve", by="U0MEGAN")
        await rig.shows(new, "2 of 2 confirmed safe")
        await rig.thread_says(new, "204 No Content")
        assert rig.slack.thread(lost) == []
        assert len(rig.slack.messages(APPROVALS)) == 1


async def until_recorded(rig: Rig, count: int) -> None:
    while len(await entries(rig, "Shown")) < count:
        await rig.clock.sleep(0.02)


@pytest.mark.parametrize("code", ["cant_update_message", "edit_window_closed"])
async def test_a_message_that_cannot_be_changed_any_more_is_continued(tmp_path: Path, code: str) -> None:
    async with running(tmp_path) as rig:
        first = await rig.asked(ONE)
        stuck = Fault("chat.update", "status", times=-1, status=200, code=code)
        stuck.when = lambda c: c.args["ts"] == first.ts
        rig.slack.faults.add(stuck)
        await rig.slack.click(first, "approve", by="U0MEGAN")
        new = await continued(rig, first)
        shown = await rig.shows(new, "1 user confirmed safe")
        assert f"The first message of {rig.id_of(first)} can't be changed any more." in shown
        await rig.slack.click(first, "approve", by="U0DIEGO")
        await rig.whispered("U0DIEGO", "I don't know this request any more.")
        assert len(rig.sent()) == 1


async def test_how_it_ended_is_told_below_the_message_that_people_see(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        lost = await rig.asked(ONE)
        # The thread is quicker than the message: the end is told below the one that is gone.
        rig.slack.faults.add(of_approvals("chat.update", kind="status", status=429, retry_after=20))
        await rig.slack.click(lost, "deny", by="U0MEGAN")
        lost.deleted = True
        await rig.slack.submit(await rig.modal_of("U0MEGAN"), values={"text": "Not Oslo"})
        new = await continued(rig, lost)
        await rig.shows(new, "Denied: 1 user")
        await rig.thread_says(new, "Reason: Not Oslo")
        assert len(rig.slack.thread(new)) == 1


@pytest.mark.parametrize("kind", ["drop_after", "reset", "hang_then_accept", "status"])
async def test_the_message_that_continues_is_there_once_whatever_happens_to_it(tmp_path: Path, kind: str) -> None:
    async with running(tmp_path) as rig:
        lost = await rig.asked(ONE)
        lost.deleted = True
        for _ in range(2):
            rig.slack.faults.add(of_approvals("chat.postMessage", kind=kind, status=500))
        await rig.slack.click(lost, "approve", by="U0MEGAN")
        new = await continued(rig, lost)
        await rig.books.until(lambda: any("confirmed safe" in rig.slack.plain(m) for m in _others(rig, lost)))
        rig.slack.faults.clear()
        rig.clock.advance(timedelta(minutes=3))
        await rig.books.until(lambda: len(_others(rig, lost)) == 1)
        (new,) = _others(rig, lost)
        await rig.shows(new, "1 user confirmed safe")


async def test_a_stop_before_it_is_recorded_leaves_no_second_one(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        lost = await rig.asked(ONE)
        lost.deleted = True
        rig.slack.faults.add(of_approvals("chat.postMessage", kind="drop_after"))
        await rig.stop()
        await rig.start()
        await rig.books.until(lambda: _others(rig, lost))
        await rig.stop()
        await rig.start()
        await until_recorded(rig, 2)
        new = await continued(rig, lost)
        await rig.slack.click(new, "approve", by="U0MEGAN")
        await rig.shows(new, "1 user confirmed safe")
        assert len(_others(rig, lost)) == 1


async def test_whoever_goes_on_deleting_it_is_left_alone_after_three(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        for nth in range(2, 5):
            message.deleted = True
            await redraw(rig, message)
            message = (await rig.books.until(lambda: rig.slack.messages(APPROVALS)))[0]
            await until_recorded(rig, nth)
        assert "An earlier message of" in rig.slack.plain(message)
        message.deleted = True
        await redraw(rig, message)
        await until_degraded(rig, lambda t: "message_not_found" in t)
        assert rig.slack.messages(APPROVALS) == []


async def until_degraded(rig: Rig, is_it: Callable[[str], bool]) -> str:
    while not (found := [t for t in (await readyz(rig))[1]["degraded"] if is_it(t)]):
        await rig.clock.sleep(0.1)
    return str(found[0])


async def test_a_message_lost_long_after_the_end_is_let_go(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "1 user confirmed safe")
        rig.clock.advance(timedelta(days=2))
        await rig.slack.click(message, "mistake", by="U0MEGAN")
        message.deleted = True
        await rig.slack.submit(await rig.modal_of("U0MEGAN"), values={"text": "Wrong Adele"})
        await rig.thread_says(message, "as a mistake")
        await until_degraded(rig, lambda t: "message_not_found" in t)
        assert rig.slack.messages(APPROVALS) == []


async def test_an_incident_line_that_is_lost_is_posted_anew_and_kept_to(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        (line,) = await rig.books.until(lambda: rig.slack.messages(INCIDENT))
        line.deleted = True
        rig.slack.faults.add(Fault("chat.postMessage", "drop_after", when=_in_incident))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "1 user confirmed safe")
        await rig.books.until(lambda: len(rig.slack.messages(INCIDENT)) == 2)
        await rig.books.until(lambda: "onfirmed safe" in rig.slack.plain(rig.slack.messages(INCIDENT)[0]))
        rig.clock.advance(timedelta(minutes=3))
        await rig.clock.sleep(5)
        assert len(rig.slack.messages(INCIDENT)) == 2


def _in_incident(call: Call) -> bool:
    return bool(call.args["channel"] == INCIDENT)


async def test_an_outcome_that_was_deleted_is_told_anew(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.processing = 15.0
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.thread_says(message, "204 No Content")
        rig.slack.thread(message)[0].deleted = True
        await rig.thread_says(message, "1 of 1 confirmed safe")
        assert len(rig.slack.thread(message)) == 1


async def test_a_thread_that_is_gone_is_told_on_below_the_message_that_continues_it(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        lost = await rig.asked(ONE)
        gone = Fault("chat.postMessage", "status", times=-1, status=200, code="thread_not_found")
        gone.when = lambda c: c.args.get("thread_ts") == lost.ts
        rig.slack.faults.add(gone)
        lost.deleted = True
        await rig.slack.click(lost, "approve", by="U0MEGAN")
        new = await continued(rig, lost)
        await rig.thread_says(new, "204 No Content")
        assert not any("I can't post" in rig.slack.plain(m) for m in rig.slack.dm("U0ANALYST"))


async def test_in_a_channel_that_no_longer_fits_it_waits_until_it_does(tmp_path: Path) -> None:
    async with running(tmp_path, speed=30) as rig:
        lost = await rig.asked(ONE)
        lost.deleted = True
        rig.slack.channels[APPROVALS].is_ext_shared = True
        await redraw(rig, lost)
        told = await until_degraded(rig, lambda t: "can't be posted anew: shared" in t)
        assert "End the sharing" in told
        rig.slack.channels[APPROVALS].is_ext_shared = False
        rig.clock.advance(timedelta(minutes=6))
        await rig.shows(await continued(rig, lost), DELETED)
