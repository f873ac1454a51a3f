"""After the bot was away for more than five minutes it says so, once, in each thread that goes on."""

from datetime import timedelta
from pathlib import Path

from demo.local_slack import Message
from demo.wire import Fault
from tests.journeys.test_bad_days import ONE, OTHER
from tests.journeys.test_lost_messages import until_degraded
from tests.rig import APPROVALS, Rig, running

AWAY = "I was offline from"


def told(rig: Rig, message: Message) -> list[str]:
    return [text for text in map(rig.slack.plain, rig.slack.thread(message)) if AWAY in text]


async def test_a_request_that_waits_is_told_that_the_bot_was_down_and_that_it_waits_on(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await rig.stop()
        rig.clock.advance(timedelta(minutes=6))
        await rig.start()
        text = await rig.thread_says(message, AWAY)
        assert "This request still waits for a decision, until" in text
        assert "approval" not in text
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "1 user confirmed safe")
        assert len(told(rig, message)) == 1


async def test_an_approval_that_was_kept_is_told_to_go_on(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.graph.faults.add(Fault("confirmSafe", "status", times=-1, status=429))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.books.until(rig.sent)
        await rig.stop()
        rig.clock.advance(timedelta(minutes=6))
        await rig.start()
        text = await rig.thread_says(message, AWAY)
        assert text.endswith("The approval was kept; going on now.")
        rig.graph.faults.clear()
        await rig.shows(message, "1 user confirmed safe")


async def test_an_approval_that_lapsed_meanwhile_is_not_called_kept(tmp_path: Path) -> None:
    async with running(tmp_path, APPROVAL_TTL="PT8H") as rig:
        message = await rig.asked(ONE)
        rig.graph.faults.add(Fault("*", "status", times=-1, status=429))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "Approved: 1 user")
        await rig.stop()
        rig.clock.advance(timedelta(hours=2))
        await rig.start()
        text = await rig.thread_says(message, AWAY)
        assert "was kept" not in text
        await rig.thread_says(message, "so the approval has lapsed")


async def test_a_short_stop_and_what_has_ended_get_no_word(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        ended, waits = await rig.asked(ONE), await rig.asked(OTHER)
        await rig.slack.click(ended, "approve", by="U0MEGAN")
        await rig.shows(ended, "1 user confirmed safe")
        await rig.stop()
        rig.clock.advance(timedelta(minutes=4))
        await rig.start()
        await rig.clock.sleep(5)
        assert told(rig, waits) == []
        await rig.stop()
        rig.clock.advance(timedelta(minutes=6))
        await rig.start()
        await rig.thread_says(waits, AWAY)
        assert told(rig, ended) == []


async def test_it_is_told_once_though_the_bot_stops_again_before_it_could(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await rig.stop()
        rig.clock.advance(timedelta(minutes=6))
        rig.slack.faults.add(Fault("chat.postMessage", "drop_after", times=1))
        await rig.start()
        await rig.books.until(lambda: told(rig, message))
        await rig.stop()
        await rig.start()
        await rig.clock.sleep(20)
        assert len(told(rig, message)) == 1


async def test_slack_out_of_reach_for_long_is_told_too(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.slack.faults.add(Fault("*", "reset", times=-1))
        await rig.slack.click(message, "deny", by="U0JONI")
        await until_degraded(rig, lambda t: "What waits goes out once it works." in t)
        rig.clock.advance(timedelta(minutes=10))
        rig.slack.faults.clear()
        text = await rig.thread_says(message, AWAY)
        assert "This request still waits for a decision" in text
        assert rig.application is not None
        application = rig.application
        await rig.books.until(lambda: not application.troubles())
        await rig.clock.sleep(120)
        assert len(told(rig, message)) == 1


async def test_a_revoked_token_is_shown_and_then_everything_goes_out_once_and_in_order(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.graph.processing = 1.0
        rig.graph.faults.add(Fault("confirmSafe", "status", status=503))
        # It is decided before the token goes: nobody can be looked up without one.
        await rig.slack.click(message, "approve", by="U0MEGAN")
        rig.slack.bot_token, good = "xoxb-another", rig.slack.bot_token
        trouble = await until_degraded(rig, lambda t: "the token does not work (invalid_auth)" in t)
        assert "Copy the Bot User OAuth Token again" in trouble
        await rig.books.until(lambda: len(rig.sent()) == 2)
        asked = len(refused(rig))
        rig.clock.advance(timedelta(minutes=1))
        await rig.clock.sleep(120)
        assert len(refused(rig)) - asked <= 8
        rig.slack.bot_token = good
        await rig.shows(message, "1 user confirmed safe")
        await rig.thread_says(message, "read back at")
        texts = [rig.slack.plain(m) for m in rig.slack.thread(message)]
        unclear = next(n for n, text in enumerate(texts) if "before anything is sent again" in text)
        again = next(n for n, text in enumerate(texts) if "Sent again for the user who was unchanged" in text)
        end = next(n for n, text in enumerate(texts) if "confirmed safe" in text)
        assert unclear < again < end
        assert len(texts) == len(set(texts))
        assert len(rig.slack.messages(APPROVALS)) == 1


def refused(rig: Rig) -> list[str]:
    calls = [call for call in rig.books.calls if call.to == "slack" and isinstance(call.answer, dict)]
    return [call.name for call in calls if call.answer.get("error") == "invalid_auth"]
