"""The Web API's conversations methods: which channels there are, who is in them, and what was said."""

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from demo.local_slack.calling import Answering, Args, Asker, Refused, joined, truth, visible
from demo.local_slack.chat import shown
from demo.local_slack.workspace import BOT_USER, Message, SlackChannel, Workspace

T = TypeVar("T")
DEFAULT_LIMIT, REPLIES_LIMIT, MOST_MESSAGES, MOST_MEMBERS = 100, 1000, 999, 1000


class Conversations:
    """Looks into channels; each kind of channel needs a scope of its own."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.methods: dict[str, Answering] = {
            "conversations.info": self._info,
            "conversations.open": self._open,
            "conversations.members": self._members,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
        }

    def _info(self, args: Args, asker: Asker) -> dict[str, Any]:
        channel = visible(self._workspace, args)
        asker.require(f"{_kind(channel)}:read")
        told = {
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
        counted = {"num_members": len(channel.members)} if truth(args.get("include_num_members")) else {}
        return {"channel": {**told, **counted}}

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
        page, cursor = _page(sorted(channel.members), args, DEFAULT_LIMIT, MOST_MEMBERS)
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
        page, cursor = _page(chosen, args, usual, most)
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


def _page(found: Sequence[T], args: Args, usual: int, most: int) -> tuple[list[T], str]:
    """Cut a page, and give the cursor of the next one; it is empty where there is none."""
    limit, start = str(args.get("limit", usual)), str(args.get("cursor") or "0")
    if not limit.isdecimal() or not 1 <= int(limit) <= most:
        raise Refused("invalid_limit")
    if not start.isdecimal() or int(start) > len(found):
        raise Refused("invalid_cursor")
    end = int(start) + int(limit)
    return list(found[int(start) : end]), str(end) if len(found) > end else ""
