"""Too much at once: whoever comes on top is told at once, and nobody is left without an answer."""

import asyncio
import sqlite3
from pathlib import Path

from tests.entries import last_entry
from tests.operating.scraped import scrape
from tests.rig import Rig, running

IN_HAND, MANY = 5, 10


def at_most(rig: Rig, n: int) -> None:
    assert rig.application is not None
    rig.application._intake.most_in_hand = n


async def entries(rig: Rig) -> int:
    assert rig.parts is not None
    return await rig.parts.store.run(last_entry)


async def test_whoever_comes_on_top_is_answered_at_once_while_the_store_is_busy(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        at_most(rig, IN_HAND)
        held = sqlite3.connect(rig.database, isolation_level=None)
        held.execute("BEGIN IMMEDIATE")

        async def told(n: int) -> str:
            answer = await rig.slack.command(f"user{n}@contoso.com VPN")
            return str(answer.body["text"]) if answer.status == 200 else ""

        first = [asyncio.create_task(told(n)) for n in range(IN_HAND)]
        assert rig.application is not None
        while rig.application._intake.in_hand < IN_HAND:
            await rig.clock.sleep(0.01)
        on_top = await asyncio.gather(*(told(n) for n in range(MANY)))
        assert all("nothing was recorded. Please send it again in a minute" in text for text in on_top)
        assert not any(task.done() for task in first)  # nobody on top waited for those who wait for the store
        held.close()
        # Who was in hand gets an answer too, and a true one.
        taken = [text for text in await asyncio.gather(*first) if text.startswith("Got it")]
        assert (await scrape(rig)).value("shed_total", surface="command") == MANY
        assert rig.parts is not None
        asked = await rig.parts.store.run(
            lambda c: c.exec_driver_sql("SELECT count(*) FROM events WHERE kind = 'Asked'").scalar()
        )
        assert asked == len(taken)


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
