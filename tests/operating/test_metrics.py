"""The numbers: each tells of what happened, none of whom."""

import re
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from bot.metrics import Metrics
from demo.wire import Fault
from tests.operating.scraped import Scrape, asked, scrape
from tests.rig import Rig, running

ONE = "adelev@contoso.com VPN"


async def numbers_with(rig: Rig, name: str, **labels: str) -> Scrape:
    """Scrape until that number is there."""
    while not (numbers := await scrape(rig)).value(name, **labels):
        await rig.clock.sleep(0.5)
    return numbers


async def test_a_request_from_the_ask_to_its_end_is_in_the_numbers(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        before = await scrape(rig)
        assert before.value("ready") == 1
        assert before.value("build_info") == 1
        assert before.value("requests") == before.value("requests_ended_total") == 0
        message = await rig.asked(ONE)
        assert (await numbers_with(rig, "requests", state="pending")).value("requests") == 1
        rig.clock.advance(timedelta(minutes=3))
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 user confirmed safe")
        numbers = await numbers_with(rig, "requests_ended_total", state="confirmed")
        assert (await numbers_with(rig, "requests", state="confirmed")).value("requests") == 1
        assert numbers.value("decision_seconds_count", decision="approved") == 1
        assert 180 < numbers.value("decision_seconds_sum", decision="approved") < 300
        assert numbers.value("refusals_total", action="approve", ground="not_approver") == 1
        assert numbers.value("ack_seconds_count", surface="command") == 1
        assert numbers.value("ack_seconds_count", surface="click") == 2
        assert numbers.value("graph_calls_total", kind="confirm_safe", status="204") == 1
        assert numbers.value("graph_calls_total", kind="risky_users", status="200") > 1
        assert numbers.value("graph_call_seconds_count", kind="confirm_safe") == 1
        assert numbers.value("graph_turn_wait_seconds_count") > 1
        assert numbers.value("graph_pace_gap_seconds") == pytest.approx(1.05)
        assert numbers.value("slack_calls_total", method="chat.postMessage", outcome="ok") >= 1
        assert rig.parts is not None
        assert numbers.value("audit_entries") > 5
        assert numbers.value("tasks", kind="renewal") == 1
        assert numbers.value("store_read_timestamp_seconds") == pytest.approx(rig.clock.now().timestamp(), abs=60)


async def test_what_fails_is_counted_by_how_it_failed(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        rig.graph.faults.add(Fault("confirmSafe", "status", status=429, retry_after=1))
        rig.graph.faults.add(Fault("confirmSafe", "reset"))
        rig.slack.faults.add(Fault("chat.update", "status", status=429, retry_after=1))
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 user confirmed safe", within=240)
        numbers = await scrape(rig)
        assert numbers.value("graph_calls_total", kind="confirm_safe", status="429") == 1
        assert numbers.value("graph_calls_total", kind="confirm_safe", status="no_answer") == 1
        assert numbers.value("slack_calls_total", method="chat.update", outcome="busy") == 1
        assert numbers.value("task_retries_total") > 0


async def test_a_slow_database_holds_up_no_scrape(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.asked(ONE)
        assert (await numbers_with(rig, "requests", state="pending")).value("requests") == 1
        held = sqlite3.connect(rig.database, isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        numbers = await scrape(rig)
        assert numbers.value("ready") == 0
        assert numbers.value("requests", state="pending") == 1  # as it was read before
        assert (await asked(rig, "/healthz"))[0] == 200
        assert (await asked(rig, "/readyz"))[0] == 503
        held.close()
        while not (await scrape(rig)).value("ready"):
            rig.clock.advance(timedelta(seconds=10))


async def test_troubles_are_counted_by_what_they_are_about(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        assert rig.parts is not None
        rig.parts.outside.graph.tokens.forget()
        rig.entra.failure = "expired_secret"
        await rig.slack.click(message, "approve")
        await rig.shows(message, "The bot can't sign in to Entra")
        assert (await scrape(rig)).value("troubles", about="sign_in") == 1
        rig.entra.failure = None
        await rig.shows(message, "1 user confirmed safe")
        assert (await scrape(rig)).value("troubles") == 0


async def test_no_number_names_anybody(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 user confirmed safe")
        text = (await scrape(rig)).text
    assert not re.search(r"\b[UCGST]0[A-Z]+\b|@|CS-|[0-9a-f]{8}-[0-9a-f]{4}", text)


async def test_when_the_credential_ends_is_shown_once_it_was_read(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert "credential_expiry_timestamp_seconds{" not in (await scrape(rig)).text
        assert rig.parts is not None
        rig.parts.outside.ends.on_end("secret", rig.clock.now())
        numbers = await scrape(rig)
        expected = pytest.approx(rig.clock.now().timestamp(), abs=60)
        assert numbers.value("credential_expiry_timestamp_seconds", kind="secret") == expected


def test_two_bots_in_one_process_share_no_number() -> None:
    one, other = Metrics(), Metrics()
    one.put_off("confirm")
    numbers = [Scrape(metrics.exposition().decode()) for metrics in (one, other)]
    assert [n.value("task_retries_total", kind="confirm") for n in numbers] == [1, 0]
    assert not any("_created" in n.text for n in numbers)


def test_what_a_trouble_is_about_holds_no_id() -> None:
    metrics = Metrics()
    metrics.troubled_by(["check: rule x", "channel C0X", "task CS-2222.show", "Entra sign-in", "something new"])
    numbers = Scrape(metrics.exposition().decode())
    for about in ("check", "slack", "tasks", "sign_in", "other"):
        assert numbers.value("troubles", about=about) == 1
    assert numbers.value("troubles") == 5


async def test_after_a_restart_the_states_are_those_of_before_and_go_on(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        done, waits = await rig.asked(ONE), await rig.asked("alexw@contoso.com VPN")
        await rig.slack.click(done, "approve")
        await rig.shows(done, "1 user confirmed safe")
        await rig.stop()
        await rig.start()
        numbers = await scrape(rig)
        assert [numbers.value("requests", state=state) for state in ("confirmed", "pending")] == [1, 1]
        assert numbers.value("requests") == 2
        assert numbers.value("requests_ended_total") == 0  # by this process
        await rig.slack.command(f"withdraw {rig.id_of(waits)}")
        numbers = await numbers_with(rig, "requests", state="withdrawn")
        assert [numbers.value("requests", state=state) for state in ("confirmed", "pending")] == [1, 0]
        assert numbers.value("requests_ended_total", state="withdrawn") == 1
        assert numbers.value("decision_seconds_count", decision="withdrawn") == 1


async def test_what_was_emptied_since_is_counted_without_its_words(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve", by="U0JONI")
        assert rig.parts is not None
        emptied = "UPDATE event_bodies SET body = '' WHERE n = (SELECT n FROM events WHERE kind = 'ClickRefused')"
        await rig.parts.store.run(lambda c: c.exec_driver_sql(emptied))
        assert (await scrape(rig)).value("refusals_total", action="other", ground="other") == 1
