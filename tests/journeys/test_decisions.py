"""Who decides, and what a click does that must not decide."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from demo.local_slack import Message
from demo.wire import Fault
from tests.rig import ADELE_AND_ALEX, APPROVALS, BOTH_WAYS, INCIDENT, Rig, running


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("U0JONI", "you aren't on the approvers list"),
        ("U0ANALYST", "You asked for this, so someone else has to approve it."),
        ("U0ADELE", "This request includes your own account, so you can't decide on it."),
        ("U0GUEST", "Only full members of this workspace can use this."),
        ("U0OUTSIDE", "Only full members of this workspace can use this."),
        ("U0GONE", "Only full members of this workspace can use this."),
        ("U0OTHERBOT", "Only full members of this workspace can use this."),
        ("U0NOMAIL", "your Slack profile shows no e-mail"),
    ],
)
async def test_who_may_not_approve_is_told_privately_and_nothing_is_sent(
    tmp_path: Path, who: str, words: str
) -> None:
    async with running(tmp_path) as rig:
        rig.slack.channels[APPROVALS].members.update(rig.slack.users)
        message = await rig.asked()
        before = rig.slack.plain(message)
        assert (await rig.slack.click(message, "approve", by=who)).status == 200
        await rig.whispered(who, words)
        assert rig.slack.plain(message) == before
        assert rig.sent() == []


@BOTH_WAYS
async def test_an_approver_who_is_one_of_the_users_cannot_approve(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        rig.slack.groups["S0SOC"].add("U0ADELE")
        message = await rig.asked()
        await rig.slack.click(message, "approve", by="U0ADELE")
        await rig.whispered("U0ADELE", "This request includes your own account")
        assert rig.sent() == []


async def test_a_requester_who_is_an_approver_cannot_approve_their_own_request(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.slack.groups["S0SOC"].add("U0ANALYST")
        message = await rig.asked()
        await rig.slack.click(message, "approve", by="U0ANALYST")
        await rig.whispered("U0ANALYST", "You asked for this, so someone else has to approve it.")
        assert rig.sent() == []


@BOTH_WAYS
async def test_a_click_is_not_counted_while_slack_does_not_say_who_it_was(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        message = await rig.asked()
        rig.slack.faults.add(Fault("users.info", "status", status=500))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "I couldn't check whether you may approve: Slack isn't answering.")
        assert rig.sent() == []
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "2 of 2 confirmed safe")


@BOTH_WAYS
async def test_two_approvers_in_the_same_instant_make_one_decision(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        message = await rig.asked()
        await asyncio.gather(*(rig.slack.click(message, "approve", by=who) for who in ("U0MEGAN", "U0DIEGO")))
        await rig.shows(message, "2 of 2 confirmed safe")
        assert len(rig.sent()) == 1

        def told() -> list[str]:
            seen = [m for who in ("U0MEGAN", "U0DIEGO") for m in rig.slack.ephemerals(who)]
            return [t for t in map(rig.slack.plain, seen) if "approved it at" in t]

        assert len(await rig.books.until(told)) == 1


@BOTH_WAYS
async def test_a_click_delivered_twice_counts_once(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        message = await rig.asked()
        rig.slack.delivery.duplicate_deliveries = True
        await rig.slack.click(message, "approve")
        await rig.shows(message, "2 of 2 confirmed safe")
        assert len(rig.sent()) == 1


@BOTH_WAYS
async def test_a_command_delivered_twice_makes_one_request(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        message = await rig.asked()
        again = await rig.slack.replay()
        assert rig.id_of(message) in again.body["text"]
        await rig.slack.click(message, "approve")
        await rig.shows(message, "2 of 2 confirmed safe")
        assert len(rig.slack.messages(APPROVALS)) == 1


async def deny(rig: Rig, reason: str = "Call them first") -> None:
    message = rig.slack.messages(APPROVALS)[-1]
    await rig.slack.click(message, "deny", by="U0DIEGO")
    modal = await rig.modal_of("U0DIEGO")
    assert modal.view["title"]["text"] == f"Deny {rig.id_of(message)}"
    await rig.slack.submit(modal, values={"text": reason})


@BOTH_WAYS
async def test_a_denied_request_ends_without_a_call(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        message = await rig.asked()
        await deny(rig)
        shown = await rig.shows(message, "Denied: 2 users")
        assert "@Diego Siciliani denied it at" in shown
        assert "Their reason: Call them first" in shown
        assert rig.buttons(message) == ["Details"]
        outcome = await rig.thread_says(message, "Denied by @Diego Siciliani.")
        assert "Reason: Call them first" in outcome
        await rig.books.until(lambda: len(rig.slack.messages(INCIDENT)) == 2)
        assert "denied" in rig.slack.plain(rig.slack.messages(INCIDENT)[1])
        assert rig.sent() == []
        await rig.slack.click(_with_buttons(message), "approve", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "denied it at")


def _with_buttons(message: Message) -> Message:
    for _, blocks in reversed(message.edits):
        if any(block["type"] == "actions" for block in blocks):
            message.blocks = blocks
            return message
    raise LookupError


async def test_who_is_no_approver_cannot_deny(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.slack.channels[APPROVALS].members.add("U0JONI")
        message = await rig.asked()
        await rig.slack.click(message, "deny", by="U0JONI")
        await rig.whispered("U0JONI", "Only approvers can deny. You can reply in the thread instead.")
        assert rig.slack.modal("U0JONI") is None


async def test_a_request_expires_by_the_clock_and_can_be_asked_again(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        rig.clock.advance(timedelta(hours=8))
        shown = await rig.shows(message, "Expired: 2 users")
        assert "Nobody decided by" in shown
        await rig.thread_says(message, "Nobody decided by")
        await rig.slack.click(message, "ask_again", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "Got it: 2 users")
        await rig.books.until(lambda: len(rig.slack.messages(APPROVALS)) == 2)
        again = rig.slack.messages(APPROVALS)[1]
        assert rig.slack.pings(again) == {"U0MEGAN", "S0SOC"}
        assert rig.sent() == []


async def test_an_approve_after_the_time_is_up_decides_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        blocks = message.blocks
        rig.clock.advance(timedelta(hours=8))
        message.blocks = blocks
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "It expired at")
        assert rig.sent() == []


async def test_a_click_on_a_message_that_is_none_of_the_bots_decides_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        real = message.ts
        message.ts = "1700000000.000001"
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "I don't know this request any more.")
        message.ts = real
        assert rig.sent() == []


async def test_an_approve_on_an_older_view_decides_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, SEND_WITHIN="PT2M") as rig:
        rig.graph.faults.add(Fault("confirmSafe", "status", times=-1, status=429))
        message = await rig.asked()
        first = message.blocks
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.books.until(rig.sent)
        rig.clock.advance(timedelta(minutes=3))
        await rig.shows(message, "lapsed before it could be sent")
        await rig.thread_says(message, "so the approval has lapsed")
        rig.graph.faults.clear()
        calls, newest = len(rig.sent()), message.blocks
        message.blocks = first
        await rig.slack.click(message, "approve", by="U0DIEGO")
        await rig.whispered("U0DIEGO", "Your click was not counted. Please look again and decide.")
        assert len(rig.sent()) == calls
        message.blocks = newest
        await rig.slack.click(message, "approve", by="U0DIEGO")
        await rig.shows(message, "2 of 2 confirmed safe")


async def test_above_twenty_users_the_submit_of_the_review_is_the_approval(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        ids = rig.graph.add_crowd(70)
        message = await rig.asked(" ".join(ids) + " the VPN moved")
        shown = rig.slack.plain(message)
        assert "Confirm 70 users safe?" in shown
        assert "[Approve]" not in shown
        await rig.slack.click(message, "review", by="U0MEGAN")
        modal = await rig.modal_of("U0MEGAN")
        words = rig.slack.plain(modal)
        assert all(f"user{n:03d}@contoso.com" in words for n in range(1, 71))
        assert rig.sent() == []
        await rig.slack.submit(modal)
        assert rig.slack.modal("U0MEGAN") is None
        await rig.shows(message, "70 of 70 confirmed safe")
        assert sorted(len(ids) for ids in rig.graph.sent) == [10, 60]
        await rig.slack.submit(modal, by="U0DIEGO")
        assert "approved it at" in rig.slack.plain(modal)


async def test_help_explains_and_says_whether_one_may_approve(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        for who, may in (("U0MEGAN", "yes"), ("U0JONI", "no")):
            text = (await rig.slack.command("help", by=who)).body["text"]
            assert "Confirm users safe in Entra ID Protection" in text
            assert f"You may approve: {may}" in text


async def test_one_person_may_ask_only_so_often_an_hour(tmp_path: Path) -> None:
    async with running(tmp_path, REQUESTS_PER_HOUR="1") as rig:
        await rig.asked("adelev@contoso.com VPN")
        second = await rig.slack.command("alexw@contoso.com VPN")
        assert "You have asked once in the last hour, which is the limit." in second.body["text"]
        rig.clock.advance(timedelta(hours=1))
        await rig.asked("alexw@contoso.com VPN")


@pytest.mark.parametrize("who", ["U0JONI", "U0GUEST"])
async def test_who_may_not_ask_is_told_so(tmp_path: Path, who: str) -> None:
    async with running(tmp_path) as rig:
        await rig.slack.command(ADELE_AND_ALEX, by=who)
        words = "You can't ask for confirmations." if who == "U0JONI" else "Only full members"
        await rig.whispered(who, words)
        assert rig.slack.messages(APPROVALS) == []
