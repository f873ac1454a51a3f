"""The doctor knows the rules, and without a permission that they need the bot does not start."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.permitted import see_to_permissions
from bot.settings import load
from demo.entra import CLIENT, TENANT
from demo.graph.directory import DIEGO, JONI
from demo.wire import Fault
from tests.command_line import ready, run
from tests.rig import Rig, running

BOARD = "b0a2d000-0000-4000-8000-000000000001"
LEADS = "b0a2d000-0000-4000-8000-000000000002"
GONE = "b0a2d000-0000-4000-8000-00000000dead"
POLICY = f"""
[teams.soc]
name = "SOC"
members = ["S0SOC"]

[teams.leads]
name = "Leads"
members = ["entra-group:{LEADS}", "U0ALEX", "U0GUEST"]

[ask]
members = ["U0ANALYST", "U0NOMAIL", "S0SOC"]
never = ["U0GUEST", "S0NOBODY"]

[approve]
never = ["U0JONI"]

[people]
U0NOMAIL = ["{JONI}"]

[[rules]]
name = "privileged"
groups = ["{BOARD}"]
needs = [{{ from = ["leads"], approvals = 2 }}]

[[rules]]
name = "everything else"
needs = [{{ from = ["soc", "leads"] }}]
"""
ROLES = {"GroupMember.Read.All", "IdentityRiskEvent.Read.All"}
TOO_FEW = "too few people can approve it now, as each counts once: still missing"
THEN = "Add members who can approve, or ask for fewer approvals."
FIND = "Check the id: `python -m bot doctor --find <name>` finds ids."
LATER = "Slack does not answer as it should: try again in a minute."
ENABLED = "Name one that is enabled in Entra."
NEEDS = "An admin grants it and its consent, or the rule is taken out."
NO_GROUPS = (
    f'GroupMember.Read.All is missing in the app\'s token, but rule "privileged" and team Leads need it. {NEEDS}'
)
NO_USERS = f'User.Read.All is missing in the app\'s token, but rule "privileged" and team Leads need it. {NEEDS}'


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path, start=False, speed=1) as rig:
        rig.entra.roles |= ROLES
        rig.slack.groups["S0NOBODY"] = set()
        rig.graph.add_group(BOARD, "Board", members=[JONI])
        rig.graph.add_group(LEADS, "Leads", members=[DIEGO])
        rig.environ |= {"POLICY_FILE": str(tmp_path / "policy.toml"), "APPROVERS": ""}
        write(rig, POLICY)
        yield rig


def write(rig: Rig, policy: str) -> None:
    Path(rig.environ["POLICY_FILE"]).write_text(policy)


async def doctor(rig: Rig, **changes: str) -> tuple[int, list[str]]:
    """Return the doctor's status, and what it has to say of the rules: from the lists on, without the usual."""
    status, out, err = await run(rig, "doctor", **changes)
    assert err == ""
    usual = "settings:|database|Slack:|scopes|clock|in #|Entra:|the token's permissions:|Graph|when the secret"
    return status, [line for line in out.splitlines() if not re.match(f"ok  ({usual})", line)]


# -- the doctor


async def test_the_doctor_goes_through_every_list_of_the_policy(rig: Rig) -> None:
    status, lines = await doctor(rig)
    assert lines == [
        "ok  team SOC: @soc-approvers (3 people)",
        "ok  team Leads: Alex Wilber",
        (
            "WARN  team Leads: Pradeep Gupta is not a full member of this workspace, so can't approve. "
            "Make them one, or take them off the list."
        ),
        "ok  who may ask: Lynne Robbins",
        "WARN  who may ask: Nestor Wilke has no e-mail in Slack, so can't ask. Give them one in Slack.",
        "ok  who may ask: @soc-approvers (3 people)",
        "WARN  who may ask: Nestor Wilke has no e-mail in Slack, so can't ask. Give them one in Slack.",
        "ok  who may never ask: Pradeep Gupta",
        "ok  who may never ask: @S0NOBODY (0 people)",
        "ok  who may never approve: Joni Sherman",
        "ok  permission IdentityRiskyUser.ReadWrite.All",
        "ok  team Leads: group Leads in Entra",
        'ok  rule "privileged": group Board in Entra',
        "ok  people: U0NOMAIL is jonis@contoso.com",
    ]
    assert status == 0


async def test_ids_that_nobody_has_are_told(rig: Rig) -> None:
    policy = POLICY.replace(LEADS, GONE).replace(BOARD, GONE).replace("U0ALEX", "U0MISTYPED")
    write(rig, policy.replace("[people]", f'[people]\nU0NEW = ["{GONE}"]').replace('"U0JONI"', '"U0JONES"'))
    status, lines = await doctor(rig)
    assert [line for line in lines if line.startswith("NO")] == [
        f"NO  team Leads: U0MISTYPED can't be looked up (user_not_found). {FIND}",
        f"NO  who may never approve: U0JONES can't be looked up (user_not_found). {FIND}",
        f"NO  people: U0NEW can't be looked up (user_not_found). {FIND}",
        f"NO  team Leads: Entra knows no group {GONE}, so nobody counts as in it. Check the id.",
        f'NO  rule "privileged": Entra knows no group {GONE}, so nobody counts as in it. Check the id.',
        f"NO  people: Entra knows no account {GONE}, which is named for U0NEW. Check the id.",
        f'NO  rule "privileged": {TOO_FEW} 2 from Leads. {THEN}',
    ]
    assert f"WARN  people: none of the accounts of U0NEW can be used, so they can't approve. {ENABLED}" in lines
    assert status == 1


async def test_a_group_that_hides_its_members_is_told_unless_the_app_may_read_them(rig: Rig) -> None:
    rig.graph.groups[BOARD].visibility = "HiddenMembership"
    status, lines = await doctor(rig)
    assert (
        'NO  rule "privileged": group Board in Entra hides who is in it (HiddenMembership), so nobody counts as '
        "in it. Name another group, or an admin grants Member.Read.Hidden."
    ) in lines
    assert status == 1
    rig.entra.roles.add("Member.Read.Hidden")
    status, lines = await doctor(rig)
    assert 'ok  rule "privileged": group Board in Entra' in lines
    assert status == 0


async def test_too_few_who_can_approve_now_are_told_for_each_rule(rig: Rig) -> None:
    rig.slack.groups["S0LEAVERS"] = set(rig.slack.groups["S0SOC"])
    write(
        rig,
        POLICY.replace(f'"entra-group:{LEADS}", ', "")
        .replace('["U0JONI"]', '["S0LEAVERS"]')
        .replace('from = ["soc", "leads"]', 'from = ["soc"]'),
    )
    status, lines = await doctor(rig)
    assert lines[-2:] == [
        f'NO  rule "privileged": {TOO_FEW} one from Leads. {THEN}',
        f'NO  rule "everything else": {TOO_FEW} one from SOC. {THEN}',
    ]
    assert status == 1


async def test_whose_accounts_are_named_can_approve_without_an_address_but_not_without_an_account(rig: Rig) -> None:
    write(rig, POLICY.replace('["S0SOC"]\n\n[teams.leads]', '["U0NOMAIL"]\n\n[teams.leads]'))
    _, lines = await doctor(rig)
    assert "ok  team SOC: Nestor Wilke" in lines
    write(rig, POLICY.replace(f'"entra-group:{LEADS}", "U0ALEX"', '"U0NOMAIL", "U0ALEX"'))
    assert (await doctor(rig))[0] == 0
    rig.graph.users[JONI].enabled = False
    status, lines = await doctor(rig)
    assert lines[-3:] == [
        "WARN  people: account jonis@contoso.com of U0NOMAIL is disabled in Entra. Enable it, or take it out.",
        f"WARN  people: none of the accounts of U0NOMAIL can be used, so they can't approve. {ENABLED}",
        f'NO  rule "privileged": {TOO_FEW} one from Leads. {THEN}',
    ]
    assert status == 1


async def test_what_entra_does_not_tell_just_now_is_a_warning(rig: Rig) -> None:
    rig.graph.faults.add(Fault("groups", "status", status=503, times=-1))
    rig.graph.faults.add(Fault("users", "status", status=503, times=-1))
    status, lines = await doctor(rig)
    silent = "can't be looked up in Entra (503 ServiceUnavailable). Run the doctor again once Entra answers."
    assert lines[-3:] == [
        f"WARN  team Leads: group {LEADS} {silent}",
        f'WARN  rule "privileged": group {BOARD} {silent}',
        f"WARN  people: account {JONI} of U0NOMAIL {silent}",
    ]
    assert status == 0


async def test_what_slack_does_not_tell_just_now_is_told_and_no_rule_is_blamed_for_it(rig: Rig) -> None:
    write(rig, POLICY.replace(f'"entra-group:{LEADS}", "U0ALEX"', '"S0SOC"'))
    rig.slack.faults.add(Fault("users.info", "status", status=503, times=-1))
    status, lines = await doctor(rig)
    assert f"NO  team Leads: U0GUEST can't be looked up (internal_error). {LATER}" in lines
    assert f"WARN  team Leads: U0MEGAN of @soc-approvers can't be looked up (internal_error). {LATER}" in lines
    assert [line for line in lines if "too few" in line] == []
    assert status == 1


async def test_of_a_large_group_no_more_are_looked_up_than_slack_takes(rig: Rig) -> None:
    crowd = {f"U0CROWD{n:03}" for n in range(150)}
    for user in crowd:
        rig.slack.users[user] = type(rig.slack.users["U0MEGAN"])(user, user, f"{user}@contoso.com")
    rig.slack.groups["S0SOC"] = crowd
    _, lines = await doctor(rig)
    assert "ok  team SOC: @soc-approvers (150 people)" in lines
    asked = {call.args["user"] for call in rig.books.of("users.info")}
    assert len(asked & crowd) == 100
    assert [line for line in lines if "too few" in line] == []


async def test_each_missing_permission_is_told_with_what_needs_it(rig: Rig) -> None:
    rig.entra.roles -= {"GroupMember.Read.All", "User.Read.All"}
    status, lines = await doctor(rig)
    consent = f"{rig.entra.authority}/{TENANT}/adminconsent?client_id={CLIENT}"
    assert [line for line in lines if line.startswith("NO")] == [
        f"NO  {NO_USERS} {consent}",
        f"NO  {NO_GROUPS} {consent}",
    ]
    assert status == 1
    rig.entra.roles.add("Directory.Read.All")
    status, lines = await doctor(rig)
    assert [line for line in lines if "missing" in line] == []
    assert status == 0


async def test_a_group_in_entra_is_an_approver_without_a_policy_file_too(rig: Rig) -> None:
    lists = {"POLICY_FILE": "", "APPROVERS": f"entra-group:{LEADS}"}
    status, lines = await doctor(rig, **lists)
    assert lines == ["ok  permission IdentityRiskyUser.ReadWrite.All", "ok  APPROVERS: group Leads in Entra"]
    assert status == 0
    rig.entra.roles.remove("GroupMember.Read.All")
    _, lines = await doctor(rig, **lists)
    assert lines[-1] == (
        "NO  GroupMember.Read.All is missing in the app's token, but APPROVERS need it. "
        "An admin grants it and its consent, or the group is taken out. "
        f"{rig.entra.authority}/{TENANT}/adminconsent?client_id={CLIENT}"
    )


# -- the start


async def test_a_start_without_a_permission_that_a_rule_needs_is_refused(rig: Rig) -> None:
    rig.entra.roles -= {"GroupMember.Read.All", "User.Read.All"}
    assert await run(rig) == (2, "", f"{NO_USERS}\n{NO_GROUPS}\n")
    assert not rig.database.exists()


async def started(rig: Rig, **changes: str) -> str:
    """Start the bot, stop it once it is ready, and return the line that said so."""
    process, line = await ready(rig, **changes)
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    assert process.returncode == 0
    return line


async def test_the_ready_line_counts_who_can_approve_over_all_teams(rig: Rig) -> None:
    assert "in #id-approvals, 4 approvers and those in groups in Entra, database" in await started(rig)
    write(rig, POLICY.replace(f'"entra-group:{LEADS}", "U0ALEX"', '"U0DIEGO", "U0ALEX"'))
    assert "in #id-approvals, 4 approvers, database" in await started(rig)


async def test_without_a_token_it_starts_all_the_same(rig: Rig) -> None:
    rig.entra.roles.clear()
    rig.entra.failure = "wrong_secret"
    assert "approvers and those in groups" in await started(rig)


async def test_rules_that_need_no_permission_ask_for_no_token_before_the_start(rig: Rig) -> None:
    rig.entra.roles.clear()
    await see_to_permissions(
        load(rig.environ | {"POLICY_FILE": "", "APPROVERS": "S0SOC"}, None), rig.clock, asyncio.Event()
    )
    assert rig.books.calls == []


async def test_a_stop_does_not_wait_for_a_token(rig: Rig) -> None:
    rig.entra.roles.clear()
    rig.entra.faults.add(Fault("token", "hang"))
    stop = asyncio.Event()
    waiting = asyncio.create_task(see_to_permissions(load(rig.environ, None), rig.clock, stop))
    await rig.books.until(lambda: rig.books.of("token"))
    stop.set()
    await asyncio.wait_for(waiting, 5)
    rig.entra.faults.clear()
