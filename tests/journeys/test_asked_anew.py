"""Between the approval and the call the policy is asked anew: who may not approve any more clears nobody."""

from datetime import timedelta
from pathlib import Path

import pytest

from demo.wire import Fault
from tests.journeys.test_stopping import held
from tests.rig import Rig, running

VOID = "The approval by @Megan Bowen no longer counts: they may not approve it any more."


def leaves_the_group(rig: Rig) -> None:
    rig.slack.workspace.groups["S0SOC"].discard("U0MEGAN")


def is_deactivated(rig: Rig) -> None:
    rig.slack.users["U0MEGAN"].deleted = True


def becomes_a_guest(rig: Rig) -> None:
    rig.slack.users["U0MEGAN"].is_restricted = True


@pytest.mark.parametrize("happens", [leaves_the_group, is_deactivated, becomes_a_guest])
async def test_an_approver_who_may_not_any_more_clears_nobody(tmp_path: Path, happens: object) -> None:
    assert callable(happens)
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await held(rig)
        happens(rig)
        rig.clock.advance(timedelta(minutes=5))
        shown = await rig.shows(message, VOID)
        assert "[Approve]" in shown
        told = await rig.thread_says(message, VOID)
        assert told.startswith("@soc-approvers The approval")
        assert told.endswith("Nothing was sent. " + f"{rig.id_of(message)} needs another approval.")
        assert rig.sent() == []

        await rig.slack.click(message, "approve", by="U0MEGAN")
        assert "Approved by @Megan" not in rig.slack.plain(message)
        await rig.slack.click(message, "approve", by="U0DIEGO")
        rig.clock.advance(timedelta(minutes=5))
        await rig.shows(message, "1 of 1 confirmed safe")
        assert "Approved by @Diego" in rig.slack.plain(message)


async def test_while_slack_does_not_tell_who_somebody_is_nothing_is_sent(tmp_path: Path) -> None:
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await held(rig)
        rig.slack.faults.add(Fault("users.info", "status", times=-1, status=503))
        rig.clock.advance(timedelta(minutes=5))
        shown = await rig.shows(message, "I can't check whether @Megan Bowen may still approve")
        assert "Slack isn't answering (since " in shown
        told = await rig.thread_says(message, "I can't check whether whoever approved still may")
        assert "The approval is safe with me and I keep trying until" in told
        assert rig.sent() == []

        rig.slack.faults.waiting.clear()
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_an_approval_of_a_moment_ago_is_not_asked_about_again(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked("adelev@contoso.com VPN")
        await rig.slack.click(message, "approve")
        asked = len(rig.books.of("users.info"))
        await rig.books.until(rig.sent)
        assert len(rig.books.of("users.info")) == asked
        await rig.shows(message, "1 of 1 confirmed safe")
