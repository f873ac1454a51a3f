"""A rehearsal is played through as its people would see the real thing, and Entra never hears of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from demo.graph.directory import ADELE, JONI
from demo.local_slack import Message
from demo.wire import Fault
from tests.journeys.test_quorum import ruled
from tests.journeys.test_why import start
from tests.rig import ADELE_AND_ALEX, APPROVALS, INCIDENT, Rig, running

ONE = "rehearse adelev@contoso.com training"
POLICY = """
[teams.soc]
name = "SOC"
members = ["U0MEGAN"]

[teams.identity]
name = "Identity"
members = ["U0DIEGO"]

[[rules]]
name = "two teams"
needs = [{ from = ["soc"] }, { from = ["identity"] }]
"""


def told(rig: Rig) -> list[tuple[str, list[dict[str, Any]]]]:
    """Everything that went to Slack to be read: its text for notifications, and its blocks."""
    calls = [*rig.books.of("chat.postMessage"), *rig.books.of("chat.update"), *rig.books.of("chat.postEphemeral")]
    return [(call.args["text"], call.args["blocks"]) for call in calls]


def is_marked(rig: Rig) -> bool:
    """Whether there is no message that does not begin with what it is."""
    firsts = [str(blocks[0]["text"]["text"]) for _, blocks in told(rig)]
    privately = [m for user in rig.slack.users for m in rig.slack.ephemerals(user)]
    texts = [*(text for text, _ in told(rig)), *firsts, *(m.text for m in privately)]
    return bool(texts) and all(text.startswith("Rehearsal") for text in texts)


async def over(rig: Rig, message: Message) -> str:
    """Wait until it is over and nobody would be sent any more; returns what the thread says of it."""
    said = await rig.thread_says(message, "Rehearsal over")
    await rig.shows(message, "Rehearsal: over,")
    await rig.clock.sleep(30)
    assert rig.sent() == []
    assert rig.graph.sent == []
    assert rig.slack.messages(INCIDENT) == []
    return said


async def test_the_whole_story_is_played_without_a_single_call_to_confirm_anybody(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        await start(rig)
        answer = await rig.slack.command(f"rehearse {ADELE_AND_ALEX}")
        assert answer.body["text"].startswith("Rehearsal. Got it: 2 users")
        await rig.books.until(lambda: rig.slack.messages(APPROVALS))
        message = rig.slack.messages(APPROVALS)[0]
        await rig.books.until(lambda: rig.told_of(message))
        shown = rig.slack.plain(message)
        assert "Rehearsal: confirm 2 users safe?" in shown
        assert "Practice only: Entra will not be changed. @Lynne Robbins asks @soc-approvers." in shown
        assert "Adele Vance · adelev@contoso.com" in shown
        assert "Atypical travel" in shown
        assert "[Approve rehearsal] [Deny rehearsal…]" in shown

        await rig.slack.click(message, "approve", by="U0ANALYST")
        refused = await rig.whispered("U0ANALYST", "You asked for this")
        assert refused.startswith("Rehearsal. ")
        await rig.slack.click(message, "approve", by="U0MEGAN")
        said = await over(rig, message)
        assert said == (
            "Rehearsal over, @Lynne Robbins. With a real request, Entra would now get these 2 users in 1 call. "
            "Nothing was changed."
        )
        shown = rig.slack.plain(message)
        assert "Approved by @Megan Bowen at " in shown
        assert "Nothing was sent." in shown
        assert "mistake" not in shown
        assert is_marked(rig)
        assert rig.graph.risky[ADELE].state == "atRisk"
        rig.clock.advance(timedelta(days=2))
        await rig.clock.sleep(30)
        assert len(rig.slack.thread(message)) == 1
        assert rig.sent() == []


async def test_whoever_is_not_at_risk_will_do(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        typed = "jonis@contoso.com henriettam@contoso.com pradeepg@contoso.com adelev@contoso.com"
        message = await rig.asked(f"rehearse {typed} training")
        shown = rig.slack.plain(message)
        assert "Joni Sherman · jonis@contoso.com\nNot at risk" in shown
        assert "Not at risk, confirmed safe" in shown
        assert "Not at risk, remediated" in shown
        assert "Highest risk: High (1 of 4)." in shown
        await rig.slack.click(message, "approve")
        said = await over(rig, message)
        assert "Entra would now get 1 of these 4 users in 1 call. 3 are not at risk." in said
        assert is_marked(rig)


async def test_more_of_them_without_a_record_than_are_read_one_by_one_will_do_too(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        upns = [f"calm{n}@contoso.com" for n in range(30)]
        for n, upn in enumerate(upns):
            rig.graph.add_user(f"00000000-0000-4000-8000-0000000ca{n:03}", f"Calm {n}", upn)
        message = await rig.asked(f"rehearse {' '.join(upns)} training")
        assert "Rehearsal: confirm 30 users safe?" in rig.slack.plain(message)
        assert "Risk: 30 None." in rig.slack.plain(message)


async def test_what_cannot_be_asked_for_is_said_as_always_and_the_others_are_rehearsed_with(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.slack.command("rehearse adelev@contoso.com nobody@contoso.com training")
        words = await rig.whispered("U0ANALYST", "I read 2 users. 1 can be asked for.")
        assert words.startswith("Rehearsal. ")
        choice = await rig.choice_of("U0ANALYST")
        assert "[Rehearse with the other 1] [Drop rehearsal]" in rig.slack.plain(choice)
        await rig.slack.click(choice, "ask_others", by="U0ANALYST")
        await rig.books.until(lambda: rig.slack.messages(APPROVALS))
        message = rig.slack.messages(APPROVALS)[0]
        await rig.shows(message, "Rehearsal: confirm Adele Vance safe?")
        await rig.whispered("U0ANALYST", "Rehearsal. ")
        await rig.books.until(lambda: rig.books.of("chat.postMessage"))
        assert is_marked(rig)


async def test_a_rehearsal_that_cannot_be_read_is_answered_as_one(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        text = (await rig.slack.command("rehearse")).body["text"]
        assert text.startswith("Rehearsal. No users given.")
        assert "Example: `/confirm-safe rehearse adelev@contoso.com VPN exit moved to Oslo`" in text


async def test_a_rehearsal_occupies_nobody_and_is_kept_from_nobody(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        first = await rig.asked(ONE)
        real = await rig.asked("adelev@contoso.com VPN exit moved")
        assert "Confirm Adele Vance safe?" in rig.slack.plain(real)
        again = await rig.asked(ONE)
        assert "Rehearsal: confirm Adele Vance safe?" in rig.slack.plain(again)
        await rig.slack.click(first, "approve")
        await rig.thread_says(first, "Rehearsal over")
        assert rig.sent() == []
        await rig.slack.click(real, "approve")
        assert "Rehearsal" not in await rig.shows(real, "1 user confirmed safe")
        assert len(rig.sent()) == 1
        await rig.slack.click(again, "approve")
        await rig.thread_says(again, "With a real request, Entra would now get this user in 1 call.")
        assert len(rig.sent()) == 1


async def test_two_teams_rehearse_their_two_approvals(tmp_path: Path) -> None:
    async with ruled(tmp_path, POLICY) as rig:
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        part = await rig.thread_says(message, "Still needed: one from Identity.")
        assert part.startswith("Rehearsal. @Megan Bowen approved.")
        await rig.shows(message, "Approved by @Megan Bowen (SOC). Still needed: one from Identity.")
        await rig.slack.click(message, "approve", by="U0MEGAN")
        assert (await rig.whispered("U0MEGAN", "You have approved already.")).startswith("Rehearsal. ")
        await rig.slack.click(message, "approve", by="U0DIEGO")
        await over(rig, message)
        assert "Approved by @Megan Bowen and @Diego Siciliani at " in rig.slack.plain(message)
        assert is_marked(rig)


async def test_it_is_denied_with_a_reason(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await rig.slack.click(message, "deny")
        modal = await rig.modal_of("U0MEGAN")
        assert "Rehearsal: deny CS-" in str(modal.view["title"])
        assert "Practice only: Entra will not be changed." in rig.slack.plain(modal)
        await rig.slack.submit(modal, values={"text": "call her first"})
        shown = await rig.shows(message, "Rehearsal: denied, 1 user")
        assert "Nothing was changed." in shown
        assert (await rig.thread_says(message, "Denied by")).startswith("Rehearsal. ")
        assert rig.slack.messages(INCIDENT) == []
        assert is_marked(rig)


async def test_it_is_withdrawn(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        answer = await rig.slack.command(f"withdraw {rig.id_of(message)}")
        assert answer.body["text"].startswith("Rehearsal. ")
        await rig.shows(message, "Rehearsal: withdrawn, 1 user")
        assert (await rig.thread_says(message, "Withdrawn by")).startswith("Rehearsal. ")
        assert is_marked(rig)


async def test_approvers_are_reminded_of_it_and_it_expires_and_is_rehearsed_again(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.clock.advance(timedelta(minutes=15))
        assert (await rig.thread_says(message, "Waiting since")).startswith("Rehearsal. ")
        rig.clock.advance(timedelta(hours=8))
        await rig.shows(message, "Rehearsal: expired, 1 user")
        assert (await rig.thread_says(message, "Nobody decided")).startswith("Rehearsal. ")
        await rig.slack.click(message, "ask_again", by="U0ANALYST")
        await rig.books.until(lambda: len(rig.slack.messages(APPROVALS)) == 2)
        again = rig.slack.messages(APPROVALS)[1]
        assert "Rehearsal: confirm Adele Vance safe?" in rig.slack.plain(again)
        await rig.books.until(lambda: rig.told_of(again))
        await rig.slack.click(again, "approve")
        await over(rig, again)
        assert is_marked(rig)


async def test_while_it_is_held_it_can_be_stopped(tmp_path: Path) -> None:
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve")
        shown = await rig.shows(message, "[Stop rehearsal]")
        assert "A real request would go to Entra at " in shown
        await rig.slack.click(message, "stop")
        await rig.shows(message, "Rehearsal: stopped, 1 user")
        assert (await rig.thread_says(message, "before sending. Nothing was changed.")).startswith("Rehearsal. ")
        rig.clock.advance(timedelta(hours=2))
        await rig.clock.sleep(20)
        assert "over" not in rig.slack.plain(message)
        assert rig.sent() == []
        assert is_marked(rig)


async def test_the_end_of_the_hold_is_the_end_of_it(tmp_path: Path) -> None:
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve")
        await rig.shows(message, "[Stop rehearsal]")
        rig.clock.advance(timedelta(minutes=4))
        await rig.clock.sleep(10)
        assert "Rehearsal: approved, 1 user" in rig.slack.plain(message)
        rig.clock.advance(timedelta(minutes=1))
        await over(rig, message)


async def test_what_was_approved_before_the_bot_was_offline_for_long_ends_when_it_is_back(tmp_path: Path) -> None:
    async with running(tmp_path, HOLD="PT5M") as rig:
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve")
        await rig.shows(message, "[Stop rehearsal]")
        await rig.stop()
        rig.clock.advance(timedelta(hours=9))
        await rig.start()
        await over(rig, message)


async def test_above_twenty_users_the_review_is_rehearsed_with_those_left_out(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        ids = rig.graph.add_crowd(61)
        await rig.start()
        message = await rig.asked(f"rehearse {' '.join(ids)} training")
        assert "[Review and approve rehearsal…]" in rig.slack.plain(message)
        await rig.slack.click(message, "review")
        modal = await rig.modal_of("U0MEGAN")
        assert "Rehearsal of CS-" in str(modal.view["title"])
        assert modal.view["submit"]["text"] == "Approve rehearsal"
        await rig.slack.submit(modal)
        assert "these 61 users in 2 calls." in await over(rig, message)
        assert is_marked(rig)


async def test_that_entra_would_take_no_call_keeps_nobody_from_rehearsing(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(Fault("confirmSafe", "status", times=-1, status=403))
        message = await rig.asked(f"rehearse {JONI} training")
        await rig.slack.click(message, "approve")
        assert "The user is not at risk" in await over(rig, message)
