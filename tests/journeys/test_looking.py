"""What people look at: their own requests, the open ones, how one stands, and all that is known of it."""

from pathlib import Path

import pytest

from demo.local_slack import Message
from demo.wire import Fault
from tests.rig import BOTH_WAYS, Rig, running

ONE = "adelev@contoso.com VPN"
OUTSIDER = "U0JONI"
"""Neither in the approval channel nor an approver."""


async def typed(rig: Rig, text: str, by: str = "U0ANALYST") -> str:
    answer = await rig.slack.command(text, by=by)
    assert answer.status == 200
    shown = rig.slack.ephemerals(by)[-1]
    return rig.slack.plain(shown)


async def confirmed(rig: Rig, message: Message) -> None:
    await rig.slack.click(message, "approve")
    await rig.shows(message, "confirmed safe")


@BOTH_WAYS
async def test_mine_lists_what_i_asked_for_with_how_it_stands(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        assert await typed(rig, "mine") == "You have no requests in the last 30 days."
        first = await rig.asked(ONE)
        await confirmed(rig, first)
        second = await rig.asked("alexw@contoso.com VPN")
        told = await typed(rig, "mine")
        assert "Your requests of the last 30 days, the newest first:" in told
        assert f"{rig.id_of(second)} · waiting, 1 user, highest risk " in told
        assert f"{rig.id_of(first)} · 1 user confirmed safe, highest risk " in told
        assert told.index(rig.id_of(second)) < told.index(rig.id_of(first))
        assert await typed(rig, "mine", "U0DIEGO") == "You have no requests in the last 30 days."


async def test_list_shows_what_is_open_to_those_who_may_ask_or_approve(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert await typed(rig, "list") == "No request is open."
        message = await rig.asked(ONE)
        for by in ("U0ANALYST", "U0MEGAN"):
            told = await typed(rig, "list", by)
            assert "Open requests, the oldest first:" in told
            assert f"{rig.id_of(message)} · waiting, 1 user" in told
            assert "asked by @Lynne Robbins" in told
        told = await typed(rig, "list", OUTSIDER)
        assert "Only people who may ask or approve see the open requests:" in told
        assert rig.id_of(message) not in told


async def test_list_is_not_shown_while_nobody_can_tell_who_asks(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.asked(ONE)
        rig.slack.faults.add(Fault("users.info", "status", times=-1, status=503))
        told = await typed(rig, "list", OUTSIDER)
        assert told == "I couldn't check what you may see: Slack isn't answering. Please try again in a minute."


@pytest.mark.parametrize("words", ["status {}", "STATUS {}", "status of `{}`", "{}", "{}?"])
async def test_status_says_how_a_request_stands(tmp_path: Path, words: str) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        told = await typed(rig, words.format(rig.id_of(message).lower()))
        assert f"{rig.id_of(message)}: waiting for approval since " in told
        assert "1 user, highest risk High." in told
        assert "Open" in told


async def test_status_of_what_is_not_mine_is_told_to_those_who_may_see_it_and_not_to_others(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        request_id = rig.id_of(message)
        assert f"{request_id}: waiting" in await typed(rig, f"status {request_id}", "U0MEGAN")
        unseen = f"There is no {request_id} that you can see. Ids look like CS-4K7Q."
        assert await typed(rig, f"status {request_id}", OUTSIDER) == unseen
        assert await typed(rig, "status CS-ZZZZ") == "There is no CS-ZZZZ that you can see. Ids look like CS-4K7Q."
        assert (await typed(rig, "status")).startswith("Which one? Ids look like CS-4K7Q")


async def test_details_show_all_there_is_to_know(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked()
        await rig.slack.click(message, "details", by="U0DIEGO")
        told = rig.slack.plain(await rig.modal_of("U0DIEGO"))
        assert f"Details of {rig.id_of(message)}" in told
        assert "Decided by: It takes one from" in told
        assert "2 users, the riskiest first" in told
        assert "Adele Vance · adelev@contoso.com" in told
        assert "Why is not known: Entra's detections were not read." in told
        assert "asked by @Lynne Robbins" in told
        assert "Record: entry " in told
        await confirmed(rig, message)
        await rig.slack.click(message, "details", by="U0MEGAN")
        told = rig.slack.plain(await rig.modal_of("U0MEGAN"))
        assert "approved by @Megan Bowen, view 1. It takes one from" in told
        assert "Entra accepted 2 users (204)" in told
        assert "Graph request-id: " in told
        assert "2 users read back as confirmed safe" in told
        assert "Confirmed safe, read back at " in told


async def test_details_of_many_users_have_pages(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        ids = rig.graph.add_crowd(40)
        message = await rig.asked(f"{' '.join(ids)} VPN exit moved")
        await rig.slack.click(message, "details")
        window = await rig.modal_of("U0MEGAN")
        assert "40 users, the riskiest first, page 1 of 3" in rig.slack.plain(window)
        await rig.slack.press(window, "details_next")
        await rig.books.until(lambda: "page 2 of 3" in rig.slack.plain(window))
        await rig.slack.press(window, "details_next")
        await rig.books.until(lambda: "page 3 of 3" in rig.slack.plain(window))
        await rig.slack.press(window, "details_previous")
        await rig.books.until(lambda: "page 2 of 3" in rig.slack.plain(window))


async def test_who_may_not_see_a_request_gets_no_details(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await rig.slack.click(message, "details", by=OUTSIDER)
        told = rig.slack.plain(await rig.modal_of(OUTSIDER))
        assert "Only people who may ask or approve" in told
        assert "Adele" not in told


async def test_details_that_slack_does_not_open_are_told_of(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.slack.faults.add(Fault("views.open", "status", times=-1, status=503))
        await rig.slack.click(message, "details")
        await rig.whispered("U0MEGAN", "I can't show this just now; nothing was changed.")
