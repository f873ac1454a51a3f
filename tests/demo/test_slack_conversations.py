"""The local Slack's conversations methods show channels, members and messages to who may see them, page by page."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from demo.local_slack import SlackChannel
from demo.local_slack.workspace import BOT, BOT_USER
from tests.demo.test_slack_calls import APPROVALS, Caller, calling

METADATA = {"event_type": "made", "event_payload": {"op_id": "1"}}


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as caller:
        caller.slack.channels["C0SECRET"] = SlackChannel("C0SECRET", "secret", {"U0MEGAN"}, is_private=True)
        caller.slack.channels["C0OURS"] = SlackChannel("C0OURS", "ours", {"U0MEGAN", BOT_USER}, is_private=True)
        yield caller


async def posted(caller: Caller, *texts: str) -> list[str]:
    """Post these, a second apart; their ts."""
    found = []
    for text in texts:
        found.append(await caller.post(text))
        caller.clock.advance(timedelta(seconds=1))
    return found


async def texts(caller: Caller, name: str = "conversations.history", **args: Any) -> list[str]:
    answer = await caller.good(name, channel=APPROVALS, **args)
    return [message["text"] for message in answer["messages"]]


# -- info and open


@pytest.mark.parametrize("flag", ["is_archived", "is_ext_shared", "is_pending_ext_shared"])
async def test_info_tells_what_a_channel_is(caller: Caller, flag: str) -> None:
    before = (await caller.good("conversations.info", channel=APPROVALS))["channel"]
    setattr(caller.slack.channels[APPROVALS], flag, True)
    after = (await caller.good("conversations.info", channel=APPROVALS))["channel"]

    assert (before["id"], before["name"]) == (APPROVALS, "id-approvals")
    assert (before["is_private"], before["is_im"], before["is_member"], before[flag]) == (False, False, True, False)
    assert after == {**before, flag: True}


async def test_info_tells_where_the_bot_is_a_member(caller: Caller) -> None:
    assert (await caller.good("conversations.info", channel="C0GENERAL"))["channel"]["is_member"] is False
    assert (await caller.good("conversations.info", channel="C0OURS"))["channel"]["is_private"] is True
    assert await caller.refused("conversations.info", channel="C0SECRET") == "channel_not_found"
    assert await caller.refused("conversations.info", channel="C0NOWHERE") == "channel_not_found"


@pytest.mark.parametrize("asked", [True, 1, "true", "1"])
async def test_info_counts_members_when_asked_to(caller: Caller, asked: Any) -> None:
    counted = await caller.good("conversations.info", channel="C0OURS", include_num_members=asked)

    assert counted["channel"]["num_members"] == 2
    assert "num_members" not in (await caller.good("conversations.info", channel="C0OURS"))["channel"]


async def test_opening_a_direct_message_twice_leads_to_the_same_one(caller: Caller) -> None:
    first = (await caller.good("conversations.open", users="U0MEGAN"))["channel"]["id"]
    second = (await caller.good("conversations.open", users="U0MEGAN"))["channel"]["id"]
    await caller.post("just you", channel=first)

    assert first == second
    assert [message.text for message in caller.slack.dm("U0MEGAN")] == ["just you"]
    assert caller.slack.dm("U0DIEGO") == []


@pytest.mark.parametrize(
    ("users", "error"),
    [
        ("", "users_list_not_supplied"),
        ("U0NOBODY", "user_not_found"),
        ("U0GONE", "user_disabled"),
        ("U0OTHERBOT", "cannot_dm_bot"),
    ],
)
async def test_nobody_who_can_not_read_gets_a_direct_message(caller: Caller, users: str, error: str) -> None:
    assert await caller.refused("conversations.open", users=users) == error


# -- scopes


@pytest.mark.parametrize(("channel", "kind"), [(APPROVALS, "channels"), ("C0OURS", "groups"), ("U0MEGAN", "im")])
@pytest.mark.parametrize(
    ("name", "right"),
    [("info", "read"), ("members", "read"), ("history", "history"), ("replies", "history")],
)
async def test_each_kind_of_channel_needs_its_own_scope(
    caller: Caller, name: str, right: str, *, channel: str, kind: str
) -> None:
    if kind == "im":
        channel = (await caller.good("conversations.open", users=channel))["channel"]["id"]
    args = {"channel": channel, **({"ts": await caller.post(channel=channel)} if name == "replies" else {})}
    others = {f"{other}:{right}" for other in ("channels", "groups", "im", "mpim")} - {f"{kind}:{right}"}
    caller.slack.scopes = others
    refused = await caller.call(f"conversations.{name}", **args)
    caller.slack.scopes = {f"{kind}:{right}"}

    assert (refused["error"], refused["needed"]) == ("missing_scope", f"{kind}:{right}")
    assert refused["provided"] == ",".join(sorted(others))
    await caller.good(f"conversations.{name}", **args)


# -- members


async def test_members_come_in_pages(caller: Caller) -> None:
    first = await caller.good("conversations.members", channel=APPROVALS, limit=4)
    cursor = first["response_metadata"]["next_cursor"]
    second = await caller.good("conversations.members", channel=APPROVALS, limit=4, cursor=cursor)

    assert (len(first["members"]), len(second["members"])) == (4, 2)
    assert {*first["members"], *second["members"]} == caller.slack.channels[APPROVALS].members
    assert second["response_metadata"]["next_cursor"] == ""


async def test_100_members_are_a_page_unless_asked_for_more(caller: Caller) -> None:
    caller.slack.channels[APPROVALS].members |= {f"U{n}" for n in range(1100)}
    usual = await caller.good("conversations.members", channel=APPROVALS)
    most = await caller.good("conversations.members", channel=APPROVALS, limit=1000)

    assert (len(usual["members"]), len(most["members"])) == (100, 1000)
    assert await caller.refused("conversations.members", channel=APPROVALS, limit=1001) == "invalid_limit"


# -- history and replies


async def test_history_is_newest_first_and_leaves_replies_out(caller: Caller) -> None:
    first, _ = await posted(caller, "first", "second")
    await caller.post("a reply", thread_ts=first)

    assert await texts(caller) == ["second", "first"]


async def test_history_shows_a_message_as_it_is_now(caller: Caller) -> None:
    ts = await caller.post("before", metadata=METADATA)
    await caller.good("chat.update", channel=APPROVALS, ts=ts, text="after")
    [message] = (await caller.good("conversations.history", channel=APPROVALS))["messages"]

    assert message == {"type": "message", "ts": ts, "user": BOT_USER, "bot_id": BOT, "text": "after", "blocks": []}


async def test_replies_begin_with_the_parent_which_counts_them(caller: Caller) -> None:
    parent, other = await posted(caller, "parent", "other")
    replies = [await caller.post(text, thread_ts=parent) for text in ("one", "two")]
    answer = await caller.good("conversations.replies", channel=APPROVALS, ts=parent)

    assert [message["text"] for message in answer["messages"]] == ["parent", "one", "two"]
    assert answer["messages"][0]["reply_count"] == 2
    assert [message["thread_ts"] for message in answer["messages"]] == [parent] * 3
    assert [message["ts"] for message in answer["messages"][1:]] == replies
    assert await texts(caller, "conversations.replies", ts=other) == ["other"]
    assert await caller.refused("conversations.replies", channel=APPROVALS, ts="1.1") == "thread_not_found"


@pytest.mark.parametrize("name", ["conversations.history", "conversations.replies"])
async def test_metadata_is_shown_only_when_asked_for(caller: Caller, name: str) -> None:
    ts = await caller.post(metadata=METADATA)
    args = {"channel": APPROVALS, **({"ts": ts} if name == "conversations.replies" else {})}
    without = await caller.good(name, **args)
    asked = [await caller.good(name, **args, include_all_metadata=how) for how in (True, "1", "true")]

    assert "metadata" not in without["messages"][0]
    assert [answer["messages"][0]["metadata"] for answer in asked] == [METADATA] * 3


async def test_pages_follow_the_cursor_to_the_end(caller: Caller) -> None:
    await posted(caller, *"abcde")
    found, cursor, pages = "", "", 0
    while pages == 0 or cursor:
        args = {"cursor": cursor} if cursor else {}
        page = await caller.good("conversations.history", channel=APPROVALS, limit=2, **args)
        found += "".join(message["text"] for message in page["messages"])
        cursor = page["response_metadata"]["next_cursor"]
        assert page["has_more"] is bool(cursor)
        pages += 1

    assert (found, pages) == ("edcba", 3)


async def test_a_thread_comes_in_pages_too(caller: Caller) -> None:
    parent = await caller.post("p")
    for text in "abc":
        await caller.post(text, thread_ts=parent)
    page = await caller.good("conversations.replies", channel=APPROVALS, ts=parent, limit=3)
    cursor = page["response_metadata"]["next_cursor"]

    assert [message["text"] for message in page["messages"]] == ["p", "a", "b"]
    assert await texts(caller, "conversations.replies", ts=parent, limit=3, cursor=cursor) == ["c"]


async def test_times_choose_what_is_shown(caller: Caller) -> None:
    _, b, c, _ = await posted(caller, *"abcd")

    assert await texts(caller, oldest=b) == ["d", "c"]
    assert await texts(caller, latest=c) == ["b", "a"]
    assert await texts(caller, oldest=b, latest=c) == []
    assert await texts(caller, oldest=b, latest=c, inclusive=True) == ["c", "b"]


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"limit": 0}, "invalid_limit"),
        ({"limit": 1000}, "invalid_limit"),
        ({"limit": "many"}, "invalid_limit"),
        ({"cursor": "made-up"}, "invalid_cursor"),
        ({"cursor": "7"}, "invalid_cursor"),
        ({"oldest": "yesterday"}, "invalid_ts_oldest"),
        ({"latest": "-1"}, "invalid_ts_latest"),
    ],
)
async def test_a_page_that_does_not_exist_is_refused(caller: Caller, args: dict[str, Any], error: str) -> None:
    assert await caller.refused("conversations.history", channel=APPROVALS, **args) == error


async def test_999_messages_and_1000_replies_are_the_most_in_a_page(caller: Caller) -> None:
    await posted(caller, "a")
    [message] = caller.slack.messages(APPROVALS)

    assert await texts(caller, limit=999) == ["a"]
    assert await texts(caller, "conversations.replies", ts=message.ts, limit=1000) == ["a"]
    refused = await caller.refused("conversations.replies", channel=APPROVALS, ts=message.ts, limit=1001)
    assert refused == "invalid_limit"


@pytest.mark.parametrize("name", ["conversations.history", "conversations.replies"])
async def test_the_bot_reads_only_where_it_is_a_member(caller: Caller, name: str) -> None:
    args = {"ts": "1.1"} if name == "conversations.replies" else {}

    assert await caller.refused(name, channel="C0GENERAL", **args) == "not_in_channel"
    assert await caller.refused(name, channel="C0SECRET", **args) == "channel_not_found"


async def test_channels_are_listed_by_type_and_private_ones_only_where_the_bot_is_in_them(caller: Caller) -> None:
    channels = caller.slack.channels
    channels["C0IN"] = SlackChannel("C0IN", "in", {BOT_USER}, is_private=True)
    channels["C0OUT"] = SlackChannel("C0OUT", "out", is_private=True)
    channels["C0OLD"] = SlackChannel("C0OLD", "old", is_archived=True)
    caller.slack.workspace.dm_of("U0MEGAN")

    async def listed(**args: object) -> list[str]:
        return [channel["id"] for channel in (await caller.good("conversations.list", **args))["channels"]]

    assert await listed() == ["C0APPROVE", "C0INCIDENT", "C0GENERAL", "C0OLD"]
    assert await listed(exclude_archived=True) == ["C0APPROVE", "C0INCIDENT", "C0GENERAL"]
    assert await listed(types="private_channel") == ["C0OURS", "C0IN"]
    assert await listed(types="public_channel,private_channel", limit=2) == ["C0APPROVE", "C0INCIDENT"]
    info = (await caller.good("conversations.info", channel="C0IN"))["channel"]
    assert info in (await caller.good("conversations.list", types="private_channel"))["channels"]


async def test_listing_channels_takes_the_scope_of_each_type(caller: Caller) -> None:
    caller.slack.scopes.discard("groups:read")
    assert (await caller.good("conversations.list"))["channels"]
    assert await caller.refused("conversations.list", types="public_channel,private_channel") == "missing_scope"
    assert await caller.refused("conversations.list", types="im") == "invalid_types"
