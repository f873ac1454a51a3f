"""The less trodden ways: limits, late answers, answers lost, and stops in the middle."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest
from sqlalchemy import Connection

from bot.authority import Authority
from bot.core.ids import SlackUserId
from bot.core.rules import of_lists
from bot.errors import CannotTell, SlackBusy, SlackDoubtful, SlackRefused
from bot.graph.accounts import Accounts
from bot.graph.groups import Groups
from bot.slack.blocks.message import said
from bot.slack.installation import Installation
from bot.slack.messenger import Messenger, Spot
from bot.slack.people import People
from bot.store.writer import Writer
from demo.local_slack import Message
from demo.local_slack.workspace import BOT_USER
from demo.wire import Fault
from tests.rig import APPROVALS, BOTH_WAYS, FAILED, SPEED, running


async def test_a_crash_between_the_call_and_its_answer_is_read_back_first(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        rig.graph.faults.add(Fault("confirmSafe", "hang"))
        await rig.slack.click(message, "approve")
        await rig.books.until(rig.sent)
        await rig.stop()
        rig.graph.faults.clear()
        await rig.start(DRAIN_SECONDS="1")
        await rig.thread_says(message, "before anything is sent again")
        await rig.shows(message, "2 of 2 confirmed safe")
        await rig.thread_says(message, "Sent again for the 2 users")


async def test_work_left_by_a_stop_goes_on_at_the_next_start(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(Fault("confirmSafe", "status", times=-1, status=429))
        message = await rig.asked()
        await rig.slack.click(message, "approve")
        await rig.books.until(rig.sent)
        await rig.stop()
        answer = await rig.slack.command("adelev@contoso.com VPN")
        assert answer.status == 0
        rig.graph.faults.clear()
        await rig.start()
        await rig.shows(message, "2 of 2 confirmed safe")


async def test_many_users_that_are_not_on_the_list_are_read_one_by_one(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        ids = rig.graph.add_crowd(8)
        message = await rig.asked(" ".join(ids) + " VPN")
        rig.graph.faults.add(Fault("riskyUsers", "status", times=2, status=503))
        await rig.slack.click(message, "approve")
        await rig.shows(message, "8 of 8 confirmed safe")
        assert any("$filter" in call.args for call in rig.books.calls if call.to == "graph")


async def test_some_may_be_refused_and_the_rest_be_confirmed(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        ids = rig.graph.add_crowd(61)
        message = await rig.asked(" ".join(ids) + " VPN")
        rig.graph.faults.add(
            Fault("confirmSafe", "status", status=400, code="BadRequest", when=lambda c: len(c.args["userIds"]) == 1)
        )
        await rig.slack.click(message, "review")
        await rig.slack.submit(await rig.modal_of("U0MEGAN"))
        shown = await rig.shows(message, "60 of 61 users confirmed safe", 90)
        assert "[Ask again" in shown
        await rig.thread_says(message, "Entra refused 1 user")
        await rig.slack.click(message, "ask_again", by="U0DIEGO")
        await rig.books.until(lambda: len(rig.slack.messages(APPROVALS)) == 2)
        assert "[Approve]" in rig.slack.plain(rig.slack.messages(APPROVALS)[1])


async def test_asking_again_has_the_same_limit(tmp_path: Path) -> None:
    async with running(tmp_path, REQUESTS_PER_HOUR="1", APPROVAL_TTL="PT10M") as rig:
        message = await rig.asked()
        rig.clock.advance(timedelta(minutes=11))
        await rig.shows(message, "Expired: 2 users")
        await rig.slack.click(message, "ask_again", by="U0ANALYST")
        await rig.whispered("U0ANALYST", "which is the limit")
        await rig.slack.click(message, "ask_again", by="U0MEGAN")
        await rig.books.until(lambda: len(rig.slack.messages(APPROVALS)) == 2)
        await rig.slack.click(message, "ask_again", by="U0DIEGO")
        await rig.whispered("U0DIEGO", "Already in CS-")


async def test_a_choice_is_its_askers_alone_and_is_made_once(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.slack.command("adelev@contoso.com nobody@contoso.com VPN")
        answer = await rig.choice_of("U0ANALYST")
        shown = Message(answer.channel, answer.ts, "", answer.text, answer.blocks, ephemeral_to="U0ANALYST")
        assert (await rig.slack.click(shown, "ask_others", by="U0JONI")).status == 200
        assert rig.slack.messages(APPROVALS) == []
        await rig.slack.click(answer, "ask_others", by="U0ANALYST")
        await rig.books.until(lambda: rig.slack.messages(APPROVALS))
        assert (await rig.slack.click(shown, "drop", by="U0ANALYST")).status == 200
        assert len(rig.slack.messages(APPROVALS)) == 1


async def test_a_choice_nobody_makes_is_dropped_after_an_hour(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.slack.command("adelev@contoso.com nobody@contoso.com VPN")
        await rig.choice_of("U0ANALYST")
        rig.clock.advance(timedelta(minutes=61))
        await rig.whispered("U0ANALYST", "was dropped: nothing was asked for.")


async def test_requesters_narrow_who_may_ask(tmp_path: Path) -> None:
    async with running(tmp_path, REQUESTERS="S0SOC") as rig:
        await rig.slack.command("adelev@contoso.com VPN")
        await rig.whispered("U0ANALYST", "You can't ask for confirmations.")
        await rig.asked("adelev@contoso.com VPN", by="U0DIEGO")


async def test_a_mention_of_somebody_without_an_e_mail_is_unknown(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.slack.command("<@U0NOMAIL> VPN")
        await rig.whispered("U0ANALYST", "Nothing was asked for.")
        assert rig.slack.messages(APPROVALS) == []


async def test_somebody_who_cannot_be_told_anywhere_does_no_harm(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        rig.slack.faults.add(Fault("conversations.open", "status", times=-1, status=200, code="user_disabled"))
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.books.until(lambda: rig.books.of("conversations.open"))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "2 of 2 confirmed safe")


async def test_a_bot_with_nothing_to_do_leaves_the_database_alone(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.asked()
        assert rig.parts is not None
        claims = 0
        real = rig.parts.store.run

        async def counted(work: Callable[[Connection], T], *, deadline: float | None = None) -> T:
            nonlocal claims
            claims += 1
            return await real(work, deadline=deadline)

        rig.parts.store.run = counted  # type: ignore[method-assign] # counts, and passes on
        rig.clock.advance(timedelta(minutes=5))
        await rig.clock.sleep(20)
        # One or two may have renewed the lease of a post, and once a minute it notes that it is there.
        assert claims < 15, claims


async def test_help_comes_also_while_slack_does_not_say_who_asks(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.slack.faults.add(Fault("users.info", "status", status=500))
        text = (await rig.slack.command("help", by="U0JONI")).body["text"]
        assert "You may approve: I can't tell just now" in text


T = TypeVar("T")


class Doubtful(Writer):
    """A writer whose COMMIT is not answered, once asked to."""

    broken = False

    async def run(
        self, work: Callable[[Connection], T], *, deadline: float | None = None, gives_way: bool = False
    ) -> T:
        if Doubtful.broken and deadline is not None:
            raise CannotTell("disk I/O error")
        return await super().run(work, deadline=deadline, gives_way=gives_way)


@BOTH_WAYS
async def test_while_it_cannot_be_told_whether_it_was_recorded_that_is_said(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        message = await rig.asked()
        await rig.slack.click(message, "deny", by="U0DIEGO")
        modal = await rig.modal_of("U0DIEGO")
        rig.slack.delivery.patience = 1.0
        assert rig.parts is not None
        rig.parts.store.writer.__class__ = Doubtful
        Doubtful.broken = True
        try:
            answer = await rig.slack.command("alexw@contoso.com VPN")
            assert (
                "I can't tell yet whether this was recorded; `/confirm-safe mine` will show it."
                in answer.body["text"]
            )
            assert (await rig.slack.click(message, "approve")).status == FAILED[way]
            await rig.whispered(
                "U0MEGAN",
                "I can't tell yet whether this was recorded; `/confirm-safe mine` will show it. "
                "Clicking again is safe.",
            )
            assert (await rig.slack.click(message, "deny")).status == FAILED[way]
            await rig.slack.submit(modal, values={"text": "no"})
            assert "I can't tell yet" in rig.slack.plain(modal)
            modal.view = {**modal.view, "callback_id": "review", "private_metadata": "CS-XXXX.one"}
            await rig.slack.submit(modal)
            rig.slack.faults.add(Fault("chat.postEphemeral", "status", status=500))
            assert (await rig.slack.click(message, "approve")).status == FAILED[way]
        finally:
            Doubtful.broken = False
        assert rig.sent() == []


async def test_what_the_messenger_meets_is_told_apart(tmp_path: Path) -> None:
    async with running(tmp_path) as rig, aiohttp.ClientSession() as session:
        assert rig.parts is not None
        messenger = Messenger(rig.parts.outside.client, session, rig.parts.outside.installation, rig.clock)
        url = f"http://127.0.0.1:{rig.slack.port}/response/none"
        with pytest.raises(SlackRefused, match="http_404"):
            await messenger.respond(url, said("x"))
        kinds = ((429, SlackBusy), (503, SlackDoubtful))
        for status, kind in kinds:
            rig.slack.faults.add(Fault("response_url", "status", status=status))
            with pytest.raises(kind):
                await messenger.respond(url, said("x"))
        rig.slack.faults.add(Fault("response_url", "reset"))
        with pytest.raises(SlackDoubtful):
            await messenger.respond(url, said("x"))
        since = rig.clock.now()
        rig.slack.channels[APPROVALS].members.add(BOT_USER)
        for _ in range(205):
            await messenger._client.chat_postMessage(channel=APPROVALS, text="noise")
        ts = await messenger.post(Spot(APPROVALS), said("x"), {"op_id": "mine"})
        assert await messenger.find(Spot(APPROVALS), "mine", since) == [ts]
        port = await _closed_port()
        rig.parts.outside.client.base_url = f"http://127.0.0.1:{port}/api/"
        with pytest.raises(SlackBusy):
            await messenger.delete(APPROVALS, ts)


async def _closed_port() -> int:
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    return port


async def test_people_who_take_too_long_to_look_up_are_not_known(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert rig.parts is not None
        outside = rig.parts.outside
        people = People(outside.client, outside.installation, rig.clock)
        accounts, groups = Accounts(outside.graph, rig.clock), Groups(outside.graph, rig.clock)
        authority = Authority(people, accounts, groups, of_lists(("S0SOC",)))
        rig.slack.faults.add(Fault("users.info", "hang"))
        with pytest.raises(SlackDoubtful):
            await authority.standing(SlackUserId("U0MEGAN"), ["approvers"], 0.05)
        await rig.books.until(lambda: any(call.status is None for call in rig.books.of("users.info")))
        rig.slack.faults.clear()
        unknown = await people.person("U0NOBODY")  # type: ignore[arg-type] # a plain id
        assert not unknown.is_full_member


async def test_an_app_that_slack_does_not_name_or_an_org_wide_install_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert rig.parts is not None
        rig.slack.faults.add(Fault("bots.info", "status", status=200, code="bot_not_found"))
        with pytest.raises(SlackRefused):
            await Installation().learn(rig.parts.outside.client)


async def test_a_group_that_is_gone_stops_nobody_else(tmp_path: Path) -> None:
    async with running(tmp_path, APPROVERS="S0SOC,S0GONE,U0ADELE") as rig:
        message = await rig.asked()
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "2 of 2 confirmed safe")


async def test_the_second_reading_in_doubt_is_a_quarter_of_a_minute_after_the_first(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(Fault("confirmSafe", "status", times=-1, status=503))
        message = await rig.asked("adelev@contoso.com VPN")
        await rig.slack.click(message, "approve")
        await rig.books.until(rig.sent)
        rig.graph.faults.add(Fault("riskyUsers", "status", times=2, status=503))
        await rig.books.until(lambda: len(rig.sent()) == 2)
        first, second = rig.sent()
        between = rig.books.calls[first.n : second.n - 1]
        read = [call.at for call in between if call.to == "graph" and call.status == 200]
        assert len(read) == 2
        assert (read[1] - read[0]) * SPEED > 14


async def test_users_that_cannot_be_read_back_for_too_long_are_accepted_and_not_visible(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        rig.graph.processing = 3600.0
        await rig.slack.click(message, "approve")
        await rig.shows(message, "Sent: 2 users")
        rig.graph.faults.add(Fault("riskyUsers", "status", times=-1, status=403))
        assert rig.application is not None
        application = rig.application
        await rig.books.until(lambda: any("can't be read back" in t for t in application.troubles()))
        rig.clock.advance(timedelta(minutes=16))
        rig.clock.advance(timedelta(minutes=1))
        await rig.shows(message, "Accepted, not visible: 2 users")


async def test_the_loop_outlives_a_broken_statement(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert rig.parts is not None
        await rig.parts.store.run(lambda c: c.exec_driver_sql("ALTER TABLE tasks RENAME TO gone"))
        answer = await rig.slack.command("adelev@contoso.com VPN")
        assert "nothing was recorded" in answer.body["text"]
        await rig.parts.store.run(lambda c: c.exec_driver_sql("ALTER TABLE gone RENAME TO tasks"))
        await rig.asked("adelev@contoso.com VPN")
