"""What users at risk share: one network or one kind of detection since some time, as after a change of a VPN."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.core.detections import words_of
from bot.core.ids import ObjectId
from bot.core.model import RiskySnapshot
from bot.core.reasons import Reason

Kind = Literal["network", "detection"]
SPANS = (timedelta(hours=1), timedelta(hours=4), timedelta(days=1), timedelta(days=7))
STEP = timedelta(minutes=15)
"""A group's time begins on a quarter of an hour, so that it means the same a minute later."""
_FEWEST = 2
_MAX_VALUE = 150
"""Characters of an option's value (docs.slack.dev/reference/block-kit/composition-objects/option-object)."""


@dataclass(frozen=True, slots=True)
class Group:
    """Users who share something; each of whom nothing else is claimed."""

    kind: Kind
    name: str
    """A network such as 198.51.100.0/24, or a detection as Entra's portal calls it."""
    since: datetime | None
    """None: whenever."""
    users: tuple[RiskySnapshot, ...]

    @property
    def ids(self) -> tuple[ObjectId, ...]:
        return tuple(user.user_id for user in self.users)

    @property
    def value(self) -> str:
        """Names the group and who is in it: whoever chooses it gets exactly those whom its count was about."""
        since = int(self.since.timestamp()) if self.since else 0
        mark = hashlib.sha256("\n".join(sorted(self.ids)).encode()).hexdigest()[:24]
        return f"{self.kind}|{since}|{mark}|{self.name}"


def groups(
    users: Sequence[RiskySnapshot], why: Mapping[ObjectId, tuple[Reason, ...]], now: datetime
) -> tuple[Group, ...]:
    """All groups of at least two, the largest first; of equal ones that with the shortest time only."""
    found: list[Group] = []
    having: dict[tuple[Kind, str], list[RiskySnapshot]] = {}
    for user in users:
        for trait in dict.fromkeys(_traits(why.get(user.user_id, ()))):
            having.setdefault(trait, []).append(user)
    for kind, name in sorted(having):
        last: tuple[RiskySnapshot, ...] = ()
        for since in (*(_quarter(now - span) for span in SPANS), None):
            # Of those alone who have it at all: looking through everybody for each would take seconds.
            group = Group(kind, name, since, _having(having[kind, name], why, kind, name, since))
            if len(group.users) >= _FEWEST and group.users != last and len(group.value) <= _MAX_VALUE:
                found.append(group)
            last = group.users
    return tuple(sorted(found, key=lambda one: (-len(one.users), one.kind, one.name)))


def again(
    value: str, users: Sequence[RiskySnapshot], why: Mapping[ObjectId, tuple[Reason, ...]]
) -> tuple[ObjectId, ...] | None:
    """The users of a group that was shown, found anew; None where they are others by now, or it is no group."""
    kind, _, rest = value.partition("|")
    since, _, rest = rest.partition("|")
    name = rest.partition("|")[2]
    if kind not in {"network", "detection"} or not since.isdecimal() or not name:
        return None
    at = datetime.fromtimestamp(int(since), UTC) if int(since) else None
    of: Kind = "network" if kind == "network" else "detection"
    group = Group(of, name, at, _having(users, why, of, name, at))
    return group.ids if group.users and group.value == value else None


def _having(
    users: Iterable[RiskySnapshot],
    why: Mapping[ObjectId, tuple[Reason, ...]],
    kind: Kind,
    name: str,
    since: datetime | None,
) -> tuple[RiskySnapshot, ...]:
    return tuple(user for user in users if any(_fits(one, kind, name, since) for one in why.get(user.user_id, ())))


def _fits(reason: Reason, kind: Kind, name: str, since: datetime | None) -> bool:
    if (kind, name) not in set(_traits([reason])):
        return False
    # Of several detections it is known when the newest was, but not which of them came from where.
    at = reason.began if kind == "network" and len(reason.came_from) > 1 else reason.at
    return since is None or (at is not None and at >= since)


def _traits(reasons: Iterable[Reason]) -> Iterable[tuple[Kind, str]]:
    for reason in reasons:
        yield "detection", words_of(reason.type)
        yield from (("network", origin.network) for origin in reason.came_from if origin.network)


def _quarter(at: datetime) -> datetime:
    return datetime.fromtimestamp(at.timestamp() // STEP.total_seconds() * STEP.total_seconds(), UTC)
