"""The doors: what is let in, what is turned away, and what the operator can ask."""

import json
import signal
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
from sqlalchemy import func, select

from bot.store.tables import events
from demo.local_slack.workspace import APP, TEAM
from tests.command_line import ready, run
from tests.rig import APPROVALS, BOTH_WAYS, FAILED, Rig, running

COMMAND = {
    "team_id": TEAM,
    "api_app_id": APP,
    "command": "/confirm-safe",
    "text": "adelev@contoso.com VPN",
    "user_id": "U0ANALYST",
    "channel_id": "C0GENERAL",
    "trigger_id": "1.1",
    "response_url": "",
}


ON_MESSAGE = {
    "type": "message_action",
    "callback_id": "confirm_safe_alert",
    "trigger_id": "1.1",
    "user": {"id": "U0ANALYST"},
    "team": {"id": TEAM},
    "api_app_id": APP,
    "channel": {"id": "C0GENERAL"},
    "message": {"ts": "1.1"},
}


def form(**changes: str) -> bytes:
    return urlencode({**COMMAND, **changes}).encode()


def interaction(payload: object) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


async def entries(rig: Rig) -> int:
    assert rig.parts is not None
    chosen = select(func.count()).where(events.c.kind.not_in(["Started", "Resolved"]))
    return int(await rig.parts.store.run(lambda connection: connection.execute(chosen).scalar_one()))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Slack-Signature": "v0=00"}, 401),
        ({"X-Slack-Signature": "v0=ü"}, 401),
        ({"X-Slack-Request-Timestamp": "soon"}, 401),
        ({"X-Slack-Request-Timestamp": "²"}, 401),
        ({"X-Slack-Request-Timestamp": "9" * 40}, 401),
        ({"X-Slack-Request-Timestamp": ""}, 401),
    ],
)
async def test_a_wrong_signature_is_turned_away(tmp_path: Path, headers: Mapping[str, str], status: int) -> None:
    async with running(tmp_path) as rig:
        before = await entries(rig)
        answer = await rig.slack.post_raw(form(), {**rig.slack.sign(form()), **headers})
        assert answer.status == status
        assert await entries(rig) == before


async def test_a_stale_signature_is_turned_away(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        stale = str(int(rig.clock.now().timestamp()) - 3600)
        answer = await rig.slack.post_raw(form(), rig.slack.sign(form(), stale))
        assert answer.status == 401
        assert await entries(rig) == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\xff\xfe", 401),
        (b"x" * (1024 * 1024 + 1), 413),
        (b"", 400),
        (b"payload=%7B", 400),
        (b"payload=[]", 400),
        (form(team_id="T0FABRIKAM"), 403),
        (form(api_app_id="A0OTHER"), 403),
        (form(user_id=""), 400),
        (interaction({"type": "block_actions"}), 400),
        (interaction({"type": "block_actions", "user": "U", "actions": [1], "team": {"id": TEAM}}), 400),
        (interaction({"type": "block_actions", "user": {"id": "U"}, "actions": [1], "team": {"id": TEAM}}), 400),
        (interaction({"type": "something_new", "user": {"id": "U"}, "team": {"id": TEAM}}), 400),
        (interaction({"type": "view_submission", "user": {"id": 7}, "view": {}, "team": {"id": TEAM}}), 400),
        (interaction({"type": "view_submission", "user": {"id": "U"}, "view": ["V"], "team": {"id": TEAM}}), 400),
        (interaction({"type": "block_suggestion", "user": {"id": "U"}, "team": {"id": TEAM}}), 400),
        (interaction({"type": "shortcut", "callback_id": "confirm_safe", "team": {"id": TEAM}}), 400),
        (interaction({**ON_MESSAGE, "message": "text"}), 400),
        (interaction({**ON_MESSAGE, "channel": "C0GENERAL"}), 400),
        (interaction({key: value for key, value in ON_MESSAGE.items() if key != "trigger_id"}), 400),
        (interaction({**ON_MESSAGE, "team": {"id": "T0FABRIKAM"}}), 403),
    ],
)
async def test_garbage_is_turned_away_and_nothing_is_stored(tmp_path: Path, body: bytes, status: int) -> None:
    async with running(tmp_path) as rig:
        answer = await rig.slack.post_raw(body, rig.slack.sign(body))
        assert answer.status == status
        assert await entries(rig) == 0


async def test_slacks_own_check_of_the_certificate_is_answered(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        body = b"ssl_check=1&token=x"
        assert (await rig.slack.post_raw(body, rig.slack.sign(body))).status == 200


async def test_readyz_tells_on_the_operators_port_alone_what_is_degraded(tmp_path: Path) -> None:
    async with running(tmp_path, start=False) as rig:
        rig.slack.channels[APPROVALS].members.discard("U0BOT")
        await rig.start()
        assert rig.application is not None
        base = f"http://127.0.0.1:{rig.application.port}"
        application = rig.application
        await rig.books.until(application.troubles)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{base}/healthz") as response:
                assert response.status == 200
            async with session.get(f"{base}/readyz") as response:
                assert response.status == 200
                assert await response.json() == {"status": "ready", "degraded": 1}
            async with session.get(f"http://127.0.0.1:{application.admin_port}/readyz") as response:
                assert response.status == 200
                degraded = (await response.json())["degraded"]
            async with session.get(f"{base}/metrics") as response:
                assert response.status == 404
        assert degraded == ["not in #id-approvals. Someone in it types /invite @confirm-safe"]


@BOTH_WAYS
async def test_a_database_that_cannot_be_written_loses_nothing_silently(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        message = await rig.asked()
        assert rig.parts is not None
        assert rig.application is not None

        held = sqlite3.connect(rig.database, isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        answer = await rig.slack.command("alexw@contoso.com VPN")
        assert "I can't take this just now and nothing was recorded." in answer.body["text"]
        assert "/confirm-safe alexw@contoso.com VPN" in rig.slack.plain(answer.body["blocks"])
        click = await rig.slack.click(message, "approve", by="U0MEGAN")
        assert click.status == FAILED[way]
        await rig.whispered("U0MEGAN", "nothing was recorded. Please click again in a minute.")
        held.close()
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "2 of 2 confirmed safe")


@BOTH_WAYS
async def test_a_bug_in_a_handler_is_told_with_a_reference(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        assert rig.parts is not None
        rig.parts.store.ledger.ask = None  # type: ignore[method-assign,assignment] # a bug, if ever there was one
        answer = await rig.slack.command("adelev@contoso.com VPN")
        assert answer.status == 200
        assert "Something went wrong on my side (reference " in answer.body["text"]


async def test_the_doctor_finds_everything_in_order(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=1) as rig:
        rig.entra.roles.add("IdentityRiskEvent.Read.All")
        status, out, err = await run(rig, "doctor")
        assert (status, err) == (0, "")
        lines = out.splitlines()
        assert [line for line in lines if not line.startswith("ok  ")] == [
            "WARN  APPROVERS: Nestor Wilke has no e-mail in Slack, so can't approve. Give them one in Slack."
        ]
        assert "ok  APPROVERS: @soc-approvers (3 people)" in lines
        assert "ok  Slack: bot @confirm-safe in Contoso" in out
        assert "ok  permission IdentityRiskyUser.ReadWrite.All" in out
        assert "ok  Graph answers" in out


async def test_the_doctor_names_each_problem_with_its_remedy(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=1) as rig:
        rig.entra.roles.clear()
        rig.slack.scopes.discard("usergroups:read")
        rig.slack.channels[APPROVALS].members.discard("U0BOT")
        status, out, _ = await run(rig, "doctor", APPROVERS="S0SOC,U0NOMAIL,U0NOBODY,U0GONE", REQUESTERS="U0DIEGO")
        assert status == 1
        for words in (
            (
                "NO  scope usergroups:read missing: user groups are nobody. Add it from manifest.yaml and reinstall "
                "the app. https://api.slack.com/apps/A0CONFIRM/oauth"
            ),
            "NO  not in #id-approvals. Someone in it types /invite @confirm-safe",
            "NO  APPROVERS: S0SOC can't be looked up (missing_scope).",
            "WARN  APPROVERS: Nestor Wilke has no e-mail in Slack, so can't approve",
            "WARN  APPROVERS: Lee Gu is not a full member of this workspace, so can't approve",
            "NO  APPROVERS: nobody on the list can approve now.",
            "ok  REQUESTERS: Diego Siciliani",
            "NO  APPROVERS: U0NOBODY can't be looked up (user_not_found). Check the id: `python -m bot doctor --find",
            "NO  permission IdentityRiskyUser.ReadWrite.All not in the token. An admin opens https://",
            "WARN  User.Read.All missing",
            "WARN  IdentityRiskEvent.Read.All missing: messages won't say why users are at risk",
            "NO  Graph refuses risky users (403): IdentityRiskyUser.ReadWrite.All without admin consent.",
        ):
            assert words in out, out


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ("wrong_secret", "Set AZURE_CLIENT_SECRET to the secret's value, not its id."),
        ("expired_secret", "The client secret has expired: make a new one"),
        ("unknown_app", "Check AZURE_CLIENT_ID and AZURE_TENANT_ID"),
        ("no_tenant", "Check AZURE_TENANT_ID."),
    ],
)
async def test_the_doctor_knows_why_the_sign_in_fails(tmp_path: Path, failure: str, words: str) -> None:
    async with running(tmp_path, start=False, speed=1) as rig:
        rig.entra.failure = failure
        status, out, _ = await run(rig, "doctor")
        assert status == 1
        assert words in out


async def test_a_wrong_slack_token_is_named_with_its_remedy(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=1) as rig:
        status, out, _ = await run(rig, "doctor", SLACK_BOT_TOKEN="xoxb-wrong")
        assert status == 1
        assert "NO  Slack: the token does not work (invalid_auth). Copy the Bot User OAuth Token again" in out


async def test_slack_out_of_reach_is_told_as_such(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=1) as rig:
        status, out, err = await run(rig, "doctor", SLACK_API_URL="http://127.0.0.1:1/api/")
        assert (status, err) == (1, "")
        assert "NO  Slack: no connection to http://127.0.0.1:1/api/ (ClientConnectorError). Is it reachable" in out
        assert "ok  Graph answers" in out


async def test_the_doctor_works_beside_a_running_bot(tmp_path: Path) -> None:
    async with running(tmp_path, speed=1) as rig:
        status, out, _ = await run(rig, "doctor")
        assert status == 0
        assert f"ok  database {rig.database}: a running bot has it" in out
        assert "ok  Graph answers" in out


async def test_wrong_settings_are_listed_all_at_once_and_nothing_is_started(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=1) as rig:
        changes = {"APPROVERS": "", "SLACK_SIGNING_SECRET": "", "ADMIN_PORT": "x"}
        status, out, err = await run(rig, **changes)
        assert (status, out) == (2, "")
        assert sorted(line.split()[0] for line in err.splitlines()) == [
            "ADMIN_PORT",
            "APPROVERS",
            "SLACK_SIGNING_SECRET",
        ]
        assert not rig.database.exists()


async def test_it_says_when_it_is_ready_and_stops_cleanly(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=1) as rig:
        process, line = await ready(rig)
        assert "workspace Contoso" in line
        assert f"database {rig.database}" in line
        second = await run(rig)
        assert second[0] == 1
        assert "is in use by another process of this bot" in second[2]
        process.send_signal(signal.SIGTERM)
        rest = (await process.communicate())[1].decode()
        assert (process.returncode, rest) == (0, "")


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=1) as rig:
        for setting in ("PORT", "ADMIN_PORT"):
            status, _, err = await run(rig, **{setting: str(rig.slack.port)})
            assert status == 1
            assert f"Can't listen on 127.0.0.1:{rig.slack.port} ({setting}): " in err


async def test_no_secret_is_ever_logged(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=1) as rig:
        rig.entra.failure = "wrong_secret"
        _, out, err = await run(rig, "doctor", LOG_LEVEL="DEBUG")
        for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "AZURE_CLIENT_SECRET"):
            assert rig.environ[name] not in out + err
