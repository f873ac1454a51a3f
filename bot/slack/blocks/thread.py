"""What is told in a request's thread; the longest of it, how it ended, is in ending.py."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.ids import SlackUserId
from bot.core.model import MAX_USERS_SHOWN, Receipt, Request, Target
from bot.slack.blocks import people, words
from bot.slack.blocks.ending import ended
from bot.slack.blocks.message import Message, context, joined, plain_section, said, section
from bot.slack.blocks.place import Place
from bot.slack.blocks.record import Anchor, small_print

__all__ = [
    "Anchor",
    "accepted",
    "denied",
    "ended",
    "expired",
    "forbidden",
    "lapsed",
    "reminder",
    "sent_again",
    "sign_in",
    "stopped",
    "throttled",
    "unchecked",
    "unclear",
    "unreachable",
    "withdrawn",
]

_MAX_NAME = 90
_MOST_MOVED = 4
_MAX_REASON = 1000
_UNAUTHORIZED = 401
_RIGHT = "IdentityRiskyUser.ReadWrite.All"
_SIGN_IN = {
    "7000222": ("its secret has expired", "needs to renew it"),
    "7000215": ("its secret is wrong", "needs to correct it"),
    "700016": ("the tenant doesn't know the app", "needs to correct AZURE_CLIENT_ID or AZURE_TENANT_ID"),
    "90002": ("the tenant was not found", "needs to correct AZURE_TENANT_ID"),
    "700027": ("its certificate has ended or is not the app's", "needs to renew it"),
    "700024": ("what it signs in with is out of date", "has to look"),
    "70021": ("the app does not trust its federated token", "needs to correct the app's federated credential"),
}
_UNTRUSTED = "70021"
"""How the codes of a federated token's unknown issuer, audience and subject begin: 700211 to 700213, 7002138."""


def accepted(request: Request, at: datetime, anchor: Anchor) -> Message:
    """Tell that Graph took it, and by what that is known: not yet that anybody is safe."""
    request = people.to_confirm(request)
    taken = people.taken(request)
    checking = "Checking that the risk is gone, usually a few minutes."
    receipts = (t.receipt for t in taken if people.is_answered(t))
    names = people.names(taken, MAX_USERS_SHOWN, _MAX_NAME)
    said_of = [names, small_print(receipts, words.utc(at), anchor)]
    return said(
        joined([*_by_what(taken, len(request.targets)), _more_of_the_same(taken), checking]), context(*said_of)
    )


def _by_what(taken: Sequence[Target], total: int) -> list[str]:
    unanswered = len(people.by_read_back(taken))
    if unanswered == len(taken):
        return [f"Reading back shows that Entra took {_all_of(unanswered, total)}."]
    told = [f"Entra accepted {_all_of(len(taken) - unanswered, total)} (204 No Content)."]
    return [*told, f"Reading back shows that it took {unanswered} more."] if unanswered else told


def _more_of_the_same(taken: Sequence[Target]) -> str:
    """Remark on those whose risk was updated after it was shown: more of the same does not stop an approval."""
    moved = [t for t in taken if t.sent_as is not None and t.sent_as.last_updated != t.shown.last_updated]
    if not moved:
        return ""
    names = people.names(moved, _MOST_MOVED, _MAX_NAME)
    return f"The risk was updated since it was shown, to nothing more serious: {names}."


def _all_of(n: int, total: int) -> str:
    if n < total:
        return f"{n} of {words.users(total)}"
    return words.users(n) if n == 1 else f"all {words.users(n)}"


def forbidden(
    request: Request, place: Place, roles: frozenset[str] | None, receipt: Receipt, anchor: Anchor
) -> Message:
    """Tell of a 403: which of its two causes it is, where the token shows it."""
    if roles is None:
        why = f"the app lacks {_RIGHT} with admin consent, or the tenant has no Entra ID P2"
    elif _RIGHT in roles:
        why = "the permission is there, so most likely the tenant has no Entra ID P2"
    else:
        why = f"the app lacks {_RIGHT} or its admin consent"
    then = f"{words.help_first(place)} can fix it and check with `python -m bot doctor`. Then press Ask again."
    code = f"403 {words.sentence(receipt.code, 60)}".strip() if receipt.code else "403"
    return Message(
        f"Entra refused (403): {why}. {_unchanged(request)}",
        [
            section(f"Entra refused (403): {why}. {_unchanged(request)}"),
            section(then),
            context(f"{code} · {small_print([receipt], receipt.date, anchor)}"),
        ],
    )


def _unchanged(request: Request) -> str:
    """Say that nothing was changed, where that is certain."""
    if people.is_untouched(request):
        return "Nothing was changed."
    left = sum(not t.was_doubted for t in request.having("waiting", "refused", "not_sent", "voided"))
    return f"Nothing was changed for {words.users(left)}." if left else ""


def sign_in(request: Request, place: Place, code: str, until: datetime) -> Message:
    """Tell that the bot has no token; `code` is Entra's AADSTS code, empty where what it signs in with is no use."""
    number = code.upper().removeprefix("AADSTS")
    if number == str(_UNAUTHORIZED):
        return said(
            joined(
                [
                    "Entra refuses the bot's token (401).",
                    _unchanged(request),
                    f"{words.help_first(place)} has to look.",
                    f"Your approval is kept until {words.date(until)}; after that, approve again.",
                ]
            )
        )
    known = _UNTRUSTED if number.startswith(_UNTRUSTED) else number
    why, needs = _SIGN_IN.get(known, ("", "has to look"))
    cause = f" (AADSTS{words.sentence(number, 40)}" + (f": {why})" if why else ")") if number else ""
    return said(
        joined(
            [
                f"The bot could not sign in to Entra{cause}.",
                _unchanged(request),
                f"{words.help_first(place)} {needs}.",
                f"Your approval is kept until {words.date(until)}; after that, approve again.",
            ]
        )
    )


def throttled(until: datetime) -> Message:
    return _kept("Entra is limiting requests for this tenant.", until)


def unreachable(until: datetime) -> Message:
    return _kept("Entra isn't answering.", until)


def unchecked(until: datetime) -> Message:
    return _kept("I can't check whether whoever approved still may: Slack isn't answering.", until)


def _kept(what: str, until: datetime) -> Message:
    return said(
        f"{what} The approval is safe with me and I keep trying until {words.date(until)}. "
        "Nothing to do; approving again doesn't speed it up."
    )


def lapsed(request: Request, place: Place) -> Message:
    """Tell that the approval was not sent in time; the request waits again."""
    doubt = people.doubt(request.targets)
    again = " again" if doubt else ""
    return said(
        joined(
            [
                (
                    f"{words.approvers(place)} The request could not be sent{again} to Entra within"
                    f" {words.span(place.send_within)}, so the approval has lapsed."
                ),
                doubt,
                _unchanged(request),
                "Please look again and approve anew, or confirm the users in Entra by hand.",
            ]
        )
    )


def unclear(request: Request, receipt: Receipt | None) -> Message:
    """Tell that a call may or may not have been taken; it is never said that nothing was changed."""
    broke = "The connection broke while sending"
    if receipt and receipt.status:
        broke = f"Entra's answer leaves open whether it was taken ({receipt.status})"
    them = "the user" if len(request.targets) == 1 else "the users"
    text = f"{broke}. Reading {them} back before anything is sent again."
    if not (receipt and receipt.client_request_id):
        return said(text)
    return said(text, context(f"client-request-id {words.sentence(receipt.client_request_id, 60)}"))


def sent_again(n: int) -> Message:
    whom = "the user who was" if n == 1 else f"the {words.users(n)} who were"
    return said(f"Sent again for {whom} unchanged.")


def reminder(request: Request, place: Place) -> Message:
    """Remind those who can approve, of whom whoever asked is none."""
    request = people.to_confirm(request)
    can = replace(place, approvers=tuple(one for one in place.approvers if one != request.asker.id))
    until = f"{people.at_time('Open until ', request.open_until)}." if request.open_until else ""
    what = f"{words.users(len(request.targets))}, highest risk {people.highest_level(request)}."
    return said(joined([f"{words.approvers(can)} Waiting since {words.date(request.asked_at)}: {what}", until]))


def stopped(request: Request) -> Message:
    """Tell who stopped it, and what that came too late for."""
    by = f" by {words.who(request.stopped.by)}" if request.stopped else ""
    doubt = people.doubt(request.targets)
    request = people.to_confirm(request)
    stopped, total = request.having("stopped"), len(request.targets)
    sent, left = total - len(stopped), len(stopped) - len(people.doubted(stopped))
    if not sent and not doubt:
        return said(f"{words.who(request.asker.id)} Stopped{by} before sending. Nothing was changed.")
    after = f" after {sent} of {total} {'was' if sent == 1 else 'were'} sent" if sent else ""
    stay = "The other one stays at risk." if left == 1 else f"The other {left} stay at risk." if left else ""
    return said(joined([f"{words.who(request.asker.id)} Stopped{by}{after}.", doubt, stay]))


def withdrawn(request: Request) -> Message:
    return said(f"Withdrawn by {words.who(request.asker.id)}.")


def denied(request: Request) -> Message:
    """Tell the requester who denied it, and why."""
    by = f" by {words.who(request.decision.by)}" if request.decision else ""
    n = len(people.to_confirm(request).targets)
    stay = words.stay_at_risk(n) if n == 1 else f"The {words.users(n)} stay at risk."
    reason = words.clean(request.decision.reason).strip() if request.decision else ""
    more = [plain_section(f"Reason: {words.shorten(reason, _MAX_REASON)}")] if reason else []
    return said(f"{words.who(request.asker.id)} Denied{by}. {people.left_at_risk(request, stay)}", *more)


def approved_in_part(by: SlackUserId, place: Place) -> Message:
    """Tell who approved, and what is still needed."""
    return said(f"{words.who(by)} approved. Still needed: {words.needed(place.missing)}.")


def expired(request: Request) -> Message:
    by = people.at_time(" by ", request.open_until or request.ended_at)
    stay = people.left_at_risk(request, words.stay_at_risk(len(people.to_confirm(request).targets)))
    nobody = f"{words.nobody_decided(request)}{by}."
    return said(f"{words.who(request.asker.id)} {nobody} {stay} Press Ask again if it is still needed.")
