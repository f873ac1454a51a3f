"""Why users are at risk, in Entra's own words: on an approval message, in its dialog, and in its thread."""

from bot.core.detections import is_new, is_rarely_false, words_of
from bot.core.model import Request, Target
from bot.core.reasons import Reason, countries_of
from bot.slack.blocks import words

NOT_SHOWN = "You have not been shown why they are at risk."
NO_DETECTION = "Entra lists no detection for this user."
_MAX_WORDS = 60
_MAX_PLACE = 45
_LINES = 4
"""Of one user; further types are named on one line, so that none is hidden."""
_NEWS = 2
_LEAKED = "Leaked credentials are rarely a false positive. The usual step is a password reset."
_COMPROMISED = (
    "That an admin confirmed an account as compromised is rarely a false positive. "
    "The usual step is a password reset."
)


def lines(target: Target) -> list[str]:
    """Of one user, a line for each type of detection, the most serious first."""
    if target.why is None:
        return []
    told, before = [], None
    for reason in target.why[:_LINES]:
        told.append(f"{'*New:* ' if _is_new(reason, target) else ''}{_line(reason, before)}")
        before = reason
    if rest := target.why[_LINES:]:
        told.append(f"Also: {_named(rest, 900)}")
    return told or [NO_DETECTION]


def everything(target: Target, room: int) -> list[str]:
    """Of one user, every type of detection on a line of its own, as many as there is room for."""
    if target.why is None:
        return ["Why is not known: Entra's detections were not read."]
    if not target.why:
        return [NO_DETECTION]
    told: list[str] = []
    for n, reason in enumerate(target.why):
        line = f"• {_line(reason, None)}"
        if sum(map(len, told)) + len(line) > room:
            return [*told, f"• and {len(target.why) - n} more types"]
        told.append(line)
    return told


def _line(reason: Reason, before: Reason | None) -> str:
    is_same = before is not None and _place(reason) == _place(before) and any(_place(reason))
    place = ["same place"] if is_same else [words.isolate(part, _MAX_PLACE) for part in _place(reason) if part]
    told = ", ".join([*place, *([words.date(reason.at)] if reason.at else [])])
    more = f" (+{reason.more} more)" if reason.more else ""
    return f"{_kind(reason)}{': ' if told else ''}{told}{more}"


def _place(reason: Reason) -> tuple[str, str, str]:
    return reason.city, reason.country, reason.ip


def _kind(reason: Reason) -> str:
    named = words_of(reason.type)
    return named if named != reason.type else words.isolate(named, _MAX_WORDS)


def kinds(target: Target, room: int) -> str:
    """Of one user, every type of detection on one line, as many as there is room for; empty where none is known."""
    if target.why is None:
        return ""
    return _named(target.why, room) if target.why else "no detection listed"


def _named(reasons: tuple[Reason, ...], room: int) -> str:
    told = ""
    for n, reason in enumerate(reasons):
        more = f" (+{reason.more} more of these)" if reason.more else ""
        longer = f"{told}{', ' if told else ''}{_kind(reason)}{more}"
        left = len(reasons) - n
        if len(longer) > room - len(", and 99 more types") and told and left > 0:
            return f"{told} and {left} more {'type' if left == 1 else 'types'}"
        told = longer
    return told


def blind(request: Request) -> str:
    """Say that it is not shown why users are at risk, and why not; empty where it is shown of all."""
    if not request.is_blind:
        return ""
    some = [target for target in request.asked_for if target.why is not None]
    whose = "Why some of them are at risk" if some else "Why they are at risk"
    match request.blind:
        case "no_permission":
            return f"{whose} is not shown: the app lacks IdentityRiskEvent.Read.All. Look in Entra first."
        case "busy":
            return f"{whose} could not be read yet: Entra is busy. Look in Entra first."
        case "refused":
            return f"{whose} could not be read: Entra does not tell. Look in Entra first."
        case _:
            return f"{whose} is not shown here. Look in Entra first."


def other_verb(request: Request) -> str:
    """Say where confirming safe is rarely right; empty where nothing speaks against it."""
    types = {reason.type.casefold() for target in request.asked_for for reason in target.why or ()}
    if "leakedcredentials" in types:
        return _LEAKED
    is_compromised = any(target.shown.state == "confirmedCompromised" for target in request.asked_for)
    return _COMPROMISED if is_compromised or any(map(is_rarely_false, types)) else ""


def news(target: Target) -> str:
    """What is new about a user since an approval: "new: Leaked credentials, {time}"; empty where nothing is."""
    if target.knew is not None and target.why is None:
        return "why could not be read"
    new = [reason for reason in target.why or () if _is_new(reason, target)]
    told = [f"{_kind(r)}{_from(r, target)}{f', {words.date(r.at)}' if r.at else ''}" for r in new]
    return f"new: {words.listed(told, _NEWS)}" if told else ""


def recurrence(target: Target) -> str:
    """Why somebody is at risk again; empty where that was not read."""
    reasons = target.recurred_why
    told = [f"{_kind(one)}{f', {words.date(one.at)}' if one.at else ''}" for one in reasons[:_NEWS]]
    return words.listed(told, _NEWS, len(reasons))


def _is_new(reason: Reason, target: Target) -> bool:
    """Whether an earlier approval did not know of such a detection, or not from such a country."""
    return target.knew is not None and is_new(reason, target.knew)


def _from(reason: Reason, target: Target) -> str:
    new = sorted(countries_of([reason]) - countries_of(target.knew or ()))
    return f" from {words.isolate(', '.join(new), _MAX_PLACE)}" if new else ""
