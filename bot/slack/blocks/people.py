"""How the users of a request are written: names, risk, who comes first, and how far each of them is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.levels import rank_of
from bot.core.model import MAX_USERS_SHOWN, Progress, Request, RiskySnapshot, Target
from bot.slack.blocks import why, words

_LEVELS = {"high": "High", "medium": "Medium", "low": "Low", "none": "None", "hidden": "Hidden"}
_STATES = {
    "atRisk": "at risk",
    "confirmedCompromised": "confirmed compromised",
    "confirmedSafe": "confirmed safe",
    "none": "no risk",
}
_MAX_LEVEL = 25
_MAX_NAME_OF_FEW = 300
"""Whole: a display name in Entra has at most 256 characters."""
_MAX_LEVELS = 8
MAX_WHY = 200
"""Room for the types of detections on one line: five lines share a section."""
_HIGH = rank_of("high")
_NO_CONTENT = 204

_TAKEN: tuple[Progress, ...] = ("accepted", "confirmed", "unchanged", "unseen", "risky_again")
_UNTOUCHED: tuple[Progress, ...] = (
    "waiting",
    "practised",
    "refused",
    "not_sent",
    "stopped",
    "voided",
    "left_out",
    "moved",
    "spared",
)


def name_of(target: Target) -> str:
    """The name on one line; never empty, also where Graph's name holds nothing that can be seen."""
    shown = target.shown
    return words.one_line(shown.display_name) or words.one_line(shown.upn) or shown.user_id


def bold(target: Target, room: int = words.MAX_NAME) -> str:
    return f"*{words.isolate(name_of(target), room)}*"


def upn_of(target: Target, room: int = words.MAX_NAME) -> str:
    return words.isolate(target.shown.upn or target.user_id, room)


def level(word: str) -> str:
    """A risk level as people read it; one that is new to us as Graph gives it."""
    return _LEVELS.get(word) or words.sentence(word, _MAX_LEVEL) or "Not known"


def state(word: str) -> str:
    return _STATES.get(word) or words.sentence(word, _MAX_LEVEL) or "not known"


def riskiest_first(targets: Sequence[Target]) -> list[Target]:
    """Sort by risk; those alike stay in the order they were asked in."""
    return sorted(targets, key=lambda target: -rank_of(target.shown.level))


def paragraph(target: Target) -> str:
    """One user on two lines, for a few users."""
    shown = target.shown
    updated = f", last updated {words.date(shown.last_updated)}" if shown.last_updated else ""
    named = f"{bold(target, _MAX_NAME_OF_FEW)} · {upn_of(target)}"
    if not shown.is_at_risk:
        return f"{named}\n{_at_ease(shown)}{updated}"
    risk = f"{_level_of(target)} risk, {state(shown.state)}{updated}"
    return "\n".join([named, risk, *why.lines(target)])


def line(
    target: Target, name_room: int = words.MAX_NAME, upn_room: int = words.MAX_NAME, why_room: int = MAX_WHY
) -> str:
    """One user on one line; the state is told where it is more than being at risk."""
    shown = target.shown
    if not shown.is_at_risk:
        return " · ".join([bold(target, name_room), upn_of(target, upn_room), _at_ease(shown)])
    more = "" if shown.state == "atRisk" else f", {state(shown.state)}"
    told = [bold(target, name_room), upn_of(target, upn_room), f"{_level_of(target)}{more}"]
    return " · ".join([*told, *filter(None, [why.kinds(target, why_room)])])


def _at_ease(shown: RiskySnapshot) -> str:
    """Of whom a rehearsal alone may name: their risk has ended, or there never was any."""
    return "Not at risk" if shown.state == "none" else f"Not at risk, {state(shown.state)}"


def change(target: Target, room: int = words.MAX_NAME) -> str:
    """What is new about one user since an approval: "*Alex Wilber*, Medium → High, new: Leaked credentials"."""
    levels = _level_of(target) if target.was and target.was.level != target.shown.level else ""
    became = state(target.shown.state) if target.was and target.was.state != target.shown.state else ""
    return ", ".join(filter(None, [bold(target, room), levels, became, why.news(target)]))


def changes(targets: Sequence[Target], most: int, room: int = words.MAX_NAME) -> str:
    """What is new about each; commas stand inside."""
    return words.listed([change(target, room) for target in targets], most, between="; ")


def _level_of(target: Target) -> str:
    """The level, and where it rose since an approval, from which."""
    now = level(target.shown.level)
    return f"{level(target.was.level)} → {now}" if target.was and target.was.level != target.shown.level else now


def names(targets: Sequence[Target], most: int, room: int = words.MAX_NAME) -> str:
    return words.listed([bold(target, room) for target in targets[:most]], most, len(targets))


def risk(targets: Sequence[Target]) -> str:
    """The risk in one phrase: "Risk: *High*", "Highest risk: *High* (1 of 3)", of many as counts."""
    if len(targets) > MAX_USERS_SHOWN:
        return _counts(targets)
    first = riskiest_first(targets)[0].shown.level
    highest = f"*{level(first)}*"
    if len(targets) == 1:
        return f"Risk: {highest}"
    n = sum(target.shown.level == first for target in targets)
    return f"Highest risk: {highest} ({n} of {len(targets)})"


def _counts(targets: Sequence[Target]) -> str:
    """How many users are at each level, the most serious first: "Risk: 4 *High*, 122 Medium, 24 Low"."""
    found = Counter(target.shown.level for target in targets)
    ordered = sorted(found, key=lambda word: -rank_of(word))
    told = [f"{found[word]} {_stressed(word)}" for word in ordered[:_MAX_LEVELS]]
    rest = sum(found[word] for word in ordered[_MAX_LEVELS:])
    return "Risk: " + ", ".join(told) + (f", {rest} other" if rest else "")


def _stressed(word: str) -> str:
    return f"*{level(word)}*" if rank_of(word) >= _HIGH else level(word)


def highest_level(request: Request) -> str:
    return level(request.highest.shown.level)


def to_confirm(request: Request) -> Request:
    """The request with those alone who are to be confirmed; where nobody is left, with all that were approved."""
    approved = tuple(target for target in request.targets if target.progress != "spared")
    return replace(request, targets=request.asked_for or approved or request.targets)


def risen(request: Request) -> tuple[Target, ...]:
    """Those whose risk rose since somebody approved it."""
    return tuple(target for target in request.targets if target.was is not None)


def taken(request: Request) -> tuple[Target, ...]:
    """The users that Entra has accepted, whatever came of it."""
    return request.having(*_TAKEN)


def by_read_back(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Those of them whom Entra took though it never answered 204: reading them back showed it."""
    return tuple(t for t in targets if not is_answered(t))


def is_answered(target: Target) -> bool:
    """Whether Entra answered that it took this user."""
    return target.receipt is not None and target.receipt.status == _NO_CONTENT


def is_untouched(request: Request) -> bool:
    """Whether nothing was changed for certain: no call left, or each was answered 4xx."""
    return not any(t.was_doubted or t.progress not in _UNTOUCHED for t in request.targets)


def doubted(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Those of a call that broke off who count as untouched again: nobody can say that it was not taken."""
    return tuple(t for t in targets if t.was_doubted and t.progress in _UNTOUCHED)


def doubt(targets: Sequence[Target]) -> str:
    """Say of how many of them that is so, and what to do; nothing where a call never broke off."""
    n = len(doubted(targets))
    return (
        f"An earlier call broke off and may have been taken for {words.users(n)}: look at them in Entra." if n else ""
    )


def left_at_risk(request: Request, stay: str) -> str:
    """Say that the users stay at risk, in the words of `stay`, but of nobody for whom a call broke off."""
    if request.is_rehearsal:
        return "Nothing was changed."
    if not (told := doubt(request.targets)):
        return stay
    rest = len(request.asked_for) - len(doubted(request.asked_for))
    others = "The other one stays at risk." if rest == 1 else f"The other {rest} stay at risk."
    return f"{told} {others}" if rest else told


def were_not_sent(targets: Sequence[Target]) -> str:
    """Say that an approval did not bring them to Entra: "2 users were not sent", or once in doubt not again."""
    n = len(doubted(targets))
    again = "" if not n else " again" if n == len(targets) else f", or not again ({n})"
    return f"{words.users(len(targets))} {'was' if len(targets) == 1 else 'were'} not sent{again}"


def last_accepted(request: Request) -> datetime | None:
    return max((t.accepted_at for t in request.targets if t.accepted_at), default=None)


def last_read(targets: Sequence[Target]) -> datetime | None:
    return max((t.last_read.read_at for t in targets if t.last_read), default=None)


def at_time(prefix: str, at: datetime | None) -> str:
    """Write "read back at {time}"; without a known time nothing."""
    return f"{prefix}{words.date(at)}" if at else ""
