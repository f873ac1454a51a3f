"""What Graph made of a call that sends users, and what that means for each request that had users in it."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.commands import Command, RecordAccepted, RecordFailed, RecordRefused
from bot.core.ids import ObjectId
from bot.core.model import Receipt
from bot.core.trouble import TroubleKind
from bot.errors import (
    Forbidden,
    GraphError,
    NotSent,
    Rejected,
    SignInFailed,
    Throttled,
    TooLate,
    Unauthorized,
    Unavailable,
)

BISECTED = frozenset({400, 404})
"""Statuses by which Graph may mean single ids of a batch."""

Users = tuple[ObjectId, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: `error` is None for a 204."""

    error: SignInFailed | GraphError | None
    receipt: Receipt

    @property
    def is_about_ids(self) -> bool:
        """Whether some of the users may be the cause, so that the others can still be sent."""
        return isinstance(self.error, Rejected) and self.receipt.status in BISECTED

    @property
    def says_who(self) -> bool:
        """Whether it says of the users that they were taken, or that some are the cause of a refusal."""
        return self.error is None or self.is_about_ids

    def of(self, users: Users, *, is_alone: bool) -> Command:
        """What it means for some of the users; `is_alone` where nobody else was in the call."""
        if self.error is None:
            return RecordAccepted(users, self.receipt)
        if self.is_about_ids and not is_alone:
            return RecordFailed(users, "bisecting", self.receipt, self.receipt.code)
        return troubled(self.error)(users)


def troubled(error: SignInFailed | GraphError) -> Callable[[Users], Command]:
    """Name what an error means for users who were to be sent."""
    if isinstance(error, SignInFailed):
        kind: TroubleKind = "unreachable" if error.is_transient and not error.code else "sign_in"
        return lambda users: RecordFailed(users, kind, code=error.code)
    receipt = error.receipt
    match error:
        case Throttled():
            return lambda users: RecordFailed(users, "throttled", receipt)
        case TooLate():
            return lambda users: RecordFailed(users, "late", receipt)
        case NotSent() | Unavailable():
            return lambda users: RecordFailed(users, "unreachable", receipt)
        case Unauthorized():
            return lambda users: RecordFailed(users, "sign_in", receipt, "401")
        case Forbidden(roles=roles):
            known = tuple(sorted(roles)) if roles is not None else None
            return lambda users: RecordRefused(users, receipt, known)
        case Rejected():
            return lambda users: RecordRefused(users, receipt)
        case _:
            return lambda users: RecordFailed(users, "unclear", receipt)
