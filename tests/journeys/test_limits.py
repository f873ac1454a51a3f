"""The limits of a policy file: how much one person may ask for."""

from datetime import timedelta
from pathlib import Path

from tests.journeys.test_quorum import POLICY, ruled


async def test_users_an_hour_are_limited_and_it_is_said_when_it_goes_on(tmp_path: Path) -> None:
    async with ruled(tmp_path, POLICY + "\n[limits]\nusers_per_hour = 2\n") as rig:
        await rig.asked("adelev@contoso.com alexw@contoso.com VPN")
        answer = await rig.slack.command("jonis@contoso.com VPN")
        assert answer.body["text"].startswith(
            "You have asked for 2 users in the last hour; with these it would be more than the limit of 2. "
            "Nothing was asked for. Next possible at "
        )
        answer = await rig.slack.command("a@contoso.com b@contoso.com c@contoso.com VPN")
        assert answer.body["text"].endswith("Ask for fewer at once, or ask #identity-help.")
        rig.clock.advance(timedelta(hours=1))
        answer = await rig.slack.command("jonis@contoso.com VPN")
        assert answer.body["text"].startswith("Got it")


async def test_requests_open_at_once_are_limited(tmp_path: Path) -> None:
    async with ruled(tmp_path, POLICY + "\n[limits]\nopen_at_once = 1\n") as rig:
        message = await rig.asked("alexw@contoso.com VPN")
        answer = await rig.slack.command("adelev@contoso.com VPN")
        assert answer.body["text"] == (
            "You have a request open, which is the limit. Nothing was asked for. "
            "Withdraw one, wait until one has ended, or ask #identity-help."
        )
        await rig.slack.command(f"withdraw {rig.id_of(message)}")
        await rig.asked("adelev@contoso.com VPN")


async def test_requests_an_hour_are_limited_by_the_policy_file_too(tmp_path: Path) -> None:
    async with ruled(tmp_path, POLICY + "\n[limits]\nrequests_per_hour = 1\n") as rig:
        await rig.asked("alexw@contoso.com VPN")
        answer = await rig.slack.command("adelev@contoso.com VPN")
        assert answer.body["text"].startswith("You have asked once in the last hour, which is the limit.")


async def test_who_may_ask_and_who_never_is_the_policy_files_to_say(tmp_path: Path) -> None:
    ask = '\n[ask]\nmembers = ["S0SOC", "U0ADELE"]\nnever = ["U0DIEGO"]\n'
    async with ruled(tmp_path, POLICY + ask) as rig:
        for who in ("U0ANALYST", "U0DIEGO"):
            await rig.slack.command("alexw@contoso.com VPN", by=who)
            await rig.whispered(who, "You can't ask for confirmations. @soc-approvers, @Adele Vance can.")
        await rig.asked("alexw@contoso.com VPN", by="U0MEGAN")
