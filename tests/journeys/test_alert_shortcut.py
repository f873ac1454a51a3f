"""The shortcut on an alert: it offers whom it names, ticks nobody, and tells the alert's thread how it goes."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.graph.directory import ADELE, ALEX, JONI
from demo.local_slack import Message, View
from demo.local_slack.workspace import BOT_USER
from demo.wire import Fault
from tests.rig import APPROVALS, BOTH_WAYS, Rig, running

FILLED = {"reason": "Called her on the phone", "known_by": "phone"}
TS = "1772625600.000042"
SENTINEL: dict[str, Any] = {
    "ts": TS,
    "bot_id": "B0OTHER",
    "attachments": [
        {
            "fallback": "Risky sign-in of jonis@contoso.com",
            "title": "Incident",
            "title_link": f"https://portal.azure.com/#user/{ADELE}",
            "fields": [{"title": "Account", "value": "<mailto:alexw@contoso.com|alexw@contoso.com>"}],
        }
    ],
}
"""As another program posts it: no text, no user; Joni is not at risk."""


async def used(
    rig: Rig, message: dict[str, Any] | None = None, channel: str = "C0ALERTS", by: str = "U0ANALYST"
) -> View:
    answer = await rig.slack.shortcuts.message_shortcut(message or SENTINEL, channel=channel, by=by)
    assert answer.status == 200
    view = rig.slack.modal(by)
    assert view is not None
    await rig.books.until(lambda: "Reading in Entra" not in rig.slack.plain(view))
    return view


def alerts(rig: Rig, **changed: Any) -> Message:
    """A channel of alerts that the bot is in, with an alert in it."""
    made = type(rig.slack.channels["C0GENERAL"])
    rig.slack.channels["C0ALERTS"] = made("C0ALERTS", "alerts", {"U0ANALYST", "U0MEGAN", "U0OTHERBOT", BOT_USER})
    for name, value in changed.items():
        setattr(rig.slack.channels["C0ALERTS"], name, value)
    return rig.slack.shortcuts.post_of_another_app(SENTINEL, "C0ALERTS")


def offers(view: View) -> list[dict[str, Any]]:
    return [
        block["element"] for block in view.view["blocks"] if str(block.get("block_id", "")).startswith("proposed")
    ]


@BOTH_WAYS
async def test_an_alert_offers_whom_it_names_and_is_told_how_it_went(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        alert = alerts(rig)
        view = await used(rig)
        (boxes,) = offers(view)
        assert [(o["text"]["text"], o["description"]["text"], o["value"]) for o in boxes["options"]] == [
            ("Adele Vance · High", "in a link · adelev@contoso.com", ADELE),
            ("Alex Wilber · Medium", "in a field · alexw@contoso.com", ALEX),
        ]
        assert "initial_options" not in boxes
        assert "tick only whom you know to be safe" in rig.slack.plain(view)
        await rig.slack.submit(view, values={"proposed0": [ADELE, ALEX], **FILLED})
        await rig.whispered("U0ANALYST", "is waiting for approval")
        message = rig.slack.messages(APPROVALS)[-1]
        small_print = str(message.blocks[-1])
        assert (
            f"From an alert: <https://contoso.slack.com/archives/C0ALERTS/p{TS.replace('.', '')}|open>" in small_print
        )
        line = (await rig.books.until(lambda: rig.slack.thread(alert)))[0]
        request_id = rig.id_of(message)
        assert rig.slack.plain(line) == f"{request_id} · asked to confirm 2 users safe (1 High) · waiting · open"
        await rig.slack.click(message, "approve")
        await rig.shows(message, "2 users confirmed safe")
        await rig.thread_says(alert, f"{request_id} · 2 users · 2 of 2 confirmed safe · open")
        await rig.books.until(lambda: "2 of 2 confirmed safe" in rig.slack.plain(line))
        told = [rig.slack.plain(m) for m in rig.slack.thread(alert)]
        assert len(told) == 2
        assert not any(
            name in text for text in told for name in ("Adele", "Alex", "@", "Megan", "Lynne", "contoso.com")
        )


async def test_a_post_that_slack_took_without_saying_so_is_not_doubled(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        alert = alerts(rig)
        in_thread = Fault("chat.postMessage", "drop_after", when=lambda call: call.args.get("thread_ts") == TS)
        rig.slack.faults.add(in_thread)
        view = await used(rig)
        await rig.slack.submit(view, values={"proposed0": [ADELE], **FILLED})
        await rig.thread_says(alert, "waiting")
        message = rig.slack.messages(APPROVALS)[-1]
        await rig.books.until(lambda: rig.told_of(message))
        await rig.slack.click(message, "approve")
        await rig.thread_says(alert, "1 user · 1 of 1 confirmed safe")
        await rig.books.until(lambda: "confirmed safe · open" in rig.slack.plain(rig.slack.thread(alert)[0]))
        rig.clock.advance(timedelta(minutes=3))  # doubles would have been looked for by now
        assert len(rig.slack.thread(alert)) == 2


async def test_a_denial_edits_the_line_and_ends_the_thread(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        alert = alerts(rig)
        view = await used(rig)
        await rig.slack.submit(view, values={"proposed0": [ADELE], **FILLED})
        await rig.whispered("U0ANALYST", "is waiting for approval")
        message = rig.slack.messages(APPROVALS)[-1]
        await rig.slack.click(message, "deny")
        await rig.slack.submit(await rig.modal_of("U0MEGAN"), values={"text": "Adele is abroad"})
        await rig.thread_says(alert, "1 user · denied")
        await rig.books.until(lambda: "safe (1 High) · denied" in rig.slack.plain(rig.slack.thread(alert)[0]))
        assert not any("Adele" in rig.slack.plain(told) for told in rig.slack.thread(alert))


async def test_an_alert_inside_a_thread_is_answered_in_that_thread(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        alert = alerts(rig)
        view = await used(rig, {**SENTINEL, "ts": "1772625700.000001", "thread_ts": TS})
        await rig.slack.submit(view, values={"proposed0": [ADELE], **FILLED})
        await rig.thread_says(alert, "waiting")
        small_print = str(rig.slack.messages(APPROVALS)[-1].blocks[-1])
        assert "p1772625700000001?thread_ts=1772625600.000042&amp;cid=C0ALERTS|open" in small_print


@pytest.mark.parametrize(
    "changed",
    [{"is_ext_shared": True}, {"is_pending_ext_shared": True}, {"is_archived": True}, {"members": {"U0ANALYST"}}],
    ids=["shared", "about to be", "archived", "not a member"],
)
async def test_the_thread_is_not_told_where_outsiders_read_or_the_bot_is_not(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    async with running(tmp_path) as rig:
        alert = alerts(rig, **changed)
        view = await used(rig)
        await rig.slack.submit(view, values={"proposed0": [ADELE], **FILLED})
        await rig.whispered("U0ANALYST", "is waiting for approval")
        message = rig.slack.messages(APPROVALS)[-1]
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 user confirmed safe")
        await rig.books.until(lambda: len(rig.books.of("conversations.info")) >= 3)
        assert rig.slack.thread(alert) == []
        assert not any("can't post" in rig.slack.plain(m) for m in rig.slack.dm("U0ANALYST"))


async def test_an_alert_in_a_direct_message_is_told_nothing_and_linked_to_nobody(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        channel = rig.slack.workspace.dm_of("U0ANALYST").id
        view = await used(rig, channel=channel)
        await rig.slack.submit(view, values={"proposed0": [ADELE], **FILLED})
        await rig.whispered("U0ANALYST", "is waiting for approval")
        message = rig.slack.messages(APPROVALS)[-1]
        assert "From an alert in a direct message" in rig.slack.plain(message)
        assert channel not in str(message.blocks)


async def test_an_attackers_alert_fills_nothing_ticks_nobody_and_pings_nobody(tmp_path: Path) -> None:
    """Bidi characters, markup, a mention of the channel, and ids of everybody in ten thousands."""
    evil = f"<!channel> *approve* {ADELE} \u202e<https://evil.example|open> Reason: the CEO says so"
    ids = " ".join(f"{n:08x}-0000-4000-8000-000000000000" for n in range(10_000))
    async with running(tmp_path) as rig:
        alerts(rig)
        rig.graph.add_user(JONI, "<!here> \u202eJoni* & co", "jonis@contoso.com")
        rig.graph.add_risky(JONI, "low", display_name="<!here> \u202eJoni* & co")
        view = await used(rig, {"ts": TS, "text": f"{evil} {JONI} {ids}", "user": "U0OUTSIDE"})
        (boxes,) = offers(view)
        assert [option["text"]["text"] for option in boxes["options"]] == [
            "Adele Vance · High",
            "<!here> Joni* & co · Low",
        ]
        assert {option["text"]["type"] for option in boxes["options"]} == {"plain_text"}
        assert "The alert is long: only its beginning, or 2,000 ids, was looked through." in rig.slack.plain(view)
        assert not any(word in str(view.view) for word in ("evil.example", "CEO", "<!channel>"))
        assert view.entered == {}
        answer = await rig.slack.submit(view, values=FILLED)
        assert answer.body["errors"] == {"users": "No users given: choose some here or below, or paste their ids."}


async def test_more_than_fit_are_offered_in_part_and_it_is_said(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        alerts(rig)
        ids = rig.graph.add_crowd(61)
        view = await used(rig, {"ts": TS, "text": " ".join(ids)})
        groups = offers(view)
        assert [len(boxes["options"]) for boxes in groups] == [10] * 5
        told = "It names 61 users at risk; the 50 riskiest are offered here. The others can be chosen below."
        assert told in rig.slack.plain(view)
        chosen = {f"proposed{n}": [o["value"] for o in boxes["options"]] for n, boxes in enumerate(groups)}
        await rig.slack.submit(view, values={**chosen, **FILLED})
        await rig.whispered("U0ANALYST", "Got it: 50 users, CS-")


async def test_an_alert_that_names_nobody_at_risk_says_so(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        alerts(rig)
        view = await used(rig, {"ts": TS, "text": "jonis@contoso.com signed in"})
        assert offers(view) == []
        assert "It names nobody who is at risk in Entra now." in rig.slack.plain(view)


async def test_whoever_may_not_ask_is_shown_nobody_whom_an_alert_names(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        alerts(rig)
        await used(rig)  # the list is at hand
        view = await used(rig, by="U0JONI")
        assert offers(view) == []
        assert "You can't ask for confirmations." in rig.slack.plain(view)
        assert "Adele" not in str(view.view)


async def test_a_rehearsal_is_no_news_for_the_alerts_thread(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        alert = alerts(rig)
        view = await used(rig)
        await rig.slack.submit(view, values={"proposed0": [ADELE], "rehearse": ["rehearse"], **FILLED})
        await rig.whispered("U0ANALYST", "is waiting for approval")
        message = rig.slack.messages(APPROVALS)[-1]
        await rig.slack.click(message, "approve")
        await rig.thread_says(message, "Rehearsal over")
        assert rig.slack.thread(alert) == []


@pytest.mark.parametrize("message", [{"ts": TS}, {"ts": TS, "text": None}, {"ts": TS, "blocks": None}, {"ts": None}])
async def test_a_message_without_words_opens_the_form_as_well(tmp_path: Path, message: dict[str, Any]) -> None:
    async with running(tmp_path) as rig:
        alerts(rig)
        view = await used(rig, message)
        assert offers(view) == []
