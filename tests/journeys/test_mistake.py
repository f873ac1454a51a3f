"""This was a mistake: who notices it says so once, and all who can mend it are told how."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest

from demo.graph.directory import ADELE, ALEX
from demo.local_slack import Message
from demo.local_slack.workspace import View
from demo.wire import Fault
from tests.journeys.test_bad_days import entries
from tests.kill.stage import WITHIN, staged
from tests.rig import APPROVALS, INCIDENT, Rig, running

ONE = "adelev@contoso.com VPN"
BUTTON = "[This was a mistake…]"
WHY = "It was *not* the VPN, <!channel>"


def screen(message: Message) -> Message:
    """What somebody has on their screen, whatever becomes of the message."""
    return Message(message.channel, message.ts, message.user, message.text, message.blocks)


async def confirmed(rig: Rig) -> Message:
    message = await rig.asked()
    await rig.slack.click(message, "approve")
    await rig.shows(message, "2 users confirmed safe")
    await rig.books.until(lambda: len(rig.slack.messages(INCIDENT)) == 2)
    return message


async def sent(rig: Rig) -> Message:
    """One user whom Entra took, and whose risk shows as gone only when it is told to."""
    rig.graph.processing = 10_000.0
    message = await rig.asked(ONE)
    await rig.slack.click(message, "approve")
    await rig.shows(message, BUTTON)
    return message


async def opened(rig: Rig, message: Message, by: str) -> View:
    await rig.slack.click(message, "mistake", by=by)
    return await rig.modal_of(by)


async def report(rig: Rig, message: Message, by: str = "U0DIEGO") -> None:
    modal = await opened(rig, message, by)
    await rig.slack.submit(modal, values={"text": WHY})
    assert rig.slack.modal(by) is None


async def test_a_report_marks_the_message_and_tells_everybody_who_can_mend_it(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await confirmed(rig)
        assert BUTTON in rig.slack.plain(message)
        modal = await opened(rig, message, "U0DIEGO")
        asked = rig.slack.plain(modal)
        assert asked.startswith("Report a mistake\nThe risk can't be put back with one click.")
        assert asked.endswith("What went wrong?")
        calls = len(rig.sent())
        await rig.slack.submit(modal, values={"text": WHY})

        shown = await rig.shows(message, "Marked as a mistake: 2 users")
        assert "@Diego Siciliani marked it at " in shown
        assert "What to do is in the thread." in shown
        assert "Adele Vance" in shown
        assert rig.buttons(message) == ["Details"]
        told = await rig.thread_says(message, "This approval was marked as a mistake")
        assert told.startswith("@soc-approvers This approval was marked as a mistake by @Diego Siciliani.")
        assert f"Reason: {WHY}" in told
        assert "For each user in Entra:\n1. Confirm user compromised (risk becomes High again)." in told
        assert told.endswith("Nothing was changed by this report.")
        post = rig.slack.thread(message)[-1]
        assert rig.slack.pings(post) == {"S0SOC", "U0DIEGO"}
        assert all(f"/userId/{user_id}|Open in Entra>" in str(post.blocks) for user_id in (ADELE, ALEX))
        await rig.books.until(lambda: len(rig.slack.messages(INCIDENT)) == 3)
        line, _, new = (rig.slack.plain(m) for m in rig.slack.messages(INCIDENT))
        assert "2 of 2 confirmed safe · marked as a mistake by @Diego Siciliani · open" in line
        assert new == f"{rig.id_of(message)} · 2 users · marked as a mistake by @Diego Siciliani · open"
        assert len(rig.sent()) == calls
        (entry,) = await entries(rig, "Mistaken")
        assert entry["actor"] == "U0DIEGO"


@pytest.mark.parametrize("by", ["U0MEGAN", "U0ANALYST", "U0NOMAIL"])
async def test_any_approver_and_whoever_asked_can_report_it(tmp_path: Path, by: str) -> None:
    async with running(tmp_path) as rig:
        message = await confirmed(rig)
        await report(rig, message, by)
        await rig.shows(message, "Marked as a mistake: 2 users")


@pytest.mark.parametrize(
    ("who", "words", "why"),
    [
        ("U0JONI", "Only approvers and @Lynne Robbins can report a mistake in it.", "only_approvers_report"),
        ("U0ADELE", "Only approvers and @Lynne Robbins can report a mistake in it.", "only_approvers_report"),
        ("U0GUEST", "Only full members of this workspace can use this.", "not_member"),
        ("U0OUTSIDE", "Only full members of this workspace can use this.", "not_member"),
        ("U0GONE", "Only full members of this workspace can use this.", "not_member"),
        ("U0OTHERBOT", "Only full members of this workspace can use this.", "not_member"),
    ],
)
async def test_nobody_else_can_and_the_try_is_on_the_record(tmp_path: Path, who: str, words: str, why: str) -> None:
    async with running(tmp_path) as rig:
        rig.slack.channels[APPROVALS].members.update(rig.slack.users)
        message = await confirmed(rig)
        before = rig.slack.plain(message)
        assert (await rig.slack.click(message, "mistake", by=who)).status == 200
        await rig.whispered(who, words)
        assert rig.slack.modal(who) is None
        assert rig.slack.plain(message) == before
        (refused,) = await entries(rig, "ClickRefused")
        assert refused["actor"] == who
        assert '"action":"mistake"' in refused["body"]
        assert f'"why":"{why}"' in refused["body"]


async def test_a_click_is_not_counted_while_slack_does_not_say_who_it_was(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await confirmed(rig)
        rig.slack.faults.add(Fault("users.info", "status", status=500))
        await rig.slack.click(message, "mistake", by="U0DIEGO")
        await rig.whispered("U0DIEGO", "I couldn't check whether you may report a mistake: Slack isn't answering.")
        await report(rig, message)
        await rig.shows(message, "Marked as a mistake: 2 users")


async def test_a_click_on_a_message_that_is_none_of_the_bots_opens_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await confirmed(rig)
        other = screen(message)
        other.ts = "1700000000.000001"
        await rig.slack.click(other, "mistake")
        await rig.whispered("U0MEGAN", "I don't know this request any more.")
        assert rig.slack.modal("U0MEGAN") is None


async def test_whoever_is_no_approver_any_more_at_the_submit_reports_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await confirmed(rig)
        modal = await opened(rig, message, "U0DIEGO")
        rig.slack.groups["S0SOC"].remove("U0DIEGO")
        rig.clock.advance(timedelta(minutes=2))
        await rig.slack.submit(modal, values={"text": WHY})
        assert "Only approvers and @Lynne Robbins can report a mistake in it." in rig.slack.plain(modal)
        assert BUTTON in rig.slack.plain(message)


async def test_it_is_reported_once_and_who_comes_later_is_told_by_whom_and_when(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await confirmed(rig)
        before = screen(message)
        late = await opened(rig, message, "U0MEGAN")
        await report(rig, message)
        await rig.shows(message, "Marked as a mistake: 2 users")
        await rig.slack.submit(late, values={"text": "Me too"})
        assert "@Diego Siciliani already marked it as a mistake at " in rig.slack.plain(late)
        await rig.slack.click(before, "mistake", by="U0ANALYST")
        await rig.whispered("U0ANALYST", "@Diego Siciliani already marked it as a mistake at ")
        assert rig.slack.modal("U0ANALYST") is None
        assert len(await entries(rig, "Mistaken")) == 1
        assert len(await entries(rig, "ClickRefused")) == 2


async def test_two_reports_in_the_same_instant_are_one(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await confirmed(rig)
        modals = [await opened(rig, message, who) for who in ("U0MEGAN", "U0DIEGO")]
        rig.slack.delivery.duplicate_deliveries = True
        await asyncio.gather(*(rig.slack.submit(modal, values={"text": WHY}) for modal in modals))
        await rig.books.until(lambda: len(rig.slack.messages(INCIDENT)) == 3)
        await rig.thread_says(message, "This approval was marked as a mistake")
        assert len(await entries(rig, "Mistaken")) == 1
        told = [text for text in map(rig.slack.plain, rig.slack.thread(message)) if "as a mistake" in text]
        assert len(told) == 1


async def test_a_blank_is_no_reason(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await confirmed(rig)
        modal = await opened(rig, message, "U0DIEGO")
        answer = await rig.slack.submit(modal, values={"text": " \n "})
        assert answer.body["errors"]["reason"].startswith("Please say what went wrong")
        assert BUTTON in rig.slack.plain(message)


async def test_what_was_sent_is_read_back_to_its_end_all_the_same(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await sent(rig)
        await report(rig, message)
        await rig.shows(message, "Marked as a mistake: 1 user")
        rig.graph.risky[ADELE].settles_at = rig.clock.now()
        outcome = await rig.thread_says(message, "1 of 1 confirmed safe, read back at")
        assert "Blocks based on user risk lift" not in outcome
        await rig.books.until(lambda: len(rig.slack.messages(INCIDENT)) == 3)
        line, marked, end = (rig.slack.plain(m) for m in rig.slack.messages(INCIDENT))
        assert "1 user · marked as a mistake by @Diego Siciliani" in marked
        assert all("1 of 1 confirmed safe · marked as a mistake by @Diego Siciliani" in t for t in (line, end))
        assert "Marked as a mistake: 1 user" in rig.slack.plain(message)
        assert rig.buttons(message) == ["Details"]


async def test_what_is_accepted_and_not_visible_can_be_reported(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await sent(rig)
        rig.clock.advance(timedelta(minutes=16))
        await rig.shows(message, "Accepted, not visible: 1 user")
        await report(rig, message)
        await rig.shows(message, "Marked as a mistake: 1 user")


async def test_what_came_to_nothing_meanwhile_is_no_mistake(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await sent(rig)
        before = screen(message)
        rig.graph.risky[ADELE].settles_at = None
        rig.clock.advance(timedelta(minutes=16))
        await rig.shows(message, "Not confirmed: 1 user")
        assert BUTTON not in rig.slack.plain(message)
        await rig.slack.click(before, "mistake")
        await rig.whispered("U0MEGAN", "counts as confirmed safe, so there is no mistake to report.")


async def test_after_a_restart_it_can_be_reported_still_and_stays_reported(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await confirmed(rig)
        before = screen(message)
        await rig.stop()
        await rig.start()
        await report(rig, message)
        await rig.shows(message, "Marked as a mistake: 2 users")
        await rig.thread_says(message, "This approval was marked as a mistake")
        await rig.stop()
        await rig.start()
        await rig.slack.click(before, "mistake")
        await rig.whispered("U0MEGAN", "@Diego Siciliani already marked it as a mistake at ")


MARKED = re.compile("This approval was marked as a mistake|users · marked as a mistake")


async def test_a_report_that_was_taken_survives_a_kill(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        message = await stage.tell_story()
        await stage.slack.click(message, "mistake", by="U0DIEGO")
        modal = stage.slack.modal("U0DIEGO")
        assert modal is not None
        assert (await stage.slack.submit(modal, values={"text": WHY})).status == 200
        assert stage.process is not None
        stage.process.kill()

        def told() -> list[str]:
            seen = [*stage.slack.thread(message), *stage.slack.messages(INCIDENT)]
            return [text for text in map(stage.slack.plain, seen) if MARKED.search(text)]

        await stage.books.until(lambda: "Marked as a mistake: 2 users" in stage.slack.plain(message), WITHIN)
        await stage.books.until(lambda: len(told()) == 2, WITHIN)
        assert stage.books.complaints == []
