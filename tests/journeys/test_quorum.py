"""Two from two teams: who has approved and what is needed is in the open, and each approval is judged anew."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import pytest

from demo.graph.directory import ADELE, ALEX, JONI, LYNNE, MEGAN
from demo.wire import Fault
from tests.journeys.test_leaving_out import asked, crowd, reviewed, ticked
from tests.rig import SPEED, Rig, running

HIGH = "adelev@contoso.com VPN"
"""Adele's risk is high, Alex's is medium."""
MEDIUM = "alexw@contoso.com VPN"
GROUP = "7d0f3c51-6d1e-4b3e-9c55-0a6c0a4b8f01"
SLACKER = "5b7d1d2e-9f57-4a0e-8a25-1f6e8a0c5d02"
POLICY = """
[teams.soc]
name = "SOC"
members = ["S0SOC"]

[teams.identity]
name = "Identity"
members = ["S0IDENT"]

[[rules]]
name = "high"
level = "high"
needs = [{ from = ["soc"] }, { from = ["identity"] }]

[[rules]]
name = "everything else"
needs = [{ from = ["soc", "identity"] }]
"""


@asynccontextmanager
async def ruled(tmp_path: Path, policy: str = POLICY, **settings: str) -> AsyncIterator[Rig]:
    """A bot with a policy file, between two teams: Megan and Diego are the SOC, Joni and Alex are Identity."""
    file = tmp_path / "policy.toml"
    file.write_text(policy)
    given = {"APPROVERS": "", "POLICY_FILE": str(file), **settings}
    async with running(tmp_path, speed=SPEED, start=False, rate=None, **given) as rig:
        rig.slack.groups["S0IDENT"] = {"U0JONI", "U0ALEX"}
        rig.entra.roles.add("GroupMember.Read.All")
        await rig.start()
        yield rig


async def test_one_of_each_team_approves_it_in_the_open(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(HIGH)
        before = rig.slack.plain(message)
        assert "Needed: one from SOC and one from Identity." in before
        assert "@Lynne Robbins asks @soc-approvers, @S0IDENT." in before
        assert "· rule high ·" in before

        await rig.slack.click(message, "approve", by="U0MEGAN")
        shown = await rig.shows(message, "Approved by @Megan Bowen (SOC). Still needed: one from Identity.")
        assert "asks @S0IDENT." in shown
        assert "[Approve]" in shown
        assert (
            await rig.thread_says(message, "approved.") == "@Megan Bowen approved. Still needed: one from Identity."
        )
        assert rig.sent() == []

        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.shows(message, "1 of 1 confirmed safe")
        assert "Approved by @Megan Bowen and @Joni Sherman." in rig.slack.plain(message)
        assert len(rig.sent()) == 1


async def test_the_record_names_the_rule_and_the_policy(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.shows(message, "1 of 1 confirmed safe")
        query = "select body from events join event_bodies using (n) where kind = 'Approved' order by n"
        with closing(sqlite3.connect(rig.database)) as connection:
            first, second = (json.loads(body) for (body,) in connection.execute(query))
        assert (first["is_last"], second["is_last"]) == (False, True)
        assert (first["teams"], second["teams"]) == (["soc"], ["identity"])
        assert first["because"] == (
            "The rule “high” decides: the highest risk is high (high or more). "
            "It takes one from SOC and one from Identity, by different people."
        )
        assert len(first["policy"]) == 64


async def test_a_lower_risk_takes_one_of_either_team(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(MEDIUM)
        assert "Needed" not in rig.slack.plain(message)
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_who_approves_twice_or_for_the_wrong_team_is_told_what_is_needed(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "You have approved already. Still needed: one from Identity, @S0IDENT.")
        await rig.slack.click(message, "approve", by="U0DIEGO")
        await rig.whispered(
            "U0DIEGO", "Your approval would not add what is missing. Still needed: one from Identity, @S0IDENT."
        )
        assert rig.sent() == []


async def test_who_is_in_no_team_of_the_rule_is_told_which_it_takes(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0NOMAIL")
        rig.slack.groups["S0SOC"].discard("U0NOMAIL")
        await rig.slack.click(message, "approve", by="U0OUTSIDE")
        await rig.slack.click(message, "approve", by="U0NOMAIL")
        told = await rig.whispered("U0NOMAIL", "You can't approve")
        assert "the rule high asks for SOC or Identity, and you weren't in it at" in told


async def test_two_slack_users_of_one_person_are_one_approver(tmp_path: Path) -> None:
    policy = POLICY + f'\n[people]\nU0JONI = ["{MEGAN}"]\n'
    async with ruled(tmp_path, policy) as rig:
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "Approved by @Megan Bowen (SOC).")
        await rig.slack.click(message, "approve", by="U0JONI")
        told = await rig.whispered("U0JONI", "Your Entra account has approved already, by another Slack user")
        assert told.endswith("Still needed: one from Identity, @S0IDENT.")
        assert rig.sent() == []


async def test_one_denial_ends_it_after_an_approval_too(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.slack.click(message, "deny", by="U0DIEGO")
        modal = await rig.modal_of("U0DIEGO")
        await rig.slack.submit(modal, values={"text": "I know this one"})
        await rig.shows(message, "@Diego Siciliani denied it")
        assert rig.sent() == []


async def test_whoever_left_their_team_before_the_last_approval_is_struck_out(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "Approved by @Megan Bowen (SOC).")
        rig.slack.groups["S0SOC"].discard("U0MEGAN")
        rig.clock.advance(timedelta(minutes=1))
        await rig.slack.click(message, "approve", by="U0JONI")
        shown = await rig.shows(message, "(no longer counts: they may not approve it any more)")
        assert "Approved by @Joni Sherman (Identity). Still needed: one from SOC." in shown
        await rig.thread_says(
            message, "The approval by @Megan Bowen no longer counts: they may not approve it any more"
        )
        assert rig.sent() == []

        await rig.slack.click(message, "approve", by="U0DIEGO")
        await rig.shows(message, "1 of 1 confirmed safe")
        assert "Approved by @Joni Sherman and @Diego Siciliani." in rig.slack.plain(message)


async def test_whoever_left_their_team_before_the_call_is_struck_out_and_the_other_stays(tmp_path: Path) -> None:
    async with ruled(tmp_path, HOLD="PT5M") as rig:
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.shows(message, "Sending to Entra at")
        rig.slack.groups["S0IDENT"].discard("U0JONI")
        rig.clock.advance(timedelta(minutes=5))
        shown = await rig.shows(message, "The approval by @Joni Sherman no longer counts")
        assert "Approved by @Megan Bowen (SOC). Still needed: one from Identity." in shown
        assert rig.sent() == []

        rig.graph.remediate(ALEX)  # whoever is at risk vouches for nobody
        await rig.slack.click(message, "approve", by="U0ALEX")
        rig.clock.advance(timedelta(minutes=5))
        await rig.shows(message, "1 of 1 confirmed safe")
        assert "Approved by @Megan Bowen and @Alex Wilber." in rig.slack.plain(message)


async def test_an_approver_at_risk_is_struck_out_and_the_other_stays(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        rig.graph.add_risky(MEGAN, "medium")
        await rig.slack.click(message, "approve", by="U0JONI")
        shown = await rig.shows(
            message, "The approval by @Megan Bowen no longer counts: their own Entra account is at risk"
        )
        assert "Approved by @Joni Sherman (Identity). Still needed: one from SOC." in shown
        assert rig.sent() == []


async def test_a_stricter_policy_after_a_restart_asks_for_more(tmp_path: Path) -> None:
    async with ruled(tmp_path, HOLD="PT5M") as rig:
        message = await rig.asked(MEDIUM)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "Sending to Entra at")
        await rig.stop()
        (tmp_path / "policy.toml").write_text(POLICY.replace('level = "high"', 'level = "medium"'))
        await rig.start()
        rig.clock.advance(timedelta(minutes=5))
        shown = await rig.shows(message, "The rules ask for more approvals than there are now")
        assert "Approved by @Megan Bowen (SOC). Still needed: one from Identity." in shown
        assert rig.sent() == []
        await rig.slack.click(message, "approve", by="U0JONI")
        rig.clock.advance(timedelta(minutes=5))
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_whoever_the_first_leaves_out_the_second_does_not_see(tmp_path: Path) -> None:
    both = POLICY.replace('level = "high"', "more_than = 20")
    async with ruled(tmp_path, both) as rig:
        ids = crowd(rig)
        rig.entra.roles.add("IdentityRiskEvent.Read.All")
        await rig.stop()
        await rig.start()
        message = await asked(rig, ids)
        await rig.shows(message, "2 look different")
        await rig.slack.click(message, "review", by="U0JONI")
        stale = await rig.modal_of("U0JONI")
        modal = await reviewed(rig, message)
        await rig.slack.submit(modal, values=ticked(modal))
        shown = await rig.shows(message, "Confirm 25 users safe?")
        assert "2 users were left out by @Megan Bowen and stay at risk." in shown
        assert "Approved by @Megan Bowen (SOC). Still needed: one from Identity." in shown
        await rig.slack.submit(stale)
        assert rig.sent() == []
        await rig.slack.click(message, "review", by="U0JONI")
        await rig.slack.submit(await rig.modal_of("U0JONI"))
        await rig.shows(message, "25 of 25 confirmed safe")
        sent = {user for call in rig.sent() for user in call.args["userIds"]}
        assert sent == set(ids[2:])


async def test_reasons_that_come_late_take_back_what_was_approved_without_them(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        rig.entra.roles.add("IdentityRiskEvent.Read.All")
        await rig.stop()
        rig.graph.add_detection(ADELE, "leakedCredentials")
        rig.graph.faults.add(Fault("riskDetections", "status", times=3, status=503))
        await rig.start()
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        shown = await rig.shows(message, "Leaked credentials")
        assert "Approved by @Megan Bowen~ (no longer counts: given for what it showed before)." in shown
        assert "Needed: one from SOC and one from Identity." in shown


async def test_time_over_says_who_alone_approved(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "Still needed")
        rig.clock.advance(timedelta(hours=8))
        await rig.shows(message, "Only @Megan Bowen approved by")
        await rig.thread_says(message, "Only @Megan Bowen approved by")


async def test_a_rule_may_keep_its_requests_open_for_less_long(tmp_path: Path) -> None:
    policy = POLICY.replace('level = "high"\n', 'level = "high"\nopen_for = "PT30M"\n')
    async with ruled(tmp_path, policy) as rig:
        message = await rig.asked(HIGH)
        rig.clock.advance(timedelta(minutes=31))
        await rig.shows(message, "Expired")


async def test_a_group_in_entra_is_a_team_through_groups_in_groups(tmp_path: Path) -> None:
    policy = POLICY.replace('"S0IDENT"', f'"entra-group:{GROUP}"')
    async with ruled(tmp_path, policy) as rig:
        rig.graph.add_group(SLACKER, "Second shift", [JONI])
        rig.graph.add_group(GROUP, "Identity", [SLACKER])
        message = await rig.asked(HIGH)
        assert "asks @soc-approvers, Identity." in rig.slack.plain(message)
        await rig.slack.click(message, "approve", by="U0ALEX")
        await rig.whispered("U0ALEX", "the rule high asks for SOC or Identity, and you weren't in it")
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.shows(message, "1 of 1 confirmed safe")
        assert "Approved by @Megan Bowen and @Joni Sherman." in rig.slack.plain(message)


async def test_a_group_that_loses_its_last_member_lets_nobody_approve(tmp_path: Path) -> None:
    policy = POLICY.replace('"S0IDENT"', f'"entra-group:{GROUP}"')
    async with ruled(tmp_path, policy, HOLD="PT5M") as rig:
        rig.graph.add_group(GROUP, "Identity", [JONI])
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.shows(message, "Sending to Entra at")
        rig.graph.remove_from_group(GROUP, JONI)
        rig.clock.advance(timedelta(minutes=5))
        await rig.shows(message, "The approval by @Joni Sherman no longer counts: they may not approve it any more")
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.whispered("U0JONI", "and you weren't in it at")
        assert rig.sent() == []


async def test_while_entra_does_not_tell_a_group_nobody_is_turned_away_for_good(tmp_path: Path) -> None:
    policy = POLICY.replace('"S0IDENT"', f'"entra-group:{GROUP}"')
    async with ruled(tmp_path, policy) as rig:
        rig.graph.add_group(GROUP, "Identity", [JONI])
        message = await rig.asked(HIGH)
        rig.graph.faults.add(Fault("memberships", "status", times=-1, status=503))
        await rig.slack.click(message, "approve", by="U0JONI")
        told = await rig.whispered("U0JONI", "I couldn't check whether you may approve: Entra isn't answering.")
        assert "Your click was not counted and is not held against you." in told
        rig.graph.faults.waiting.clear()
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.shows(message, "Approved by @Joni Sherman (Identity).")


async def test_an_approver_whom_slack_is_too_busy_to_look_up_is_not_turned_away_for_good(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(HIGH)
        busy = Fault("usergroups.users.list", "status", times=-1, status=429, retry_after=30)
        rig.slack.faults.add(busy)
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.whispered("U0JONI", "I couldn't check whether you may approve: Slack isn't answering.")
        rig.slack.faults.clear()
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.shows(message, "Approved by @Joni Sherman (Identity).")


async def test_somebody_who_may_never_approve_does_not_whatever_names_them(tmp_path: Path) -> None:
    policy = POLICY + '\n[approve]\nnever = ["S0LEAVERS"]\n'
    async with ruled(tmp_path, policy) as rig:
        rig.slack.groups["S0LEAVERS"] = {"U0MEGAN"}
        message = await rig.asked(MEDIUM)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "You can't approve")
        await rig.slack.click(message, "deny", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "Only approvers can deny.")
        await rig.slack.click(message, "approve", by="U0DIEGO")
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_a_silent_back_up_may_approve_and_is_never_mentioned(tmp_path: Path) -> None:
    policy = POLICY.replace('members = ["S0IDENT"]', 'members = ["U0JONI"]\nsilent = true')
    async with ruled(tmp_path, policy, REMIND_AFTER="PT15M") as rig:
        message = await rig.asked(MEDIUM)
        rig.clock.advance(timedelta(minutes=16))
        reminder = await rig.thread_says(message, "Waiting since")
        assert reminder.startswith("@soc-approvers Waiting")
        assert "Joni" not in rig.slack.plain(message)
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.shows(message, "1 of 1 confirmed safe")


@pytest.mark.parametrize(
    "condition", [f'groups = ["{GROUP}"]', 'roles = ["any"]', f'users = ["{ALEX}"]'], ids=["group", "role", "user"]
)
async def test_protected_users_take_what_their_rule_asks_for(tmp_path: Path, condition: str) -> None:
    policy = POLICY.replace('level = "high"', condition)
    async with ruled(tmp_path, policy) as rig:
        rig.graph.add_group(GROUP, "Board", [ALEX])
        rig.graph.add_role("62e90394-69f5-4237-9190-012177145e10", "Global Administrator", [ALEX])
        message = await rig.asked(MEDIUM)
        assert "Needed: one from SOC and one from Identity." in rig.slack.plain(message)
        other = await rig.asked(HIGH)
        assert "Needed" not in rig.slack.plain(other)


async def test_users_of_whom_entra_does_not_tell_count_as_protected(tmp_path: Path) -> None:
    policy = POLICY.replace('level = "high"', 'roles = ["any"]')
    async with ruled(tmp_path, policy) as rig:
        rig.graph.faults.add(Fault("memberships", "status", times=-1, status=403))
        message = await rig.asked(MEDIUM)
        assert "Needed: one from SOC and one from Identity." in rig.slack.plain(message)


async def test_people_are_known_by_the_accounts_that_the_policy_names(tmp_path: Path) -> None:
    policy = POLICY + f'\n[people]\nU0NOMAIL = ["{LYNNE}", "{JONI}"]\nU0MEGAN = ["{ALEX}"]\nU0ANALYST = ["{ADELE}"]\n'
    async with ruled(tmp_path, policy) as rig:
        message = await rig.asked(MEDIUM, by="U0DIEGO")
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "This request includes your own account")
        await rig.slack.click(message, "approve", by="U0NOMAIL")
        await rig.shows(message, "1 of 1 confirmed safe")
        assert "Approved by @Nestor Wilke" in rig.slack.plain(message)
        await rig.slack.command(HIGH)
        await rig.whispered("U0ANALYST", "your own account")


async def test_whose_named_account_is_disabled_or_gone_is_told_so(tmp_path: Path) -> None:
    policy = POLICY + f'\n[people]\nU0MEGAN = ["{MEGAN}"]\nU0DIEGO = ["{GROUP}"]\n'
    async with ruled(tmp_path, policy) as rig:
        message = await rig.asked(MEDIUM)
        rig.graph.users[MEGAN].enabled = False
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.whispered("U0MEGAN", "Your own Entra account is disabled")
        await rig.slack.click(message, "approve", by="U0DIEGO")
        await rig.whispered("U0DIEGO", "Entra has none of the accounts that the policy names for you")


async def test_two_hundred_clicks_at_once_are_one_approval(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(HIGH)
        people = ["U0MEGAN", "U0DIEGO", "U0OUTSIDE", "U0GUEST"] * 50
        await asyncio.gather(*(rig.slack.click(message, "approve", by=who) for who in people))
        shown = await rig.shows(message, "Still needed: one from Identity.")
        assert ("Approved by @Megan Bowen (SOC)." in shown) != ("Approved by @Diego Siciliani (SOC)." in shown)
        query = "select kind, count(*) from events where kind in ('Approved', 'ClickRefused') group by kind"
        with closing(sqlite3.connect(rig.database)) as connection:
            counts = dict(connection.execute(query).fetchall())
        assert counts["Approved"] == 1
        assert counts["ClickRefused"] <= 80
        assert rig.sent() == []
