"""What can be typed, and what is said of it."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.core.ids import SlackUserId
from bot.store.asks import asks_since
from bot.store.tables import tasks
from demo.graph.directory import ADELE, ALEX, HENRIETTA, ISAIAH, JONI, LYNNE, PRADEEP
from tests.rig import APPROVALS, BOTH_WAYS, running

WHY = " VPN exit moved to Oslo"


@pytest.mark.parametrize(
    "typed",
    [
        f"{ADELE.upper()} AlexW@Contoso.com",
        "adelev@contoso.com;alexw@contoso.com",
        "adelev@contoso.com and alexw@contoso.com,adelev@contoso.com",
        "Adele Vance &lt;adelev@contoso.com&gt;; Alex Wilber &lt;alexw@contoso.com&gt;;",
        "<@U0ADELE|adele> <@U0ALEX>",
        "<mailto:adelev@contoso.com|adelev@contoso.com> <mailto:alexw@contoso.com|alexw@contoso.com>",
    ],
)
async def test_ids_are_read_however_they_are_typed(tmp_path: Path, typed: str) -> None:
    async with running(tmp_path) as rig:
        shown = rig.slack.plain(await rig.asked(typed + WHY))
        assert "Confirm 2 users safe?" in shown
        assert "adelev@contoso.com" in shown
        assert "alexw@contoso.com" in shown


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("adelev@contoso,com VPN", "I can't read `adelev@contoso,com` as an id."),
        ("VPN exit moved", "No users given."),
        ("adelev@contoso.com", "Please add a reason; approvers and auditors need it."),
        ("adelev@contoso.com because of alexw@contoso.com", "I found an id inside the reason, `alexw@contoso.com`."),
        (" ".join(f"u{n}@contoso.com" for n in range(501)) + " x", "501 users are too many; at most 500"),
        ("adelev@contoso.com " + "x" * 1501, "The reason has 1,501 characters; at most 1,500 fit."),
    ],
)
async def test_what_cannot_be_read_is_said_at_once_and_nothing_is_asked(
    tmp_path: Path, typed: str, words: str
) -> None:
    async with running(tmp_path) as rig:
        answer = await rig.slack.command(typed)
        assert words in answer.body["text"]
        assert rig.parts is not None
        assert await rig.parts.store.do(asks_since, SlackUserId("U0ANALYST"), rig.clock.now()) == []


@BOTH_WAYS
async def test_all_findings_come_in_one_answer_and_the_others_can_be_asked_for(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        typed = f"adelev@contoso.com {ISAIAH} {HENRIETTA} {PRADEEP} {JONI} nobody@contoso.com" + WHY
        await rig.slack.command(typed)
        words = await rig.whispered("U0ANALYST", "I read 6 users. 1 can be asked for.")
        assert "nobody@contoso.com" in words
        assert "deleted account" in words
        assert "Already confirmed safe: 1" in words
        assert "No longer at risk: 2" in words
        assert "Nothing was asked for yet." in words
        assert rig.slack.messages(APPROVALS) == []
        answer = await rig.choice_of("U0ANALYST")
        await rig.slack.click(answer, "ask_others", by="U0ANALYST")
        await rig.books.until(lambda: rig.slack.messages(APPROVALS))
        assert "Confirm Adele Vance safe?" in rig.slack.plain(rig.slack.messages(APPROVALS)[0])
        await rig.whispered("U0ANALYST", "now asks for the other user")


async def test_a_question_that_waits_for_its_answer_is_not_taken_away_as_slow(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.slack.command("adelev@contoso.com nobody@contoso.com" + WHY)
        await rig.whispered("U0ANALYST", "I read 2 users. 1 can be asked for.")
        assert rig.parts is not None
        slow = select(func.count()).where(tasks.c.key.endswith(".slow"))
        rig.clock.advance(timedelta(seconds=11))
        while await rig.parts.store.run(lambda connection: connection.execute(slow).scalar_one()):
            await rig.clock.sleep(1)
        told = [*rig.slack.ephemerals("U0ANALYST"), *rig.slack.dm("U0ANALYST")]
        assert ["I read 2 users." in rig.slack.plain(message) for message in told] == [True]


@BOTH_WAYS
async def test_dropping_asks_for_nothing(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        await rig.slack.command("adelev@contoso.com nobody@contoso.com" + WHY)
        await rig.whispered("U0ANALYST", "I read 2 users.")
        answer = await rig.choice_of("U0ANALYST")
        await rig.slack.click(answer, "drop", by="U0ANALYST")
        await rig.whispered("U0ANALYST", "was dropped: nothing was asked for.")
        assert rig.slack.messages(APPROVALS) == []


@BOTH_WAYS
async def test_users_no_longer_at_risk_are_left_out_with_a_remark(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        shown = rig.slack.plain(await rig.asked(f"{ADELE} {JONI}" + WHY))
        assert "1 of the 2 users asked for is not in this request: no longer at risk." in shown


async def test_nobody_at_risk_is_nothing_to_confirm(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.slack.command(f"{JONI} {PRADEEP}" + WHY)
        await rig.whispered("U0ANALYST", "None of the 2 users is at risk in Entra now")


async def test_a_user_waiting_in_another_request_is_pointed_to_it(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        first = await rig.asked("adelev@contoso.com" + WHY)
        await rig.slack.command("adelev@contoso.com alexw@contoso.com" + WHY)
        words = await rig.whispered("U0ANALYST", "I read 2 users. 1 can be asked for.")
        assert f"Already in {rig.id_of(first)}" in words
        assert len(rig.slack.messages(APPROVALS)) == 1


async def test_nobody_asks_for_their_own_account(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.add_risky(LYNNE, "high")
        await rig.slack.command("lynner@contoso.com" + WHY)
        await rig.whispered("U0ANALYST", "You can't ask for your own account.")
        assert rig.slack.messages(APPROVALS) == []


async def test_without_the_directory_a_upn_is_found_among_those_at_risk(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        rig.entra.roles.discard("User.Read.All")
        await rig.start()
        shown = rig.slack.plain(await rig.asked("alexw@contoso.com" + WHY))
        assert "Confirm Alex Wilber safe?" in shown
        await rig.slack.command("nobody@contoso.com" + WHY)
        await rig.whispered("U0ANALYST", "nobody@contoso.com")


async def test_names_and_reasons_show_as_typed_and_ping_nobody(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.users[ALEX].display_name = "<!channel> *Alex* & <@U0MEGAN>"
        rig.graph.risky[ALEX].display_name = "<!channel> *Alex* & <@U0MEGAN>"
        message = await rig.asked("alexw@contoso.com &lt;!here&gt; @channel _look_ &amp; see")
        assert rig.slack.pings(message) == {"U0ANALYST", "S0SOC"}
        assert "Reason: <!here> @channel _look_ & see" in rig.slack.plain(message)
        assert "<!channel>" in rig.slack.plain(message)


async def test_the_bot_not_in_its_channel_is_said_to_whoever_asks(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.slack.channels[APPROVALS].members.discard("U0BOT")
        await rig.slack.command("adelev@contoso.com" + WHY)
        words = await rig.whispered("U0ANALYST", "I'm not in #id-approvals")
        assert "/confirm-safe adelev@contoso.com VPN exit moved to Oslo" in words


@pytest.mark.parametrize(
    ("flag", "words"),
    [("is_archived", "is archived"), ("is_ext_shared", "is shared with another organisation")],
)
async def test_no_request_is_posted_where_it_must_not_be_decided(tmp_path: Path, flag: str, words: str) -> None:
    async with running(tmp_path) as rig:
        setattr(rig.slack.channels[APPROVALS], flag, True)
        await rig.slack.command("adelev@contoso.com" + WHY)
        await rig.whispered("U0ANALYST", words)
        assert rig.slack.messages(APPROVALS) == []
