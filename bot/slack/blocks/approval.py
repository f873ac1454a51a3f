"""The approval message: the one place where a request is read and decided, redrawn from its state."""

import re
from collections import Counter
from typing import assert_never

from bot.core.decisions import Decision
from bot.core.findings import Finding
from bot.core.mistake import unreportable
from bot.core.model import MAX_USERS_SHOWN, Request
from bot.core.parsing import MAX_REASON
from bot.core.recurrence import count_recurred
from bot.slack.blocks import crowd, origin, people, why, words
from bot.slack.blocks.buttons import afterwards, pending_buttons
from bot.slack.blocks.looked import spared
from bot.slack.blocks.message import (
    Block,
    Message,
    context,
    header,
    joined,
    plain_section,
    section,
)
from bot.slack.blocks.place import Place
from bot.slack.blocks.rehearsal import head_of, marked, room
from bot.slack.blocks.states import State, state_of

_MAX_HEADER = 150
_MAX_TEXT = 150
_PARAGRAPHS = 5
"""Up to this many users get a section each, above it a line."""
_LINES = 5
_NAMES_A_TEST = re.compile(
    r"\b(pen(etration)?[ -]?test\w*|test(s|ed|ing)?|red[ -]?team\w*|simulat\w+)\b", re.IGNORECASE
)

MEANING = (
    "Confirming clears *all* current risk on the account, not only what is listed, and teaches Entra that "
    "such sign-ins are normal. It can't be undone."
)
_ENOUGH = "The rules ask for no more by now: one more click on Approve sends it."
_TEST = "For a real but harmless sign-in, such as a pen test, use Dismiss user risk in Entra instead of confirming."


def approval_message(request: Request, place: Place, *, can_stop: bool = False) -> Message:
    """Draw the request as it stands now; `can_stop` where it is worth a button that stops it."""
    drawn = _drawn(request, place, can_stop=can_stop)
    if request.lost:
        drawn.blocks.insert(-1, context(_continues(request)))
    return marked(drawn, request)


def _continues(request: Request) -> str:
    """Point back: whoever knew the message before this one looks for it in vain, or finds buttons that do nothing."""
    which = "The first message" if request.times_lost == 1 else "An earlier message"
    became = "was deleted" if request.lost == "deleted" else "can't be changed any more"
    return f"{which} of {request.id} {became}. This one continues it."


def _drawn(request: Request, place: Place, *, can_stop: bool) -> Message:
    match request.state:
        case "looking_up" | "not_asked":
            raise ValueError(f"{request.id} is {request.state}: there is nothing to show")
        case "pending":
            return _pending(request, place)
        case (
            "approved"
            | "denied"
            | "withdrawn"
            | "stopped"
            | "expired"
            | "sent"
            | "confirmed"
            | "partly_confirmed"
            | "not_confirmed"
            | "accepted_unseen"
            | "unknown"
            | "rehearsed"
        ):
            return _decided(request, state_of(request, place), place, can_stop=can_stop)
        case _:
            assert_never(request.state)


def _pending(request: Request, place: Place) -> Message:
    why_again, aside = reopened(request), joined(spared(request))
    request = people.to_confirm(request)
    blocks = [
        header(_risk_changed(request) or _question(request)),
        section(_state_line(request, place, why_again)),
        *_people(request),
        reason_block(request),
        context(*meanings(request), *filter(None, [aside])),
        pending_buttons(request),
        context(f"{request.id} · {_by_rule(place)}{_in_entra(request, place)}{origin.from_alert(request, place)}"),
    ]
    return Message(_notification(request), blocks)


def _by_rule(place: Place) -> str:
    return f"rule {words.isolate(place.rule)} · " if place.rule else ""


def _in_entra(request: Request, place: Place) -> str:
    return words.in_entra(place, [target.user_id for target in request.targets])


def _decided(request: Request, state: State, place: Place, *, can_stop: bool) -> Message:
    can_report = unreportable(request) is None
    line = joined([state.line, *spared(request), _contested(request)])
    request = people.to_confirm(request)
    head = head_of(request, state.header)
    blocks = [header(words.shorten(head, room(request, _MAX_HEADER))), section(line)]
    if state.decider_reason:
        blocks.append(plain_section(f"Their reason: {_plain(state.decider_reason)}"))
    blocks += [*_people(request), reason_block(request)]
    blocks.append(afterwards(request, state.again, can_stop=can_stop, can_report=can_report))
    asked_by = f"asked by {words.who(request.asker.id)}"
    where = f"{_in_entra(request, place)}{origin.from_alert(request, place)}"
    blocks.append(context(f"{request.id} · {asked_by} · {where}"))
    text = joined([f"{head}. {request.id}.", state.next_act])
    return Message(words.shorten(text, room(request, _MAX_TEXT)), blocks)


def _contested(request: Request) -> str:
    n = count_recurred(request)
    whose = "1 user is" if n == 1 else f"{n} users are"
    return f"Contested: {whose} at risk again, see its thread." if n else ""


def _question(request: Request) -> str:
    if len(request.targets) > 1:
        return f"Confirm {words.users(len(request.targets))} safe?"
    around = len("Confirm  safe?")
    return f"Confirm {words.shorten(people.name_of(request.targets[0]), room(request, _MAX_HEADER) - around)} safe?"


def _notification(request: Request) -> str:
    """Say on a lock screen who asks what; the name gives way where it is too long."""
    rest = (
        f" asks to confirm {words.users(len(request.targets))} safe. "
        f"{'Risk' if len(request.targets) == 1 else 'Highest risk'}: {people.highest_level(request)}. "
        f"Approve or deny in Slack. {request.id}"
    )
    left = max(room(request, _MAX_TEXT) - len(rest), 1)
    return (words.sentence(request.asker.name, left) or "A colleague") + rest


def _state_line(request: Request, place: Place, why_again: str) -> str:
    return joined(
        [
            why_again,
            *_approvals(request, place),
            f"{words.who(request.asker.id)} asks {words.approvers(place)}.",
            f"Needed: {words.needed(place.missing)}." if place.missing and not request.approvals else "",
            f"{people.risk(request.targets)}.",
            f"{people.at_time('Open until ', request.open_until)}." if request.open_until else "",
        ]
    )


def _approvals(request: Request, place: Place) -> list[str]:
    """Show who has approved, whose approval counts no longer, and what is still needed."""
    is_told = request.reopened == "voided"  # what it begins with says why already
    struck = [_struck(one, is_told=is_told) for one in request.struck if request.approvals or not is_told]
    if not request.approvals:
        return struck
    given = words.approved_by(request.approvals, place.approved_as)
    needed = f"Still needed: {words.needed(place.missing)}." if place.missing else _ENOUGH
    return [*struck, f"{given}.", needed]


def _struck(approval: Decision, *, is_told: bool) -> str:
    struck = f"~{words.approved_by([approval])}~"
    if is_told and approval.void != "seen_before":
        return f"{struck}."
    # A line through it is not read aloud.
    return f"{struck} (no longer counts: {words.why_void(approval)})."


def _risk_changed(request: Request) -> str:
    if request.reopened in {"lapsed", "voided"} or not people.risen(request):
        return ""
    return f"Risk changed: {words.users(len(request.targets))}"


def reopened(request: Request) -> str:
    """Say why an approval that was given does not count."""
    last, doubt = request.last_decision, people.doubt(request.targets)
    if request.reopened == "lapsed":
        lapsed = f"The approval{people.at_time(' of ', last.at if last else None)} lapsed"
        return f"{lapsed}. {doubt}" if doubt else f"{lapsed} before it could be sent."
    if request.reopened == "voided":
        return f"{words.no_longer_counts(request)}. {doubt or 'Nothing was sent.'}"
    if risen := len(people.risen(people.to_confirm(request))):
        whose = "1 user's" if risen == 1 else f"{risen} users'"
        return f"{whose} risk rose after the approval. {doubt or 'Nothing was sent for them.'} Approve again?"
    return ""


def _people(request: Request) -> list[Block]:
    """Show everybody, the riskiest first; of more than fit, those to look at first, and where the others are."""
    targets = people.riskiest_first(request.targets)
    if len(targets) > MAX_USERS_SHOWN:
        return crowd.summary(request)
    if len(targets) > _PARAGRAPHS:
        fives = (targets[n : n + _LINES] for n in range(0, len(targets), _LINES))
        return [section("\n".join(people.line(target) for target in five)) for five in fives]
    return [section(people.paragraph(target)) for target in targets]


def reason_block(request: Request) -> Block:
    """The asker's reason, as typed: plain text is neither formatted nor read for mentions."""
    known_by = f"\nKnown by: {origin.known_by(request.known_by)}" if request.known_by else ""
    return plain_section(f"Reason: {_plain(request.reason)}{known_by}")


def _plain(text: str) -> str:
    return words.shorten(words.clean(text).strip(), MAX_REASON)


def meanings(request: Request) -> list[str]:
    """What has to be known before it is decided, and who is not in it."""
    found = [meaning(request), *filter(None, [why.other_verb(request), why.blind(request)])]
    if _NAMES_A_TEST.search(request.reason) and not request.is_rehearsal:
        found.append(_TEST)
    if request.left_out:
        found.append(left_out(request.left_out, len(request.targets)))
    return found


def meaning(request: Request) -> str:
    """What confirming does, which has to be known before it is done."""
    return f"With a real request, {MEANING[:1].lower()}{MEANING[1:]}" if request.is_rehearsal else MEANING


def left_out(findings: tuple[Finding, ...], n_asked: int) -> str:
    """Say how many of those asked for are not in the request, and why."""
    total = len(findings) + n_asked
    count = Counter(_WHY[finding.kind] for finding in findings)
    whys = next(iter(count)) if len(count) == 1 else ", ".join(f"{n} {why}" for why, n in count.items())
    are = "is" if len(findings) == 1 else "are"
    return f"{len(findings)} of the {words.users(total)} asked for {are} not in this request: {whys}."


_WHY = {
    "no_risk": "no longer at risk",
    "not_listed": "not among the users at risk",
    "already_safe": "already confirmed safe",
    "unreadable": "not readable as ids",
    "not_read": "could not be read",
    "unknown": "not known to Entra",
    "deleted": "deleted",
    "open_elsewhere": "in another request",
    "own_account": "the asker's own account",
    "no_email": "could not be checked",
}
