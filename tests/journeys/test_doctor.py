"""`python -m bot doctor`: each finding with its remedy and its link, as lines and as JSON."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from bot.check import Check
from bot.check_discovery import discovery
from bot.checks import Checks
from bot.doctor import doctor
from bot.errors import StoreError
from bot.find import find, read_access
from bot.graph.pacer import SingleCall
from bot.outside import open_outside
from bot.settings import load
from bot.sockets import Sockets
from demo.entra import CLIENT, TENANT
from demo.wire import Fault
from tests.command_line import run
from tests.rig import APPROVALS, INCIDENT, Rig, running
from tests.test_readme import fenced, section

OAUTH = "https://api.slack.com/apps/A0CONFIRM/oauth"
CREDENTIALS = (
    "https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Credentials/appId/"
    + CLIENT
)
SCHEMA = "0007"
WRITE = "IdentityRiskyUser.ReadWrite.All"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path, start=False) as rig:
        rig.entra.roles.add("IdentityRiskEvent.Read.All")
        rig.slack.groups["S0SOC"].discard("U0NOMAIL")
        yield rig


async def told(rig: Rig, **changes: str) -> list[str]:
    """Return the lines that are not ok; each must hold a remedy."""
    lines: list[str] = []
    is_well = await doctor(load(rig.environ | changes, None), rig.clock, lines.append)
    assert is_well == (not any(line.startswith("NO") for line in lines))
    return [line for line in lines if not line.startswith("ok  ")]


async def lines_of(rig: Rig, **changes: str) -> list[str]:
    lines: list[str] = []
    await doctor(load(rig.environ | changes, None), rig.clock, lines.append)
    return lines


def consent(rig: Rig) -> str:
    return f"{rig.entra.authority}/{TENANT}/adminconsent?client_id={CLIENT}"


async def test_with_everything_in_order_each_thing_is_told_settings_first(rig: Rig) -> None:
    status, out, err = await run(rig, "doctor")
    assert out.splitlines() == [
        (
            f"ok  settings: HTTP on 127.0.0.1:0, tenant {TENANT}, app {CLIENT} by a client secret, Graph cloud "
            "global, no policy file, one approval by anybody in APPROVERS"
        ),
        f"ok  database {rig.database}: made at the first start, schema {SCHEMA}",
        "ok  Slack: bot @confirm-safe in Contoso",
        "ok  clock: within 30 s of Slack's",
        "ok  scopes: all 11",
        "ok  in #id-approvals",
        "ok  in #incident-4711",
        "ok  APPROVERS: @soc-approvers (2 people)",
        f"ok  Entra: discovery answers, issuer {rig.entra.authority}/{TENANT}/v2.0",
        f"ok  Entra: signed in to tenant {TENANT} by a client secret",
        f"ok  the token's permissions: IdentityRiskEvent.Read.All, {WRITE}, User.Read.All",
        f"ok  permission {WRITE}",
        f"ok  Graph answers at {rig.graph.url}: risky users can be read, so the tenant has Entra ID P2",
        "ok  clock: within 30 s of Graph's",
        "ok  when the secret ends can't be read without Application.Read.All: keep the date yourself",
    ]
    assert (status, err) == (0, "")
    assert not rig.database.exists()


async def test_json_is_one_array_with_remedies_and_links_and_nothing_else(rig: Rig) -> None:
    rig.slack.scopes.discard("im:write")
    status, out, err = await run(rig, "doctor", "--json", LOG_LEVEL="DEBUG")
    found = json.loads(out)
    assert [one for one in found if one["verdict"] != "ok"] == [
        {
            "verdict": "NO",
            "about": "scope im:write",
            "text": "scope im:write missing: no direct message can be opened",
            "remedy": "Add it from manifest.yaml and reinstall the app.",
            "link": OAUTH,
        }
    ]
    assert found[0]["about"] == "settings"
    assert {frozenset(one) for one in found if one["verdict"] == "ok"} == {frozenset(["verdict", "about", "text"])}
    assert status == 1
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "AZURE_CLIENT_SECRET"):
        assert rig.environ[name] not in out + err
    rig.slack.scopes.add("im:write")
    status, out, _ = await run(rig, "doctor", "--json")
    assert (status, {one["verdict"] for one in json.loads(out)}) == (0, {"ok"})


async def test_with_wrong_settings_json_leaves_standard_output_empty(rig: Rig) -> None:
    status, out, err = await run(rig, "doctor", "--json", APPROVERS="", AUDIT_KEY="hush-hush key")
    assert (status, out) == (2, "")
    assert sorted(line.split()[0] for line in err.splitlines()) == ["APPROVERS", "AUDIT_KEY"]
    assert "hush" not in err


async def test_finding_ids_and_json_are_not_asked_for_together(rig: Rig) -> None:
    status, out, err = await run(rig, "doctor", "--json", "--find", "soc")
    assert (status, out) == (2, "")
    assert "not allowed with argument" in err


async def test_every_failure_comes_with_something_to_do(rig: Rig) -> None:
    rig.slack.scopes -= {"usergroups:read", "im:history"}
    rig.slack.channels[APPROVALS].is_archived = True
    rig.entra.roles.clear()
    rig.slack.off = timedelta(hours=1)
    changes = {"APPROVERS": "S0SOC,U0NOMAIL,U0GUEST,U0GONE", "INCIDENT_CHANNELS": "C0NONE,C0GENERAL"}
    _, out, _ = await run(rig, "doctor", "--json", **changes)
    trouble = [one for one in json.loads(out) if one["verdict"] != "ok"]
    assert len(trouble) > 10
    assert [one for one in trouble if not one.get("remedy")] == []


# -- Slack


async def test_each_missing_scope_is_told_by_name_with_what_is_lost(rig: Rig) -> None:
    rig.slack.scopes -= {"im:history", "users:read.email"}
    remedy = f"Add it from manifest.yaml and reinstall the app. {OAUTH}"
    lines = await told(rig)
    assert lines[:2] == [
        f"NO  scope users:read.email missing: nobody can be told from the users at risk. {remedy}",
        f"NO  scope im:history missing: direct messages can't be found again. {remedy}",
    ]


async def test_without_the_scope_to_learn_the_app_the_missing_scopes_are_told_all_the_same(rig: Rig) -> None:
    rig.slack.scopes.discard("users:read")
    assert await told(rig) == [
        (
            "NO  Slack: the token lacks a scope without which the bot can't learn who it is (missing_scope). "
            "Add the scopes that are missing from manifest.yaml and reinstall the app. https://api.slack.com/apps"
        ),
        (
            "NO  scope users:read missing: nobody can be looked up. Add it from manifest.yaml and reinstall the app. "
            "https://api.slack.com/apps"
        ),
    ]


async def test_a_token_that_tells_no_scopes_is_told_as_one_that_lacks_them(rig: Rig) -> None:
    rig.slack.scopes.clear()
    (line,) = await told(rig)
    assert line.startswith("NO  Slack: the token lacks a scope without which")


async def test_slack_that_does_not_answer_as_it_should_is_told(rig: Rig) -> None:
    rig.slack.faults.add(Fault("auth.test", "status", status=503, times=-1))
    assert await told(rig) == [
        (
            f"NO  Slack: {rig.slack.api_url} does not answer as Slack should (internal_error). "
            "Check SLACK_API_URL, and https://status.slack.com"
        )
    ]


async def test_channels_that_other_organisations_read_are_told(rig: Rig) -> None:
    rig.slack.channels[INCIDENT].is_ext_shared = True
    warning = (
        "WARN  #incident-4711 is shared with another organisation, which reads who is at risk. "
        "Choose another incident channel."
    )
    assert await told(rig) == [warning]
    rig.slack.channels[APPROVALS].is_pending_ext_shared = True
    lines = await told(rig)
    assert lines == ["NO  #id-approvals is shared with another organisation. Choose another channel.", warning]


async def test_a_channel_that_the_bot_cannot_post_to_is_told(rig: Rig) -> None:
    rig.slack.channels[APPROVALS].is_archived = True
    rig.slack.channels[INCIDENT].members.discard("U0BOT")
    assert await told(rig, INCIDENT_CHANNELS=f"{INCIDENT},C0NONE") == [
        "NO  #id-approvals is archived. Unarchive it or choose another channel.",
        "NO  not in #incident-4711. Someone in it types /invite @confirm-safe",
        (
            "NO  channel C0NONE: channel_not_found. Check the id: `python -m bot doctor --find <name>` finds ids. "
            "If the channel is private, invite the bot to it first."
        ),
    ]


async def test_an_empty_group_of_approvers_is_told(rig: Rig) -> None:
    rig.slack.groups["S0SOC"].clear()
    assert await told(rig) == [
        "NO  APPROVERS: @soc-approvers (0 people). Add people to the group in Slack, or name another one.",
        "NO  APPROVERS: nobody on the list can approve now. Give full members of the workspace with an e-mail.",
    ]


# -- the clock


async def test_a_clock_that_is_off_is_told_for_slack_and_for_graph(rig: Rig) -> None:
    rig.slack.off, rig.graph.off = timedelta(minutes=-2), timedelta(minutes=10)
    slack, graph = await told(rig)
    assert re.match(
        r"WARN  clock: 1[12]\d s ahead of Slack's. Keep it set, by NTP or chrony: beyond 5 minutes", slack
    )
    assert re.match(
        r"NO  clock: (5|6)\d\d s behind Graph's, and what Slack sends counts for 5 minutes only. Set", graph
    )


async def test_what_graph_refuses_tells_the_time_too(rig: Rig) -> None:
    rig.graph.has_p2, rig.graph.off = False, timedelta(minutes=-3)
    assert "ahead of Graph's" in (await told(rig))[1]


# -- Entra and Graph


async def test_a_tenant_that_entra_does_not_know_is_told(rig: Rig) -> None:
    rig.entra.failure = "no_tenant"
    lines = await told(rig)
    assert lines[0] == (
        f"NO  Entra discovery: {rig.entra.authority} knows no tenant {TENANT} (AADSTS90002). Check AZURE_TENANT_ID."
    )
    assert lines[1].startswith("NO  Entra sign-in:")


async def test_a_login_host_that_is_none_is_told(rig: Rig) -> None:
    rig.entra.faults.add(Fault("discovery", "html", times=-1))
    assert (await told(rig))[0] == (
        f"NO  Entra discovery: {rig.entra.authority} does not answer as Entra should (200). "
        "Check AZURE_AUTHORITY_HOST. Does a proxy answer in its place?"
    )


async def test_a_login_host_out_of_reach_is_told() -> None:
    assert str(await discovery("https://127.0.0.1:1", TENANT)) == (
        "NO  Entra discovery: no answer from https://127.0.0.1:1 (ConnectionError). "
        "Is the login host reachable from here?"
    )


async def test_a_certificate_that_is_not_trusted_is_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert str(await discovery(rig.entra.authority, TENANT)) == (
        f"NO  Entra discovery: no answer from {rig.entra.authority} (SSLError). "
        "Is the login host's certificate trusted (REQUESTS_CA_BUNDLE)?"
    )


async def test_an_issuer_of_another_tenant_is_told(rig: Rig) -> None:
    other = "0d1f7b0e-7a58-4b5c-9d8e-3a1f27c6e4b2"
    rig.entra.issuer = f"{rig.entra.authority}/{other}/v2.0"
    assert (await told(rig))[0] == (
        f"NO  Entra discovery: the issuer {rig.entra.issuer} is another tenant's. Check AZURE_TENANT_ID."
    )


@pytest.mark.parametrize(
    ("failure", "link"),
    [
        ("expired_secret", CREDENTIALS),
        ("wrong_secret", CREDENTIALS),
        ("unknown_app", ""),
    ],
)
async def test_a_failed_sign_in_leads_to_the_page_where_it_is_put_right(rig: Rig, failure: str, link: str) -> None:
    rig.entra.failure = failure
    (line,) = await told(rig)
    assert line.startswith("NO  Entra sign-in: ")
    assert link in line
    assert ("https://" in line) == bool(link)


async def test_a_permission_without_which_nothing_works_leads_to_the_consent(rig: Rig) -> None:
    rig.entra.roles.discard(WRITE)
    assert await told(rig) == [
        f"NO  permission {WRITE} not in the token. An admin opens {consent(rig)}",
        (
            f"NO  Graph refuses risky users (403): {WRITE} without admin consent. "
            f"An admin consents to it. {consent(rig)}"
        ),
    ]


async def test_each_optional_permission_is_told_with_what_is_lost_and_the_consent(rig: Rig) -> None:
    rig.entra.roles -= {"User.Read.All", "IdentityRiskEvent.Read.All"}
    remedy = f"Add it to the app, and an admin opens {consent(rig)}"
    assert await told(rig) == [
        "WARN  User.Read.All missing: UPNs are only found among users at risk, own accounts by e-mail and UPN alone. "
        + remedy,
        f"WARN  IdentityRiskEvent.Read.All missing: messages won't say why users are at risk. {remedy}",
    ]


async def test_a_token_that_does_not_show_its_permissions_is_told(rig: Rig) -> None:
    rig.entra.seals = True
    warning = (
        "WARN  the token's permissions can't be read. Look at the app's API permissions in Entra. " + CREDENTIALS
    )
    assert await told(rig) == [warning]
    rig.graph.has_p2 = False
    assert (await told(rig))[1] == (
        f"NO  Graph refuses risky users (403): {WRITE} without admin consent, or no Entra ID P2 in the tenant. "
        f"An admin consents to it. Buy or try Entra ID P2, which has ID Protection. {consent(rig)}"
    )


async def test_a_token_that_is_refused_and_not_renewed_is_told(rig: Rig) -> None:
    rig.graph.faults.add(Fault("riskyUsers", "status", status=401))
    again = Fault("token", "status", code="wrong_secret", times=-1, when=lambda _: len(rig.books.of("token")) > 1)
    rig.entra.faults.add(again)
    assert (await told(rig))[0] == (
        "NO  Entra sign-in: Entra refused to sign in the bot (AADSTS7000215). "
        f"Set AZURE_CLIENT_SECRET to the secret's value, not its id. {CREDENTIALS}"
    )


async def test_a_tenant_without_p2_is_told(rig: Rig) -> None:
    rig.graph.has_p2 = False
    assert await told(rig) == [
        (
            "NO  Graph refuses risky users (403): most likely there is no Entra ID P2 in the tenant. "
            "Buy or try Entra ID P2, which has ID Protection."
        )
    ]


async def test_a_busy_graph_is_well(rig: Rig) -> None:
    rig.graph.faults.add(Fault("riskyUsers", "status", status=429, times=-1))
    assert "ok  Graph answers (busy just now: 429)" in await lines_of(rig)


async def test_a_graph_that_does_not_answer_as_it_should_is_told(rig: Rig) -> None:
    rig.graph.faults.add(Fault("riskyUsers", "status", status=503, times=-1))
    assert await told(rig) == [
        (
            f"NO  Graph at {rig.graph.url} does not answer as it should (503 ServiceUnavailable). "
            "Is it reachable from here, and its certificate trusted (SSL_CERT_FILE)?"
        )
    ]


# -- in a running bot


async def test_a_database_that_takes_no_record_is_told_and_the_checks_go_on(rig: Rig) -> None:
    async def database() -> Check:
        raise StoreError("The database takes no record: disk full.")

    async with AsyncExitStack() as resources:
        outside = await open_outside(load(rig.environ, None), rig.clock, resources, SingleCall(rig.clock))
        lines = [str(check) async for check in Checks(outside, database, Sockets(outside).check).all()]
    assert lines[1] == (
        "NO  The database takes no record: disk full. Look at the file, at who may write it, and at the disk."
    )
    assert "ok  clock: within 30 s of Graph's" in lines


# -- the README


async def test_the_readmes_example_is_what_is_printed(rig: Rig) -> None:
    rig.slack.scopes.discard("im:write")
    rig.entra.roles.discard("IdentityRiskEvent.Read.All")
    real = {rig.entra.authority: "https://login.microsoftonline.com", rig.graph.url: "https://graph.microsoft.com"}
    real |= {TENANT: "3f6ac6dc-…", CLIENT: "d1eb4b7c-…", "A0CONFIRM": "A0123456789", "127.0.0.1:0": "127.0.0.1:3000"}
    real |= {str(rig.database): "/var/lib/confirm-safe/confirm-safe.db"}
    printed = "\n".join(await lines_of(rig))
    for ours, shown in real.items():
        printed = printed.replace(ours, shown)
    checking = section("### 4. Check it")
    assert f"{printed}\n" in fenced(checking, "text")
    await find(read_access(rig.environ, None), "soc", rig.clock, (found := list[str]()).append)
    assert "\n".join(found).replace("S0SOC", "S0123456789") + "\n" in fenced(checking, "text")
