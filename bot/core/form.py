"""What somebody filled into the form, and what it asks for: or everything that is wrong with it, field by field."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot.core.alert import Alert
from bot.core.commands import Ask
from bot.core.ids import ChannelId, SlackUserId
from bot.core.model import MAX_USERS, Asker
from bot.core.named import Named
from bot.core.parsing import MAX_REASON
from bot.core.pasted import pasted

Field = Literal["users", "shared", "pasted", "reason", "known_by"]
KNOWN_BY = ("phone", "in_person", "known_network", "known_device", "other")
"""Mail and chat are not among them: whoever has taken the account answers there too."""
REMARK = "-"
"""The value of an option that names nobody but says why there is none."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Who opens the form, and where."""

    by: SlackUserId
    channel: ChannelId
    """Empty where it was opened from nowhere."""
    alert: Alert | None = None
    named: Named | None = None
    """What the alert names; nothing of it is ticked."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The form as it was sent."""

    asker: Asker
    users: tuple[str, ...] = ()
    """Object ids that were chosen or ticked."""
    shared: tuple[str, ...] = ()
    """The values of groups."""
    pasted: str = ""
    reason: str = ""
    known_by: str = ""
    is_rehearsal: bool = False
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong with one field."""

    field: Field
    kind: Literal[
        "remark", "gone", "reading", "unreadable", "no_users", "too_many", "no_reason", "too_long", "unknown"
    ]
    entries: tuple[str, ...] = ()
    count: int = 0
    """For unreadable the ids that were read, for too_many the users, for too_long the characters."""


def read(filled: Filled, shared: Iterable[str]) -> Ask | tuple[FieldProblem, ...]:
    """Read the form; `shared` are the users of the groups."""
    entries, strangers = pasted(filled.pasted)
    picked = [user for user in filled.users if user != REMARK]
    ids = tuple(dict.fromkeys([*picked, *shared, *(_typed(e.kind, e.value) for e in entries)]))
    reason = " ".join(filled.reason.split())
    problems = tuple(_problems(filled, ids, len(entries), strangers, reason))
    if problems:
        return problems
    does = "rehearse " if filled.is_rehearsal else ""
    return Ask(
        filled.asker,
        ids,
        reason,
        f"/confirm-safe {does}{' '.join(ids)} {reason}",
        is_rehearsal=filled.is_rehearsal,
        known_by=filled.known_by,
        alert=filled.alert,
    )


def _typed(kind: str, value: str) -> str:
    return f"<@{value}>" if kind == "mention" else value


def _problems(
    filled: Filled, ids: tuple[str, ...], n_pasted: int, strangers: tuple[str, ...], reason: str
) -> Iterable[FieldProblem]:
    if REMARK in filled.users:
        yield FieldProblem("users", "remark")
    if REMARK in filled.shared:
        yield FieldProblem("shared", "remark")
    if strangers:
        yield FieldProblem("pasted", "unreadable", strangers, n_pasted)
    elif not ids and REMARK not in (*filled.users, *filled.shared) and not filled.shared:
        yield FieldProblem("users", "no_users")
    if len(ids) > MAX_USERS:
        yield FieldProblem(
            "pasted" if n_pasted else "shared" if filled.shared else "users", "too_many", count=len(ids)
        )
    if not reason:
        yield FieldProblem("reason", "no_reason")
    if len(reason) > MAX_REASON:
        yield FieldProblem("reason", "too_long", count=len(reason))
    if filled.known_by not in KNOWN_BY:
        yield FieldProblem("known_by", "unknown")
