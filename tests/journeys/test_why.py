"""Why users are at risk: shown where it can be read, said where it can't, and held against what was approved."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.graph.directory import ADELE, ALEX
from demo.local_slack import Message
from demo.wire import Call, Fault
from tests.journeys.test_bad_days import readyz
from tests.journeys.test_graph_at_its_quota import approve
from tests.rig import Rig, running

ONE = "adelev@contoso.com VPN"
BOTH = "adelev@contoso.com alexw@contoso.com VPN"
BLIND = "Why they are at risk"


async def start(rig: Rig) -> None:
    """Start the bot with consent to read why users are at risk."""
    rig.entra.roles.add("IdentityRiskEvent.Read.All")
    await rig.start()


def reads(rig: Rig) -> list[Call]:
    return rig.books.of("GET /v1.0/identityProtection/riskDetections")


def dialog(message: Message) -> str:
    """What is asked before an approval counts."""
    buttons: list[dict[str, Any]] = [e for block in message.blocks for e in block.get("elements", [])]
    confirm = next(e["confirm"] for e in buttons if e.get("action_id") == "approve")
    return str(confirm["text"]["text"])


async def test_each_user_comes_with_why_the_most_serious_first(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        await start(rig)
        message = await rig.asked(BOTH)
        shown = rig.slack.plain(message)
        adele, _, alex = shown.partition("Alex Wilber")
        assert "Atypical travel: Oslo, NO, 203.0.113.7, " in adele
        assert "Unfamiliar sign-in properties: same place, " in adele
        assert "(+2 more)" in adele
        assert alex.index("Leaked credentials: ") < alex.index("Unfamiliar sign-in properties: Oslo")
        assert "Leaked credentials are rarely a false positive. The usual step is a password reset." in shown
        assert BLIND not in shown
        assert "You have not been shown" not in dialog(message)
        assert len(reads(rig)) == 1


async def test_without_the_permission_message_and_dialog_say_that_the_reasons_are_missing(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        told = "Why they are at risk is not shown: the app lacks IdentityRiskEvent.Read.All. Look in Entra first."
        assert told in rig.slack.plain(message)
        assert "You have not been shown why they are at risk." in dialog(message)
        assert reads(rig) == []


async def test_where_the_token_does_not_tell_a_403_is_taken_for_the_missing_permission(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        rig.graph.faults.add(Fault("riskDetections", "status", times=-1, status=403))
        await start(rig)
        message = await rig.asked(ONE)
        assert "the app lacks IdentityRiskEvent.Read.All" in rig.slack.plain(message)
        await rig.asked("alexw@contoso.com VPN")
        assert (await readyz(rig))[1]["degraded"] == []


async def test_while_entra_is_busy_the_message_comes_first_and_is_completed_as_a_new_view(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=2.0) as rig:
        rig.graph.faults.add(Fault("riskDetections", "hang_then_accept"))
        await start(rig)
        began = rig.clock.now()
        message = await rig.asked(ONE)
        assert "Why they are at risk could not be read yet: Entra is busy. Look in Entra first." in rig.slack.plain(
            message
        )
        assert rig.clock.now() - began < timedelta(seconds=8)
        old = Message(message.channel, message.ts, message.user, message.text, message.blocks)
        assert "You have not been shown why they are at risk." in dialog(old)
        rig.graph.faults.release()
        shown = await rig.shows(message, "Atypical travel: Oslo, NO, 203.0.113.7, ")
        assert BLIND not in shown
        await rig.slack.click(old, "approve")
        told = await rig.whispered("U0MEGAN", "The reasons came in while you were reading.")
        assert "Your click was not counted. Please look again and decide." in told
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 of 1 confirmed safe")


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_reasons_that_could_not_be_read_at_first_come_later(tmp_path: Path, status: int) -> None:
    async with running(tmp_path, start=False) as rig:
        rig.graph.faults.add(Fault("riskDetections", "status", times=2, status=status))
        await start(rig)
        message = await rig.asked(ONE)
        await rig.shows(message, "Atypical travel: Oslo, NO, 203.0.113.7, ")


async def test_an_approval_without_the_reasons_counts_and_is_not_asked_for_again(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        rig.graph.faults.add(Fault("riskDetections", "status", times=-1, status=500))
        await start(rig)
        message = await rig.asked(ONE)
        rig.graph.rise(ADELE, "high", "leakedCredentials")
        await approve(rig, message, after=20)
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_a_new_kind_of_detection_after_the_approval_asks_for_a_new_one(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        await start(rig)
        message = await rig.asked(ONE)
        rig.graph.rise(ADELE, "high", "leakedCredentials")
        await approve(rig, message, after=20)
        shown = await rig.shows(message, "Risk changed: 1 user")
        assert "New: Leaked credentials: " in shown
        assert "High risk, at risk" in shown
        await rig.thread_says(message, "The risk rose before sending: Adele Vance, new: Leaked credentials, ")
        assert rig.sent() == []
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_a_new_country_after_the_approval_asks_for_a_new_one(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        await start(rig)
        message = await rig.asked(BOTH)
        rig.graph.rise(ADELE, "high")
        rig.graph.add_detection(ADELE, "unlikelyTravel", city="Lima", country="PE", ago=timedelta(minutes=1))
        await approve(rig, message, after=20)
        told = await rig.thread_says(message, "1 of 2 changed before sending: Adele Vance, new: Atypical travel")
        assert "new: Atypical travel from PE, " in told
        await rig.shows(message, "1 of 1 confirmed safe")
        assert [call.args["userIds"] for call in rig.sent()] == [[ALEX]]


async def test_more_of_the_same_is_only_a_remark(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        await start(rig)
        message = await rig.asked(BOTH)
        rig.graph.rise(ADELE, "high", "unfamiliarFeatures")
        await approve(rig, message, after=20)
        await rig.thread_says(
            message, "The risk was updated since it was shown, to nothing more serious: Adele Vance.", 20
        )
        await rig.shows(message, "2 of 2 confirmed safe")
        asked = [call.args["$filter"] for call in reads(rig)]
        assert asked[1:] == [f"userId eq '{ADELE}'"]


async def test_detections_are_not_read_again_where_the_risk_did_not_move(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        await start(rig)
        message = await rig.asked(BOTH)
        await approve(rig, message, after=20)
        await rig.shows(message, "2 of 2 confirmed safe")
        assert len(reads(rig)) == 1


async def test_while_reasons_hang_what_matters_more_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        await start(rig)
        first = await rig.asked(ONE)
        rig.graph.faults.add(Fault("riskDetections", "hang_then_accept"))
        await rig.asked("alexw@contoso.com VPN")
        await rig.slack.click(first, "approve")
        await rig.shows(first, "1 of 1 confirmed safe", 5)
        assert reads(rig)[-1].status is None


async def test_many_users_share_calls_and_those_already_known_cost_none(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=20.0) as rig:
        ids = rig.graph.add_crowd(50, "anonymizedIPAddress")
        await start(rig)
        message = await rig.asked(f"{' '.join(ids)} VPN")
        await rig.shows(message, "Anonymous IP address")
        assert len(reads(rig)) == 2
        await rig.slack.click(message, "review")
        window = rig.slack.plain(await rig.modal_of("U0MEGAN"))
        # Once for each of them, and once in the sentence on what they share.
        assert window.count("Anonymous IP address") == 50 + 1
        assert BLIND not in window
