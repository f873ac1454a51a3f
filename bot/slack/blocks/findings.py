"""What the look-up has to say before anything is asked for, and the choice it leaves."""

from collections.abc import Sequence

from bot.core.findings import Elsewhere, Finding
from bot.core.ids import SlackUserId
from bot.core.model import Request, Target
from bot.slack.blocks import words
from bot.slack.blocks.buttons import others
from bot.slack.blocks.echo import echo
from bot.slack.blocks.message import Message, said
from bot.slack.blocks.place import Place

_MOST_NAMED = 7
_MOST_REQUESTS = 3
_READ = frozenset({"no_risk", "already_safe"})
"""Said of those alone whose own record was read."""
_MAX_ENTRY = 60


def findings(request: Request, place: Place) -> Message:
    """Say what was found of the users who were typed, and offer to ask for the others."""
    if not request.targets and all(finding.kind in _READ for finding in request.findings):
        return said(_none_at_risk(len(request.findings)))
    told = "\n".join([_summary(request), *_lines(request.findings, place), _undone(request)])
    if not request.targets:
        return said(told)
    return said(told, others(request), *echo(_corrected(request), "Corrected: "))


def _none_at_risk(n: int) -> str:
    nobody = "The user is not at risk" if n == 1 else f"None of the {n} users is at risk"
    still = "they are" if n == 1 else "someone is"
    return (
        f"{nobody} in Entra now, so there is nothing to confirm. If {still} still blocked, "
        "look for another cause: sign-in risk or a Conditional Access policy."
    )


def _summary(request: Request) -> str:
    read = words.users(len(request.targets) + len(request.findings))
    can = len(request.targets) or "None"
    return f"I read {read}. {can} can be asked for."


def _undone(request: Request) -> str:
    return "Nothing was asked for yet." if request.targets else "Nothing was asked for."


def _lines(found: Sequence[Finding], place: Place) -> list[str]:
    def of(kind: str) -> list[Finding]:
        return [finding for finding in found if finding.kind == kind]

    lines = [
        _unreadable(of("unreadable")),
        _counted("No longer at risk", of("no_risk"), _names(of("no_risk"))),
        _counted("Not among the users at risk", of("not_listed"), _names(of("not_listed"))),
        _counted("Already confirmed safe", of("already_safe"), _names(of("already_safe"))),
        _unknown(of("unknown")),
        _not_read(of("not_read")),
        _no_mail(of("no_email")),
        _deleted(of("deleted")),
        *_elsewhere(of("open_elsewhere"), place),
        _own(of("own_account"), place),
    ]
    return [line for line in lines if line]


def _counted(what: str, found: Sequence[Finding], names: str) -> str:
    return f"{what}: {len(found)} ({names})." if found else ""


def _names(found: Sequence[Finding]) -> str:
    return words.listed([words.isolate(f.name or f.entry, _MAX_ENTRY) for f in found], _MOST_NAMED)


def _entries(found: Sequence[Finding]) -> str:
    return words.listed([words.code(finding.entry, _MAX_ENTRY) for finding in found], _MOST_NAMED)


def left_out(found: Sequence[Finding]) -> str:
    """Name those of the users asked for who are not in the request."""
    kinds = {
        "no_risk": "no longer at risk",
        "not_listed": "not among the users at risk",
        "already_safe": "already confirmed safe",
    }
    of = {what: [f for f in found if f.kind == kind] for kind, what in kinds.items()}
    told = [f"{what}: {len(those)} ({_names(those)})" for what, those in of.items() if those]
    return f"Left out, {'; '.join(told)}." if told else ""


def _unreadable(found: Sequence[Finding]) -> str:
    if not found:
        return ""
    return f"I can't read {_entries(found)} as {'an id' if len(found) == 1 else 'ids'}."


def _not_read(found: Sequence[Finding]) -> str:
    if not found:
        return ""
    told = f"Could not be read: {len(found)} ({_names(found)})."
    return f"{told} Entra's list is too long to be read whole: ask for fewer at a time."


def _no_mail(found: Sequence[Finding]) -> str:
    if not found:
        return ""
    whom = words.listed([_mentioned(f) for f in found], _MOST_NAMED)
    return f"Slack shows no e-mail address for {whom}: use the UPN or object id."


def _mentioned(finding: Finding) -> str:
    """A mention as it was typed shows as the person's name."""
    entry = finding.entry
    return words.who(SlackUserId(entry[2:-1])) if entry.startswith("<@") else words.isolate(entry, _MAX_ENTRY)


def _unknown(found: Sequence[Finding]) -> str:
    if not found:
        return ""
    return f"Entra doesn't know: {len(found)}, {_entries(found)}: check the spelling or use the object id."


def _deleted(found: Sequence[Finding]) -> str:
    if not found:
        return ""
    are = "is a deleted account" if len(found) == 1 else "are deleted accounts"
    return f"{_entries(found)} {are}; Entra can't confirm deleted users."


def _elsewhere(found: Sequence[Finding], place: Place) -> list[str]:
    """One line a request that some of the users are already in."""
    requests = dict.fromkeys(finding.other for finding in found)
    lines = []
    for other in list(requests)[:_MOST_REQUESTS]:
        there = [finding for finding in found if finding.other == other]
        lines.append(f"Already in {_told_of(other, place)}: {len(there)} ({_names(there)}).")
    left = len(requests) - len(lines)
    return [*lines, f"And in {left} more requests."] if left else lines


def _told_of(other: Elsewhere | None, place: Place) -> str:
    if other is None:
        return "another request, not ended yet"
    name = words.link(place, other.channel, other.ts, other.request_id) or other.request_id
    return f"{name}, asked by {words.who(other.asker)} at {words.date(other.asked_at)}, not ended yet"


def _own(found: Sequence[Finding], place: Place) -> str:
    if not found:
        return ""
    return f"You can't ask for your own account. Ask a colleague, or {words.help_of(place)}."


def _corrected(request: Request) -> str:
    """Write the command for the users left."""
    typed = {entry.casefold(): entry for entry in request.entries}
    ids = ", ".join(_typed_as(target, typed) for target in request.targets)
    return f"/confirm-safe {'rehearse ' if request.is_rehearsal else ''}{ids} {request.reason}"


def _typed_as(target: Target, typed: dict[str, str]) -> str:
    known = (target.user_id, target.shown.upn, *target.addresses)
    found = (typed[name.casefold()] for name in known if name.casefold() in typed)
    return next(found, target.shown.upn or target.user_id)
