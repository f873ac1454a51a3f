"""What every Web API method is given, and how it refuses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from demo.local_slack.workspace import BOT_USER, SlackChannel, Workspace

Args = Mapping[str, Any]
T = TypeVar("T")


class Refused(Exception):
    """Slack's `ok: false`; `more` is what the answer says beside the code."""

    def __init__(self, code: str, more: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.answer = {"ok": False, "error": code, **(more or {})}


@dataclass(frozen=True, slots=True)
class Asker:
    """What a method knows of the call."""

    now: datetime
    scopes: frozenset[str]
    complain: Callable[[str], None]

    def refuse(self, faults: list[str], code: str) -> None:
        """Refuse what breaks the contract, and say what it was."""
        for fault in faults:
            self.complain(fault)
        if faults:
            raise Refused(code, {"response_metadata": {"messages": [f"[ERROR] {fault}" for fault in faults]}})

    def require(self, scope: str) -> None:
        if scope not in self.scopes:
            raise missing_scope((scope,), self.scopes)


Answering = Callable[[Args, Asker], dict[str, Any]]


def missing_scope(needed: tuple[str, ...], provided: frozenset[str]) -> Refused:
    return Refused("missing_scope", {"needed": ",".join(needed), "provided": ",".join(sorted(provided))})


def truth(value: Any) -> bool:
    """Read a boolean argument: in a query or form it is a word."""
    return str(value).lower() in {"1", "true"}


def visible(workspace: Workspace, args: Args) -> SlackChannel:
    """Find the channel if the bot may know of it: a private one only as a member."""
    channel = workspace.channels.get(str(args["channel"]))
    if channel is None or (channel.is_private and BOT_USER not in channel.members):
        raise Refused("channel_not_found")
    return channel


def joined(workspace: Workspace, args: Args) -> SlackChannel:
    """Find a channel that the bot is in."""
    channel = visible(workspace, args)
    if BOT_USER not in channel.members:
        raise Refused("not_in_channel")
    return channel


def paged(found: Sequence[T], args: Args, usual: int, most: int) -> tuple[list[T], str]:
    """Cut a page, and give the cursor of the next one; it is empty where there is none."""
    limit, start = str(args.get("limit", usual)), str(args.get("cursor") or "0")
    if not limit.isdecimal() or not 1 <= int(limit) <= most:
        raise Refused("invalid_limit")
    if not start.isdecimal() or int(start) > len(found):
        raise Refused("invalid_cursor")
    end = int(start) + int(limit)
    return list(found[int(start) : end]), str(end) if len(found) > end else ""
