"""`python -m bot doctor --find` lists who and what is named like a text, with the ids to put into the settings."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.errors import SettingsInvalid
from bot.find import Access, find, read_access
from demo.local_slack import SlackChannel, SlackUser
from demo.wire import Fault
from tests.command_line import run
from tests.rig import Rig, running


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path, start=False) as rig:
        yield rig


async def told(rig: Rig, text: str, token: str = "", **bounds: int) -> tuple[bool, list[str]]:
    lines: list[str] = []
    access = Access(SecretStr(token or rig.slack.bot_token), rig.slack.api_url)
    return await find(access, text, rig.clock, lines.append, **bounds), lines


async def test_people_groups_and_channels_are_found_before_anything_else_is_set(rig: Rig) -> None:
    rig.slack.channels["C0SOC"] = SlackChannel("C0SOC", "soc-war-room")
    rig.slack.users["U0SOC"] = SlackUser("U0SOC", "Socrates Pappas", "s@contoso.com")
    bare = {name: "" for name in rig.environ if name not in {"SLACK_BOT_TOKEN", "SLACK_API_URL"}}
    status, out, err = await run(rig, "doctor", "--find", "SOC", **bare)
    assert out.splitlines() == [
        "U0SOC  Socrates Pappas (@socrates.pappas)",
        "S0SOC  @soc-approvers, user group Soc approvers",
        "C0SOC  #soc-war-room, channel, the bot is not in it",
    ]
    assert (status, err) == (0, "")
    assert {call.to for call in rig.books.calls} == {"slack"}


async def test_nothing_of_that_name_is_said_and_is_status_1(rig: Rig) -> None:
    nobody = "No person, user group or channel is named like `nobody`.\n"
    assert await run(rig, "doctor", "--find", "Nobody") == (1, nobody, "")


async def test_a_handle_is_found_as_it_is_typed_in_slack(rig: Rig) -> None:
    assert await told(rig, "@megan.bowen") == (True, ["U0MEGAN  Megan Bowen (@megan.bowen)"])
    assert await told(rig, "#id-app") == (True, ["C0APPROVE  #id-approvals, channel"])


async def test_who_could_do_nothing_is_marked_or_left_out(rig: Rig) -> None:
    can_not = "can't ask or approve"
    assert await told(rig, "pradeep") == (True, [f"U0GUEST  Pradeep Gupta (@pradeep.gupta), a guest: {can_not}"])
    outside = f"U0OUTSIDE  Isaiah Langer (@isaiah.langer), of another workspace: {can_not}"
    assert await told(rig, "isaiah") == (True, [outside])
    for gone_or_bot in ("Lee Gu", "Deploys"):
        assert (await told(rig, gone_or_bot))[0] is False


async def test_a_name_cannot_forge_a_line(rig: Rig) -> None:
    rig.slack.users["U0EVIL"] = SlackUser("U0EVIL", "Evil\nU0MEGAN  Megan\x1b[2J Bowen", "e@contoso.com")
    _, lines = await told(rig, "evil")
    assert len(lines) == 1
    assert lines[0].startswith("U0EVIL  Evil U0MEGAN Megan")
    assert lines[0].isprintable()


async def test_private_channels_are_found_where_the_bot_is_in_them_and_archived_ones_never(rig: Rig) -> None:
    rig.slack.channels["C0IN"] = SlackChannel("C0IN", "vault-in", {"U0BOT"}, is_private=True)
    rig.slack.channels["C0OUT"] = SlackChannel("C0OUT", "vault-out", is_private=True)
    rig.slack.channels["C0OLD"] = SlackChannel("C0OLD", "vault-old", {"U0BOT"}, is_archived=True)
    assert await told(rig, "vault") == (True, ["C0IN  #vault-in, private channel"])


async def test_every_page_is_read_up_to_a_bound(rig: Rig) -> None:
    for n in range(12):
        rig.slack.users[f"U0CROWD{n:02}"] = SlackUser(f"U0CROWD{n:02}", f"Crowd {n}")
    found, lines = await told(rig, "crowd", page=3)
    assert (found, len(lines)) == (True, 12)
    found, lines = await told(rig, "crowd", page=3, most_pages=5)
    assert (found, lines[-1]) == (True, "People: only the first 15 were looked through.")


async def test_a_scope_that_is_missing_is_named_and_the_rest_is_looked_through(rig: Rig) -> None:
    rig.slack.scopes.discard("usergroups:read")
    missing = "User groups can't be listed (missing_scope): add the scope that is missing."
    assert await told(rig, "megan") == (True, ["U0MEGAN  Megan Bowen (@megan.bowen)", missing])
    assert await told(rig, "soc") == (False, [missing])


async def test_where_slack_is_busy_it_waits_and_then_gives_up(rig: Rig) -> None:
    rig.slack.faults.add(Fault("users.list", "status", status=429, retry_after=7, times=2))
    assert await told(rig, "megan") == (True, ["U0MEGAN  Megan Bowen (@megan.bowen)"])
    rig.slack.faults.add(Fault("users.list", "status", status=429, retry_after=7, times=-1))
    assert await told(rig, "megan") == (False, ["People can't be listed (ratelimited)."])


async def test_a_token_that_does_not_work_is_told_with_its_remedy(rig: Rig) -> None:
    found, (line,) = await told(rig, "megan", token="xoxb-wrong")
    assert not found
    assert line.startswith("Slack: the token does not work (invalid_auth). Copy the Bot User OAuth Token again")


async def test_slack_out_of_reach_is_told(rig: Rig) -> None:
    lines: list[str] = []
    assert not await find(Access(SecretStr("xoxb-1"), "http://127.0.0.1:1/api/"), "x", rig.clock, lines.append)
    assert lines[0].startswith("Slack: no connection to http://127.0.0.1:1/api/ (ClientConnectorError).")


async def test_a_missing_token_is_status_2_and_no_other_setting_is_asked_for(rig: Rig) -> None:
    status, out, err = await run(rig, "doctor", "--find", "soc", SLACK_BOT_TOKEN="", APPROVERS="")
    problem = "SLACK_BOT_TOKEN is missing: give the Bot User OAuth Token (xoxb-…) of the Slack app.\n"
    assert (status, out, err) == (2, "", problem)


async def test_no_secret_is_told(rig: Rig) -> None:
    rig.slack.faults.add(Fault("users.list", "status", status=500))
    _, out, err = await run(rig, "doctor", "--find", "soc", LOG_LEVEL="DEBUG")
    assert rig.slack.bot_token not in out + err


def test_the_token_may_come_from_a_file_and_slack_is_slacks_unless_said(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("xoxb-1\n")
    access = read_access({"SLACK_BOT_TOKEN_FILE": str(tmp_path / "token")}, None)
    assert (access.token.get_secret_value(), access.url) == ("xoxb-1", "https://slack.com/api/")


def test_all_that_is_wrong_with_the_two_settings_is_told_at_once() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_access({"SLACK_BOT_TOKEN": "xoxp-1", "SLACK_API_URL": "slack"}, None)
    assert [problem.split()[0] for problem in refused.value.problems] == ["SLACK_BOT_TOKEN", "SLACK_API_URL"]
    with pytest.raises(SettingsInvalid) as refused:
        read_access({"SLACK_BOT_TOKEN_FILE": "/nowhere"}, None)
    assert refused.value.problems == [
        "SLACK_BOT_TOKEN_FILE names a file that can't be read (No such file or directory)."
    ]
