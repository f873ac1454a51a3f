"""What happened to a request, one frozen record each, and how each moves it: the fold that is the state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.alert import Alert
from bot.core.decisions import Teams, Void
from bot.core.findings import Finding
from bot.core.ids import ChannelId, MessageTs, ObjectId, RequestId, SlackUserId
from bot.core.model import Asker, Lost, RiskySnapshot, State, Target
from bot.core.reasons import Blind
from bot.core.sending_events import (
    Accepted,
    Attempted,
    CallFailed,
    Doubted,
    GaveUp,
    LookedAgain,
    Recurred,
    Refused,
    Released,
    Reread,
    SendingEvent,
    SetAside,
    Taken,
    Unread,
    Verified,
    Why,
)

__all__ = [
    "Accepted",
    "Approved",
    "Asked",
    "Attempted",
    "CallFailed",
    "ClickRefused",
    "Denied",
    "Doubted",
    "Drifted",
    "Ended",
    "Event",
    "Expired",
    "Explained",
    "Found",
    "GaveUp",
    "Lapsed",
    "LookedAgain",
    "Mistaken",
    "NotAsked",
    "Opened",
    "Placed",
    "Recurred",
    "Refused",
    "Released",
    "Reread",
    "SendingEvent",
    "SetAside",
    "Shown",
    "Stopped",
    "Taken",
    "Unread",
    "Verified",
    "Voided",
    "Why",
    "Withdrawn",
]


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asked; nothing is known of the users yet."""

    asker: Asker
    entries: tuple[str, ...]
    reason: str
    command: str
    unreadable: tuple[str, ...] = ()
    again_of: RequestId | None = None
    is_rehearsal: bool = False
    known_by: str = ""
    """How the asker knows, as the form names it; empty where nobody said."""
    alert: Alert | None = None
    """The message it was asked from."""


@dataclass(frozen=True, slots=True)
class Found:
    """Entra was read: who can be asked for, and what is to say of the rest."""

    name: str
    targets: tuple[Target, ...]
    findings: tuple[Finding, ...]
    blind: Blind = ""
    accounts: tuple[ObjectId, ...] = ()
    """Those of whoever asks, as far as they are known."""


@dataclass(frozen=True, slots=True)
class Explained:
    """It was read why users are at risk, after the request was shown without."""

    why: Why
    blind: Blind = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """What users are not in, of what the rules have to know, turned out to be something else than before."""

    not_in: Mapping[ObjectId, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Opened:
    """It waits for a decision, as a new view."""

    open_until: datetime
    left_out: tuple[Finding, ...] = ()
    keeps_approvals: bool = False
    """Whether those given before count on: it shows nothing that they have not seen."""


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Nothing was asked for; `why` says on what ground."""

    why: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Slack took this view; `digest` is the SHA-256 of the blocks it showed."""

    view: int
    channel: ChannelId
    ts: MessageTs
    digest: str
    lost: Lost = ""
    """What became of the message that this one continues."""


@dataclass(frozen=True, slots=True)
class Approved:
    """Somebody whom the policy allows said yes to exactly this view, but for those they left out.

    With `is_last` the approvals are as many as the rule asks for.
    """

    by: SlackUserId
    name: str
    view: int
    email: str = ""
    accounts: tuple[ObjectId, ...] = ()
    """Theirs in Entra, where it was known."""
    left_out: tuple[ObjectId, ...] = ()
    is_last: bool = True
    teams: tuple[str, ...] = ()
    """The keys of the teams they were in."""
    others: Teams = field(default_factory=dict)
    """Those of the teams that each of the others who approved was in by then, as far as they were looked up."""
    rule: str = ""
    because: str = ""
    """Which rule decided and why, in a sentence."""
    policy: str = ""
    """The digest of the policy that was in force; empty without a policy file."""


@dataclass(frozen=True, slots=True)
class Denied:
    by: SlackUserId
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Whoever asked took it back before anybody decided."""

    by: SlackUserId


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody stopped it: these users are not sent any more."""

    by: SlackUserId
    user_ids: tuple[ObjectId, ...]


@dataclass(frozen=True, slots=True)
class Expired:
    """Nobody decided in time."""


@dataclass(frozen=True, slots=True)
class Drifted:
    """The risk of all who were left rose since it was approved: the approval counts no longer."""

    seen: tuple[RiskySnapshot, ...]
    why: Why = field(default_factory=dict)
    """Why they are at risk now, where that was read again."""
    blind: Blind = ""
    """What kept it from being read, where it was not."""


@dataclass(frozen=True, slots=True)
class Voided:
    """An approval counts no longer: who gave it is at risk in Entra, or may not approve any more.

    Or, without anybody's name, there are fewer of them than the policy asks for now.
    """

    why: Void = "at_risk"
    by: SlackUserId | None = None
    others: Teams = field(default_factory=dict)
    """The keys of the teams that each of those whose approval counts on was in by then."""


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The approval could not be sent in time and no longer counts."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Every user is settled."""

    state: State


@dataclass(frozen=True, slots=True)
class Mistaken:
    """Somebody says that what was sent ought not to have been: said once, and nothing is undone by it."""

    by: SlackUserId
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ClickRefused:
    """Somebody tried what they may not, or what no longer decides anything."""

    by: SlackUserId
    action: str
    why: str
    view: int = 0
    ref: str = ""
    """What the person was given to quote, where they were."""


Event = (
    SendingEvent
    | Asked
    | Found
    | Explained
    | Placed
    | Opened
    | NotAsked
    | Shown
    | Approved
    | Denied
    | Withdrawn
    | Stopped
    | Expired
    | Drifted
    | Voided
    | Lapsed
    | Ended
    | Mistaken
    | ClickRefused
)
