"""Seen, then sent, on bad days: nobody goes on an old reading, for a risk nobody saw, or by an approver at risk."""

from datetime import timedelta
from pathlib import Path

import pytest

from demo.graph.directory import ADELE, ALEX, DIEGO, MEGAN
from demo.local_slack import Message
from demo.wire import Fault
from tests.entries import last_entry
from tests.journeys.test_graph_at_its_quota import BOTH, ONE, RATE, approve, risky_calls, unseen
from tests.rig import CONFIRM, Rig, running

LIST = "GET /v1.0/identityProtection/riskyUsers"


async def is_void(rig: Rig, message: Message) -> None:
    """It is told that the approval counts no longer, and nobody was sent."""
    await rig.thread_says(message, "The approval by @Megan Bowen no longer counts")
    assert rig.sent() == []


async def test_a_401_at_the_call_sends_nobody_on_an_old_reading(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)

        def late(_: object) -> bool:
            rig.clock.advance(timedelta(seconds=40))
            rig.graph.rise(ADELE, "high")
            rig.graph.risky[ADELE].state = "confirmedCompromised"
            return True

        rig.graph.faults.add(Fault("confirmSafe", "status", status=401, when=late))
        await approve(rig, message)
        await rig.shows(message, "Risk changed: 1 user")
        assert [call.status for call in rig.sent()] == [401]
        assert "isn't answering" not in str(message.edits)


async def test_a_state_that_became_confirmed_compromised_needs_a_new_approval(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.graph.risky[ADELE].state = "confirmedCompromised"
        await approve(rig, message, after=20)
        await rig.shows(message, "Risk changed: 1 user")
        await rig.thread_says(message, "Adele Vance, confirmed compromised")
        assert rig.sent() == []


async def test_without_the_directory_an_approver_at_risk_is_found_by_upn(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        rig.entra.roles.discard("User.Read.All")
        await rig.start()
        message = await rig.asked(f"{ADELE} VPN")
        rig.graph.add_risky(MEGAN, "low")
        await approve(rig, message, after=20)
        await is_void(rig, message)


async def test_an_approver_whose_mail_is_not_their_upn_is_found_by_it(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.graph.users[MEGAN].upn = "mb-4711@contoso.com"
        rig.graph.add_risky(MEGAN, "low")
        await approve(rig, message, after=20)
        await is_void(rig, message)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_hiccup_of_the_directory_hides_no_approver_at_risk(tmp_path: Path, times: int) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.graph.users[MEGAN].upn = "mb-4711@contoso.com"
        rig.graph.add_risky(MEGAN, "low")
        rig.graph.faults.add(Fault("users", "status", times=times, status=503))
        await approve(rig, message, after=20)
        await is_void(rig, message)


async def test_a_page_that_is_refused_ends_nobodys_approval(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        first, second = await rig.asked(ONE), await rig.asked("alexw@contoso.com VPN")
        rig.graph.faults.add(Fault(LIST, "status", status=400))
        await approve(rig, first, second, after=20)
        for message in (first, second):
            await rig.shows(message, "1 of 1 confirmed safe")


async def test_a_challenge_that_never_ends_is_met_ever_more_slowly(tmp_path: Path) -> None:
    async with running(tmp_path, speed=40.0) as rig:
        message = await rig.asked(ONE)
        rig.graph.faults.add(Fault("confirmSafe", "claims", times=-1))
        await approve(rig, message)
        await rig.clock.sleep(300)
        assert len(rig.sent()) <= 30
        assert await rows(rig) <= 40
        rig.graph.faults.clear()
        await rig.shows(message, "1 of 1 confirmed safe")


async def rows(rig: Rig) -> int:
    """How many events the log has."""
    assert rig.parts is not None
    return await rig.parts.store.do(last_entry)


async def test_many_who_remediated_meanwhile_keep_nobody_from_being_sent(tmp_path: Path) -> None:
    async with running(tmp_path, speed=4.0, rate=RATE) as rig:
        ids = rig.graph.add_crowd(18)
        message = await rig.asked(f"{' '.join(ids)} VPN")
        for user_id in ids[2:]:
            rig.graph.remediate(user_id)
        await approve(rig, message, after=20)
        await rig.shows(message, "2 of 2 confirmed safe")
        assert sorted(user for call in rig.sent() for user in call.args["userIds"]) == ids[:2]
        assert unseen(rig) == []
        assert len(risky_calls(rig)) <= 45


async def test_old_reasons_are_not_shown_for_a_new_risk(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=2.0) as rig:
        rig.entra.roles.add("IdentityRiskEvent.Read.All")
        rig.graph.faults.add(Fault("riskDetections", "hang_then_accept"))
        await rig.start()
        message = await rig.asked("alexw@contoso.com VPN")
        rig.graph.rise(ALEX, "high", "adminConfirmedUserCompromised")
        await approve(rig, message, after=20)
        await rig.shows(message, "Risk changed: 1 user")
        rig.graph.faults.release()
        shown = await rig.shows(message, "Admin confirmed user compromised")
        assert "Why" not in shown
        assert rig.books.of(CONFIRM) == []


async def test_if_nobody_can_say_what_is_new_somebody_has_to_look_again(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        rig.entra.roles.add("IdentityRiskEvent.Read.All")
        await rig.start()
        message = await rig.asked(BOTH)
        rig.graph.rise(ADELE, "high", "unfamiliarFeatures")
        rig.graph.faults.add(Fault("riskDetections", "status", times=-1, status=500))
        await approve(rig, message, after=20)
        await rig.shows(message, "1 of 1 confirmed safe")
        assert [call.args["userIds"] for call in rig.sent()] == [[ALEX]]
        told = await rig.thread_says(message, "Adele Vance, why could not be read")
        assert "for a new approval" in told


async def test_who_approves_after_a_lapse_is_looked_for_anew(tmp_path: Path) -> None:
    async with running(tmp_path, SEND_WITHIN="PT2M") as rig:
        message = await rig.asked(ONE)
        rig.graph.faults.add(Fault("confirmSafe", "status", status=429, retry_after=200))
        await approve(rig, message)
        await rig.shows(message, "Entra is limiting requests")
        rig.clock.advance(timedelta(minutes=2))
        await rig.shows(message, "lapsed before it could be sent")
        rig.graph.add_risky(DIEGO, "high")
        await rig.slack.click(message, "approve", by="U0DIEGO")
        await rig.thread_says(message, "The approval by @Diego Siciliani no longer counts")
        assert [call.status for call in rig.sent()] == [429]


async def test_one_user_of_whom_graph_never_tells_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=20.0) as rig:
        rig.graph.add_crowd(2_000)
        rig.graph.faults.add(Fault(f"{LIST}/{ALEX}", "status", times=-1, status=500))
        rig.graph.remediate(ALEX)
        await rig.start()
        await rig.slack.command("alexw@contoso.com VPN")
        await rig.clock.sleep(100)
        message = await rig.asked(ONE)
        await approve(rig, message)
        await rig.shows(message, "1 of 1 confirmed safe")
        assert "isn't answering" not in str(message.edits)


async def test_reasons_that_are_throttled_keep_nobody_else_waiting(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=20.0) as rig:
        rig.entra.roles.add("IdentityRiskEvent.Read.All")
        await rig.start()
        moved, other = await rig.asked(ONE), await rig.asked("alexw@contoso.com VPN")
        rig.graph.rise(ADELE, "high", "unfamiliarFeatures")
        rig.graph.faults.add(Fault("riskDetections", "status", times=-1, status=429))
        await approve(rig, moved, after=20)
        await rig.clock.sleep(30)
        await approve(rig, other)
        await rig.shows(other, "1 of 1 confirmed safe")
        await rig.shows(moved, "Risk changed: 1 user")


async def test_without_the_directory_and_a_filter_by_upn_the_list_tells_of_the_approver(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        rig.entra.roles.discard("User.Read.All")
        by_upn = "userPrincipalName eq"
        rig.graph.faults.add(Fault(LIST, "status", times=-1, status=400, when=lambda c: by_upn in c.args["$filter"]))
        await rig.start()
        message = await rig.asked(f"{ADELE} VPN")
        rig.graph.add_risky(MEGAN, "low")
        await approve(rig, message, after=20)
        await is_void(rig, message)


async def test_while_the_directory_keeps_silent_nobody_is_sent_and_it_is_said(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.graph.users[MEGAN].upn = "mb-4711@contoso.com"
        rig.graph.add_risky(MEGAN, "low")
        rig.graph.faults.add(Fault("users", "status", times=-1, status=503))
        await approve(rig, message, after=20)
        await rig.shows(message, "Entra isn't answering")
        await rig.clock.sleep(60)
        assert rig.sent() == []
        rig.graph.faults.clear()
        await is_void(rig, message)


async def test_one_403_on_a_page_ends_nobodys_approval(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.graph.faults.add(Fault("riskyUsers", "status", status=403))
        await approve(rig, message, after=20)
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_pages_instead_of_answers_are_told(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.graph.faults.add(Fault("riskyUsers", "html", times=-1))
        await approve(rig, message, after=20)
        await rig.shows(message, "Entra isn't answering")
        rig.graph.faults.clear()
        await rig.shows(message, "1 of 1 confirmed safe")
