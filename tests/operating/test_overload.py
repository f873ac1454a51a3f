"""Too much at once: whoever comes on top is told at once, and nobody is left without an answer."""

import asyncio
import sqlite3
import time
from pathlib import Path

from bot.store.ledger import last_entry
from tests.operating.scraped import scrape
from tests.rig import Rig, running

SLACK_WAITS = 3.0
MANY = 40


def at_most(rig: Rig, n: int) -> None:
    assert rig.application is not None
    rig.application._doors.most_in_hand = n


async def entries(rig: Rig) -> int:
    assert rig.parts is not None
    return await rig.parts.store.run(last_entry)


async def test_whoever_comes_on_top_is_answered_at_once_while_the_store_is_busy(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        at_most(rig, 10)
        held = sqlite3.connect(rig.database, isolation_level=None)
        held.execute("BEGIN IMMEDIATE")

        async def timed(n: int) -> tuple[float, str]:
            began = time.monotonic()
            answer = await rig.slack.command(f"user{n}@contoso.com VPN")
            assert answer.status == 200
            return time.monotonic() - began, answer.body["text"]

        told = await asyncio.gather(*(timed(n) for n in range(MANY)))
        held.close()
        assert max(seconds for seconds, _ in told) < SLACK_WAITS
        assert all("nothing was recorded. Please send it again in a minute" in text for _, text in told)
        # The ten in hand waited for the store; nobody else waited for them.
        assert sorted(seconds for seconds, _ in told)[MANY - 10 - 1] < 1.0
        assert (await scrape(rig)).value("shed_total", surface="command") == MANY - 10
        assert await entries(rig) == 0


async def test_afterwards_it_takes_what_comes_again(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        at_most(rig, 0)
        answer = await rig.slack.command("rehearse adelev@contoso.com VPN")
        assert "I can't take this just now and nothing was recorded." in answer.body["text"]
        assert answer.body["text"].startswith("Rehearsal.")
        assert "/confirm-safe rehearse adelev@contoso.com VPN" in rig.slack.plain(answer.body["blocks"])
        at_most(rig, 1)
        await rig.asked("adelev@contoso.com VPN")


async def test_a_click_that_is_too_much_fails_in_sight_and_says_so_privately(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked("adelev@contoso.com VPN")
        before = await entries(rig)
        at_most(rig, 0)
        assert (await rig.slack.click(message, "approve")).status == 503
        await rig.whispered("U0MEGAN", "nothing was recorded. Please click again in a minute.")
        assert await entries(rig) == before
        at_most(rig, 10)
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 user confirmed safe")


async def test_a_window_that_is_too_much_says_so_itself(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked("adelev@contoso.com VPN")
        await rig.slack.click(message, "deny")
        modal = await rig.modal_of("U0MEGAN")
        at_most(rig, 0)
        await rig.slack.submit(modal, values={"text": "no"})
        assert "nothing was recorded. Please click again in a minute." in rig.slack.plain(modal.view["blocks"])
        numbers = await scrape(rig)
        assert numbers.value("shed_total", surface="submit") == 1
