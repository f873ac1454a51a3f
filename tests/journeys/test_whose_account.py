"""Whoever decides is known in Entra too: by exactly one enabled account, which is none of the users'."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from demo.graph.directory import MEGAN
from demo.wire import Fault
from tests.rig import Rig, running

ONE = "adelev@contoso.com VPN"
TRIED = "(tried mail, UPN and proxy addresses of enabled members)"
OTHER = "0d1f7b0e-7a58-4b5c-9d8e-3a1f27c6e4b2"


def is_nobody(rig: Rig) -> None:
    del rig.graph.users[MEGAN]


def is_a_guest(rig: Rig) -> None:
    rig.graph.users[MEGAN].user_type = "Guest"


def is_two(rig: Rig) -> None:
    rig.graph.add_user(OTHER, "Megan B.", "mb@contoso.com", proxy_addresses=["smtp:meganb@contoso.com"])


def is_disabled(rig: Rig) -> None:
    rig.graph.users[MEGAN].enabled = False


REFUSED = [
    (is_nobody, f"I found no Entra account for `meganb@contoso.com` {TRIED}"),
    (is_a_guest, f"I found no Entra account for `meganb@contoso.com` {TRIED}"),
    (is_two, f"I found more than one Entra account for `meganb@contoso.com` {TRIED}"),
    (is_disabled, "Your own Entra account is disabled, so you can't decide now."),
]


@pytest.mark.parametrize(("happens", "words"), REFUSED)
@pytest.mark.parametrize("action", ["approve", "deny"])
async def test_who_has_not_one_enabled_account_decides_nothing(
    tmp_path: Path, happens: object, words: str, action: str
) -> None:
    assert callable(happens)
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        happens(rig)
        await rig.slack.click(message, action, by="U0MEGAN")
        await rig.whispered("U0MEGAN", words)
        assert rig.slack.modal("U0MEGAN") is None
        assert "[Approve]" in rig.slack.plain(message)

        await rig.slack.click(message, "approve", by="U0DIEGO")
        await rig.shows(message, "1 of 1 confirmed safe")
        assert "Approved by @Diego" in rig.slack.plain(message)


async def test_a_second_account_that_is_disabled_or_a_guests_is_in_nobodys_way(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        is_two(rig)
        rig.graph.users[OTHER].enabled = False
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_no_is_never_remembered(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        is_disabled(rig)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "Your own Entra account is disabled")
        rig.graph.users[MEGAN].enabled = True
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_a_click_while_entra_is_silent_is_kept_but_clears_nobody_before_it_speaks(tmp_path: Path) -> None:
    async with running(tmp_path, SEND_WITHIN="PT4H") as rig:
        message = await rig.asked(ONE)
        rig.clock.advance(timedelta(seconds=70))
        rig.graph.faults.add(Fault("GET /v1.0/users", "status", times=-1, status=503))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "Entra isn't answering")
        assert rig.sent() == []

        is_disabled(rig)
        rig.graph.faults.waiting.clear()
        await rig.shows(message, "The approval by @Megan Bowen no longer counts: they may not approve it any more.")
        assert rig.sent() == []


async def test_an_approver_whose_account_is_disabled_before_sending_clears_nobody(tmp_path: Path) -> None:
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "[Stop]")
        is_disabled(rig)
        rig.clock.advance(timedelta(minutes=5))
        await rig.shows(message, "no longer counts: they may not approve it any more")
        assert rig.sent() == []


async def test_the_record_names_the_account_of_whoever_approved(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "1 of 1 confirmed safe")
        with closing(sqlite3.connect(rig.database)) as database:
            query = "select body from events join event_bodies using (n) where kind = 'Approved'"
            ((body,),) = database.execute(query).fetchall()
        assert json.loads(body)["accounts"] == [MEGAN]
