"""The local Slack tells who its people are, which groups they are in, and who the bot is."""

from collections.abc import AsyncIterator

import pytest

from demo.local_slack import SlackUser
from demo.local_slack.workspace import BOT_USER, TEAM
from tests.demo.test_slack_calls import APPROVALS, Caller, calling


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


async def test_auth_test_tells_who_the_bot_is_and_the_header_its_scopes(caller: Caller) -> None:
    _, answer, headers = await caller.ask("auth.test")

    assert answer == {
        "ok": True,
        "url": "https://contoso.slack.com/",
        "team": "Contoso",
        "user": "confirm-safe",
        "team_id": "T0CONTOSO",
        "user_id": "U0BOT",
        "bot_id": "B0CONFIRM",
        "is_enterprise_install": False,
    }
    assert set(headers["X-OAuth-Scopes"].split(",")) == caller.slack.scopes


async def test_bots_info_names_the_app_behind_the_bot(caller: Caller) -> None:
    bot = (await caller.good("bots.info", bot="B0CONFIRM"))["bot"]

    assert (bot["app_id"], bot["user_id"], bot["deleted"]) == ("A0CONFIRM", BOT_USER, False)
    assert await caller.refused("bots.info", bot="B0OTHER") == "bot_not_found"


async def test_users_info_describes_a_full_member(caller: Caller) -> None:
    assert (await caller.good("users.info", user="U0MEGAN"))["user"] == {
        "id": "U0MEGAN",
        "team_id": TEAM,
        "name": "megan.bowen",
        "real_name": "Megan Bowen",
        "deleted": False,
        "is_bot": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "profile": {"real_name": "Megan Bowen", "display_name": "Megan Bowen", "email": "meganb@contoso.com"},
    }
    assert await caller.refused("users.info", user="U0NOBODY") == "user_not_found"


async def test_an_address_is_shown_only_with_the_scope_for_it(caller: Caller) -> None:
    caller.slack.scopes = {"users:read"}

    assert "email" not in (await caller.good("users.info", user="U0MEGAN"))["user"]["profile"]


async def test_who_has_no_address_shows_none(caller: Caller) -> None:
    assert "email" not in (await caller.good("users.info", user="U0NOMAIL"))["user"]["profile"]


@pytest.mark.parametrize(
    ("user", "flags"),
    [
        ("U0MEGAN", set[str]()),
        ("U0GONE", {"deleted"}),
        ("U0OTHERBOT", {"is_bot"}),
        (BOT_USER, {"is_bot"}),
        ("U0GUEST", {"is_restricted"}),
        ("U0SINGLE", {"is_restricted", "is_ultra_restricted"}),
        ("U0OUTSIDE", {"is_stranger"}),
    ],
)
async def test_users_info_tells_who_is_no_full_member(caller: Caller, user: str, flags: set[str]) -> None:
    caller.slack.users["U0SINGLE"] = SlackUser("U0SINGLE", "Miriam Graham", is_ultra_restricted=True)
    found = (await caller.good("users.info", user=user))["user"]

    assert {key for key, value in found.items() if value is True} == flags


async def test_an_outsider_is_a_stranger_only_until_they_share_a_channel_with_the_bot(caller: Caller) -> None:
    async def outsider() -> tuple[str, bool]:
        found = (await caller.good("users.info", user="U0OUTSIDE"))["user"]
        return found["team_id"], found["is_stranger"]

    channel = caller.slack.channels[APPROVALS]
    assert await outsider() == ("T0FABRIKAM", True)
    channel.is_ext_shared = True
    assert await outsider() == ("T0FABRIKAM", True)
    channel.members.add("U0OUTSIDE")
    assert await outsider() == ("T0FABRIKAM", False)
    channel.members.discard(BOT_USER)
    assert await outsider() == ("T0FABRIKAM", True)


async def test_somebody_is_found_by_their_address_in_any_case(caller: Caller) -> None:
    assert (await caller.good("users.lookupByEmail", email="MeganB@Contoso.com"))["user"]["id"] == "U0MEGAN"
    assert (await caller.good("users.lookupByEmail", email="pradeepg@example.com"))["user"]["is_restricted"] is True


@pytest.mark.parametrize("email", ["nobody@contoso.com", "leeg@contoso.com", ""])
async def test_nobody_is_found_by_an_unknown_address_or_a_deleted_accounts(caller: Caller, email: str) -> None:
    assert await caller.refused("users.lookupByEmail", email=email) == "users_not_found"


async def test_a_group_lists_its_members(caller: Caller) -> None:
    assert (await caller.good("usergroups.users.list", usergroup="S0SOC"))["users"] == [
        "U0DIEGO",
        "U0MEGAN",
        "U0NOMAIL",
    ]
    caller.slack.groups["S0SOC"].discard("U0MEGAN")
    assert (await caller.good("usergroups.users.list", usergroup="S0SOC"))["users"] == ["U0DIEGO", "U0NOMAIL"]
    assert await caller.refused("usergroups.users.list", usergroup="S0NONE") == "no_such_subteam"


async def test_groups_are_listed_with_their_members_when_asked_to(caller: Caller) -> None:
    plain = (await caller.good("usergroups.list"))["usergroups"]
    whole = (await caller.good("usergroups.list", include_users=True, include_count=True))["usergroups"]

    assert plain == [{"id": "S0SOC", "handle": "soc-approvers", "name": "Soc approvers"}]
    assert whole == [{**plain[0], "users": ["U0DIEGO", "U0MEGAN", "U0NOMAIL"], "user_count": 3}]


async def test_everybody_is_listed_page_by_page_each_as_users_info_shows_them(caller: Caller) -> None:
    found, cursor = list[dict[str, object]](), ""
    while True:
        page = await caller.good("users.list", limit=5, cursor=cursor)
        found += page["members"]
        assert len(page["members"]) <= 5
        cursor = page["response_metadata"]["next_cursor"]
        if not cursor:
            break
    assert [user["id"] for user in found] == list(caller.slack.users)
    assert (await caller.good("users.info", user="U0GUEST"))["user"] in found
    assert (await caller.good("users.list"))["members"] == found
    assert await caller.refused("users.list", cursor="x") == "invalid_cursor"
