"""What goes wrong while it is asked anew whether whoever approved still may: nobody is sent by mistake, or stuck."""

import asyncio
import gc
from datetime import timedelta
from pathlib import Path

import pytest

from bot.authority import ASK_WITHIN, Authority, Judgement
from bot.core.model import Request
from demo.graph.directory import MEGAN
from demo.wire import Fault
from tests.journeys.test_stopping import held
from tests.rig import Rig, running

ONE = "adelev@contoso.com VPN"
RISKY = "/v1.0/identityProtection/riskyUsers"


@pytest.mark.parametrize("listed", ["S0SOC,S0OTHER", "U0MEGAN,S0OTHER"])
async def test_groups_that_an_approver_is_not_in_are_not_asked_about_again_and_again(
    tmp_path: Path, listed: str
) -> None:
    async with running(tmp_path, start=False, APPROVERS=listed, HOLD="PT5M") as rig:
        rig.slack.groups["S0OTHER"] = {"U0DIEGO"}
        await rig.start()
        message = await held(rig)
        rig.graph.faults.add(Fault("riskyUsers", "status", times=-1, status=503))
        rig.clock.advance(timedelta(minutes=5))
        await rig.shows(message, "Entra isn't answering")
        before = len(rig.books.of("usergroups.users.list"))
        await rig.clock.sleep(60)
        assert len(rig.books.of("usergroups.users.list")) - before <= 4


class OnceBroken(Authority):
    """Fails once, for a reason that nobody foresaw."""

    failures = 0

    async def judge(self, request: Request, within: float = ASK_WITHIN) -> Judgement:
        if not self.failures:
            self.failures += 1
            raise AttributeError("what nobody foresaw")
        return await super().judge(request, within)


async def test_a_judging_that_fails_for_no_known_reason_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        assert rig.application is not None
        sending = rig.application._conversation._sending
        known = sending._authority
        broken = sending._authority = OnceBroken(known._people, known._accounts, known._groups, known.policy)
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 of 1 confirmed safe")
        assert broken.failures == 1


async def test_a_sign_in_that_fails_is_not_called_an_entra_that_is_silent(tmp_path: Path) -> None:
    unheard: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context["message"]))
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await held(rig)
        assert rig.parts is not None
        rig.entra.failure = "expired_secret"
        rig.parts.outside.graph.tokens.forget()
        rig.clock.advance(timedelta(minutes=5))
        await rig.shows(message, "The bot can't sign in to Entra")
        seen: set[str] = set()
        for _ in range(60):
            await rig.clock.sleep(2)
            seen.add(rig.slack.plain(message))
        assert not any("Entra isn't answering" in text for text in seen)
    del rig, message
    gc.collect()
    assert unheard == []


async def test_while_nobody_can_be_judged_entra_is_not_read_in_vain(tmp_path: Path) -> None:
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await held(rig)
        rig.slack.faults.add(Fault("users.info", "status", times=-1, status=503))
        rig.clock.advance(timedelta(minutes=5))
        await rig.shows(message, "I can't check whether")
        before = reads(rig)
        await rig.clock.sleep(180)
        assert reads(rig) - before <= 2
        rig.slack.faults.waiting.clear()
        await rig.shows(message, "1 of 1 confirmed safe")


def reads(rig: Rig) -> int:
    return sum(call.name.startswith(f"GET {RISKY}") for call in rig.books.calls)


async def test_a_directory_that_refuses_though_it_may_be_asked_tells_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await held(rig)
        rig.graph.users[MEGAN].enabled = False
        rig.graph.faults.add(Fault("GET /v1.0/users", "status", times=2, status=403))
        rig.clock.advance(timedelta(minutes=5))
        await rig.shows(message, "no longer counts: they may not approve it any more")
        assert rig.sent() == []
