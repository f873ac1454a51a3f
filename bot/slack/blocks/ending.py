"""How a request ended, told in its thread: one result, one next step, and the small print."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.model import Request, Target
from bot.slack.blocks import people, words
from bot.slack.blocks.changed import void
from bot.slack.blocks.looked import confirmed_safe, left_out, result, spared
from bot.slack.blocks.message import MAX_SECTION, Message, context, joined, section
from bot.slack.blocks.place import Place
from bot.slack.blocks.record import Anchor, small_print

_FORBIDDEN = 403
_NOT_FOUND = 404
_NO_SUCH_USER = frozenset({"ResourceNotFound", "Request_ResourceNotFound", "NotFound", "UserNotFound"})
_MAX_NAME = 70
_MAX_CODE = 60
_MAX_CODES = 3
_FEW_KINDS = 2
_FEW, _MANY = 3, 10
"""Names told of each kind: few where there are many kinds, so that all fit one section."""


def ended(request: Request, place: Place, at: datetime, anchor: Anchor) -> Message:
    """Tell what came of it, by how far each user is, and what to do now."""
    told = _told(request)
    request = people.to_confirm(request)
    steps = joined(dict.fromkeys(_steps(request, place)))
    blocks = [section(told)]
    if steps:
        blocks.append(section(steps))
    blocks.append(context(_small_print(request, at, anchor)))
    return Message(told, blocks)


def _told(whole: Request) -> str:
    """The whole result in one section, with as many names as fit."""
    request, aside = people.to_confirm(whole), whole.having("left_out")
    kinds = {target.progress for target in request.targets}
    rooms = (_MANY, _FEW, 1) if len(kinds) <= _FEW_KINDS else (_FEW, 1)
    # Those whose approval counts no longer are told of with it.
    doubt = people.doubt([target for target in whole.targets if target.progress != "voided"])
    last = "Nothing was changed." if people.is_untouched(whole) else doubt
    texts = [
        joined([_mentions(request), *_results(request, n), *left_out(aside, n), *spared(whole), last]) for n in rooms
    ]
    return next((text for text in texts if len(text) <= MAX_SECTION), texts[-1])


def _mentions(request: Request) -> str:
    """Call the requester, and the approver too where somebody has to look by hand."""
    called = [words.who(request.asker.id)]
    bad = _is_without_effect(request) or _unknown(request) or request.having("risky_again")
    if bad:
        called += [words.who(approval.by) for approval in request.approvals]
    return " ".join(dict.fromkeys(called))


def _is_without_effect(request: Request) -> bool:
    """Whether Entra took it and nobody at all was confirmed safe by that."""
    return bool(request.having("unchanged")) and not confirmed_safe(request)


def _unknown(request: Request) -> tuple[Target, ...]:
    return request.having("unknown", "attempted")


def _unseen(request: Request) -> tuple[Target, ...]:
    return request.having("unseen", "accepted")


def _not_sent(request: Request) -> tuple[Target, ...]:
    return request.having("not_sent", "waiting")


def _results(request: Request, most: int) -> list[str]:
    return [
        _confirmed(request, most),
        _refused(request, most),
        _unchanged(request, most),
        _again_result(request.having("risky_again"), most),
        _unseen_result(request, most),
        _unknown_result(_unknown(request), most),
        _not_sent_result(_not_sent(request), most),
        _stopped_result(request, most),
        *void(request, most),
    ]


def _confirmed(request: Request, most: int) -> str:
    done = request.having("confirmed")
    read = people.at_time(", read back at ", people.last_read(done))
    return f"{words.capital(result(request, most))}{read}." if done else ""


def _refused(request: Request, most: int) -> str:
    refused = request.having("refused")
    if not refused:
        return ""
    n = len(refused)
    everybody = f"all {words.users(n)}" if n == len(request.targets) > 1 else words.users(n)
    by_cause: dict[str, list[Target]] = {}
    for target in refused:
        by_cause.setdefault(_cause(target), []).append(target)
    causes = list(by_cause.items())
    told = [f"{people.names(those, most, _MAX_NAME)}: {cause}." for cause, those in causes[:_MAX_CODES]]
    left = sum(len(those) for _, those in causes[_MAX_CODES:])
    told += [f"{words.users(left)} for other causes."] if left else []
    return joined([f"Entra refused {everybody}.", *told])


def _cause(target: Target) -> str:
    receipt = target.receipt
    if receipt is None:
        return "Entra refused it"
    code = words.sentence(receipt.code, _MAX_CODE) or str(receipt.status)
    return f"Entra has no such user ({code})" if _is_missing(target) else f"Entra refused it ({code})"


def _is_missing(target: Target) -> bool:
    receipt = target.receipt
    return receipt is not None and (receipt.status == _NOT_FOUND or receipt.code in _NO_SUCH_USER)


def _is_forbidden(target: Target) -> bool:
    return target.receipt is not None and target.receipt.status == _FORBIDDEN


def _unchanged(request: Request, most: int) -> str:
    """Some confirmed and some not is a user's affair; nobody confirmed is one of the permission or service."""
    found = request.having("unchanged")
    if not found:
        return ""
    if not _is_without_effect(request):
        at = people.at_time(" at ", people.last_read(found))
        return f"Not confirmed: {people.names(found, most, _MAX_NAME)} (still at risk{at})."
    n = len(found)
    if n == len(request.targets):
        these = "this user. They are" if n == 1 else f"these {words.users(n)}. They are"
    else:
        these = f"{words.users(n)} ({people.names(found, most, _MAX_NAME)}). They are"
    return f"Entra accepted the request but changed nothing for {these} still at risk."


def _again_result(found: Sequence[Target], most: int) -> str:
    if not found:
        return ""
    are = "is" if len(found) == 1 else "are"
    return f"Entra accepted it, and {people.names(found, most, _MAX_NAME)} {are} at risk again."


def _unseen_result(request: Request, most: int) -> str:
    found = _unseen(request)
    if not found:
        return ""
    seen = [target for target in found if target.last_read is not None]
    blind = [target for target in found if target.last_read is None]
    told = []
    taken = people.taken(request)
    if len(taken) == 1:
        but = "still shows as at risk after 15 minutes" if seen else "could not be read back"
        return f"Entra accepted it, but {people.names(taken, most, _MAX_NAME)} {but}. Entra can be slow."
    if seen:
        shows = "still shows" if len(seen) == 1 else "still show"
        told.append(f"{len(seen)} {shows} as at risk after 15 minutes: {people.names(seen, most, _MAX_NAME)}")
    if blind:
        told.append(f"{len(blind)} could not be read back: {people.names(blind, most, _MAX_NAME)}")
    return f"Entra accepted {words.users(len(taken))}, but {' and '.join(told)}. Entra can be slow."


def _unknown_result(found: Sequence[Target], most: int) -> str:
    if not found:
        return ""
    return f"It is not known whether Entra took it for {people.names(found, most, _MAX_NAME)}."


def _not_sent_result(found: Sequence[Target], most: int) -> str:
    if not found:
        return ""
    return f"{people.were_not_sent(found)} before the approval lapsed: {people.names(found, most, _MAX_NAME)}."


def _stopped_result(request: Request, most: int) -> str:
    found = request.having("stopped")
    if not found or request.stopped is None:
        return ""
    names = people.names(found, most, _MAX_NAME)
    return f"{people.were_not_sent(found)}, as {words.who(request.stopped.by)} stopped it: {names}."


def _steps(request: Request, place: Place) -> list[str]:
    steps = [*_refused_steps(request, place), *_unchanged_step(request, place)]
    if again := request.having("risky_again"):
        case = "it as a new case" if len(again) == 1 else "them as new cases"
        steps.append(f"Treat {case}. Do not ask again before you have looked.")
    if unseen := _unseen(request):
        steps.append(f"Check {_accounts(unseen)} in Entra; ask again only if {_they(unseen)} at risk.")
    if unknown := _unknown(request):
        steps.append(f"Check {_accounts(unknown)} in Entra before you ask again.")
    if _not_sent(request) or request.having("voided"):
        steps.append("Ask again for those who were not sent.")
    if request.having("confirmed") and request.mistake is None:
        steps.append(
            "Blocks based on user risk lift within minutes; if someone is still blocked, ask them to sign out and in."
        )
    return steps


def _accounts(found: Sequence[Target]) -> str:
    return "the account" if len(found) == 1 else "the accounts"


def _they(found: Sequence[Target]) -> str:
    return "it stays" if len(found) == 1 else "they stay"


def _refused_steps(request: Request, place: Place) -> list[str]:
    refused = request.having("refused")
    steps = []
    if missing := [target for target in refused if _is_missing(target)]:
        steps.append("Check the id." if len(missing) == 1 else "Check the ids.")
    if any(_is_forbidden(target) for target in refused):
        steps.append(
            f"{words.help_first(place)} can look with `python -m bot doctor`; once that is fixed, press Ask again."
        )
    if any(not (_is_missing(target) or _is_forbidden(target)) for target in refused):
        steps.append(f"Tell {words.help_of(place)}, with the request-id below.")
    return steps


def _unchanged_step(request: Request, place: Place) -> list[str]:
    found = request.having("unchanged")
    if not found:
        return []
    them = "that account" if len(found) == 1 else "those accounts"
    if not _is_without_effect(request):
        return [f"Look at {them} in Entra before you ask again."]
    return [f"Confirm them in Entra by hand and tell {words.help_of(place)}, with the request-id below."]


def _small_print(request: Request, at: datetime, anchor: Anchor) -> str:
    receipts = [target.receipt for target in request.targets]
    taken = people.taken(request)
    unanswered = len(people.by_read_back(taken))
    told = [] if unanswered == len(taken) else ["204 No Content"]
    if unanswered:
        n = f"{unanswered} " if told else ""
        told.append(f"{n}taken as reading back shows")
    return " · ".join([*told, small_print(receipts, words.utc(at), anchor)])
