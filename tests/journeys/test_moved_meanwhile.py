"""What moves while a request waits: who its users are, the rules, and what is left of it."""

from datetime import timedelta
from pathlib import Path

from demo.graph.directory import ALEX
from demo.wire import Fault
from tests.journeys.test_leaving_out import asked, crowd, reviewed, ticked
from tests.journeys.test_quorum import HIGH, MEDIUM, POLICY, ruled


async def test_a_user_who_is_given_a_role_while_it_waits_takes_what_the_rule_asks_for_then(tmp_path: Path) -> None:
    async with ruled(tmp_path, POLICY.replace('level = "high"', 'roles = ["any"]')) as rig:
        message = await rig.asked(MEDIUM)
        rig.graph.add_role("62e90394-69f5-4237-9190-012177145e10", "Global Administrator", [ALEX])
        rig.clock.advance(timedelta(hours=2))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        shown = await rig.shows(message, "The rules ask for more approvals than there are now")
        assert "Approved by @Megan Bowen (SOC). Still needed: one from Identity." in shown
        assert rig.sent() == []
        await rig.slack.click(message, "approve", by="U0JONI")
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_while_entra_does_not_tell_who_holds_a_role_nobody_is_sent(tmp_path: Path) -> None:
    async with ruled(tmp_path, POLICY.replace('level = "high"', 'roles = ["any"]')) as rig:
        message = await rig.asked(MEDIUM)
        rig.graph.faults.add(Fault("memberships", "status", times=-1, status=503))
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "Entra isn't answering")
        assert rig.sent() == []
        rig.graph.faults.waiting.clear()
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_after_a_restart_with_another_policy_the_message_says_what_it_takes_now(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(MEDIUM)
        await rig.stop()
        (tmp_path / "policy.toml").write_text(POLICY.replace('level = "high"', 'level = "medium"'))
        await rig.start()
        await rig.shows(message, "Needed: one from SOC and one from Identity.", within=10)


async def test_a_looser_policy_says_that_one_more_click_is_needed(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        message = await rig.asked(HIGH)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "Approved by @Megan Bowen (SOC).")
        await rig.stop()
        (tmp_path / "policy.toml").write_text(
            POLICY.replace('[{ from = ["soc"] }, { from = ["identity"] }]', '[{ from = ["soc"] }]')
        )
        await rig.start()
        await rig.shows(message, "The rules ask for no more by now: one more click on Approve sends it.")
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "1 of 1 confirmed safe")


async def test_leaving_out_those_whose_rule_it_was_does_not_leave_it_waiting_for_nothing(tmp_path: Path) -> None:
    async with ruled(tmp_path) as rig:
        ids = crowd(rig)
        for user_id in ids[:2]:
            rig.graph.add_risky(user_id, "high")
        rig.entra.roles.add("IdentityRiskEvent.Read.All")
        await rig.stop()
        await rig.start()
        message = await asked(rig, ids)
        await rig.shows(message, "2 look different")
        modal = await reviewed(rig, message)
        await rig.slack.submit(modal, values=ticked(modal))
        await rig.shows(message, "The rules ask for no more by now: one more click on Approve sends it.")
        await rig.slack.click(message, "review", by="U0DIEGO")
        await rig.slack.submit(await rig.modal_of("U0DIEGO"))
        await rig.shows(message, "25 of 25 confirmed safe")
