"""A person's data is taken out of the trail and the file; the others of a request stay, and so does the chain."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.redaction import IDLE
from demo.graph.directory import ADELE, ALEX
from tests.command_line import run
from tests.journeys.test_audit import KEY, changed, confirmed, exported, scripted
from tests.journeys.test_mistake import report
from tests.rig import APPROVALS, Rig, running

HERS = ("Adele", ADELE, "adelev@contoso.com", "moved to Oslo")


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path, AUDIT_KEY=KEY) as rig:
        yield rig


def settled(rig: Rig) -> bool:
    chosen = "SELECT kind, key FROM tasks WHERE request_id IS NOT NULL"
    with sqlite3.connect(rig.database) as connection:
        left = [row for row in connection.execute(chosen) if row[0] not in IDLE and "reminder" not in row[1]]
    connection.close()
    return not left


def bytes_of(rig: Rig) -> bytes:
    return b"".join(path.read_bytes() for path in rig.database.parent.glob(f"{rig.database.name}*"))


async def ended(rig: Rig) -> str:
    """Play a request to where nothing is left to be done for it, and stop the bot."""
    request = await confirmed(rig)
    for _ in range(300):
        if settled(rig):
            break
        await asyncio.sleep(0.1)
    await rig.stop()
    changed(rig, "DELETE FROM tasks WHERE kind = 'tell'")  # reminders, due within the hour
    return request


async def test_a_person_is_gone_from_the_file_and_the_chain_still_verifies(rig: Rig) -> None:
    request = await ended(rig)
    before = bytes_of(rig)
    assert all(trace.encode() in before for trace in HERS)
    status, out, _ = await run(rig, "audit", "redact", "--user", ADELE.upper())
    assert status == 0, out
    _, entries = await exported(rig)
    redacted = [entry for entry in entries if entry["redacted"] is not None]
    assert out == f"ok: {len(redacted)} entries of {request} were redacted, by entry {len(entries)}.\n"
    after = bytes_of(rig)
    assert [trace for trace in HERS if trace.encode() in after] == []
    assert (entries[-1]["kind"], entries[-1]["actor"], entries[-1]["request_id"]) == ("Redacted", "operator", None)
    status, out, _ = await run(rig, "audit", "verify")
    assert status == 0
    assert f"entries, {len(redacted)} of them redacted, 1 to {len(entries)}" in out
    export = (await run(rig, "audit", "export"))[1]
    assert await scripted(rig, export) == (0, "")
    assert (await scripted(rig, export.replace("Alex Wilber", "Alan Turing")))[0] == 1
    status, out, _ = await run(rig, "audit", "redact", "--user", ADELE)
    assert (status, out) == (1, f"No entry holds anything of {ADELE}.\n")


async def test_the_others_of_the_request_stay_and_the_bot_goes_on_with_it(rig: Rig) -> None:
    request = await ended(rig)
    assert (await run(rig, "audit", "redact", "--user", ADELE))[0] == 0
    status, out, _ = await run(rig, "audit", "show", request)
    assert status == 0
    assert out.startswith(f"{request}: confirmed\nSomebody's data was taken out of it, see entry ")
    assert "Alex Wilber (alexw@contoso.com)" in out
    assert ALEX in out
    assert "redacted, redacted-" in out
    await rig.start()
    message = rig.slack.messages(APPROVALS)[0]
    await report(rig, message)
    shown = await rig.shows(message, "Marked as a mistake")
    assert "Alex Wilber" in shown
    assert "Adele" not in shown
    again = await rig.asked("rehearse adelev@contoso.com once more")
    assert "Adele Vance" in rig.slack.plain(again)


async def test_what_redaction_left_cannot_be_changed_either(rig: Rig) -> None:
    await ended(rig)
    assert (await run(rig, "audit", "redact", "--user", ADELE))[0] == 0
    changed(rig, "UPDATE event_bodies SET body = replace(body, 'Alex Wilber', 'Alan Turing')")
    status, out, _ = await run(rig, "audit", "verify")
    assert status == 1
    assert "was changed after entry " in out


async def test_a_second_person_can_be_redacted_from_what_the_first_left(rig: Rig) -> None:
    await ended(rig)
    for user in (ADELE, ALEX):
        assert (await run(rig, "audit", "redact", "--user", user))[0] == 0
    after = bytes_of(rig)
    assert [trace for trace in (*HERS, ALEX, "alexw@contoso.com", "Alex Wilber") if trace.encode() in after] == []
    assert (await run(rig, "audit", "verify"))[0] == 0


async def test_nothing_is_redacted_while_the_bot_runs_or_a_request_is_open(rig: Rig) -> None:
    request = rig.id_of(await rig.asked())
    status, _, err = await run(rig, "audit", "redact", "--user", ADELE)
    assert status == 1
    assert "is in use by another process of this bot" in err
    await rig.stop()
    status, _, err = await run(rig, "audit", "redact", "--user", ADELE)
    assert (status, err) == (1, f"{request} is still open: wait or withdraw it. Nothing was redacted.\n")
    assert ADELE.encode() in bytes_of(rig)


async def test_nothing_is_redacted_while_something_is_left_to_do_for_a_request(rig: Rig) -> None:
    request = await ended(rig)
    row = "INSERT INTO tasks (kind, key, request_id, due_at) VALUES ('look_again', ?, ?, '2999-01-01')"
    changed(rig, row, request, request)
    status, _, err = await run(rig, "audit", "redact", "--user", ADELE)
    assert status == 1
    assert f"{request} has ended, but the bot has something left to do for it, due at 2999-01-01" in err


async def test_nothing_is_redacted_with_a_key_that_is_not_the_chains(rig: Rig) -> None:
    await ended(rig)
    status, _, err = await run(rig, "audit", "redact", "--user", ADELE, AUDIT_KEY="another")
    assert status == 1
    assert "AUDIT_KEY is not the one that the audit trail was made with" in err
    assert (await run(rig, "audit", "verify"))[0] == 0


async def test_a_user_is_named_by_object_id(rig: Rig) -> None:
    status, _, err = await run(rig, "audit", "redact", "--user", "adelev@contoso.com")
    assert status == 2
    assert "give the object id (a GUID)" in err
