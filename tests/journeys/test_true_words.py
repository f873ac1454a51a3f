"""True words: each user is called what was read of them, and nothing is said of what never came."""

import asyncio
from datetime import timedelta
from pathlib import Path

from demo.graph.directory import ADELE, ALEX, MEGAN
from demo.local_slack import Message
from demo.wire import Fault
from tests.rig import INCIDENT, Rig, running

ONE = "adelev@contoso.com VPN"
OTHER = "alexw@contoso.com VPN"
BOTH = "adelev@contoso.com alexw@contoso.com VPN"
HOURS = timedelta(hours=2).total_seconds()


async def approved(rig: Rig, text: str, before: timedelta = timedelta(0)) -> Message:
    message = await rig.asked(text)
    rig.clock.advance(before)
    await rig.slack.click(message, "approve", by="U0MEGAN")
    return message


def dismiss(rig: Rig, user_id: str) -> None:
    rig.graph.remediate(user_id)
    rig.graph.risky[user_id].state = "dismissed"


async def incident_says(rig: Rig, words: str) -> str:
    def said() -> str:
        return next((t for t in map(rig.slack.plain, rig.slack.messages(INCIDENT)) if words in t), "")

    return await rig.books.until(said)


async def test_a_dismissal_after_a_204_without_effect_is_not_called_confirmed_safe(tmp_path: Path) -> None:
    async with running(tmp_path, speed=10.0) as rig:
        rig.graph.lies = True
        message = await approved(rig, ONE)
        await rig.shows(message, "Sent: 1 user")
        dismiss(rig, ADELE)
        shown = await rig.shows(message, "No longer at risk: 1 user")
        assert "The risk is gone (dismissed), read back at" in shown
        assert "confirmed safe" not in shown
        await rig.thread_says(message, "The risk is gone (dismissed), read back at")
        await incident_says(rig, "the risk is gone (dismissed)")
        texts = [rig.slack.plain(m) for m in [*rig.slack.thread(message), *rig.slack.messages(INCIDENT)]]
        assert not any("confirmed safe" in text for text in texts)


async def test_of_two_the_one_confirmed_safe_and_the_one_who_remediated_are_told_apart(tmp_path: Path) -> None:
    async with running(tmp_path, speed=10.0) as rig:
        rig.graph.stuck.add(ALEX)
        message = await approved(rig, BOTH)
        await rig.shows(message, "Sent: 2 users")
        rig.graph.remediate(ALEX)
        words = "1 of 2 confirmed safe; for 1 the risk is gone (remediated)"
        shown = await rig.shows(message, words)
        assert "1 of 2 users confirmed safe" in shown
        await rig.thread_says(message, "for 1 the risk is gone (remediated: Alex Wilber), read back at")
        await incident_says(rig, words)


async def test_a_deleted_user_is_left_out_as_deleted_and_one_without_a_record_as_such(tmp_path: Path) -> None:
    async with running(tmp_path, speed=10.0) as rig:
        gone, *_ = rig.graph.add_crowd(1)
        message = await rig.asked(f"adelev@contoso.com alexw@contoso.com {gone} VPN")
        rig.graph.delete(ALEX)
        del rig.graph.risky[gone]
        rig.clock.advance(timedelta(seconds=20))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "1 of 1 confirmed safe")
        told = await rig.thread_says(message, "1 user was left out, deleted: Alex Wilber.")
        assert "1 user was left out, without a risk record any more: Contoso User 001." in told
        assert "no longer at risk" not in told
        assert [call.args["userIds"] for call in rig.sent()] == [[ADELE]]


async def test_a_deleted_user_alone_ends_it_and_is_called_deleted(tmp_path: Path) -> None:
    async with running(tmp_path, speed=10.0) as rig:
        message = await rig.asked(OTHER)
        rig.graph.delete(ALEX)
        rig.clock.advance(timedelta(seconds=20))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        shown = await rig.shows(message, "Not confirmed: 1 user")
        assert "Nothing was sent: the user is deleted. Nothing was changed in Entra." in shown
        await rig.thread_says(message, "1 user was left out, deleted: Alex Wilber. Nothing was changed.")
        assert rig.sent() == []


async def test_what_reading_back_shows_to_be_taken_is_given_no_204(tmp_path: Path) -> None:
    async with running(tmp_path, speed=10.0) as rig:
        rig.graph.faults.add(Fault("confirmSafe", "drop_after"))
        rig.graph.processing = 30.0
        message = await approved(rig, ONE)
        await rig.thread_says(message, "Reading back shows that Entra took 1 user.")
        await rig.shows(message, "1 of 1 confirmed safe")
        await rig.thread_says(message, "taken as reading back shows")
        assert not any("204" in rig.slack.plain(m) for m in rig.slack.thread(message))
        assert len(rig.sent()) == 1


async def unseen(rig: Rig, text: str, users: str) -> Message:
    """Have users accepted, and not seen safe within a quarter of an hour."""
    rig.graph.processing = HOURS
    message = await approved(rig, text)
    await rig.shows(message, f"Sent: {users}")
    rig.clock.advance(timedelta(minutes=16))
    await rig.shows(message, f"Accepted, not visible: {users}")
    return message


async def test_the_last_look_calls_each_user_what_it_read(tmp_path: Path) -> None:
    async with running(tmp_path, speed=10.0) as rig:
        first, second, third = rig.graph.add_crowd(3)
        message = await unseen(rig, f"{BOTH.removesuffix(' VPN')} {first} {second} {third} VPN", "5 users")
        rig.graph.delete(ALEX)
        rig.graph.risky[first].level, rig.graph.risky[first].state = "low", "remediated"
        rig.graph.risky[first].settles_at = None
        del rig.graph.risky[second]
        rig.graph.rise(third, "high")
        rig.clock.advance(timedelta(hours=24))
        told = await rig.thread_says(message, "Looked again after a day.")
        assert "Adele Vance is safe now in Entra." in told
        assert "Alex Wilber is deleted in Entra." in told
        assert "Contoso User 001 is no longer at risk in Entra (remediated)." in told
        assert "Contoso User 002 has no risk record in Entra any more." in told
        assert "Contoso User 003 is still at risk: look at the account in Entra." in told


async def test_a_last_look_that_may_read_nobody_is_told_in_the_end(tmp_path: Path) -> None:
    async with running(tmp_path, speed=10.0) as rig:
        message = await unseen(rig, ONE, "1 user")
        rig.graph.faults.add(Fault("riskyUsers", "status", times=-1, status=403))
        rig.clock.advance(timedelta(hours=24))
        words = "Looked again after a day. Adele Vance could not be read: look at the account in Entra."
        for _ in range(60):
            rig.clock.advance(timedelta(minutes=1))
            await asyncio.sleep(0.1)
            if any(words in rig.slack.plain(m) for m in rig.slack.thread(message)):
                break
        told = await rig.thread_says(message, words)
        assert "still at risk" not in told


async def test_an_approver_found_at_risk_after_a_part_was_sent_is_told_of_in_the_open(tmp_path: Path) -> None:
    async with running(tmp_path, speed=10.0) as rig:
        ids = rig.graph.add_crowd(70)
        # The first sixty are taken, the rest has to wait until they are read anew.
        full = Fault("confirmSafe", "status", times=-1, status=429, when=lambda call: len(call.args["userIds"]) < 60)
        rig.graph.faults.add(full)
        message = await rig.asked(f"{' '.join(ids)} VPN")
        await rig.slack.click(message, "review")
        await rig.slack.submit(await rig.modal_of("U0MEGAN"))
        await rig.books.until(lambda: any(call.status == 204 for call in rig.sent()))
        rig.graph.add_risky(MEGAN, "low")
        rig.clock.advance(timedelta(seconds=30))
        told = await rig.thread_says(message, "The approval by @Megan Bowen no longer counts")
        assert "@soc-approvers" in told
        assert "60 users were sent before that: look at them. 10 users were not sent: Contoso User" in told
        shown = await rig.shows(message, "60 of 70 users confirmed safe")
        assert "The approval by @Megan Bowen no longer counts: their own Entra account is at risk." in shown
        ended = await rig.thread_says(message, "60 of 70 confirmed safe")
        assert "60 users were sent before that: look at them." in ended
        assert not any("lapsed" in rig.slack.plain(m) for m in rig.slack.thread(message))


async def test_a_lapse_after_somebody_was_left_out_waits_for_a_new_approval(tmp_path: Path) -> None:
    async with running(tmp_path, speed=10.0, SEND_WITHIN="PT10M") as rig:
        rig.graph.faults.add(Fault("confirmSafe", "status", times=-1, status=429))
        message = await rig.asked(BOTH)
        rig.graph.remediate(ALEX)
        rig.clock.advance(timedelta(seconds=20))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "Entra is limiting requests")
        rig.clock.advance(timedelta(minutes=12))
        await rig.thread_says(message, "so the approval has lapsed.")
        shown = await rig.shows(message, "Confirm Adele Vance safe?")
        assert "[Approve]" in shown
        assert "Not confirmed" not in shown


async def test_an_approver_found_at_risk_after_a_call_broke_off_is_not_told_that_nothing_was_sent(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, speed=10.0) as rig:
        rig.graph.faults.add(Fault("confirmSafe", "reset"))
        message = await approved(rig, BOTH)
        await rig.thread_says(message, "before anything is sent again")
        rig.graph.add_risky(MEGAN, "low")
        rig.clock.advance(timedelta(seconds=20))
        doubt = "An earlier call broke off and may have been taken for 2 users: look at them in Entra."
        told = await rig.thread_says(message, "The approval by @Megan Bowen no longer counts")
        assert doubt in told
        shown = await rig.shows(message, "Confirm 2 users safe?")
        assert doubt in shown
        answer = await rig.slack.command(f"withdraw {rig.id_of(message)}")
        assert f"is withdrawn. {doubt}" in str(answer.body)
        shown = await rig.shows(message, "Withdrawn: 2 users")
        assert doubt in shown
        texts = [rig.slack.plain(m) for m in [message, *rig.slack.thread(message)]]
        assert not any("Nothing was sent" in text or "stay at risk" in text for text in texts)
