"""Graph and Entra failing: each failure is retried or ended, and told in words an approver can act on."""

from datetime import timedelta
from pathlib import Path

import pytest

from demo.graph.directory import ADELE, ALEX
from demo.local_slack import Message
from demo.wire import Fault
from tests.rig import APPROVALS, Rig, running


async def approved(rig: Rig) -> Message:
    message = await rig.asked()
    await rig.slack.click(message, "approve", by="U0MEGAN")
    return message


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("confirmSafe", "status", times=-1, status=400, code="BadRequest"), "Entra refused all 2 users"),
        (Fault("confirmSafe", "status", times=-1, status=404, code="ResourceNotFound"), "(ResourceNotFound)"),
        (Fault("confirmSafe", "status", times=-1, status=403, code="Forbidden"), "most likely the tenant has no"),
    ],
)
async def test_a_refusal_ends_it_and_says_why(tmp_path: Path, fault: Fault, words: str) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(fault)
        message = await approved(rig)
        shown = await rig.shows(message, "Not confirmed: 2 users")
        assert "Nothing was changed in Entra." in shown
        assert "[Ask again]" in shown
        told = await rig.thread_says(message, words)
        assert "request-id" in told
        assert len(rig.sent()) == (1 if fault.status == 403 else 3)  # each alone, to find out who is meant
        assert rig.graph.sent == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("confirmSafe", "status", times=2, status=429),
        Fault("confirmSafe", "status", times=1, status=401),
        Fault("token", "status", times=2, status=503),
    ],
)
async def test_what_may_be_tried_again_is_and_ends_well(tmp_path: Path, fault: Fault) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        if fault.name == "token":
            assert rig.parts is not None
            rig.parts.outside.graph.tokens.forget()
            rig.entra.faults.add(fault)
        else:
            rig.graph.faults.add(fault)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "2 of 2 confirmed safe")
        assert [len(ids) for ids in rig.graph.sent] == [2]


@pytest.mark.parametrize("kind", ["drop_after", "hang_then_accept", "html", "empty"])
async def test_a_call_that_may_have_been_taken_is_read_back_before_anything_is_sent(
    tmp_path: Path, kind: str
) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(Fault("confirmSafe", kind))
        if kind == "hang_then_accept":
            rig.graph.processing = 0.0
        message = await approved(rig)
        await rig.thread_says(message, "before anything is sent again")
        if kind == "hang_then_accept":
            rig.graph.faults.release()
        await rig.shows(message, "2 of 2 confirmed safe")
        taken = kind in {"drop_after", "hang_then_accept"}
        assert len(rig.sent()) == (1 if taken else 2)
        if not taken:
            await rig.thread_says(message, "Sent again for")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("confirmSafe", "reset", times=-1),
        Fault("confirmSafe", "status", times=-1, status=503),
        Fault("confirmSafe", "hang", times=-1),
    ],
)
async def test_it_is_sent_once_more_at_most_and_then_not_known(tmp_path: Path, fault: Fault) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(fault)
        message = await approved(rig)
        shown = await rig.shows(message, "Not known: 2 users")
        assert "Look in Entra." in shown
        told = await rig.thread_says(message, "It is not known whether Entra took it for")
        assert "@Lynne Robbins @Megan Bowen" in told
        assert len(rig.sent()) == 2


async def test_a_204_that_changes_nothing_is_not_called_confirmed(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.lies = True
        message = await approved(rig)
        await rig.shows(message, "Sent: 2 users")
        rig.clock.advance(timedelta(minutes=16))
        shown = await rig.shows(message, "Not confirmed: 2 users")
        assert "Nothing was changed in Entra" not in shown
        told = await rig.thread_says(message, "changed nothing for these 2 users")
        assert "tell #identity-help" in told
        assert "request-id" in told


async def test_what_is_still_processing_after_a_quarter_of_an_hour_is_called_accepted_not_visible(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        rig.graph.processing = 7200.0
        message = await approved(rig)
        await rig.shows(message, "Sent: 2 users")
        rig.clock.advance(timedelta(minutes=16))
        await rig.shows(message, "Accepted, not visible: 2 users")
        await rig.thread_says(message, "still show as at risk after 15 minutes")


async def test_a_wrong_secret_is_told_with_its_code_and_the_approval_is_kept(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        assert rig.parts is not None
        rig.parts.outside.graph.tokens.forget()
        rig.entra.failure = "expired_secret"
        await rig.slack.click(message, "approve", by="U0MEGAN")
        told = await rig.thread_says(message, "AADSTS7000222")
        assert "its secret has expired" in told
        assert "Nothing was changed." in told
        await rig.shows(message, "The bot can't sign in to Entra")
        rig.entra.failure = None
        await rig.shows(message, "2 of 2 confirmed safe")


async def test_a_long_throttling_is_told_once_and_the_approval_lapses(tmp_path: Path) -> None:
    async with running(tmp_path, SEND_WITHIN="PT10M") as rig:
        rig.graph.faults.add(Fault("confirmSafe", "status", times=-1, status=429))
        message = await approved(rig)
        await rig.shows(message, "Entra is limiting requests")
        rig.clock.advance(timedelta(seconds=90))
        await rig.thread_says(message, "Entra is limiting requests for this tenant.")
        rig.clock.advance(timedelta(minutes=12))
        told = await rig.thread_says(message, "so the approval has lapsed.")
        assert "@soc-approvers" in told
        assert "Nothing was changed." in told
        shown = await rig.shows(message, "Confirm 2 users safe?")
        assert "[Approve]" in shown
        said = [rig.slack.plain(m) for m in rig.slack.thread(message)]
        assert sum("limiting requests for this tenant" in text for text in said) == 1


@pytest.mark.parametrize(
    ("fault", "failure", "words"),
    [
        (Fault("riskyUsers", "status", times=-1, status=403), None, "it may not read risky users"),
        (None, "wrong_secret", "The bot isn't ready: it can't sign in to Entra. Nothing was asked for."),
    ],
)
async def test_a_bot_that_is_not_set_up_says_so_to_whoever_asks(
    tmp_path: Path, fault: Fault | None, failure: str | None, words: str
) -> None:
    async with running(tmp_path, start=False) as rig:
        if fault:
            rig.graph.faults.add(fault)
        rig.entra.failure = failure
        await rig.start()
        await rig.slack.command("adelev@contoso.com VPN")
        await rig.whispered("U0ANALYST", words)
        assert rig.slack.messages(APPROVALS) == []


async def test_a_slow_look_up_is_told_and_given_up_after_a_quarter_of_an_hour(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(Fault("riskyUsers", "status", times=-1, status=429))
        await rig.slack.command("adelev@contoso.com VPN")
        # Known before the next one is slow, however busy this machine is.
        await rig.books.until(lambda: any(call.status == 429 for call in rig.books.calls))
        await rig.slack.command("alexw@contoso.com VPN")
        await rig.whispered("U0ANALYST", "Still looking up 1 user: Entra is limiting requests.")
        rig.clock.advance(timedelta(minutes=16))
        words = await rig.whispered("U0ANALYST", "/confirm-safe alexw@contoso.com VPN")
        assert "I could not read the users from Entra" in words


async def test_a_user_whom_graph_refuses_to_tell_of_neither_holds_up_others_nor_takes_every_slot(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, speed=20.0) as rig:
        message = await rig.asked()
        rig.graph.remediate(ALEX)  # off the list, so that he is got alone
        alone = f"GET /v1.0/identityProtection/riskyUsers/{ALEX}"
        rig.graph.faults.add(Fault(alone, "status", times=-1, status=400))
        rig.clock.advance(timedelta(minutes=2))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.books.until(rig.sent)
        assert rig.graph.sent == [[ADELE]]
        before, began = len(rig.books.of(alone)), rig.clock.now()
        await rig.books.until(lambda: len(rig.books.of(alone)) >= before + 3)
        assert rig.clock.now() - began >= timedelta(seconds=2 * 15)
