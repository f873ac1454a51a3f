"""What may be told to a request: one frozen command each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.alert import Alert
from bot.core.decisions import Teams, Void
from bot.core.events import Why
from bot.core.findings import Elsewhere, Finding
from bot.core.ids import ChannelId, MessageTs, ObjectId, RequestId, SlackUserId
from bot.core.model import Asker, Lost, Receipt, Request, RiskySnapshot, Target
from bot.core.quorum import Panel
from bot.core.reasons import Blind
from bot.core.trouble import TroubleKind


@dataclass(frozen=True, slots=True)
class Ask:
    asker: Asker
    entries: tuple[str, ...]
    reason: str
    command: str
    unreadable: tuple[str, ...] = ()
    again_of: RequestId | None = None
    is_rehearsal: bool = False
    known_by: str = ""
    alert: Alert | None = None


def anew(request: Request, asker: Asker, user_ids: tuple[ObjectId, ...]) -> Ask:
    """Ask again for these users of a request, as it was asked before."""
    does = "rehearse " if request.is_rehearsal else ""
    return Ask(
        asker,
        user_ids,
        request.reason,
        f"/confirm-safe {does}{' '.join(user_ids)} {request.reason}",
        again_of=request.id,
        is_rehearsal=request.is_rehearsal,
        known_by=request.known_by,
        alert=request.alert,
    )


@dataclass(frozen=True, slots=True)
class FoundUsers:
    """The look-up is over; `elsewhere` holds the users who are in an open request already."""

    name: str
    targets: tuple[Target, ...]
    findings: tuple[Finding, ...]
    elsewhere: Mapping[ObjectId, Elsewhere] = field(default_factory=dict)
    blind: Blind = ""
    accounts: tuple[ObjectId, ...] = ()
    """Those of whoever asks."""


@dataclass(frozen=True, slots=True)
class Explain:
    """It was read, late, why users are at risk; or it turned out that it can't be."""

    why: Why
    updated: Mapping[ObjectId, datetime | None]
    """For which riskLastUpdatedDateTime it was read."""
    blind: Blind = ""


@dataclass(frozen=True, slots=True)
class PlaceUsers:
    """It was read anew which groups and roles users are not in, as far as the rules have to know."""

    not_in: Mapping[ObjectId, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class AskOthers:
    """The asker presses *Ask for the other n*."""

    elsewhere: Mapping[ObjectId, Elsewhere] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DontAsk:
    """Nothing will be asked for; only before it was shown."""

    why: str


@dataclass(frozen=True, slots=True)
class RecordShown:
    view: int
    channel: ChannelId
    ts: MessageTs
    digest: str
    lost: Lost = ""
    """What became of the message before, where this is another one."""


@dataclass(frozen=True, slots=True)
class Approve:
    by: SlackUserId
    name: str
    view: int
    email: str = ""
    accounts: tuple[ObjectId, ...] = ()
    """Theirs in Entra, where it is known."""
    teams: tuple[str, ...] = ()
    """The keys of the teams they are in."""
    leave_out: str = ""
    """The mark of those who look different, where they are to be left out."""
    panel: Panel = field(default_factory=Panel)
    """Those who approved before, and what the policy asks for."""
    rule: str = ""
    because: str = ""
    """Which rule decides and why, in a sentence."""
    policy: str = ""
    """The policy's digest."""


@dataclass(frozen=True, slots=True)
class Deny:
    by: SlackUserId
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Whoever asked takes it back."""

    by: SlackUserId


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody who may wants nobody else to be sent."""

    by: SlackUserId


@dataclass(frozen=True, slots=True)
class Rehearse:
    """A rehearsal has come to where the others are sent."""


@dataclass(frozen=True, slots=True)
class ReportMistake:
    """Somebody who may says that what was sent ought not to have been."""

    by: SlackUserId
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Expire:
    """The time to decide is over, for this view."""

    view: int


@dataclass(frozen=True, slots=True)
class Judge:
    """What was read of everybody who waits to be sent; `missing` have no risk record any more."""

    seen: tuple[RiskySnapshot, ...]
    missing: tuple[ObjectId, ...] = ()
    void: Mapping[SlackUserId, Void] = field(default_factory=dict)
    """Whose approval counts no longer, and why."""
    is_short: bool = False
    """Whether the policy asks for more approvals than there are."""
    teams: Teams = field(default_factory=dict)
    """The keys of the teams that those whose approval counts are in."""
    follow_up: RequestId | None = None
    """The id for a request of those whose risk rose, should there be one."""
    why: Why = field(default_factory=dict)
    """Why they are at risk now, of those about whom something is new since they were shown."""
    unexplained: frozenset[ObjectId] = frozenset()
    """Those of whom something is new, and nobody could read what."""
    blind: Blind = ""
    """What keeps the reasons from being read, where they are missing."""


@dataclass(frozen=True, slots=True)
class BeginSend:
    user_ids: tuple[ObjectId, ...]
    seen: tuple[RiskySnapshot, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordRecurrence:
    """What was read of users some time after they were confirmed safe, and why they are at risk."""

    snapshots: tuple[RiskySnapshot, ...]
    why: Why = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LookAgain:
    """A day later: what Graph shows now of those who were not seen safe; `missing` have no risk record."""

    snapshots: tuple[RiskySnapshot, ...]
    missing: tuple[ObjectId, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordAccepted:
    user_ids: tuple[ObjectId, ...]
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class RecordRefused:
    user_ids: tuple[ObjectId, ...]
    receipt: Receipt
    roles: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RecordFailed:
    user_ids: tuple[ObjectId, ...]
    kind: TroubleKind
    receipt: Receipt | None = None
    code: str = ""
    is_ahead: bool = False
    """Whether nothing was called yet: it says nothing of those who are on their way by now."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What Graph shows now of users that were sent; `missing` have no risk record."""

    snapshots: tuple[RiskySnapshot, ...]
    missing: tuple[ObjectId, ...] = ()
    unread: tuple[ObjectId, ...] = ()
    """Users of whom Graph would not tell."""
    unseen: tuple[ObjectId, ...] = ()
    """Users whose last reading is over and told nothing of them."""


@dataclass(frozen=True, slots=True)
class Lapse:
    """`SEND_WITHIN` is over."""


Command = (
    Ask
    | FoundUsers
    | Explain
    | PlaceUsers
    | AskOthers
    | DontAsk
    | RecordShown
    | Approve
    | Deny
    | Withdraw
    | Stop
    | Rehearse
    | ReportMistake
    | Expire
    | Judge
    | BeginSend
    | LookAgain
    | RecordRecurrence
    | RecordAccepted
    | RecordRefused
    | RecordFailed
    | ReadBack
    | Lapse
)
