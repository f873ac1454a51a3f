"""Slack failing: posts are retried, looked for before a doubtful resend, and said elsewhere where refused."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from demo.local_slack import Message
from demo.wire import Call, Fault
from tests.rig import APPROVALS, INCIDENT, Rig, running


async def approve(rig: Rig) -> Message:
    message = await rig.asked()
    await rig.slack.click(message, "approve", by="U0MEGAN")
    return message


@pytest.mark.parametrize("kind", ["drop_after", "reset", "hang_then_accept", "html", "status"])
async def test_every_post_is_there_once_whatever_happens_to_it(tmp_path: Path, kind: str) -> None:
    async with running(tmp_path) as rig:
        for _ in range(3):
            rig.slack.faults.add(Fault("chat.postMessage", kind, status=500 if kind != "html" else 502))
        await rig.slack.command("adelev@contoso.com VPN")
        if kind == "hang_then_accept":
            await rig.books.until(lambda: rig.books.of("chat.postMessage"))
            rig.clock.advance(timedelta(seconds=1))
        message = (await rig.books.until(lambda: rig.slack.messages(APPROVALS), 45))[0]
        await rig.books.until(lambda: rig.told_of(message), 45)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "1 user confirmed safe")
        await rig.books.until(lambda: len(rig.slack.messages(INCIDENT)) >= 2)
        rig.slack.faults.clear()
        rig.clock.advance(timedelta(minutes=3))

        def swept() -> bool:
            return (len(rig.slack.messages(APPROVALS)), len(rig.slack.messages(INCIDENT))) == (1, 2)

        await rig.books.until(swept)


async def test_slack_busy_is_waited_out(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        for name in ("chat.postMessage", "chat.update"):
            rig.slack.faults.add(Fault(name, "status", times=2, status=429, retry_after=3))
        message = await approve(rig)
        await rig.shows(message, "2 of 2 confirmed safe")


async def test_an_outcome_that_a_channel_refuses_goes_to_whoever_asked(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        rig.slack.channels[INCIDENT].members.discard("U0BOT")
        rig.slack.faults.add(Fault("chat.update", "status", times=-1, status=200, code="message_not_found"))
        rig.slack.faults.add(
            Fault("chat.postMessage", "status", times=-1, status=200, code="restricted_action", when=_in_thread)
        )
        await rig.slack.click(message, "approve", by="U0MEGAN")
        words = await rig.whispered("U0ANALYST", "204 No Content")
        assert "Entra accepted all 2 users" in words
        assert rig.application is not None
        assert any("can't" in trouble for trouble in rig.application.troubles())


def _in_thread(call: Call) -> bool:
    return "thread_ts" in call.args


async def test_slack_not_telling_who_the_bot_is_at_start_is_said_and_got_over(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        rig.slack.faults.add(Fault("auth.test", "status", times=2, status=200, code="invalid_auth"))
        from contextlib import AsyncExitStack  # noqa: PLC0415 - used here alone

        from bot.app import Application  # noqa: PLC0415 - used here alone
        from bot.parts import open_parts  # noqa: PLC0415 - used here alone
        from bot.settings import load  # noqa: PLC0415 - used here alone

        async with AsyncExitStack() as stack:
            parts = await open_parts(load(rig.environ, None), rig.clock, stack)
            application = Application(parts)
            await application.start()
            stack.push_async_callback(application.stop)
            rig.slack.bot_url = f"http://127.0.0.1:{application.port}/slack/events"
            answer = await rig.slack.command("adelev@contoso.com VPN")
            assert "The bot isn't ready: Slack has not told it yet" in answer.body["text"]
            parts.outside.installation.on_known.append(rig.books.note_change)
            await rig.books.until(lambda: parts.outside.installation.is_known)
            answer = await rig.slack.command("adelev@contoso.com VPN")
            assert "Got it: 1 user" in answer.body["text"]


async def test_what_a_kill_left_waits_until_slack_tells_which_workspace_this_is(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(Fault("riskyUsers", "hang", times=-1))
        await rig.slack.command("adelev@contoso.com VPN")
        await rig.books.until(lambda: any("riskyUsers" in call.name for call in rig.books.calls))
        await rig.stop()
        rig.graph.faults.clear()
        rig.slack.faults.add(Fault("auth.test", "status", status=500))
        await rig.start()
        message = (await rig.books.until(lambda: rig.slack.messages(APPROVALS)))[0]
        assert "Confirm Adele Vance safe?" in rig.slack.plain(message)
        told = [rig.slack.plain(m) for m in [*rig.slack.ephemerals("U0ANALYST"), *rig.slack.dm("U0ANALYST")]]
        assert not any("Only full members" in text for text in told)


async def test_an_answer_that_comes_late_is_a_direct_message(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(Fault("riskyUsers", "status", times=3, status=429))
        await rig.slack.command("adelev@contoso.com VPN")
        await rig.books.until(lambda: len([c for c in rig.books.calls if c.status == 429]) > 0)
        rig.clock.advance(timedelta(seconds=40))
        await rig.books.until(lambda: rig.slack.dm("U0ANALYST"))


async def test_a_modal_that_slack_does_not_open_is_told(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        rig.slack.faults.add(Fault("views.open", "status", status=200, code="expired_trigger_id"))
        await rig.slack.click(message, "deny", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "Please click again in a minute.")


async def test_a_post_that_waited_long_for_its_turn_is_tried_again_as_soon_as_any_other(tmp_path: Path) -> None:
    tried: list[datetime] = []

    def is_last(call: Call) -> bool:
        is_it = "case last" in str(call.args)
        if is_it:
            tried.append(rig.clock.now())
        return is_it and len(tried) == 1

    async with running(tmp_path, REQUESTS_PER_HOUR="100") as rig:
        rig.slack.faults.add(Fault("chat.postMessage", "status", times=-1, status=500, when=is_last))
        users = rig.graph.add_crowd(25)
        for user in users:
            await rig.slack.command(f"{user} case {'last' if user == users[-1] else 'other'}")
        await rig.books.until(lambda: len(rig.slack.messages(APPROVALS)) == len(users), 45)
        first, second = tried
        assert second - first < timedelta(seconds=12)  # a first failure costs 2 s, a tenth up to a minute


async def test_what_waits_for_its_turn_to_be_posted_asks_slack_nothing_meanwhile(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        users = rig.graph.add_crowd(12)
        for user_id in users:
            await rig.slack.command(f"{user_id} VPN exit moved")
        before = len(rig.books.of("conversations.info"))
        await rig.books.until(lambda: len(rig.slack.messages(APPROVALS)) == len(users), 90)
        looked_at = len(rig.books.of("conversations.info")) - before
        assert looked_at <= len(users) + 2, f"{looked_at} for {len(users)} posts"
