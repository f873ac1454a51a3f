"""What arrived at the Graph look-alike, counted and timed for tests and benches."""

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import Literal, NamedTuple

from demo.graph import memberships, routes
from demo.wire import Call

Kind = Literal["confirmSafe", "riskyUsers", "riskyUser", "riskDetections", "users", "memberships", "groups", "other"]
PACED: frozenset[Kind] = frozenset({"confirmSafe", "riskyUsers", "riskyUser", "riskDetections"})
"""What shares one request a second: identity protection and conditional access (Graph's throttling limits)."""


class Counted(NamedTuple):
    """One call; it has no status while it is not answered, and none ever if the connection broke."""

    at: datetime
    method: str
    kind: Kind
    """riskyUsers is a page of the list, riskyUser a single one."""
    status: int | None


def kind_of(path: str) -> Kind:
    if path == routes.CONFIRM_SAFE:
        return "confirmSafe"
    if path == routes.RISKY:
        return "riskyUsers"
    if path == routes.DETECTIONS:
        return "riskDetections"
    if routes.ONE_RISKY.fullmatch(path):
        return "riskyUser"
    if memberships.CHECK_GROUPS.fullmatch(path) or memberships.ROLES_OF.fullmatch(path):
        return "memberships"
    if memberships.ONE_GROUP.fullmatch(path):
        return "groups"
    return "users" if path == routes.USERS or routes.ONE_USER.fullmatch(path) else "other"


def is_paced(call: Call) -> bool:
    """Whether a call to any of the vendors shares Graph's one request a second."""
    return call.to == "graph" and kind_of(call.name.partition(" ")[2]) in PACED


def counted(calls: Iterable[Call]) -> list[Counted]:
    """Pick out the calls to Graph, in order of arrival."""
    return [
        Counted(call.moment, call.method, kind_of(call.name.partition(" ")[2]), call.status)
        for call in calls
        if call.to == "graph" and call.moment is not None
    ]


def seconds_between(calls: Iterable[Counted]) -> list[float]:
    times = [call.at for call in calls if call.kind in PACED]
    return [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
