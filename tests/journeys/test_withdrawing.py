"""Whoever asked takes it back: before anybody decided, and nobody else."""

from pathlib import Path

import pytest

from bot.core.ids import RequestId
from bot.store.events import history
from demo.local_slack import Message
from demo.wire import Fault
from tests.rig import APPROVALS, BOTH_WAYS, INCIDENT, Rig, running

ONE = "adelev@contoso.com VPN"


async def withdraw(rig: Rig, what: str, user: str = "U0ANALYST") -> str:
    answer = await rig.slack.command(f"withdraw {what}".strip(), by=user)
    assert answer.status == 200
    return str(answer.body)


@BOTH_WAYS
async def test_what_is_withdrawn_can_be_approved_no_more_and_all_are_told(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        message = await rig.asked(ONE)
        on_screen = Message(message.channel, message.ts, message.user, message.text, message.blocks)
        told = await withdraw(rig, rig.id_of(message))
        assert f"{rig.id_of(message)} is withdrawn. The user stays at risk." in told
        shown = await rig.shows(message, "Withdrawn: 1 user")
        assert "@Lynne Robbins withdrew it at " in shown
        assert "[Approve]" not in shown
        await rig.thread_says(message, "Withdrawn by @Lynne Robbins.")
        await rig.books.until(lambda: "withdrawn" in rig.slack.plain(rig.slack.messages(INCIDENT)[0]))
        await rig.slack.click(on_screen, "approve")
        await rig.whispered("U0MEGAN", "@Lynne Robbins withdrew it at ")
        assert rig.sent() == []


async def test_the_users_of_a_withdrawn_request_can_be_asked_for_anew(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await withdraw(rig, rig.id_of(message))
        await rig.shows(message, "Withdrawn: 1 user")
        again = await rig.asked(ONE)
        assert rig.id_of(again) != rig.id_of(message)


@pytest.mark.parametrize("user", ["U0MEGAN", "U0JONI"])
async def test_nobody_else_can_withdraw_it(tmp_path: Path, user: str) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        told = await withdraw(rig, rig.id_of(message), user)
        assert "Only <@U0ANALYST> can withdraw it; approvers can deny it." in told
        assert "[Approve]" in rig.slack.plain(message)


async def test_what_was_approved_cannot_be_withdrawn_any_more(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.graph.faults.add(Fault("riskyUsers", "status", times=-1, status=503))
        await rig.slack.click(message, "approve")
        await rig.shows(message, "Approved by @Megan Bowen")
        told = await withdraw(rig, rig.id_of(message))
        assert "<@U0MEGAN> approved it at " in told
        assert "so your click changed nothing." in told
        rig.graph.faults.clear()
        await rig.shows(message, "1 user confirmed safe")


async def test_what_is_still_being_looked_up_can_be_withdrawn_and_is_never_shown(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(Fault("riskyUsers", "hang_then_accept", times=-1))
        answer = await rig.slack.command(ONE)
        request_id = next(word.strip(".") for word in str(answer.body).split() if word.startswith("CS-"))
        assert "is withdrawn" in await withdraw(rig, request_id)
        rig.graph.faults.clear()
        message = await rig.asked("alexw@contoso.com VPN")
        assert rig.slack.messages(APPROVALS) == [message]


@pytest.mark.parametrize("typed", ["withdraw {}", "cancel {}", "WITHDRAW {}.", "withdraw `{}`"])
async def test_the_id_is_read_as_people_type_it(tmp_path: Path, typed: str) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        answer = await rig.slack.command(typed.format(rig.id_of(message).lower()))
        assert "is withdrawn" in str(answer.body)


async def test_an_id_that_is_none_is_answered_with_what_ids_look_like(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert "There is no CS-0000 that you can see. Ids look like CS-4K7Q" in await withdraw(rig, "CS-0000")
        assert "Which one? Ids look like CS-4K7Q: `/confirm-safe withdraw CS-4K7Q`." in await withdraw(rig, "")


async def test_who_tried_to_withdraw_what_is_on_the_record(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await withdraw(rig, rig.id_of(message), "U0JONI")
        await withdraw(rig, rig.id_of(message))
        assert rig.parts is not None
        kinds = await rig.parts.store.run(
            lambda c: [str(event) for _, event in history(c, RequestId(rig.id_of(message)))]
        )
        assert any("ClickRefused(by='U0JONI', action='withdraw', why='only_asker_withdraws'" in k for k in kinds)
        assert any(k.startswith("Withdrawn(by='U0ANALYST'") for k in kinds)
