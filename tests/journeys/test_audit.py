"""`python -m bot audit` beside a running bot: the trail is exported, and whoever has it can verify it."""

import asyncio
import csv
import io
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import environ, run
from tests.rig import INCIDENT, Rig, running
from tests.test_readme import fenced, section

KEY = "hush-hush-audit"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path, AUDIT_KEY=KEY) as rig:
        yield rig


async def confirmed(rig: Rig) -> str:
    """Play one request to its end, and return its id."""
    message = await rig.asked()
    await rig.slack.click(message, "approve", by="U0JONI")
    await rig.slack.click(message, "approve", by="U0MEGAN")
    await rig.shows(message, "2 of 2 confirmed safe")
    await rig.thread_says(message, "2 of 2 confirmed safe")
    await rig.books.until(lambda: len(rig.slack.messages(INCIDENT)) == 2)
    return rig.id_of(message)


def changed(rig: Rig, statement: str, *values: object) -> None:
    with sqlite3.connect(rig.database) as connection:
        connection.execute(statement, values)
    connection.close()


async def exported(rig: Rig, *options: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    status, out, err = await run(rig, "audit", "export", *options)
    assert (status, err) == (0, "")
    head, *entries = [json.loads(line) for line in out.splitlines()]
    return head, entries


async def scripted(rig: Rig, export: str, key: str = KEY) -> tuple[int, str]:
    """Run the README's ten lines on an export, without anything of the bot's."""
    (script,) = fenced(section("### Verifying an export"), "python")
    assert len([line for line in script.splitlines() if line]) == 10
    folder = rig.database.parent
    (folder / "verify.py").write_text(script, encoding="utf-8")
    (folder / "trail.jsonl").write_text(export, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "verify.py",
        "trail.jsonl",
        cwd=folder,
        env={"AUDIT_KEY": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()
    return process.returncode or 0, err.decode()


async def test_ten_lines_of_anyones_script_verify_an_export_and_notice_a_change(rig: Rig) -> None:
    await confirmed(rig)
    status, export, _ = await run(rig, "audit", "export")
    assert status == 0
    assert await scripted(rig, export) == (0, "")
    assert (await scripted(rig, export.replace("moved to Oslo", "moved to Rome")))[0] == 1
    assert (await scripted(rig, export.replace("U0MEGAN", "U0DIEGO")))[0] == 1
    assert (await scripted(rig, export, key="another"))[0] == 1
    lines = export.splitlines()
    assert (await scripted(rig, "\n".join([*lines[:4], *lines[5:]])))[0] == 1


async def test_an_export_has_the_counts_on_top_and_then_every_entry_in_order(rig: Rig) -> None:
    request = await confirmed(rig)
    head, entries = await exported(rig)
    assert head["requests"] == {"confirmed": 1}
    assert [entry["n"] for entry in entries] == list(range(1, len(entries) + 1))
    approved = next(entry for entry in entries if entry["kind"] == "Approved")
    assert (approved["actor"], approved["request_id"]) == ("U0MEGAN", request)
    assert json.loads(approved["body"])["name"] == "Megan Bowen"
    middle = entries[3]["at"]
    later_head, later = await exported(rig, "--since", middle)
    assert later == [entry for entry in entries if entry["at"] >= middle]
    assert (later_head["n"], later_head["mac"]) == (later[0]["n"] - 1, later[0]["previous"])
    _, earlier = await exported(rig, "--until", middle)
    assert earlier == [entry for entry in entries if entry["at"] < middle]
    none_head, none = await exported(rig, "--since", "2999-01-01")
    assert (none_head["requests"], none_head["since"]) == ({}, "2999-01-01T00:00:00.000000+00:00")
    assert none == []


async def test_in_csv_the_counts_are_the_row_below_the_names(rig: Rig) -> None:
    await confirmed(rig)
    _, entries = await exported(rig)
    status, out, _ = await run(rig, "audit", "export", "--format", "csv")
    head, *rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 0
    assert (head["n"], head["kind"]) == ("0", "Export")
    assert json.loads(head["body"])["requests"] == {"confirmed": 1}
    assert [(row["n"], row["body"], row["mac"]) for row in rows] == [
        (str(entry["n"]), entry["body"], entry["mac"]) for entry in entries
    ]


async def test_following_goes_on_with_new_entries_until_it_is_interrupted(rig: Rig) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "audit", "export", "--follow"),
        env=environ(rig),
        cwd=rig.database.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    head = json.loads(await process.stdout.readline())
    assert head["kind"] == "Export"
    request = await confirmed(rig)
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["kind"] != "Ended":
        seen.append(json.loads(await process.stdout.readline()))
    assert [entry["n"] for entry in seen] == list(range(1, len(seen) + 1))
    assert seen[-1]["request_id"] == request
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")


@pytest.mark.parametrize("options", [(), ("--follow",)])
async def test_whoever_reads_an_export_may_stop_at_any_line(rig: Rig, options: tuple[str, ...]) -> None:
    await confirmed(rig)
    reading, writing = os.pipe()
    os.close(reading)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "audit", "export", *options),
        env=environ(rig),
        cwd=rig.database.parent,
        stdout=writing,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writing)
    _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")


async def test_reading_the_trail_takes_no_lock_and_makes_no_database(rig: Rig, tmp_path: Path) -> None:
    assert (await run(rig, "audit", "verify"))[0] == 0
    await confirmed(rig)  # the bot goes on
    await rig.stop()
    assert (await run(rig, "audit", "verify"))[0] == 0
    nowhere = tmp_path / "nowhere.db"
    status, _, err = await run(rig, "audit", "verify", DATABASE_URL=f"sqlite:///{nowhere}")
    assert (status, err) == (1, f"There is no database {nowhere}.\n")
    assert not nowhere.exists()
    nowhere.touch()
    status, _, err = await run(rig, "audit", "export", DATABASE_URL=f"sqlite:///{nowhere}")
    assert (status, err) == (1, f"The database {nowhere} is not one of this bot.\n")
    nowhere.write_bytes(b"no database at all, but long enough to be looked at" * 50)
    status, _, err = await run(rig, "audit", "export", DATABASE_URL=f"sqlite:///{nowhere}")
    assert (status, err) == (1, f"The database {nowhere} can't be read: file is not a database.\n")


async def test_a_time_that_is_none_is_refused(rig: Rig) -> None:
    status, _, err = await run(rig, "audit", "export", "--since", "yesterday")
    assert status == 2
    assert "yesterday is no time such as 2026-03-01 or 2026-03-01T03:00:00Z" in err


async def test_a_whole_chain_verifies_and_names_its_end(rig: Rig) -> None:
    await confirmed(rig)
    _, entries = await exported(rig)
    n, mac = entries[-1]["n"], entries[-1]["mac"]
    assert await run(rig, "audit", "verify") == (
        0,
        f"ok: {n} entries, 1 to {n}, chained with AUDIT_KEY.\nThe last is {n}, mac {mac}.\n",
        "",
    )


SWAPPED = "UPDATE events SET n = CASE n WHEN 3 THEN 4 WHEN 4 THEN 3 END + 1000 WHERE n IN (3, 4)"


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (["UPDATE event_bodies SET body = replace(body, 'Oslo', 'Rome')"], "the body of entry {asked} was changed"),
        (["UPDATE events SET actor = 'U0DIEGO' WHERE n = 3"], "entry 3 was changed"),
        (["DELETE FROM event_bodies WHERE n = 3"], "the body of entry 3 is missing"),
        (["DELETE FROM events WHERE n = 3"], "entry 3 is missing"),
        (["DELETE FROM events WHERE n IN (3, 4)"], "entries 3 to 4 are missing"),
        (["DELETE FROM events WHERE n < 3"], "entries 1 to 2 are missing"),
        ([SWAPPED, "UPDATE events SET n = n - 1000 WHERE n > 1000"], "entry 3 is out of order: it names another"),
    ],
)
async def test_the_first_entry_that_is_wrong_is_named(rig: Rig, statements: list[str], what: str) -> None:
    await confirmed(rig)
    _, entries = await exported(rig)
    asked = next(entry["n"] for entry in entries if entry["kind"] == "Asked")
    await rig.stop()
    for statement in statements:
        changed(rig, statement)
    status, out, _ = await run(rig, "audit", "verify")
    assert status == 1
    assert out.startswith(f"BROKEN: {what.format(asked=asked)}"), out


async def test_another_key_and_a_missing_one_are_told_at_entry_1(rig: Rig) -> None:
    await confirmed(rig)
    status, out, _ = await run(rig, "audit", "verify", AUDIT_KEY="another")
    assert status == 1
    assert out.startswith("BROKEN: entry 1 does not fit AUDIT_KEY: the chain was made with another key")
    status, out, _ = await run(rig, "audit", "verify", AUDIT_KEY="")
    assert status == 1
    assert out.startswith("BROKEN: entry 1 does not fit: the chain was made with an AUDIT_KEY, which is not set")


async def test_a_chain_without_a_key_verifies_without_one_only(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await confirmed(rig)
        status, out, _ = await run(rig, "audit", "verify")
        assert status == 0
        assert "chained without a key: whoever can write the database can make such a chain" in out
        status, out, _ = await run(rig, "audit", "verify", AUDIT_KEY=KEY)
        assert status == 1
        assert out.startswith("BROKEN: entry 1 was made without a key: AUDIT_KEY was set after it")


async def test_the_story_of_a_request_names_who_did_what_when_and_by_which_rule(rig: Rig) -> None:
    request = await confirmed(rig)
    status, out, _ = await run(rig, "audit", "show", request.lower())
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == f"{request}: confirmed"
    told = [line.partition(" UTC  ")[2] or line.strip() for line in lines]
    assert told[1] == "Asked for by lynne.robbins (U0ANALYST) in C0GENERAL: VPN exit moved to Oslo"
    assert any(line.startswith("Adele Vance (adelev@contoso.com), ") and "risk high, atRisk" in line for line in told)
    assert any(line.startswith("Refused to U0JONI: approve (not_approver), reference ") for line in told)
    assert any(line.startswith("Approved by Megan Bowen (U0MEGAN), Entra account ") for line in told)
    assert "It takes one from the approvers. (no policy file)" in told
    assert any(line.startswith("Graph answered 204, request-id ") for line in told)
    assert "Ended: confirmed" in told
    assert await run(rig, "audit", "show", "CS-0000") == (1, f"There is no request CS-0000 in {rig.database}.\n", "")
