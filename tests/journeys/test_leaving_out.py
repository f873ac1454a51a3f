"""Above twenty users: those who look different come first, and an approval can leave them out."""

from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from demo.local_slack import Message
from demo.local_slack.workspace import View
from demo.wire import Fault
from tests.journeys.test_why import start
from tests.rig import APPROVALS, BOTH_WAYS, Rig, running

LOOK_DIFFERENT = "2 look different. Check these first:"
STAY = "2 users were left out by @Megan Bowen and stay at risk."


def crowd(rig: Rig, n: int = 27) -> list[str]:
    """That many users of one moved VPN; the passwords of the first two were found for sale too."""
    ids = rig.graph.add_crowd(n, "unfamiliarFeatures")
    for user_id in ids:
        rig.graph.add_risky(user_id, "medium")
    for user_id in ids[:2]:
        rig.graph.add_detection(user_id, "leakedCredentials")
    return ids


async def asked(rig: Rig, ids: list[str]) -> Message:
    return await rig.asked(" ".join(ids) + " the VPN moved")


async def reviewed(rig: Rig, message: Message) -> View:
    await rig.slack.click(message, "review", by="U0MEGAN")
    return await rig.modal_of("U0MEGAN")


def box(modal: View) -> dict[str, Any]:
    return next(block for block in modal.view["blocks"] if block["type"] == "input")


def ticked(modal: View) -> dict[str, list[str]]:
    return {"leave_out": [option["value"] for option in box(modal)["element"]["options"]]}


@BOTH_WAYS
async def test_those_who_look_different_are_left_out_and_can_be_asked_for_at_once(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way, start=False) as rig:
        ids = crowd(rig)
        await start(rig)
        message = await asked(rig, ids)
        shown = rig.slack.plain(message)
        first, _, rest = shown.partition(
            "25 look alike: Unfamiliar sign-in properties, all from 198.51.100.0/24 (Oslo, NO)"
        )
        assert LOOK_DIFFERENT in first
        assert all(f"user{n:03}@contoso.com" in first for n in (1, 2))
        assert "user003" not in shown
        assert "[Review and approve…]" in rest

        modal = await reviewed(rig, message)
        words = rig.slack.plain(modal)
        assert all(f"user{n:03}@contoso.com" in words for n in range(1, 28))
        await rig.slack.submit(modal, values=ticked(modal))
        assert rig.slack.modal("U0MEGAN") is None

        shown = await rig.shows(message, "25 of 25 confirmed safe")
        assert STAY in shown
        assert "user001" not in shown
        told = await rig.thread_says(message, "can be asked for in another request")
        assert STAY.replace(".", ": ") in told
        assert "Contoso User 001, Contoso User 002" in told.replace("*", "")
        assert [sorted(sent) for sent in rig.graph.sent] == [sorted(ids[2:])]
        assert all(rig.graph.risky[user_id].state == "atRisk" for user_id in ids[:2])

        again = await asked(rig, ids[:2])
        assert "Confirm 2 users safe?" in rig.slack.plain(again)


async def test_without_the_tick_all_are_confirmed(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        ids = crowd(rig)
        await start(rig)
        message = await asked(rig, ids)
        await rig.slack.submit(await reviewed(rig, message))
        shown = await rig.shows(message, "27 of 27 confirmed safe")
        assert "left out" not in shown
        assert sorted(chain.from_iterable(rig.graph.sent)) == sorted(ids)


async def test_asking_again_does_not_ask_for_those_who_were_left_out(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        ids = crowd(rig, 63)
        await start(rig)
        message = await asked(rig, ids)
        rig.graph.faults.add(
            Fault("confirmSafe", "status", status=400, code="BadRequest", when=lambda c: len(c.args["userIds"]) == 1)
        )
        modal = await reviewed(rig, message)
        await rig.slack.submit(modal, values=ticked(modal))
        shown = await rig.shows(message, "60 of 61 users confirmed safe", 90)
        assert "[Ask again for 1]" in shown
        await rig.slack.click(message, "ask_again", by="U0DIEGO")
        await rig.books.until(lambda: len(rig.slack.messages(APPROVALS)) == 2)
        again = rig.slack.plain(rig.slack.messages(APPROVALS)[1])
        assert "[Approve]" in again
        assert not any(f"user{n:03}@contoso.com" in again for n in (1, 2))


async def test_they_stay_out_when_the_others_need_a_new_approval_and_are_free_meanwhile(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, HOLD="PT10M") as rig:
        ids = crowd(rig)
        await start(rig)
        message = await asked(rig, ids)
        modal = await reviewed(rig, message)
        await rig.slack.submit(modal, values=ticked(modal))
        await rig.shows(message, "Approved: 25 users")
        other = await asked(rig, ids[:2])
        assert "Confirm 2 users safe?" in rig.slack.plain(other)
        for user_id in ids[2:]:
            rig.graph.rise(user_id, "high")
        rig.clock.advance(timedelta(minutes=10))
        shown = await rig.shows(message, "Risk changed: 25 users")
        assert STAY in shown
        assert rig.sent() == []
        modal = await reviewed(rig, message)
        assert "user001" not in rig.slack.plain(modal)
        assert modal.view["submit"]["text"] == "Confirm 25 users safe"
        await rig.slack.submit(modal)
        await rig.shows(message, "Approved: 25 users")
        rig.clock.advance(timedelta(minutes=10))
        await rig.shows(message, "25 of 25 confirmed safe")
        assert not set(ids[:2]) & set(chain.from_iterable(rig.graph.sent))


async def test_a_tick_that_leaves_nobody_is_told_under_the_box_and_approves_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        ids = crowd(rig)
        blind = rig.graph.add_crowd(25)
        await start(rig)
        grouped, ungrouped = await asked(rig, ids), await asked(rig, blind)
        tick = box(await reviewed(rig, grouped))
        modal = await reviewed(rig, ungrouped)
        assert "The riskiest 10" in rig.slack.plain(ungrouped)
        assert "input" not in [block["type"] for block in modal.view["blocks"]]
        # As if it had been drawn by a version that told them apart in another way.
        modal.view["blocks"].append(tick)
        answer = await rig.slack.submit(modal, values=ticked(modal))
        assert answer.body["response_action"] == "errors"
        assert "leave nobody to confirm" in answer.body["errors"]["leave_out"]
        assert rig.slack.modal("U0MEGAN") is modal

        modal = await reviewed(rig, grouped)
        box(modal)["element"]["options"][0]["value"] = ids[5]
        await rig.slack.submit(modal, values=ticked(modal))
        assert "Your click was not counted. Please look again and decide." in rig.slack.plain(modal)
        assert rig.sent() == []
        assert len(rig.slack.messages(APPROVALS)) == 2
