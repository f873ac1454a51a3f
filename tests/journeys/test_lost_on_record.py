"""A message that another one continues, on the record: told, exported, verified, and open to redaction."""

import json
from pathlib import Path

from bot.store.events import as_event
from demo.graph.directory import ADELE
from demo.local_slack import Message
from tests.command_line import run
from tests.journeys.test_audit import KEY, changed, exported, scripted
from tests.journeys.test_lost_messages import continued, redraw, until_recorded
from tests.rig import Rig, running
from tests.store.test_redaction import settled


async def lost_and_confirmed(rig: Rig) -> Message:
    """Play a request whose message is deleted before it is decided."""
    lost = await rig.asked()
    lost.deleted = True
    await redraw(rig, lost)
    new = await continued(rig, lost)
    await until_recorded(rig, 2)
    await rig.slack.click(new, "approve", by="U0MEGAN")
    await rig.shows(new, "2 of 2 confirmed safe")
    await rig.thread_says(new, "2 of 2 confirmed safe")
    return new


async def test_the_story_the_export_and_the_chain_tell_of_it(tmp_path: Path) -> None:
    async with running(tmp_path, AUDIT_KEY=KEY) as rig:
        new = await lost_and_confirmed(rig)
        _, out, _ = await run(rig, "audit", "show", rig.id_of(new))
        shown = [line.partition(" UTC  ")[2] for line in out.splitlines() if "  Shown in " in line]
        assert [" in place of a message that was deleted, SHA-256 of its blocks " in line for line in shown] == [
            False,
            True,
        ]
        assert (await run(rig, "audit", "verify"))[0] == 0
        status, out, _ = await run(rig, "audit", "verify", "--anchors")
        assert status == 0, out
        _, entries = await exported(rig)
        assert [json.loads(entry["body"])["lost"] for entry in entries if entry["kind"] == "Shown"] == ["", "deleted"]
        export = (await run(rig, "audit", "export"))[1]
        assert await scripted(rig, export, KEY) == (0, "")
        assert (await scripted(rig, export.replace("deleted", "unchangeable"), KEY))[0] == 1


async def test_somebody_can_be_redacted_from_it(tmp_path: Path) -> None:
    async with running(tmp_path, AUDIT_KEY=KEY) as rig:
        new = await lost_and_confirmed(rig)
        while not settled(rig):
            await rig.clock.sleep(0.5)
        await rig.stop()
        changed(rig, "DELETE FROM tasks WHERE kind = 'tell'")  # reminders, due within the hour
        assert (await run(rig, "audit", "redact", "--user", ADELE))[0] == 0
        assert (await run(rig, "audit", "verify"))[0] == 0
        _, out, _ = await run(rig, "audit", "show", rig.id_of(new))
        assert " in place of a message that was deleted" in out
        assert "Adele" not in out


def test_what_was_shown_before_anybody_knew_of_lost_messages_can_be_read() -> None:
    event = as_event("Shown", '{"view": 1, "channel": "C1", "ts": "1", "digest": "ab"}')
    assert getattr(event, "lost", None) == ""
