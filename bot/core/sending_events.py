"""What happens to the users of an approved request, from the call on: one frozen record each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.core.decisions import Void
from bot.core.ids import ObjectId, RequestId, SlackUserId
from bot.core.model import Receipt, RiskySnapshot
from bot.core.reasons import Blind, Reason
from bot.core.trouble import TroubleKind

Why = Mapping[ObjectId, tuple[Reason, ...]]


@dataclass(frozen=True, slots=True)
class Attempted:
    """These users are about to be sent: recorded before the call, so that no crash can hide it."""

    user_ids: tuple[ObjectId, ...]
    seen: tuple[RiskySnapshot, ...] = ()
    """What was read just before of those about whom something had changed since it was noted last."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """Read just before sending: some are no longer at risk, and the risk of some rose since it was approved."""

    left_out: tuple[ObjectId, ...] = ()
    drifted: tuple[RiskySnapshot, ...] = ()
    follow_up: RequestId | None = None
    """The request in which those whose risk rose are asked for anew."""
    why: Why = field(default_factory=dict)
    """Why they are at risk now, where that was read again."""
    blind: Blind = ""
    seen: tuple[RiskySnapshot, ...] = ()
    """What was read of those left out."""
    missing: tuple[ObjectId, ...] = ()
    """Those of them who have no risk record any more."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Graph answered 204."""

    user_ids: tuple[ObjectId, ...]
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Refused:
    """Graph answered 4xx: nothing was changed for these users, and it isn't tried again."""

    user_ids: tuple[ObjectId, ...]
    receipt: Receipt
    roles: tuple[str, ...] | None = None
    """The permissions the token showed, where it could be read."""


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A call brought no answer to act on: these users wait, or with `unclear` are in doubt."""

    user_ids: tuple[ObjectId, ...]
    kind: TroubleKind
    receipt: Receipt | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Doubted:
    """A read-back after a doubtful send that settled nothing; `missing` are those without a record."""

    snapshots: tuple[RiskySnapshot, ...]
    missing: tuple[ObjectId, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """Reading back showed that Graph took a doubtful send after all."""

    snapshots: tuple[RiskySnapshot, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """Graph would not tell of these users, who were to be read back; only the first time in a row."""

    user_ids: tuple[ObjectId, ...]


@dataclass(frozen=True, slots=True)
class Reread:
    """Graph tells of them again."""

    user_ids: tuple[ObjectId, ...]


@dataclass(frozen=True, slots=True)
class Released:
    """Unchanged in two read-backs after a doubtful send: may be sent once more."""

    user_ids: tuple[ObjectId, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """Read back as safe after Graph accepted them."""

    snapshots: tuple[RiskySnapshot, ...]


@dataclass(frozen=True, slots=True)
class GaveUp:
    """Waiting for these users ended without seeing them safe."""

    user_ids: tuple[ObjectId, ...]
    progress: Literal["unchanged", "unseen", "risky_again", "unknown", "not_sent", "voided"]
    snapshots: tuple[RiskySnapshot, ...] = ()
    void: Void = "at_risk"
    """For voided: why an approval counts no longer."""
    by: SlackUserId | None = None
    """For voided: whose, if it is about somebody's."""


@dataclass(frozen=True, slots=True)
class LookedAgain:
    """A last look, a day after it ended without everybody seen safe; it changes no state.

    Who is in neither could not be read.
    """

    snapshots: tuple[RiskySnapshot, ...]
    missing: tuple[ObjectId, ...] = ()
    """Those without a risk record."""


@dataclass(frozen=True, slots=True)
class Recurred:
    """Users who were confirmed safe are at risk again, by a risk that came after: it changes no state."""

    snapshots: tuple[RiskySnapshot, ...]
    why: Why = field(default_factory=dict)
    """Why they are at risk now, as far as it was read."""


SendingEvent = (
    Attempted
    | SetAside
    | Accepted
    | Refused
    | CallFailed
    | Doubted
    | Taken
    | Unread
    | Reread
    | Released
    | Verified
    | GaveUp
    | LookedAgain
    | Recurred
)
