"""The Web API's conversations methods: which channels there are, who is in them, and what was said."""

import re
from typing import Any

from demo.local_slack.calling import Answering, Args, Asker, Refused, joined, paged, truth, visible
from demo.local_slack.chat import shown
from demo.local_slack.workspace import BOT_USER, Message, SlackChannel, Workspace

DEFAULT_LIMIT, REPLIES_LIMIT, MOST_MESSAGES, MOST_MEMBERS, MOST_CHANNELS = 100, 1000, 999, 1000, 1000


class Conversations:
    """Looks into channels; each kind of channel needs a scope of its own."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.methods: dict[str, Answering] = {
            "conversations.info": self._info,
            "conversations.list": self._list,
            "conversations.open": self._open,
            "conversations.members": self._members,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
        }

    def _info(self, args: Args, asker: Asker) -> dict[str, Any]:
        channel = visible(self._workspace, args)
        asker.require(f"{_kind(channel)}:read")
        counted = {"num_members": len(channel.members)} if truth(args.get("include_num_members")) else {}
        return {"channel": {**self._told_of(channel), **counted}}

    def _list(self, args: Args, asker: Asker) -> dict[str, Any]:
        """Private channels are told of only where the bot is in them, and direct messages not at all."""
        types = str(args.get("types") or "public_channel").split(",")
        if not set(types) <= {"public_channel", "private_channel"}:
            raise Refused("invalid_types")
        for kind in types:
            asker.require("groups:read" if kind == "private_channel" else "channels:read")
        found = [
            self._told_of(channel)
            for channel in self._workspace.channels.values()
            if not channel.is_im
            and ("private_channel" if channel.is_private else "public_channel") in types
            and (not channel.is_private or BOT_USER in channel.members)
            and not (channel.is_archived and truth(args.get("exclude_archived")))
        ]
        page, cursor = paged(found, args, DEFAULT_LIMIT, MOST_CHANNELS)
        return {"channels": page, "response_metadata": {"next_cursor": cursor}}

    @staticmethod
    def _told_of(channel: SlackChannel) -> dict[str, Any]:
        return {
            "id": channel.id,
            "name": channel.name,
            "is_channel": not channel.is_im,
            "is_im": channel.is_im,
            "is_private": channel.is_private,
            "is_archived": channel.is_archived,
            "is_ext_shared": channel.is_ext_shared,
            "is_pending_ext_shared": channel.is_pending_ext_shared,
            "is_member": BOT_USER in channel.members,
        }

    def _open(self, args: Args, _asker: Asker) -> dict[str, Any]:
        if not args.get("users"):
            raise Refused("users_list_not_supplied")
        user = self._workspace.users.get(str(args["users"]))
        if user is None:
            raise Refused("user_not_found")
        if user.deleted or user.is_bot:
            raise Refused("cannot_dm_bot" if user.is_bot else "user_disabled")
        return {"channel": {"id": self._workspace.dm_of(user.id).id}}

    def _members(self, args: Args, asker: Asker) -> dict[str, Any]:
        channel = visible(self._workspace, args)
        asker.require(f"{_kind(channel)}:read")
        page, cursor = paged(sorted(channel.members), args, DEFAULT_LIMIT, MOST_MEMBERS)
        return {"members": page, "response_metadata": {"next_cursor": cursor}}

    def _history(self, args: Args, asker: Asker) -> dict[str, Any]:
        channel = self._readable(args, asker)
        newest_first = list(reversed(self._workspace.messages(channel.id)))
        return self._told(newest_first, args, DEFAULT_LIMIT, MOST_MESSAGES)

    def _replies(self, args: Args, asker: Asker) -> dict[str, Any]:
        channel = self._readable(args, asker)
        parent = self._workspace.find(channel.id, str(args["ts"]))
        if parent is None:
            raise Refused("thread_not_found")
        return self._told([parent, *self._workspace.thread(parent)], args, REPLIES_LIMIT, REPLIES_LIMIT)

    def _readable(self, args: Args, asker: Asker) -> SlackChannel:
        channel = joined(self._workspace, args)
        asker.require(f"{_kind(channel)}:history")
        return channel

    def _told(self, found: list[Message], args: Args, usual: int, most: int) -> dict[str, Any]:
        chosen = _between(found, args)
        page, cursor = paged(chosen, args, usual, most)
        with_metadata = truth(args.get("include_all_metadata"))
        return {
            "messages": [self._shown(message, with_metadata=with_metadata) for message in page],
            "has_more": bool(cursor),
            "response_metadata": {"next_cursor": cursor},
        }

    def _shown(self, message: Message, *, with_metadata: bool) -> dict[str, Any]:
        """Show a thread's parent with the number of its replies."""
        replies = len(self._workspace.thread(message))
        thread = {"thread_ts": message.ts, "reply_count": replies} if replies else {}
        return {**shown(message, with_metadata=with_metadata), **thread}


def _kind(channel: SlackChannel) -> str:
    if channel.is_im:
        return "im"
    return "groups" if channel.is_private else "channels"


def _between(found: list[Message], args: Args) -> list[Message]:
    """Choose by time; a message of exactly that time only if `inclusive`."""
    oldest, latest = _moment(args, "oldest"), _moment(args, "latest")
    if truth(args.get("inclusive")):
        return [m for m in found if (oldest or 0) <= float(m.ts) <= (latest or float("inf"))]
    return [m for m in found if (oldest or 0) < float(m.ts) < (latest or float("inf"))]


def _moment(args: Args, name: str) -> float:
    given = str(args.get(name) or "0")
    if not re.fullmatch(r"\d+(\.\d+)?", given):
        raise Refused(f"invalid_ts_{name}")
    return float(given)
