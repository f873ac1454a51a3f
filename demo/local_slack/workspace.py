"""The workspace: its people, channels, messages and modals."""

import html
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

TEAM, TEAM_NAME, TEAM_URL = "T0CONTOSO", "Contoso", "https://contoso.slack.com/"
APP, BOT, BOT_USER, BOT_NAME = "A0CONFIRM", "B0CONFIRM", "U0BOT", "confirm-safe"


@dataclass(slots=True)
class SlackUser:
    """Somebody as users.info shows them."""

    id: str
    name: str
    email: str = ""
    team: str = TEAM
    deleted: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False


@dataclass(slots=True)
class SlackChannel:
    """A conversation; `members` are user ids."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    is_im: bool = False


@dataclass(slots=True, eq=False)
class Message:
    """A message as Slack keeps it; `edits` are what it was before."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[dict[str, Any]]
    thread_ts: str = ""
    metadata: dict[str, Any] | None = None
    edits: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    deleted: bool = False
    ephemeral_to: str = ""
    response_url: str = ""
    bot_id: str = BOT

    def rewrite(self, text: str, blocks: list[dict[str, Any]]) -> None:
        self.edits.append((self.text, self.blocks))
        self.text, self.blocks = text, blocks


@dataclass(slots=True)
class View:
    """An open modal, or a Home tab; the hash changes whenever what it shows does."""

    id: str
    user: str
    view: dict[str, Any]
    hash: str = ""
    entered: dict[str, Any] = field(default_factory=dict)
    """What was entered so far, by action_id: typed words, or the values chosen."""
    offered: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """The options that the app offered in lists of its own, by value."""

    def show(self, view: dict[str, Any]) -> None:
        """Show another view; what was entered stays where block_id and action_id do (reference/views)."""
        kept = _fields(self.view) & _fields(view)
        self.entered = {action: value for action, value in self.entered.items() if action in {a for _, a in kept}}
        self.view = view

    def as_json(self) -> dict[str, Any]:
        return {**self.view, "id": self.id, "hash": self.hash, "team_id": TEAM, "app_id": APP, "bot_id": BOT}


def _fields(view: Mapping[str, Any]) -> set[tuple[str, str]]:
    inputs = (block for block in view["blocks"] if block["type"] == "input")
    return {(str(block.get("block_id")), str(block["element"].get("action_id"))) for block in inputs}


@dataclass(slots=True)
class Trigger:
    """What opens one modal for who caused it, within three seconds."""

    user: str
    at: datetime
    is_used: bool = False


def _people() -> list[SlackUser]:
    return [
        SlackUser("U0ANALYST", "Lynne Robbins", "lynner@contoso.com"),
        SlackUser("U0MEGAN", "Megan Bowen", "meganb@contoso.com"),
        SlackUser("U0DIEGO", "Diego Siciliani", "diegos@contoso.com"),
        SlackUser("U0ADELE", "Adele Vance", "adelev@contoso.com"),
        SlackUser("U0ALEX", "Alex Wilber", "alexw@contoso.com"),
        SlackUser("U0JONI", "Joni Sherman", "jonis@contoso.com"),
        SlackUser("U0GUEST", "Pradeep Gupta", "pradeepg@example.com", is_restricted=True),
        SlackUser("U0OUTSIDE", "Isaiah Langer", "isaiahl@fabrikam.com", team="T0FABRIKAM"),
        SlackUser("U0GONE", "Lee Gu", "leeg@contoso.com", deleted=True),
        SlackUser("U0OTHERBOT", "Deploys", is_bot=True),
        SlackUser("U0NOMAIL", "Nestor Wilke"),
        SlackUser(BOT_USER, BOT_NAME, is_bot=True),
    ]


class Workspace:
    """Everything Slack knows; the methods and the deliveries change it."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self.trigger_lives = timedelta(seconds=3)
        self.users = {user.id: user for user in _people()}
        team = {"U0ANALYST", "U0MEGAN", "U0DIEGO", "U0ADELE", "U0NOMAIL", BOT_USER}
        self.channels = {
            "C0APPROVE": SlackChannel("C0APPROVE", "id-approvals", set(team)),
            "C0INCIDENT": SlackChannel("C0INCIDENT", "incident-4711", {"U0ANALYST", BOT_USER}),
            "C0GENERAL": SlackChannel("C0GENERAL", "general", set(self.users) - {BOT_USER, "U0OUTSIDE", "U0GONE"}),
        }
        self.groups: dict[str, set[str]] = {"S0SOC": {"U0MEGAN", "U0DIEGO", "U0NOMAIL"}}
        self.group_names = {"S0SOC": "soc-approvers"}
        self.posted: list[Message] = []
        self.whispered: list[Message] = []
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self._numbers = itertools.count(1)

    def new_ts(self, now: datetime) -> str:
        """A ts is the second and a number that makes it unique."""
        return f"{int(now.timestamp())}.{next(self._numbers):06d}"

    def new_trigger(self, user: str, now: datetime) -> str:
        trigger = f"{int(now.timestamp())}.{next(self._numbers)}.{user.lower()}"
        self.triggers[trigger] = Trigger(user, now)
        return trigger

    def find(self, channel: str, ts: str) -> Message | None:
        return next((m for m in self.posted if (m.channel, m.ts) == (channel, ts) and not m.deleted), None)

    def dm_of(self, user: str) -> SlackChannel:
        channel = f"D0{user[1:]}"
        return self.channels.setdefault(channel, SlackChannel(channel, "", {user, BOT_USER}, is_im=True))

    def shares_channel(self, user: SlackUser) -> bool:
        """Whether an outsider is with the bot in a channel shared with their organisation."""
        return any(c.is_ext_shared and {user.id, BOT_USER} <= c.members for c in self.channels.values())

    def messages(self, channel: str) -> list[Message]:
        """The channel as people see it: oldest first, without threads and what was deleted."""
        return [m for m in self.posted if m.channel == channel and not m.thread_ts and not m.deleted]

    def thread(self, message: Message) -> list[Message]:
        return [m for m in self.posted if (m.channel, m.thread_ts) == (message.channel, message.ts) and not m.deleted]

    def ephemerals(self, user: str) -> list[Message]:
        return [m for m in self.whispered if m.ephemeral_to == user and not m.deleted]

    def dm(self, user: str) -> list[Message]:
        return self.messages(self.dm_of(user).id)

    def home(self, user: str) -> View | None:
        return self.homes.get(user)

    def modal(self, user: str) -> View | None:
        return self.views.get(user)

    def plain(self, shown: "Message | View | list[dict[str, Any]]") -> str:
        """All words as a person reads them, a line for each block."""
        match shown:
            case Message():
                blocks, text = shown.blocks, shown.text
            case View():
                blocks, text = shown.view["blocks"], str(shown.view.get("title", {"text": "Home"})["text"])
                return "\n".join([text, *(self._line(block) for block in blocks)])
            case _:
                blocks, text = shown, ""
        return "\n".join(self._line(block) for block in blocks) if blocks else self._read(text)

    def pings(self, message: Message) -> set[str]:
        """Who is really mentioned, people and groups: markup in mrkdwn only, never in plain text."""
        found: set[str] = set()
        for text in _mrkdwn(message.blocks) if message.blocks else [message.text]:
            found |= set(re.findall(r"<@([UW][A-Z0-9]+)", text)) | set(re.findall(r"<!subteam\^(S[A-Z0-9]+)", text))
            found |= {f"!{word}" for word in re.findall(r"<!(here|channel|everyone)", text)}
        return found

    def _line(self, block: Mapping[str, Any]) -> str:
        parts = [self._of(block[key]) for key in ("text", "label") if key in block]
        parts += [self._of(field) for field in block.get("fields", [])]
        for element in [*block.get("elements", []), *filter(None, [block.get("accessory"), block.get("element")])]:
            label = element.get("text")
            if element.get("type") == "button":
                parts.append(f"[{self._of(label)}]")
            elif isinstance(label, str):
                parts.append(self._of(element))
        return "---" if block.get("type") == "divider" else " ".join(parts)

    def _of(self, text: Mapping[str, Any]) -> str:
        return self._read(str(text["text"])) if text.get("type") == "mrkdwn" else str(text["text"])

    def _read(self, text: str) -> str:
        text = re.sub(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>", lambda m: "@" + self.user_name(m[1]), text)
        text = re.sub(r"<!subteam\^(S[A-Z0-9]+)>", lambda m: "@" + self.group_name(m[1]), text)
        text = re.sub(r"<#(C[A-Z0-9]+)>", lambda m: "#" + self.channel_name(m[1]), text)
        text = re.sub(r"<!date\^(\d+)\^([^>|^]*)[^>|]*\|[^>]*>", lambda m: self.date(int(m[1]), m[2]), text)
        text = re.sub(r"<!(here|channel|everyone)>", r"@\1", text)
        text = re.sub(r"<[a-z]+:[^>|]+\|([^>]+)>", r"\1", text)
        text = re.sub(r"[\u2066-\u2069]", "", text)
        return html.unescape(text).replace("*", "")

    def date(self, seconds: int, form: str) -> str:
        """Write a time as Slack does, here in UTC (docs.slack.dev/messaging/formatting-message-text)."""
        at, now = datetime.fromtimestamp(seconds, UTC), self._now()
        day = _day(at, now, begins=form.startswith("{date_short_pretty}"))
        return form.replace("{date_short_pretty}", day).replace("{time}", f"{at:%H:%M}")

    def user_name(self, user: str) -> str:
        return self.users[user].name if user in self.users else user

    def channel_name(self, channel: str) -> str:
        return self.channels[channel].name if channel in self.channels else channel

    def group_name(self, group: str) -> str:
        return self.group_names.get(group, group)


def _day(at: datetime, now: datetime, *, begins: bool) -> str:
    """Write the day as {date_short_pretty} does: near days have names, with a capital where they begin it."""
    away = (at.date() - now.date()).days
    name = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(away, f"{at:%b} {at.day}, {at.year}")
    return name.capitalize() if begins and away in {-1, 0, 1} else name


def _mrkdwn(thing: Any) -> list[str]:
    if isinstance(thing, Mapping):
        own = [str(thing["text"])] if thing.get("type") == "mrkdwn" else []
        return own + [text for value in thing.values() for text in _mrkdwn(value)]
    if isinstance(thing, list):
        return [text for one in thing for text in _mrkdwn(one)]
    return []
