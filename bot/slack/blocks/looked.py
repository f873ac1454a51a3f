"""What a reading showed of users, each called what it is: safe, no longer at risk, deleted, without a record."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from bot.core.ids import SlackUserId
from bot.core.model import Request, RiskySnapshot, Target
from bot.slack.blocks import people, words

_SAFE = "confirmedSafe"
_MOST_STATES = 3
_MOST, _MOST_OF_SEVERAL = 4, 2
_MAX_NAME = 70

# In the order they are told: after "left out", of one, of several.
_LEFT_OUT = {
    "over": ("no longer at risk", "is no longer at risk", "are no longer at risk"),
    "deleted": ("deleted", "is deleted", "are deleted"),
    "missing": (
        "without a risk record any more",
        "has no risk record any more",
        "have no risk record any more",
    ),
    # The record of an earlier version does not say which.
    "untold": (
        "with nothing to confirm any more",
        "had nothing to confirm any more",
        "had nothing to confirm any more",
    ),
}
_LAST_LOOK = {
    "safe": ("is safe now in Entra", "are safe now in Entra"),
    "over": ("is no longer at risk in Entra", "are no longer at risk in Entra"),
    "deleted": ("is deleted in Entra", "are deleted in Entra"),
    "missing": ("has no risk record in Entra any more", "have no risk record in Entra any more"),
    "at risk": (
        "is still at risk: look at the account in Entra",
        "are still at risk: look at the accounts in Entra",
    ),
    "unread": (
        "could not be read: look at the account in Entra",
        "could not be read: look at the accounts in Entra",
    ),
}


def confirmed_safe(request: Request) -> tuple[Target, ...]:
    """Those of whom Entra itself says, after the call, that they were confirmed safe."""
    return tuple(t for t in request.having("confirmed") if not _is_gone(t))


def no_longer_at_risk(request: Request) -> tuple[Target, ...]:
    """Those whose risk ended after the call in another way: somebody dismissed it, or they remediated."""
    return tuple(t for t in request.having("confirmed") if _is_gone(t))


def _is_gone(target: Target) -> bool:
    return target.last_read is not None and target.last_read.state != _SAFE


def why_left_out(target: Target) -> str:
    """What was read of somebody who was left out before sending: "no longer at risk", "deleted"."""
    return _LEFT_OUT[_why_left_out(target)][0]


def safe_or_gone(target: Target) -> str:
    """What reading back showed of somebody who is at risk no more; only who Entra says is safe is called so."""
    return f"No longer at risk ({_states([target])})" if _is_gone(target) else "Confirmed safe"


def result(request: Request, most: int = 0) -> str:
    """How many are safe, and by what: "2 of 3 confirmed safe; for 1 the risk is gone (dismissed)"."""
    safe, total = len(confirmed_safe(request)), len(request.targets)
    told = [f"{safe} of {total} confirmed safe"] if safe else []
    return "; ".join([*told, *filter(None, [gone(request, most)])])


def gone(request: Request, most: int = 0) -> str:
    """Of how many the risk is gone in another way, and how; with the names of so many, unless it is everybody."""
    found, total = no_longer_at_risk(request), len(request.targets)
    if not found:
        return ""
    names = f": {people.names(found, most, _MAX_NAME)}" if most and len(found) < total else ""
    of = "" if confirmed_safe(request) else f" of {total}"
    for_whom = f"for {len(found)}{of} " if total > 1 else ""
    return f"{for_whom}the risk is gone ({_states(found)}{names})"


def _states(found: Sequence[Target]) -> str:
    count = Counter(people.state(t.last_read.state) for t in found if t.last_read is not None)
    told = list(count) if len(count) == 1 else [f"{n} {state}" for state, n in count.items()]
    return words.listed(told, _MOST_STATES)


def left_out(found: Sequence[Target], most: int = _MOST) -> list[str]:
    """Name those who were not sent because there was nothing to confirm any more, by what was read of them."""
    told = []
    kinds = _by_kind(_LEFT_OUT, found, _why_left_out)
    most = min(most, _MOST if len(kinds) == 1 else _MOST_OF_SEVERAL)
    for kind, those in kinds:
        were = f"{words.users(len(those))} {'was' if len(those) == 1 else 'were'} left out"
        told.append(f"{were}, {_LEFT_OUT[kind][0]}: {people.names(those, most, _MAX_NAME)}.")
    return told


def spared(request: Request) -> list[str]:
    """Say whom those who approved left out, and that nothing is done for them."""
    by_whom: dict[SlackUserId | None, list[Target]] = {}
    for target in request.having("spared"):
        by_whom.setdefault(target.spared_by, []).append(target)
    is_plain = request.is_rehearsal
    return [f"{_left_out_by(who, those, is_plain=is_plain)}." for who, those in by_whom.items()]


def _left_out_by(who: SlackUserId | None, those: Sequence[Target], *, is_plain: bool) -> str:
    n, by = len(those), words.who(who) if who else "whoever approved"
    if is_plain or people.doubted(those):
        # Somebody approved it before, and that call broke off: they are told of with it.
        return f"{words.users(n)} {'was' if n == 1 else 'were'} left out by {by}"
    if n == 1:
        return f"1 user was left out by {by} and stays at risk"
    return f"{n} users were left out by {by} and stay at risk"


def why_nobody_is_left(request: Request) -> str:
    """The same without names: "the user is deleted", "1 user is deleted, 2 users are no longer at risk"."""
    found, moved = request.having("left_out"), len(request.having("moved"))
    told = [f"{words.users(moved)} {'is' if moved == 1 else 'are'} asked for anew"] if moved else []
    for kind, those in _by_kind(_LEFT_OUT, found, _why_left_out):
        _, one, several = _LEFT_OUT[kind]
        who = "the user" if len(request.targets) == 1 else words.users(len(those))
        told.append(f"{who} {one if len(those) == 1 else several}")
    return ", ".join(told)


def last_look(request: Request, found: Sequence[Target]) -> list[str]:
    """Tell what the look after the end showed of these; what was read before it says nothing of today."""
    told = []
    for kind, those in _by_kind(_LAST_LOOK, found, lambda target: _in_last_look(request, target)):
        one, several = _LAST_LOOK[kind]
        state = f" ({_states(those)})" if kind == "over" else ""
        told.append(f"{people.names(those, _MOST, _MAX_NAME)} {one if len(those) == 1 else several}{state}.")
    return told


def _by_kind(
    kinds: Iterable[str], found: Sequence[Target], kind_of: Callable[[Target], str]
) -> list[tuple[str, list[Target]]]:
    sorted_out = {kind: [target for target in found if kind_of(target) == kind] for kind in kinds}
    return [(kind, those) for kind, those in sorted_out.items() if those]


def _why_left_out(target: Target) -> str:
    if target.is_missing:
        return "missing"
    end = _end(target.last_read) if target.last_read is not None else ""
    return end or "untold"


def _in_last_look(request: Request, target: Target) -> str:
    read = target.last_read
    if target.is_missing:
        return "missing"
    if read is None or (request.ended_at is not None and read.read_at <= request.ended_at):
        return "unread"
    is_safe = read.state == _SAFE and not read.is_deleted
    return "safe" if is_safe else _end(read) or "at risk"


def _end(read: RiskySnapshot) -> str:
    """What ended, the account or the risk; empty while neither did."""
    if read.is_deleted:
        return "deleted"
    return "" if read.is_at_risk else "over"
