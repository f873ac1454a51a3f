"""Each start leaves an entry: with what it ran, without a secret, and with what changed since the last one."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot import __version__
from tests.command_line import run
from tests.journeys.test_audit import exported
from tests.journeys.test_policy_explained import POLICY
from tests.rig import Rig, running


async def starts(rig: Rig) -> list[dict[str, Any]]:
    _, entries = await exported(rig)
    found = [entry for entry in entries if entry["kind"] == "Started"]
    assert {(entry["actor"], entry["request_id"], entry["version"]) for entry in found} == {("bot", None, None)}
    return [json.loads(entry["body"]) for entry in found]


async def test_a_start_is_on_record_with_its_settings_and_no_secret(tmp_path: Path) -> None:
    async with running(tmp_path, AUDIT_KEY="hush-hush-audit", HOLD="PT1M") as rig:
        (start,) = await starts(rig)
        assert (start["version"], start["policy"], start["changed"]) == (__version__, "", [])
        assert start["approvers"] == {"approvers": rig.environ["APPROVERS"].split(",")}
        assert start["settings"]["HOLD"] == "0:01:00"
        assert start["settings"]["AUDIT_KEY"] == start["settings"]["SLACK_BOT_TOKEN"] == "(set)"
        assert start["settings"]["DATABASE_URL"] == str(rig.database)
        secrets = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "AZURE_CLIENT_SECRET", "AUDIT_KEY")
        assert [name for name in secrets if rig.environ[name] in json.dumps(start)] == []


async def test_who_could_approve_is_on_record_once_slack_has_told(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.asked()
        _, entries = await exported(rig)
        (resolved,) = [entry for entry in entries if entry["kind"] == "Resolved"]
        assert (resolved["actor"], resolved["request_id"]) == ("bot", None)
        able = {"U0DIEGO": ["approvers"], "U0MEGAN": ["approvers"]}
        assert json.loads(resolved["body"]) == {"approvers": able, "untold": []}


async def test_what_changed_since_the_last_start_is_named(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    async with running(tmp_path) as rig:
        await rig.stop()
        await rig.start()
        await rig.stop()
        environ = {name: text for name, text in rig.environ.items() if name not in {"APPROVERS", "REQUESTERS"}}
        rig.environ = environ | {"POLICY_FILE": str(policy), "PORT": "0", "HOLD": "PT1M"}
        await rig.start()
        first, second, third = await starts(rig)
        assert first["changed"] == second["changed"] == []
        assert set(third["changed"]) >= {"APPROVERS", "POLICY_FILE", "HOLD", "policy"}
        assert len(third["policy"]) == 64
        assert third["approvers"]["soc"] == ["S0SOC"]


OR_CHANGED = "Or its newest entry ({last}) was changed: see `python -m bot audit verify`."


@pytest.mark.parametrize(
    ("before", "now", "what"),
    [
        ("hush-hush", "another", f"AUDIT_KEY is not the one that the audit trail was made with. {OR_CHANGED}"),
        ("hush-hush", "", f"AUDIT_KEY is missing: the audit trail has one. {OR_CHANGED}"),
        (
            "",
            "hush-hush",
            "AUDIT_KEY is set, but the audit trail was made without a key up to entry {last}: leave it out.",
        ),
    ],
)
async def test_a_start_with_another_key_than_the_trails_is_refused_and_changes_nothing(
    tmp_path: Path, before: str, now: str, what: str
) -> None:
    async with running(tmp_path, AUDIT_KEY=before) as rig:
        await rig.stop()
        _, entries = await exported(rig)
        said = what.format(last=entries[-1]["n"])
        assert await run(rig, "serve", AUDIT_KEY=now) == (2, "", f"{said}\n")
        assert (await exported(rig))[1] == entries
        await rig.start()
