"""Bad days: clocks set back, machines that slept, refusals that pass, names cut in half, posts that double."""

import asyncio
import uuid
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import Connection

from bot.store.recent import RECENT
from demo.graph.directory import ADELE, ALEX
from demo.local_slack import Message
from demo.wire import Fault
from tests.rig import APPROVALS, INCIDENT, Rig, running

ONE = "adelev@contoso.com VPN"
OTHER = "alexw@contoso.com VPN"


async def entries(rig: Rig, kind: str) -> list[Mapping[str, Any]]:
    """What the log holds of one kind."""
    statement = "SELECT e.*, body FROM events e JOIN event_bodies USING (n) WHERE kind = ?"

    def read(connection: Connection) -> list[Mapping[str, Any]]:
        return [dict(row._mapping) for row in connection.exec_driver_sql(statement, (kind,))]

    assert rig.parts is not None
    return await rig.parts.store.run(read)


async def recorded(rig: Rig, kind: str, count: int) -> list[Mapping[str, Any]]:
    """Wait until the log holds so many of a kind."""
    async with asyncio.timeout(20):
        while len(found := await entries(rig, kind)) < count:
            await rig.clock.sleep(0.02)
        return found


async def readyz(rig: Rig) -> tuple[int, dict[str, Any]]:
    """Ask as the operator does."""
    assert rig.application is not None
    url = f"http://127.0.0.1:{rig.application.admin_port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.json()


async def test_of_a_post_that_doubled_one_stays(tmp_path: Path) -> None:
    async with running(tmp_path, speed=20) as rig:
        rig.slack.faults.add(Fault("chat.postMessage", "drop_after", when=lambda c: c.args["channel"] == APPROVALS))
        # Slack's history lags behind: the bot does not find what was taken, and posts again.
        rig.slack.faults.add(Fault("conversations.history", "stale"))
        await rig.slack.command(ONE)
        await rig.books.until(lambda: len(rig.slack.messages(APPROVALS)) == 2)
        await rig.books.until(lambda: len(rig.slack.messages(APPROVALS)) == 1)
        message = rig.slack.messages(APPROVALS)[0]
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 user confirmed safe")


async def test_doubles_that_slack_does_not_let_us_delete_are_left_alone(tmp_path: Path) -> None:
    async with running(tmp_path, speed=20) as rig:
        rig.slack.faults.add(Fault("chat.postMessage", "drop_after", when=lambda c: c.args["channel"] == APPROVALS))
        rig.slack.faults.add(Fault("conversations.history", "stale"))
        rig.slack.faults.add(Fault("chat.delete", "status", times=-1, status=200, code="cant_delete_message"))
        await rig.slack.command(ONE)
        await rig.books.until(lambda: rig.books.of("chat.delete"))
        rig.clock.advance(timedelta(minutes=10))
        await rig.clock.sleep(30)
        assert len(rig.books.of("chat.delete")) == 1


async def test_what_slack_refuses_for_a_while_is_posted_when_it_is_well_again(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        for name in ("chat.postMessage", "chat.update", "conversations.open"):
            rig.slack.faults.add(Fault(name, "status", times=-1, status=200, code="team_added_to_org"))
        await rig.slack.click(message, "approve")
        await rig.books.until(lambda: [c for c in rig.books.of("chat.update") if c.status == 200])
        assert any("team_added_to_org" in trouble for trouble in (await readyz(rig))[1]["degraded"])
        rig.slack.faults.clear()
        await rig.shows(message, "1 user confirmed safe")
        await rig.thread_says(message, "read back")
        await rig.books.until(lambda: len(rig.slack.messages(INCIDENT)) == 2)


async def test_half_a_character_in_a_name_loses_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.risky[ADELE].display_name = rig.graph.users[ADELE].display_name = "Adele \ud83d"
        rig.slack.users["U0MEGAN"].name = "Megan \ude00"
        message = await rig.asked(ONE)
        assert "Adele \ufffd" in rig.slack.plain(message)
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 user confirmed safe")


async def test_after_a_doubtful_send_a_hiccup_of_the_sign_in_buys_no_third_one(tmp_path: Path) -> None:
    async with running(tmp_path, speed=20) as rig:
        rig.graph.faults.add(Fault("confirmSafe", "status", times=-1, status=503))
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve")
        assert rig.parts is not None
        tokens = rig.parts.outside.graph.tokens
        for nth in (1, 2):
            await rig.books.until(lambda nth=nth: len(rig.sent()) == nth)  # type: ignore[misc] # bound at once
            await rig.thread_says(message, "before anything is sent again")
            await recorded(rig, "Doubted", 2 * nth)
            rig.entra.faults.add(Fault("token", "status", status=503))
            tokens.forget()
        await rig.shows(message, "Not known: 1 user")
        assert len(rig.sent()) == 2


async def test_whoever_has_no_e_mail_in_slack_cannot_ask(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.slack.command(ONE, by="U0NOMAIL")
        await rig.whispered("U0NOMAIL", "your Slack profile shows no e-mail address")
        assert rig.slack.messages(APPROVALS) == []


async def test_a_clock_that_is_set_back_stops_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.clock.advance(timedelta(minutes=-4))
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 user confirmed safe")


async def test_a_clock_that_is_set_back_makes_nobody_an_approver_who_is_none_any_more(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        first, second = await rig.asked(ONE), await rig.asked(OTHER)
        await rig.slack.click(first, "approve", by="U0MEGAN")
        rig.slack.groups["S0SOC"].discard("U0MEGAN")
        rig.clock.advance(timedelta(minutes=61))
        rig.clock.advance(timedelta(minutes=-61))
        await rig.slack.click(second, "approve", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "you aren't on the approvers list")
        assert len(await entries(rig, "Approved")) == 1


async def test_many_big_look_ups_keep_nobody_waiting_without_a_word(tmp_path: Path) -> None:
    async with running(tmp_path, speed=40) as rig:
        for _ in range(8):
            await rig.slack.command(" ".join(str(uuid.uuid4()) for _ in range(150)) + " x")
        await rig.slack.command(ONE, by="U0DIEGO")
        await rig.whispered("U0DIEGO", "Still looking up 1 user.")
        await rig.books.until(lambda: rig.slack.messages(APPROVALS))


async def test_refusals_beyond_twenty_an_hour_are_counted_when_the_hour_is_over(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        for _ in range(25):
            await rig.slack.click(message, "approve", by="U0JONI")
        assert len(await entries(rig, "ClickRefused")) == 20
        rig.clock.advance(timedelta(hours=1))
        refused = await recorded(rig, "ClickRefused", 21)
        assert "25 refusals in the hour" in refused[-1]["body"]


async def test_asking_too_often_is_on_the_record(tmp_path: Path) -> None:
    async with running(tmp_path, REQUESTS_PER_HOUR="1") as rig:
        await rig.asked(ONE)
        await rig.slack.command(OTHER)
        (refused,) = await entries(rig, "ClickRefused")
        assert refused["actor"] == "U0ANALYST"
        assert '"limit"' in refused["body"]


async def test_the_reference_of_a_refusal_is_on_the_record(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        await rig.slack.click(message, "approve", by="U0JONI")
        told = await rig.whispered("U0JONI", "you aren't on the approvers list")
        (refused,) = await entries(rig, "ClickRefused")
        assert told.rpartition("reference ")[2].rstrip(".") in refused["body"]


async def test_a_level_of_none_beside_a_state_at_risk_is_not_called_safe(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.risky[ADELE].level = "none"
        rig.graph.lies = True
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve")
        await rig.shows(message, "Sent: 1 user")
        rig.clock.advance(timedelta(minutes=16))
        await rig.shows(message, "Not confirmed: 1 user")


async def test_one_user_who_cannot_be_read_back_hides_no_other(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        rig.graph.faults.add(
            Fault("*", "status", times=-1, status=400, when=lambda c: c.name.endswith(f"riskyUsers/{ADELE}"))
        )
        await rig.slack.click(message, "approve")
        await rig.books.until(rig.sent)
        rig.graph.risky[ADELE].settles_at = rig.clock.now() + timedelta(days=1)
        await recorded(rig, "Verified", 1)
        rig.clock.advance(timedelta(minutes=16))
        await rig.shows(message, "1 of 2 users confirmed safe")


async def test_one_429_after_a_long_pause_makes_nobody_unknown(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.graph.processing = 60.0
        await rig.slack.click(message, "approve")
        await rig.thread_says(message, "204 No Content")
        await rig.stop()
        rig.clock.advance(timedelta(minutes=20))
        rig.graph.faults.add(Fault("riskyUsers", "status", times=1, status=429))
        await rig.start()
        await rig.shows(message, "1 user confirmed safe")


async def test_a_bot_that_is_not_in_its_private_channel_says_so(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.slack.channels[APPROVALS].is_private = True
        rig.slack.channels[APPROVALS].members.discard("U0BOT")
        await rig.slack.command(ONE)
        await rig.whispered("U0ANALYST", "I'm not in #id-approvals")


async def test_a_log_that_cannot_be_read_stops_no_other_request_in_its_channel(tmp_path: Path) -> None:
    async with running(tmp_path, speed=30) as rig:
        broken = await rig.asked(ONE)
        await rig.books.until(lambda: len(rig.slack.messages(INCIDENT)) == 1)
        rig.slack.faults.add(
            Fault("chat.update", "status", status=429, retry_after=5, when=lambda c: c.args["channel"] == INCIDENT)
        )
        await rig.slack.click(broken, "approve")
        await rig.books.until(lambda: [c for c in rig.books.of("chat.update") if c.args["channel"] == INCIDENT])
        assert rig.parts is not None
        empty = "UPDATE event_bodies SET body = '{}' WHERE n = (SELECT min(n) FROM events WHERE request_id = ?)"
        await rig.parts.store.run(lambda c: c.exec_driver_sql(empty, (rig.id_of(broken),)))
        await rig.parts.store.run(lambda c: c.info.pop(RECENT, None))  # as it is a few seconds later
        other = await rig.asked(OTHER)
        there = lambda: any(rig.id_of(other) in rig.slack.plain(m) for m in rig.slack.messages(INCIDENT))  # noqa: E731
        await rig.books.until(there)
        assert any("fails: see the log" in trouble for trouble in (await readyz(rig))[1]["degraded"])


async def test_a_click_before_the_bot_has_noted_its_post_is_asked_for_again(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.slack.faults.add(Fault("chat.postMessage", "drop_after"))
        rig.slack.faults.add(Fault("conversations.history", "status", times=2, status=500))
        await rig.slack.command(ONE)
        message = (await rig.books.until(lambda: rig.slack.messages(APPROVALS)))[0]
        await rig.slack.click(message, "approve")
        await rig.whispered("U0MEGAN", "Please click again in a minute.")


async def test_another_apps_message_is_never_taken_for_ours(tmp_path: Path) -> None:
    async with running(tmp_path, speed=20) as rig:
        rig.slack.faults.add(Fault("chat.postMessage", "reset", when=lambda c: c.args["channel"] == APPROVALS))
        await rig.slack.command(ONE)
        (first,) = await rig.books.until(lambda: rig.books.of("chat.postMessage"))
        metadata = first.args["metadata"]
        foreign = Message(APPROVALS, rig.slack.workspace.new_ts(rig.clock.now()), "U0OTHERBOT", "hello", [])
        foreign.metadata, foreign.bot_id = metadata, "B0OTHER"
        rig.slack.workspace.posted.append(foreign)
        await rig.books.until(lambda: [m for m in rig.slack.messages(APPROVALS) if m.user == "U0BOT"])


async def test_the_bot_is_not_ready_while_a_full_disk_takes_no_record(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert (await readyz(rig))[0] == 200
        assert rig.parts is not None
        full = lambda c: c.exec_driver_sql(  # noqa: E731 - one statement
            f"PRAGMA max_page_count={c.exec_driver_sql('PRAGMA page_count').scalar()}"
        )
        await rig.parts.store.run(full)
        told = [(await rig.slack.command("alexw@contoso.com " + "x " * 700)).body["text"] for _ in range(8)]
        assert "nothing was recorded" in told[-1]
        status, body = await readyz(rig)
        assert any("The database takes no record" in trouble for trouble in body["degraded"])
        assert status == 503  # though the probe's own row may still fit


async def test_the_bot_is_not_ready_before_it_knows_its_workspace(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert rig.parts is not None
        rig.parts.outside.installation.app_id = ""
        status, body = await readyz(rig)
        assert (status, body["status"]) == (503, "not ready")


async def test_sign_in_failing_after_a_good_start_is_shown(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        assert rig.parts is not None
        rig.parts.outside.graph.tokens.forget()
        rig.entra.failure = "expired_secret"
        await rig.slack.click(message, "approve")
        await rig.shows(message, "The bot can't sign in to Entra")
        assert any("AADSTS7000222" in trouble for trouble in (await readyz(rig))[1]["degraded"])
        rig.entra.failure = None
        await rig.shows(message, "1 user confirmed safe")
        assert (await readyz(rig))[1]["degraded"] == []


async def test_a_botched_id_among_good_ones_is_told_with_the_rest_and_they_can_be_asked_for(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.slack.command(f"adelev@contoso,com; {ALEX} nobody@contoso.com VPN")
        words = await rig.whispered("U0ANALYST", "I read 3 users. 1 can be asked for.")
        assert "I can't read adelev@contoso,com as an id." in words.replace("`", "")
        assert "nobody@contoso.com" in words
        await rig.slack.click(await rig.choice_of("U0ANALYST"), "ask_others", by="U0ANALYST")
        message = (await rig.books.until(lambda: rig.slack.messages(APPROVALS)))[0]
        assert "Confirm Alex Wilber safe?" in rig.slack.plain(message)


async def test_what_an_incident_channel_refuses_comes_with_the_reason(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.slack.channels[INCIDENT].members.discard("U0BOT")
        message = await rig.asked(ONE)
        told = await rig.whispered("U0ANALYST", "I can't post in #incident-4711 (not_in_channel)")
        assert f"About {rig.id_of(message)}:" in told


async def test_a_risk_that_ended_by_itself_after_a_doubtful_send_is_not_called_confirmed(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(Fault("confirmSafe", "reset"))
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve")
        await rig.books.until(rig.sent)
        rig.graph.remediate(ADELE)
        await rig.shows(message, "Not known: 1 user")
        assert rig.graph.sent == []


async def test_after_a_doubt_nobody_says_that_nothing_was_changed(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(Fault("confirmSafe", "status", status=503))
        rig.graph.faults.add(Fault("confirmSafe", "status", times=-1, status=403, code="Forbidden"))
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve")
        shown = await rig.shows(message, "Not confirmed: 1 user")
        assert "Nothing was changed" not in shown
        told = await rig.thread_says(message, "Entra refused (403)")
        assert "Nothing was changed" not in told


async def test_many_in_doubt_are_read_together_and_sent_again_together(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        ids = rig.graph.add_crowd(20)
        rig.graph.faults.add(Fault("confirmSafe", "status", status=503))
        message = await rig.asked(" ".join(ids) + " VPN")
        await rig.slack.click(message, "approve")
        await rig.shows(message, "20 of 20 confirmed safe")
        assert [len(call.args["userIds"]) for call in rig.sent()] == [20, 20]
        await rig.thread_says(message, "Sent again for the 20 users who were unchanged.")


async def test_who_nobody_could_read_back_is_not_called_at_risk(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.graph.processing = 3600.0
        await rig.slack.click(message, "approve")
        await rig.shows(message, "Sent: 1 user")
        rig.graph.faults.add(Fault("riskyUsers", "status", times=-1, status=403))
        await recorded(rig, "Unread", 1)
        rig.clock.advance(timedelta(minutes=17))
        shown = await rig.shows(message, "Accepted, not visible: 1 user")
        assert "the user could not be read back" in shown
        told = await rig.thread_says(message, "Adele Vance could not be read back")
        assert "still shows as at risk" not in told


async def test_a_requester_who_cannot_read_the_thread_is_told_the_end(tmp_path: Path) -> None:
    async with running(tmp_path, REQUESTERS="U0JONI") as rig:
        message = await rig.asked(ONE, by="U0JONI")
        await rig.slack.click(message, "approve")
        await rig.whispered("U0JONI", "1 of 1 confirmed safe")


async def test_a_code_of_slacks_that_nobody_knows_keeps_no_other_request_from_its_channel(tmp_path: Path) -> None:
    async with running(tmp_path, speed=60) as rig:
        first = await rig.asked(ONE)
        refused = Fault("chat.postMessage", "status", times=-1, status=200, code="not_known_to_us")
        rid = rig.id_of(first)
        refused.when = lambda c: c.args["channel"] == INCIDENT and rid in str(c.args["text"])
        rig.slack.faults.add(refused)
        await rig.slack.click(first, "approve")
        await rig.shows(first, "1 user confirmed safe")
        other = await rig.asked(OTHER)
        there = lambda: any(rig.id_of(other) in rig.slack.plain(m) for m in rig.slack.messages(INCIDENT))  # noqa: E731
        await rig.books.until(there)


async def test_a_store_that_is_busy_for_long_gets_everybody_an_answer_in_time(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        async with rig.busy():
            answer = await rig.slack.command(ONE)
        assert "nothing was recorded" in answer.body["text"]
        await rig.asked(OTHER)
        assert len(rig.slack.messages(APPROVALS)) == 1
