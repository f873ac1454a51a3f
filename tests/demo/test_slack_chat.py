"""The local Slack's chat methods post, whisper, edit and delete as Slack's reference says."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from demo.local_slack import Message, SlackChannel
from demo.local_slack.workspace import BOT_USER
from tests.demo.test_slack_calls import APPROVALS, INCIDENT, START, Caller, calling

METADATA = {"event_type": "made", "event_payload": {"op_id": "1"}}
DIVIDER = [{"type": "divider"}]
LONG = [{"type": "section", "text": {"type": "plain_text", "text": "x" * 3000}}]


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


# -- posting


async def test_a_post_is_in_its_channel_and_its_answer_says_what_was_posted(caller: Caller) -> None:
    answer = await caller.good("chat.postMessage", channel=APPROVALS, text="hello", blocks=DIVIDER, metadata=METADATA)

    [message] = caller.slack.messages(APPROVALS)
    assert (message.user, message.text, message.blocks, message.metadata) == (BOT_USER, "hello", DIVIDER, METADATA)
    assert (answer["channel"], answer["ts"]) == (APPROVALS, message.ts)
    assert answer["message"]["text"] == "hello"
    assert answer["message"]["metadata"] == METADATA
    assert int(float(message.ts)) == int(START.timestamp())


async def test_the_same_post_twice_is_two_messages(caller: Caller) -> None:
    assert await caller.post() != await caller.post()
    assert len(caller.slack.messages(APPROVALS)) == 2


async def test_a_reply_is_in_the_thread_and_not_in_the_channel(caller: Caller) -> None:
    parent = await caller.post()
    await caller.post("a reply", thread_ts=parent)

    [message] = caller.slack.messages(APPROVALS)
    assert [reply.text for reply in caller.slack.thread(message)] == ["a reply"]


async def test_the_bot_posts_only_where_it_is_a_member(caller: Caller) -> None:
    caller.slack.channels["C0SECRET"] = SlackChannel("C0SECRET", "secret", {"U0MEGAN"}, is_private=True)
    caller.slack.channels["C0OLD"] = SlackChannel("C0OLD", "old", {BOT_USER}, is_archived=True)

    for channel, error in (
        ("C0GENERAL", "not_in_channel"),
        ("C0SECRET", "channel_not_found"),
        ("C0NOWHERE", "channel_not_found"),
        ("C0OLD", "is_archived"),
    ):
        assert await caller.refused("chat.postMessage", channel=channel, text="x") == error
        assert await caller.refused("chat.postEphemeral", channel=channel, text="x", user="U0MEGAN") == error
    assert caller.slack.workspace.posted == []
    assert caller.complaints == []


async def test_a_member_of_a_private_channel_posts_there(caller: Caller) -> None:
    caller.slack.channels["C0SECRET"] = SlackChannel("C0SECRET", "secret", {BOT_USER}, is_private=True)

    await caller.post(channel="C0SECRET")


@pytest.mark.parametrize(
    ("name", "most"), [("chat.postMessage", 40_000), ("chat.postEphemeral", 40_000), ("chat.update", 4_000)]
)
async def test_a_text_has_1_character_to_the_most_of_its_method(caller: Caller, name: str, most: int) -> None:
    args = {"channel": APPROVALS}
    args |= {"user": "U0MEGAN"} if name == "chat.postEphemeral" else {}
    args |= {"ts": await caller.post()} if name == "chat.update" else {}

    await caller.good(name, **args, text="x" * most)
    assert await caller.refused(name, **args, text="x" * (most + 1)) == "msg_too_long"
    assert await caller.refused(name, **args, text="") == "no_text"
    assert await caller.refused(name, **args, blocks=[]) == "no_text"
    await caller.good(name, **args, blocks=DIVIDER)


@pytest.mark.parametrize(
    ("blocks", "complaint"),
    [
        (DIVIDER * 51, "blocks: 51 are more than 50"),
        (
            LONG * 4 + [{"type": "header", "text": {"type": "plain_text", "text": "x"}}],
            "blocks: 12001 characters are",
        ),
        ([{"type": "image", "image_url": "u", "alt_text": "t"}], "block 0: unknown block type 'image'"),
        ([{"type": "divider", "colour": "red"}], "block 0: unknown key 'colour'"),
        (
            [{"type": "actions", "elements": [{"type": "timepicker", "action_id": "a"}]}],
            "block 0: elements 0: unknown element 'timepicker'",
        ),
        (
            [{"type": "section", "text": {"type": "mrkdwn", "text": "a < b"}}],
            "block 0: text: a < or > that is no markup of Slack's",
        ),
        (
            [
                {
                    "type": "input",
                    "label": {"type": "plain_text", "text": "x"},
                    "element": {"type": "plain_text_input", "action_id": "a"},
                }
            ],
            "block 0: input is not allowed here",
        ),
    ],
)
@pytest.mark.parametrize("name", ["chat.postMessage", "chat.postEphemeral", "chat.update"])
async def test_blocks_that_break_a_rule_are_an_error_and_a_complaint(
    caller: Caller, name: str, blocks: list[Any], complaint: str
) -> None:
    args = {"channel": APPROVALS, "text": "x", "blocks": blocks}
    args |= {"user": "U0MEGAN"} if name == "chat.postEphemeral" else {}
    args |= {"ts": await caller.post("before")} if name == "chat.update" else {}
    answer = await caller.call(name, **args)

    assert (answer["ok"], answer["error"]) == (False, "invalid_blocks")
    assert answer["response_metadata"]["messages"][0].startswith(f"[ERROR] {complaint}")
    assert len(caller.complaints) == 1
    assert caller.complaints[0].startswith(f"{name}: {complaint}")
    assert caller.slack.ephemerals("U0MEGAN") == []
    assert [message.text for message in caller.slack.messages(APPROVALS)] == ["before"] * (name == "chat.update")


@pytest.mark.parametrize("blocks", ["no json", {"type": "divider"}, 7])
async def test_blocks_that_are_no_list_are_refused(caller: Caller, blocks: Any) -> None:
    error = await caller.refused("chat.postMessage", channel=APPROVALS, text="x", blocks=blocks)

    assert error == "invalid_blocks_format"
    assert caller.complaints == ["chat.postMessage: blocks: no list of blocks"]


async def test_50_blocks_of_12000_characters_are_posted(caller: Caller) -> None:
    await caller.post(blocks=LONG * 4 + DIVIDER * 46)


async def test_a_text_that_is_not_escaped_is_an_error_and_a_complaint(caller: Caller) -> None:
    assert await caller.refused("chat.postMessage", channel=APPROVALS, text="Tom & Jerry") == "invalid_blocks"
    assert caller.complaints == ["chat.postMessage: text: an & that is not escaped"]


@pytest.mark.parametrize(
    "metadata",
    [
        "no json",
        {"event_type": "made"},
        {"event_payload": {}},
        {**METADATA, "more": 1},
        {"event_type": 7, "event_payload": {}},
        {"event_type": "made", "event_payload": "x"},
    ],
)
async def test_metadata_is_a_type_and_a_payload(caller: Caller, metadata: Any) -> None:
    ts = await caller.post()
    for name, args in (("chat.postMessage", {}), ("chat.update", {"ts": ts})):
        refused = await caller.refused(name, channel=APPROVALS, text="x", metadata=metadata, **args)
        assert refused == "invalid_metadata_format"
    assert len(caller.complaints) == 2


# -- whispering


async def test_only_who_is_whispered_to_sees_it(caller: Caller) -> None:
    answer = await caller.good("chat.postEphemeral", channel=APPROVALS, user="U0MEGAN", text="psst", blocks=DIVIDER)

    [message] = caller.slack.ephemerals("U0MEGAN")
    assert (message.ts, message.text, message.blocks) == (answer["message_ts"], "psst", DIVIDER)
    assert caller.slack.ephemerals("U0DIEGO") == caller.slack.messages(APPROVALS) == []


async def test_who_is_not_in_the_channel_can_not_be_whispered_to(caller: Caller) -> None:
    assert "U0JONI" not in caller.slack.channels[APPROVALS].members
    refused = await caller.refused("chat.postEphemeral", channel=APPROVALS, user="U0JONI", text="psst")

    assert refused == "user_not_in_channel"
    assert caller.slack.ephemerals("U0JONI") == []


# -- editing and deleting


async def test_an_update_replaces_text_and_blocks_and_keeps_the_place(caller: Caller) -> None:
    first, ts = await caller.post("first"), await caller.post("second", blocks=DIVIDER, metadata=METADATA)
    await caller.post("third")
    answer = await caller.good("chat.update", channel=APPROVALS, ts=ts, text="edited")

    assert (answer["channel"], answer["ts"], answer["text"]) == (APPROVALS, ts, "edited")
    assert [(m.text, m.blocks) for m in caller.slack.messages(APPROVALS)][1] == ("edited", [])
    assert caller.slack.messages(APPROVALS)[0].ts == first
    assert caller.slack.messages(APPROVALS)[1].edits == [("second", DIVIDER)]


async def test_an_update_keeps_metadata_that_it_leaves_out_and_takes_the_new(caller: Caller) -> None:
    ts = await caller.post(metadata=METADATA)
    [message] = caller.slack.messages(APPROVALS)

    await caller.good("chat.update", channel=APPROVALS, ts=ts, text="edited")
    assert message.metadata == METADATA
    newer = {"event_type": "made", "event_payload": {"op_id": "2"}}
    await caller.good("chat.update", channel=APPROVALS, ts=ts, text="edited", metadata=newer)
    assert message.metadata == newer
    answer = await caller.good("chat.update", channel=APPROVALS, ts=ts, text="edited", metadata={})
    assert "metadata" not in answer["message"]


async def test_the_same_update_twice_is_as_once(caller: Caller) -> None:
    ts = await caller.post()
    for _ in range(2):
        await caller.good("chat.update", channel=APPROVALS, ts=ts, text="edited")

    assert [message.text for message in caller.slack.messages(APPROVALS)] == ["edited"]


async def test_a_message_in_an_archived_channel_is_edited_no_more(caller: Caller) -> None:
    ts = await caller.post()
    caller.slack.channels[APPROVALS].is_archived = True

    assert await caller.refused("chat.update", channel=APPROVALS, ts=ts, text="edited") == "is_inactive"


async def test_a_deleted_message_is_gone_for_every_method(caller: Caller) -> None:
    ts = await caller.post()
    await caller.good("chat.delete", channel=APPROVALS, ts=ts)

    assert caller.slack.messages(APPROVALS) == []
    assert await caller.refused("chat.delete", channel=APPROVALS, ts=ts) == "message_not_found"
    assert await caller.refused("chat.update", channel=APPROVALS, ts=ts, text="x") == "message_not_found"
    assert await caller.refused("chat.getPermalink", channel=APPROVALS, message_ts=ts) == "message_not_found"
    assert await caller.refused("conversations.replies", channel=APPROVALS, ts=ts) == "thread_not_found"
    assert (await caller.good("conversations.history", channel=APPROVALS))["messages"] == []


async def test_what_somebody_else_said_is_not_the_bots_to_change(caller: Caller) -> None:
    said = Message(APPROVALS, caller.slack.workspace.new_ts(START - timedelta(hours=1)), "U0MEGAN", "mine", [])
    caller.slack.workspace.posted.append(said)

    assert await caller.refused("chat.update", channel=APPROVALS, ts=said.ts, text="x") == "cant_update_message"
    assert await caller.refused("chat.delete", channel=APPROVALS, ts=said.ts) == "cant_delete_message"


async def test_a_message_is_found_only_in_its_own_channel(caller: Caller) -> None:
    ts = await caller.post()

    assert await caller.refused("chat.update", channel=INCIDENT, ts=ts, text="x") == "message_not_found"
    assert await caller.refused("chat.delete", channel=INCIDENT, ts=ts) == "message_not_found"
    assert await caller.refused("chat.delete", channel="C0NOWHERE", ts=ts) == "channel_not_found"


async def test_a_permalink_leads_to_the_message_and_in_a_thread_to_its_reply(caller: Caller) -> None:
    ts = await caller.post()
    reply = await caller.post(thread_ts=ts)
    links = [
        (await caller.good("chat.getPermalink", channel=APPROVALS, message_ts=one))["permalink"]
        for one in (ts, reply)
    ]

    base = f"https://contoso.slack.com/archives/{APPROVALS}/p"
    assert links[0] == base + ts.replace(".", "")
    assert links[1] == base + reply.replace(".", "") + f"?thread_ts={ts}&cid={APPROVALS}"
    assert await caller.refused("chat.getPermalink", channel="C0NOWHERE", message_ts=ts) == "channel_not_found"
