"""What an attack on the rules found: each was a way around them, or left people without a true word."""

import asyncio
from datetime import timedelta
from pathlib import Path

from demo.graph.directory import DIEGO, JONI, LYNNE
from demo.installation import APPROVALS
from demo.wire import Fault
from tests.journeys.test_leaving_out import asked, crowd
from tests.journeys.test_quorum import GROUP, HIGH, MEDIUM, POLICY, ruled
from tests.rig import Rig

A_MINUTE_AT_MOST = 3
"""Questions about one user group: Slack takes 20 a minute for all requests together."""


async def a_minute(rig: Rig, method: str) -> float:
    """How often that is asked of Slack in a minute, over two of them."""
    before, began = len(rig.books.of(method)), rig.clock.now()
    await rig.books.until(lambda: rig.clock.now() - began > timedelta(minutes=2))
    return (len(rig.books.of(method)) - before) / ((rig.clock.now() - began) / timedelta(minutes=1))


async def test_a_review_that_is_submitted_last_has_those_before_judged_anew(tmp_path: Path) -> None:
    async with ruled(tmp_path, POLICY.replace('level = "high"', "more_than = 20"), HOLD="PT5M") as rig:
        message = await asked(rig, crowd(rig))
        await rig.slack.click(message, "review", by="U0MEGAN")
        await rig.slack.submit(await rig.modal_of("U0MEGAN"))
        await rig.shows(message, "Approved by @Megan Bowen (SOC).")
        rig.slack.groups["S0SOC"].discard("U0MEGAN")
        rig.clock.advance(timedelta(minutes=1))
        await rig.slack.click(message, "review", by="U0JONI")
        await rig.slack.submit(await rig.modal_of("U0JONI"))
        shown = await rig.shows(message, "Approved by @Joni Sherman (Identity). Still needed: one from SOC.")
        assert "~Approved by @Megan Bowen~ (no longer counts: they may not approve it any more)." in shown


async def test_whoever_may_never_ask_is_not_let_in_because_nobody_can_tell_their_account(tmp_path: Path) -> None:
    async with ruled(tmp_path, POLICY + f'\n[ask]\nnever = ["entra-group:{GROUP}"]\n') as rig:
        rig.graph.add_group(GROUP, "Leavers", [LYNNE])
        rig.graph.users[JONI].mail = rig.graph.users[LYNNE].mail
        await rig.slack.command(MEDIUM)
        await rig.whispered("U0ANALYST", "You can't ask for confirmations.")
        assert rig.slack.messages(APPROVALS) == []


async def test_whoever_asked_does_not_approve_as_another_slack_user_of_the_same_account(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        rig.slack.users["U0MEGAN"].email = rig.slack.users["U0ANALYST"].email
        message = await rig.asked(MEDIUM)
        for button in ("approve", "deny"):
            await rig.slack.click(message, button, by="U0MEGAN")
            await rig.whispered("U0MEGAN", "Your Entra account asked for this, by another Slack user")
        assert rig.sent() == []


async def test_all_who_approve_are_looked_up_side_by_side(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "Approved by @Megan Bowen (SOC).")
        rig.clock.advance(timedelta(minutes=2))  # nothing is remembered
        slow = Fault("users.info", "hang_then_accept", times=-1)
        rig.slack.faults.add(slow)
        click = asyncio.create_task(rig.slack.click(message, "approve", by="U0JONI"))
        await rig.books.until(lambda: len(rig.books.of("users.info")) >= 2)
        rig.slack.faults.clear()
        await click
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_whose_accounts_are_named_is_not_told_of_an_address_while_entra_is_silent(tmp_path: Path) -> None:
    async with ruled(tmp_path, POLICY + f'\n[people]\nU0NOMAIL = ["{DIEGO}"]\n') as rig:
        message = await rig.asked(MEDIUM)
        rig.clock.advance(timedelta(minutes=2))
        rig.graph.faults.add(Fault("*", "status", times=-1, status=503, when=lambda call: DIEGO in call.name))
        await rig.slack.click(message, "approve", by="U0NOMAIL")
        await rig.whispered("U0NOMAIL", "Entra isn't answering.")


async def test_while_it_waits_slack_is_hardly_asked_who_is_in_a_team_by_a_group_in_entra(tmp_path: Path) -> None:
    policy = POLICY.replace('"S0IDENT"', f'"S0IDENT", "entra-group:{GROUP}"')
    async with ruled(tmp_path, policy) as rig:
        rig.slack.groups["S0IDENT"] = {"U0ALEX"}
        rig.graph.add_group(GROUP, "Identity", [JONI])
        message = await rig.asked(MEDIUM)
        rig.graph.faults.add(Fault("riskyUsers", "status", times=-1, status=503))
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.shows(message, "@Joni Sherman")
        assert await a_minute(rig, "usergroups.users.list") <= A_MINUTE_AT_MOST


async def test_while_it_waits_slack_is_hardly_asked_who_somebody_without_an_address_is(tmp_path: Path) -> None:
    async with ruled(tmp_path, POLICY + f'\n[people]\nU0NOMAIL = ["{JONI}"]\n') as rig:
        message = await rig.asked(MEDIUM)
        rig.graph.faults.add(Fault("riskyUsers", "status", times=-1, status=503))
        await rig.slack.click(message, "approve", by="U0NOMAIL")
        await rig.shows(message, "@Nestor Wilke")
        assert await a_minute(rig, "users.info") <= A_MINUTE_AT_MOST


async def test_who_approved_for_a_team_that_is_called_something_else_now_still_counts(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "Approved by @Megan Bowen (SOC).")
        await rig.stop()
        (tmp_path / "policy.toml").write_text(POLICY.replace("teams.soc", "teams.ops").replace('"soc"', '"ops"'))
        await rig.start()
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_who_is_in_one_of_two_teams_no_longer_is_shown_as_in_one(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        rig.slack.groups["S0IDENT"].add("U0MEGAN")
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "Approved by @Megan Bowen (")
        rig.slack.groups["S0IDENT"].discard("U0MEGAN")
        rig.clock.advance(timedelta(minutes=2))
        await rig.slack.click(message, "approve", by="U0DIEGO")
        shown = await rig.shows(message, "@Diego Siciliani")
        assert "Still needed: one from Identity." in shown


async def test_without_the_permission_to_look_people_up_nobody_is_struck_out(tmp_path: Path) -> None:
    async with ruled(tmp_path, HOLD="PT5M") as rig:
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.shows(message, "Sending to Entra at")
        rig.entra.roles.discard("User.Read.All")
        rig.clock.advance(timedelta(hours=1))  # the token that has it is over
        await rig.shows(message, "lapsed")
        assert "may not approve it any more" not in rig.slack.plain(message)
        assert rig.sent() == []
