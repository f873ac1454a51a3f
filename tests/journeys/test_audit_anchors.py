"""`audit verify --anchors`: a chain that is whole in itself, and is not the one that the posts in Slack name."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.events import mac_of
from demo.wire import Fault
from tests.command_line import run
from tests.journeys.test_audit import KEY, confirmed, exported
from tests.rig import APPROVALS, INCIDENT, Rig, running


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path, AUDIT_KEY=KEY) as rig:
        await confirmed(rig)
        yield rig


def rewritten(rig: Rig, key: bytes) -> None:
    """Say that somebody else refused the click, and make a chain of it that is whole."""
    with sqlite3.connect(rig.database) as connection:
        connection.execute("UPDATE events SET actor = 'U0NOBODY' WHERE kind = 'Asked'")
        previous = "0" * 64
        chosen = "SELECT n, at, actor, kind, request_id, version, body_digest FROM events ORDER BY n"
        for fields in connection.execute(chosen).fetchall():
            mac = mac_of(key, [previous, *fields])
            connection.execute("UPDATE events SET previous = ?, mac = ? WHERE n = ?", (previous, mac, fields[0]))
            previous = mac
    connection.close()


async def test_the_posts_of_a_whole_chain_agree_with_it(rig: Rig) -> None:
    status, out, _ = await run(rig, "audit", "verify", "--anchors")
    posts = [*rig.slack.messages(APPROVALS), *rig.slack.messages(INCIDENT)]
    posts += [reply for message in posts for reply in rig.slack.thread(message)]
    assert len(posts) == 4
    assert (status, out.splitlines()[-1]) == (0, "ok: 4 posts in Slack name entries of this chain.")


async def test_a_message_that_was_deleted_with_its_thread_breaks_no_chain(rig: Rig) -> None:
    (lost,) = rig.slack.messages(APPROVALS)
    lost.deleted = True
    status, out, _ = await run(rig, "audit", "verify", "--anchors")
    assert (status, out.splitlines()[-1]) == (0, "ok: 2 posts in Slack name entries of this chain.")


async def test_a_rewritten_chain_is_noticed_even_by_whoever_has_the_key(rig: Rig) -> None:
    await rig.stop()
    rewritten(rig, KEY.encode())
    assert (await run(rig, "audit", "verify"))[0] == 0
    status, out, _ = await run(rig, "audit", "verify", "--anchors")
    assert status == 1
    assert "BROKEN: entry " in out
    assert f" in {APPROVALS} names: the chain was rewritten" in out


async def test_a_cut_chain_is_noticed(rig: Rig) -> None:
    _, entries = await exported(rig)
    approved = next(entry["n"] for entry in entries if entry["kind"] == "Approved")
    await rig.stop()
    with sqlite3.connect(rig.database) as connection:
        connection.execute("DELETE FROM event_bodies WHERE n > ?", (approved,))
        connection.execute("DELETE FROM events WHERE n > ?", (approved,))
        connection.execute("DELETE FROM posts")  # the channel still tells
    connection.close()
    assert (await run(rig, "audit", "verify"))[0] == 0
    status, out, _ = await run(rig, "audit", "verify", "--anchors")
    assert status == 1
    assert f"BROKEN: the chain ends with entry {approved}, but the post " in out
    assert ": its end was cut off. Unless an older backup was restored" in out


async def test_what_slack_does_not_tell_is_named_and_a_busy_slack_is_waited_for(rig: Rig) -> None:
    rig.slack.faults.add(Fault("conversations.replies", "status", times=2, status=429, retry_after=1))
    assert (await run(rig, "audit", "verify", "--anchors"))[0] == 0
    status, _, err = await run(rig, "audit", "verify", "--anchors", SLACK_BOT_TOKEN="xoxb-wrong")
    assert status == 1
    assert err.startswith("Slack: ")
    refusing = Fault("conversations.history", "status", times=1, status=200, code="not_in_channel")
    rig.slack.faults.add(refusing)
    status, out, _ = await run(rig, "audit", "verify", "--anchors")
    assert status == 1
    assert f"NOT READ: {APPROVALS}: not_in_channel" in out
