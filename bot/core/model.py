"""The nouns: a request, its users, what Graph said of them, and the people who ask and decide."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

from bot.core.alert import Alert
from bot.core.decisions import Decision, Reopened
from bot.core.findings import Finding
from bot.core.ids import ChannelId, MessageTs, ObjectId, RequestId, Sendable, SlackUserId
from bot.core.levels import rank_of
from bot.core.reasons import Blind, Reason
from bot.core.trouble import Trouble

MAX_USERS = 500
"""Users one request may hold."""
MAX_USERS_A_CALL = 60
"""Users one confirmSafe carries: Graph documents 60 for the beta `dismiss` and nothing for confirmSafe."""
MAX_USERS_SHOWN = 20
"""Above this the message can't show everybody, so the approval is given in the review modal."""

State = Literal[
    "looking_up",
    "pending",
    "not_asked",
    "approved",
    "denied",
    "withdrawn",
    "expired",
    "stopped",
    "sent",
    "confirmed",
    "partly_confirmed",
    "not_confirmed",
    "accepted_unseen",
    "unknown",
    "rehearsed",
]
OPEN: frozenset[State] = frozenset({"looking_up", "pending", "approved", "sent"})
FINAL: frozenset[State] = frozenset(get_args(State)) - OPEN

Progress = Literal[
    "waiting",  # nothing sent yet
    "practised",  # of a rehearsal: never sent, as nobody is who does not wait for it
    "attempted",  # recorded as about to be sent; without an answer it is not known whether Graph took it
    "accepted",  # Graph answered 204
    "confirmed",  # read back as safe after the 204
    "refused",  # Graph answered 4xx: nothing was changed
    "not_sent",  # the approval lapsed before this user's call, others of the request were sent
    "voided",  # likewise, but whoever approved turned out to be at risk
    "stopped",  # somebody stopped it before this user was sent
    "left_out",  # no longer at risk, deleted or without a record, when it was about to be sent
    "spared",  # left out by whoever approved the others: stays at risk
    "moved",  # the risk rose after the approval: asked for anew in a request of its own
    "unchanged",  # accepted, but 15 minutes later still at risk and not processing
    "unseen",  # accepted, but 15 minutes later still processing
    "risky_again",  # accepted, and at risk again since
    "unknown",  # sent, and reading back did not settle it
]


@dataclass(frozen=True, slots=True)
class RiskySnapshot:
    """What Graph said of one riskyUser at one moment; enum members are kept as the strings that came."""

    user_id: ObjectId
    display_name: str
    upn: str
    level: str
    state: str
    read_at: datetime
    last_updated: datetime | None = None
    detail: str = ""
    is_deleted: bool = False
    is_processing: bool = False

    @property
    def is_at_risk(self) -> bool:
        """Whether confirming safe would change anything: anything but a known end of the risk counts."""
        return self.state not in {"none", "confirmedSafe", "remediated", "dismissed"}

    @property
    def is_safe(self) -> bool:
        """Whether the risk is gone; a level of none beside a state that is at risk proves nothing."""
        return self.state == "confirmedSafe" or (self.level == "none" and not self.is_at_risk)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What Graph answered to one call, for the record and for Microsoft's support."""

    status: int
    code: str = ""
    request_id: str = ""
    client_request_id: str = ""
    date: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """One user of a request: what was shown of them and how far they are."""

    shown: RiskySnapshot
    addresses: tuple[str, ...] = ()
    not_in: tuple[str, ...] = ()
    """Groups and roles, as the rules name them, that Entra said they are not in; of others it is not known."""
    progress: Progress = "waiting"
    spared_by: SlackUserId | None = None
    attempts: int = 0
    accepted_at: datetime | None = None
    receipt: Receipt | None = None
    was: RiskySnapshot | None = None
    """What an earlier approval saw, where the risk has risen since."""
    why: tuple[Reason, ...] | None = None
    """Why they are at risk, the most serious first; None where that could not be read."""
    knew: tuple[Reason, ...] | None = None
    """The reasons that an earlier approval saw, where the risk has risen since."""
    sent_as: RiskySnapshot | None = None
    """What was read just before the last attempt."""
    last_read: RiskySnapshot | None = None
    is_missing: bool = False
    """Whether Entra had no risk record of them when they were last looked for."""
    doubted_at: datetime | None = None
    """When it became unclear whether Graph took the last attempt."""
    doubt_read_at: datetime | None = None
    """When it was last read back since then."""
    was_doubted: bool = False
    """Whether it was ever unclear if Graph took it: then nobody can say that nothing was changed."""
    doubtful_reads: int = 0
    """Read-backs since then that settled nothing."""
    unchanged_reads: int = 0
    """Those of them that found the user just as it was shown."""
    recurred: RiskySnapshot | None = None
    """What was read of them when they were at risk again after they had been confirmed safe."""
    recurred_why: tuple[Reason, ...] = ()
    unread_since: datetime | None = None
    """When Graph first would not tell of them, if it has not told since."""

    @property
    def user_id(self) -> ObjectId:
        return self.shown.user_id

    @property
    def names(self) -> tuple[str, ...]:
        """Every UPN and e-mail address that means this user, in lower case."""
        return (self.shown.upn.casefold(), *self.addresses)

    @property
    def name(self) -> str:
        return self.shown.display_name or self.shown.upn or self.shown.user_id


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and where they typed it."""

    id: SlackUserId
    channel: ChannelId
    name: str = ""
    """The name people see; empty until it was looked up."""
    accounts: tuple[ObjectId, ...] = ()
    """Theirs in Entra, as far as they are known: two Slack users may be one person."""


Lost = Literal["", "deleted", "unchangeable"]
"""What became of a message that another one continues."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to confirm users safe, folded from its events."""

    id: RequestId
    version: int
    state: State
    asker: Asker
    entries: tuple[str, ...]
    """Object ids and UPNs in lower case, Slack mentions as <@U…>."""
    reason: str
    command: str
    """The whole command, for echoing it."""
    asked_at: datetime
    unreadable: tuple[str, ...] = ()
    """What stood among the ids and is none, as typed."""
    targets: tuple[Target, ...] = ()
    findings: tuple[Finding, ...] = ()
    left_out: tuple[Finding, ...] = ()
    why_not_asked: str = ""
    open_until: datetime | None = None
    view: int = 0
    """How often it was made ready to be shown."""
    shown_users: tuple[ObjectId, ...] = ()
    """Those that its newest view shows."""
    shown_view: int = 0
    """The newest view that Slack has taken."""
    channel: ChannelId | None = None
    ts: MessageTs | None = None
    lost: Lost = ""
    """What became of its message before this one."""
    times_lost: int = 0
    approvals: tuple[Decision, ...] = ()
    """Those given for what it shows, the oldest first."""
    struck: tuple[Decision, ...] = ()
    """Those of them that count no longer."""
    decision: Decision | None = None
    """What ended the waiting: the approval that made them enough, or the denial."""
    trouble: Trouble | None = None
    blind: Blind = ""
    """What kept the reasons from being read, where some are missing."""
    explained_view: int = 0
    """The view with which the reasons came in, where they came late."""
    reopened: Reopened = ""
    """Why it waits for a decision again."""
    rounds: int = 0
    """How often it went back to waiting after an approval."""
    last_decision: Decision | None = None
    """The decision that no longer counts."""
    stopped: Decision | None = None
    mistake: Decision | None = None
    """Who said that it was a mistake, when and why."""
    ended_at: datetime | None = None
    again_of: RequestId | None = None
    """The request that this one asks again for."""
    is_rehearsal: bool = False
    """Whether it is for practice: everything but the call."""
    known_by: str = ""
    alert: Alert | None = None

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def highest(self) -> Target:
        """The user with the most serious risk level; the first of several."""
        return max(self.targets, key=lambda target: rank_of(target.shown.level))

    @property
    def asked_for(self) -> tuple[Target, ...]:
        """The users that are to be confirmed: without those left out or asked for anew meanwhile."""
        return tuple(t for t in self.targets if t.progress not in {"left_out", "moved", "spared"})

    @property
    def as_shown(self) -> tuple[Target, ...]:
        """The users as its newest view shows them: which rule decides doesn't change with who is set aside since."""
        chosen = frozenset(self.shown_users)
        shown = (t for t in self.targets if t.user_id in chosen) if chosen else self.asked_for
        return tuple(replace(t, shown=t.was) if t.progress == "moved" and t.was else t for t in shown)

    @property
    def is_approved(self) -> bool:
        """Whether an approval is being carried out."""
        return self.state in {"approved", "sent"}

    @property
    def is_blind(self) -> bool:
        """Whether of some it is not shown why they are at risk."""
        return any(target.why is None for target in self.asked_for)

    @property
    def sendable(self) -> tuple[Sendable, ...]:
        """Those who wait to be sent: the only source of ids for a call."""
        return tuple(Sendable(target.user_id) for target in self.having("waiting"))

    def having(self, *progress: Progress) -> tuple[Target, ...]:
        """The users who are exactly this far."""
        return tuple(target for target in self.targets if target.progress in progress)
