"""Slack hangs, or takes the bot's token no longer: nothing is lost, and it is not hammered."""

from datetime import timedelta
from pathlib import Path

import pytest

from demo.wire import Call, Fault
from tests.journeys.test_bad_days import ONE, readyz
from tests.journeys.test_lost_messages import until_degraded
from tests.rig import APPROVALS, Rig, running


async def test_a_post_that_hangs_and_was_never_taken_is_looked_for_and_posted_again(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.slack.faults.add(Fault("chat.postMessage", "hang", when=_in_approvals))
        looked = len(rig.books.of("conversations.history"))
        await rig.slack.command(ONE)
        message = (await rig.books.until(lambda: rig.slack.messages(APPROVALS)))[0]
        assert len(rig.books.of("conversations.history")) == looked + 1
        await rig.books.until(lambda: rig.told_of(message))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "1 user confirmed safe")
        assert len(rig.slack.messages(APPROVALS)) == 1


def _in_approvals(call: Call) -> bool:
    return bool(call.args["channel"] == APPROVALS)


@pytest.mark.parametrize("code", ["token_revoked", "account_inactive"])
async def test_a_dead_token_is_shown_not_hammered_and_ends_by_itself(tmp_path: Path, code: str) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.graph.processing = 1.0
        dead = Fault("*", "status", times=-1, status=200, code=code)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.books.until(rig.sent)
        rig.slack.faults.add(dead)
        rig.clock.advance(timedelta(minutes=1))
        trouble = await until_degraded(rig, lambda t: f"the token does not work ({code})" in t)
        assert "What waits goes out once it works. Copy the Bot User OAuth Token again" in trouble
        await rig.clock.sleep(30)
        asked = len(refused(rig, code))
        await rig.clock.sleep(300)
        assert len(refused(rig, code)) - asked <= 8
        rig.slack.faults.clear()
        await rig.shows(message, "1 user confirmed safe")
        await rig.thread_says(message, "read back at")
        while any("the token does not work" in trouble for trouble in (await readyz(rig))[1]["degraded"]):
            await rig.clock.sleep(1)
        texts = [rig.slack.plain(m) for m in rig.slack.thread(message)]
        assert len(texts) == len(set(texts))


def refused(rig: Rig, code: str) -> list[Call]:
    calls = [call for call in rig.books.calls if call.to == "slack" and isinstance(call.answer, dict)]
    return [call for call in calls if call.answer.get("error") == code]


async def test_who_clicks_while_the_token_is_dead_is_told_that_it_did_not_count(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.slack.faults.add(Fault("*", "status", times=-1, status=200, code="token_revoked"))
        rig.clock.advance(timedelta(minutes=2))  # nobody is remembered
        answer = await rig.slack.click(message, "approve", by="U0MEGAN")
        assert answer.status == 200
        await until_degraded(rig, lambda t: "token_revoked" in t)
        assert rig.sent() == []
        rig.slack.faults.clear()
        await rig.whispered("U0MEGAN", "Your click was not counted")
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "1 user confirmed safe")


@pytest.mark.parametrize("kind", ["reset", "status"])
async def test_a_bot_with_nothing_to_post_notices_that_slack_is_gone(tmp_path: Path, kind: str) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await rig.clock.sleep(20)
        rig.slack.faults.add(Fault("*", kind, times=-1, status=503))
        rig.clock.advance(timedelta(minutes=1))
        await until_degraded(rig, lambda t: t.startswith("Slack: ") and "once it works." in t)
        rig.clock.advance(timedelta(minutes=10))
        rig.slack.faults.clear()
        await rig.thread_says(message, "I was offline from")
