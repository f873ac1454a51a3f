"""What comes to a response_url: five times within 30 minutes, an answer where somebody typed or clicked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from demo.local_slack.calling import Args, Asker, Refused
from demo.local_slack.chat import MAX_TEXT, check_content, content_of
from demo.local_slack.workspace import BOT_USER, Message, Workspace

USES, LIVES = 5, timedelta(minutes=30)
_KEYS = {"text", "blocks", "response_type", "replace_original", "delete_original"}


@dataclass(slots=True)
class Door:
    """One response_url: who it answers, and to what they did."""

    user: str
    origin: Message
    opened: datetime
    uses: int = 0


class Responses:
    """Gives a response_url for each command and click, and takes what is sent to it."""

    def __init__(self, workspace: Workspace, now: Callable[[], datetime], base: Callable[[], str]) -> None:
        self._workspace = workspace
        self._now = now
        self._base = base
        self._doors: dict[str, Door] = {}

    def open(self, user: str, origin: Message) -> str:
        """Return a new response_url; `origin` is the private answer, or the message that was clicked."""
        number = self._workspace.new_ts(self._now())
        path = f"/response/{number}"
        self._doors[path] = Door(user, origin, self._now())
        return self._base() + path

    def take(self, path: str, args: Args, asker: Asker) -> tuple[int, str]:
        """Return the status and what Slack says."""
        door = self._doors.get(path)
        if door is None:
            return 404, "not_found"
        if asker.now - door.opened > LIVES:
            return 404, "expired_url"
        if door.uses >= USES:
            return 404, "used_url"
        try:
            self._judge(args, asker)
        except Refused as refusal:
            return 400, str(refusal)
        door.uses += 1
        self._say(door, args, asker.now)
        return 200, "ok"

    def _judge(self, args: Args, asker: Asker) -> None:
        unknown = [f"unknown key {key!r}" for key in sorted(set(args) - _KEYS)]
        if args.get("response_type", "ephemeral") not in ("ephemeral", "in_channel"):
            unknown.append(f"unknown response_type {args['response_type']!r}")
        asker.refuse(unknown, "invalid_payload")
        if args.get("delete_original") is not True:
            check_content(args, MAX_TEXT, asker)

    def _say(self, door: Door, args: Mapping[str, Any], now: datetime) -> None:
        origin = door.origin
        if args.get("delete_original") is True:
            origin.deleted = True
        elif args.get("replace_original") is True:
            origin.rewrite(*content_of(args))
            origin.deleted = False
        else:
            again = Message(origin.channel, self._workspace.new_ts(now), BOT_USER, *content_of(args))
            if args.get("response_type") == "in_channel":
                self._workspace.posted.append(again)
            else:
                again.ephemeral_to = door.user
                self._workspace.whispered.append(again)
