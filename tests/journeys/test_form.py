"""The form: opened by the command alone or the shortcut, filled from lists and pasted ids, asked like any other."""

import asyncio
import re
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.delivery import at_risk
from demo.graph.directory import ADELE, ALEX, JONI
from demo.local_slack import View
from demo.wire import Fault
from tests.entries import last_entry
from tests.rig import APPROVALS, BOTH_WAYS, FAILED, Rig, running

LIST = "GET /v1.0/identityProtection/riskyUsers"
FILLED = {"reason": "Called her on the phone", "known_by": "phone"}
AT_RISK = "2 users are at risk in Entra, read at"


async def opened(rig: Rig, by: str = "U0ANALYST") -> View:
    """Type the command alone, and wait until the form says who is at risk."""
    answer = await rig.slack.command("", by=by)
    assert (answer.status, answer.body) == (200, None)
    view = rig.slack.modal(by)
    assert view is not None
    await rig.books.until(lambda: "Reading in Entra" not in rig.slack.plain(view))
    return view


def errors(answer: object) -> dict[str, str]:
    body = getattr(answer, "body", None)
    assert isinstance(body, dict), answer
    assert body["response_action"] == "errors"
    return dict(body["errors"])


@BOTH_WAYS
async def test_the_command_alone_opens_the_form_and_what_is_chosen_in_it_is_asked(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        view = await opened(rig)
        assert AT_RISK in rig.slack.plain(view)
        found = await rig.slack.shortcuts.suggest(view, "users")
        assert [(o["text"]["text"], o["description"]["text"]) for o in found] == [
            ("Adele Vance · High", "adelev@contoso.com"),
            ("Alex Wilber · Medium", "alexw@contoso.com"),
        ]
        answer = await rig.slack.submit(view, values={"users": [ADELE], **FILLED})
        assert (answer.status, answer.body) == (200, None)
        assert rig.slack.modal("U0ANALYST") is None
        await rig.whispered("U0ANALYST", "Got it: 1 user, CS-")
        await rig.whispered("U0ANALYST", "is waiting for approval")
        message = rig.slack.messages(APPROVALS)[-1]
        text = rig.slack.plain(message)
        assert "Confirm Adele Vance safe?" in text
        assert "Reason: Called her on the phone\nKnown by: phone call" in text
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 user confirmed safe")
        assert "Known by: phone call" in rig.slack.plain(message)


@BOTH_WAYS
async def test_the_shortcut_opens_the_same_form(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        assert (await rig.slack.shortcuts.shortcut()).status == 200
        view = await rig.modal_of("U0ANALYST")
        await rig.slack.submit(view, values={"pasted": "adelev@contoso.com", **FILLED})
        assert await rig.whispered("U0ANALYST", "Got it: 1 user, CS-")


async def test_lists_cost_one_reading_however_many_look_and_type(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        before = len(rig.books.of(LIST))
        view = await opened(rig)
        for query in ("", "a", "ad", "ade", "adele", "alex", "high", "nobody"):
            found = await rig.slack.shortcuts.suggest(view, "users", query)
            names = [option["text"]["text"] for option in found]
            assert all(query in f"{name} adelev@contoso.com alexw@contoso.com".casefold() for name in names)
        assert await rig.slack.shortcuts.suggest(view, "users", "nobody") == []
        others = await asyncio.gather(*(rig.slack.command("", by=user) for user in ("U0MEGAN", "U0DIEGO")))
        assert [answer.status for answer in others] == [200, 200]
        assert len(rig.books.of(LIST)) == before + 1
        rig.clock.advance(timedelta(seconds=at_risk.KEPT + 1))
        assert len(await rig.slack.shortcuts.suggest(view, "users")) == 2  # the one before, meanwhile
        await rig.books.until(lambda: len(rig.books.of(LIST)) == before + 2)
        rig.graph.faults.add(Fault(LIST, "reset", times=-1))
        rig.clock.advance(timedelta(seconds=at_risk.AT_MOST + 1))
        (remark,) = await rig.slack.shortcuts.suggest(view, "users")
        assert remark["value"] == "-"


async def test_what_was_typed_before_the_list_came_is_still_there(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        before = len(rig.books.of(LIST))
        rig.graph.faults.add(Fault(LIST, "hang_then_accept"))
        await rig.slack.command("")
        view = await rig.modal_of("U0ANALYST")
        assert "Reading in Entra who is at risk. Meanwhile, ids can be pasted below." in rig.slack.plain(view)
        view.entered |= {"pasted": "adelev@contoso.com", **FILLED}
        await rig.books.until(lambda: len(rig.books.of(LIST)) > before)
        rig.graph.faults.release()
        await rig.books.until(lambda: AT_RISK in rig.slack.plain(view))
        await rig.slack.submit(view)
        await rig.whispered("U0ANALYST", "Got it: 1 user, CS-")


async def test_all_who_share_a_network_are_asked_for_by_one_choice(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        rig.entra.roles.add("IdentityRiskEvent.Read.All")
        await rig.start()
        rig.graph.add_risky(JONI, "low")
        for user_id in (JONI, ALEX):
            rig.graph.add_detection(
                user_id,
                "anonymizedIPAddress",
                ip="203.0.113.90",
                city="Oslo",
                country="NO",
                ago=timedelta(minutes=20),
            )
        view = await opened(rig)
        found = await _groups(rig, view, "203.0.113")
        all_of_them = found[0]
        assert re.fullmatch(r"203\.0\.113\.0/24 since [\d-]+ [\d:]+ UTC: 3 users", all_of_them["text"]["text"])
        assert all_of_them["description"]["text"] == "Adele Vance, Alex Wilber, Joni Sherman"
        await rig.slack.submit(view, values={"shared": [all_of_them["value"]], **FILLED})
        await rig.whispered("U0ANALYST", "Got it: 3 users, CS-")


async def test_a_group_is_known_to_another_process_too_and_refused_once_it_is_others(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        rig.entra.roles.add("IdentityRiskEvent.Read.All")
        await rig.start()
        view = await opened(rig)
        (group,) = await _groups(rig, view, "unfamiliar 2 users")
        assert rig.application is not None
        at_hand = rig.application._forms._at_risk
        at_hand._shown.clear()  # as in a process that has shown nothing
        at_hand._listed = replace(at_hand._listed, users=at_hand._listed.users[:1])
        answer = await rig.slack.submit(view, values={"shared": [group["value"]], "reason": "", "known_by": "phone"})
        assert errors(answer) == {
            "shared": "Who shares this has changed since the list was shown. Take it out and choose again.",
            "reason": "Please add a reason; approvers and auditors need it.",
        }
        rig.clock.advance(timedelta(seconds=at_risk.AT_MOST + 1))
        await _groups(rig, view, "")
        at_hand._shown.clear()
        await rig.slack.submit(view, values={"reason": "VPN"})
        await rig.whispered("U0ANALYST", "Got it: 2 users, CS-")


async def test_without_the_permission_the_list_of_what_is_shared_says_so(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        view = await opened(rig)
        while True:
            (remark,) = await rig.slack.shortcuts.suggest(view, "shared")
            if "is being read" not in remark["text"]["text"]:
                break
        assert remark["text"]["text"] == "Why users are at risk can't be read now: choose single users."


async def test_a_form_is_told_that_it_can_not_be_checked_whether_somebody_may_ask(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.slack.faults.add(Fault("conversations.members", "status", status=500, times=-1))
        view = await opened(rig)
        told = "I can't check whether you may ask: Slack or Entra isn't answering."
        assert told in rig.slack.plain(view)
        (remark,) = await rig.slack.shortcuts.suggest(view, "users")
        assert remark["text"]["text"] == told
        rig.slack.faults.clear()
        # Like a command, it is taken; whether they may is found out later.
        await rig.slack.submit(view, values={"pasted": "adelev@contoso.com", **FILLED})
        await rig.whispered("U0ANALYST", "Got it: 1 user, CS-")


async def test_a_form_is_redrawn_although_slack_is_busy_at_first(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.slack.faults.add(Fault("views.update", "status", status=429, retry_after=1))
        view = await opened(rig)
        assert AT_RISK in rig.slack.plain(view)
        rig.slack.workspace.views.clear()  # closed before it could be redrawn: nobody minds
        await rig.slack.command("")


async def _groups(rig: Rig, view: View, query: str) -> list[dict[str, dict[str, str]]]:
    while True:
        found = [dict(option) for option in await rig.slack.shortcuts.suggest(view, "shared", query)]
        if not any(option["value"] == "-" for option in found):
            return found


async def test_everything_that_is_wrong_is_told_at_once_and_at_its_field(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        view = await opened(rig)
        answer = await rig.slack.submit(view, values={"pasted": "adelev@contoso.com, foo, alexw@contoso,com"})
        assert errors(answer) == {
            "pasted": "I read 1 user here, and can't read foo, alexw@contoso,com as ids.",
            "reason": "Please add a reason; approvers and auditors need it.",
            "known_by": "Please say how you know; approvers need it.",
        }
        empty = await rig.slack.submit(view, values={"pasted": "", **FILLED})
        assert errors(empty) == {"users": "No users given: choose some here or below, or paste their ids."}
        await rig.slack.submit(view, values={"pasted": "adelev@contoso.com"})  # the rest is still there
        await rig.whispered("U0ANALYST", "Got it: 1 user, CS-")


async def test_a_replayed_submit_asks_once(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        view = await opened(rig)
        await rig.slack.submit(view, values={"pasted": "adelev@contoso.com", **FILLED})
        first = await rig.slack.replay()
        assert first.status == 200
        await rig.whispered("U0ANALYST", "is waiting for approval")
        assert (await rig.slack.replay()).status == 200
        assert len(rig.slack.messages(APPROVALS)) == 1
        told = [rig.slack.plain(m) for m in rig.slack.dm("U0ANALYST")]
        assert len([text for text in told if text.startswith("Got it")]) == 1
        assert rig.parts is not None
        asked = "SELECT count(*) FROM events WHERE kind = 'Asked'"
        assert await rig.parts.store.run(lambda c: c.exec_driver_sql(asked).scalar()) == 1


async def test_lists_are_for_those_who_may_ask_and_the_submit_of_others_is_refused_on_record(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        outsider = "U0JONI"
        assert outsider not in rig.slack.channels[APPROVALS].members
        view = await opened(rig, by=outsider)
        assert "You can't ask for confirmations. Members of #id-approvals can." in rig.slack.plain(view)
        for field in ("users", "shared"):
            found = await rig.slack.shortcuts.suggest(view, field)
            assert [option["text"]["text"] for option in found] == [
                "Only those who may ask see this list; /confirm-safe help says who."
            ]
        assert rig.books.of(LIST) == [] or "Adele" not in rig.slack.plain(view)
        assert rig.parts is not None
        before = await rig.parts.store.run(last_entry)
        answer = await rig.slack.submit(view, values={"pasted": "adelev@contoso.com", **FILLED})
        assert errors(answer) == {"users": "You can't ask for confirmations. /confirm-safe help says who can."}
        assert await rig.parts.store.run(last_entry) == before + 1
        assert rig.slack.messages(APPROVALS) == []


async def test_a_remark_in_a_list_can_not_be_asked_for(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.risky.clear()
        view = await opened(rig)
        assert "0 users are at risk in Entra" in rig.slack.plain(view)
        view.offered["-"] = {"text": {"type": "plain_text", "text": "a remark"}, "value": "-"}
        answer = await rig.slack.submit(view, values={"users": ["-"], **FILLED})
        assert errors(answer) == {"users": "What you chose is a remark and names nobody: take it out."}


async def test_with_graph_unplugged_the_form_opens_all_the_same_and_says_so(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(Fault(LIST, "reset", times=-1))
        await rig.slack.command("")
        view = await rig.modal_of("U0ANALYST")
        assert "ids can be pasted below" in rig.slack.plain(view)
        rig.clock.advance(timedelta(seconds=at_risk.READ_WITHIN))
        await rig.books.until(lambda: "The list of users at risk could not be read" in rig.slack.plain(view))
        assert "Ids can be pasted below; they are looked up once you ask." in rig.slack.plain(view)
        found = await rig.slack.shortcuts.suggest(view, "users")
        assert found[0]["text"]["text"] in {
            "The list of users at risk can't be read now: paste ids instead.",
            "The list is still being read: type again in a few seconds.",
        }
        await rig.slack.submit(view, values={"pasted": "adelev@contoso.com", **FILLED})
        await rig.whispered("U0ANALYST", "Got it: 1 user, CS-")


@BOTH_WAYS
async def test_trouble_with_the_store_keeps_the_form_open_with_all_that_was_typed(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        view = await opened(rig)
        assert rig.application is not None
        rig.application._intake.most_in_hand = 0
        answer = await rig.slack.submit(view, values={"pasted": "adelev@contoso.com", **FILLED})
        told = "I can't take this just now and nothing was recorded. Please send it again in a minute."
        assert errors(answer) == {"reason": told}
        assert await rig.slack.shortcuts.suggest(view, "users")
        assert (await rig.slack.shortcuts.shortcut()).status == FAILED[way]
        rig.application._intake.most_in_hand = 100
        assert rig.slack.modal("U0ANALYST") is view
        await rig.slack.submit(view)
        await rig.whispered("U0ANALYST", "Got it: 1 user, CS-")


async def test_a_database_that_is_held_keeps_the_form_open_too(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        view = await opened(rig)
        held = sqlite3.connect(rig.database, isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        answer = await rig.slack.submit(view, values={"pasted": "adelev@contoso.com", **FILLED})
        told = "I can't take this just now and nothing was recorded. Please send it again in a minute."
        assert errors(answer) == {"reason": told}
        held.close()
        assert rig.slack.modal("U0ANALYST") is view
        await rig.slack.submit(view)
        await rig.whispered("U0ANALYST", "Got it: 1 user, CS-")


async def test_a_limit_is_told_in_the_form(tmp_path: Path) -> None:
    async with running(tmp_path, REQUESTS_PER_HOUR="1") as rig:
        first = await rig.slack.submit(await opened(rig), values={"pasted": "adelev@contoso.com", **FILLED})
        assert first.body is None
        found = errors(await rig.slack.submit(await opened(rig), values={"pasted": "alexw@contoso.com", **FILLED}))
        assert set(found) == {"reason"}
        assert found["reason"].startswith(
            "You have asked once in the last hour, which is the limit. Next possible at 2"
        )
        assert "<" not in found["reason"]


async def test_a_rehearsal_is_asked_for_by_a_tick(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        view = await opened(rig)
        await rig.slack.submit(view, values={"pasted": "jonis@contoso.com", "rehearse": ["rehearse"], **FILLED})
        await rig.whispered("U0ANALYST", "is waiting for approval")
        assert "Rehearsal: confirm Joni Sherman safe?" in rig.slack.plain(rig.slack.messages(APPROVALS)[-1])


async def test_a_form_that_slack_does_not_open_is_said_so_and_can_be_typed_instead(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.slack.faults.add(Fault("views.open", "status", status=500))
        answer = await rig.slack.command("")
        assert answer.body["text"].startswith("I can't open the form just now, and nothing was recorded.")
        rig.slack.faults.add(Fault("views.open", "status", status=500))
        assert (await rig.slack.shortcuts.shortcut()).status == 503


@pytest.mark.parametrize("text", ["help", "?"])
async def test_help_is_still_help(tmp_path: Path, text: str) -> None:
    async with running(tmp_path) as rig:
        answer = await rig.slack.command(text)
        assert "`/confirm-safe` opens a form" in answer.body["text"]
        assert rig.slack.modal("U0ANALYST") is None
