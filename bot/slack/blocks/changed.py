"""What is told in a thread when things have changed between the approval and the call, or after the end."""

from collections.abc import Sequence
from dataclasses import replace

from bot.core.ids import ObjectId
from bot.core.model import MAX_USERS_SHOWN, Request, Target
from bot.slack.blocks import looked, people, why, words
from bot.slack.blocks.looked import last_look, left_out
from bot.slack.blocks.message import Message, context, joined, said
from bot.slack.blocks.place import Place

_MOST = 4
_MOST_SPARED = 10
_MAX_NAME = 70
_NOTHING = "Nothing was sent."


def set_aside(request: Request, place: Place, moved: Sequence[ObjectId], follow_up: str) -> Message:
    """Tell whose risk rose before sending, and where they are asked for anew; `follow_up` names that request."""
    risen = [target for target in request.targets if target.user_id in moved]
    total, sent = len(request.targets) - len(request.having("spared")), len(request.asked_for)
    is_one = len(risen) == 1
    doubt = people.doubt(risen)
    told = [
        f"{words.approvers(place)} {len(risen)} of {total} changed {_when(doubt)}: {_changes(risen)}.",
        doubt,
        f"{words.users(sent)} {'goes' if sent == 1 else 'go'} on." if sent else "",
        f"{'This one' if is_one else 'These'} {'is' if is_one else 'are'} now {follow_up}, for a new approval.",
        *left_out(request.having("left_out")),
    ]
    return said(joined(told))


def drifted(request: Request, place: Place) -> Message:
    """Tell that the risk of everybody rose: the same request waits again."""
    risen = people.risen(people.to_confirm(request))
    whose = "The risk" if len(risen) == 1 else f"The risk of {words.users(len(risen))}"
    doubt = people.doubt(request.targets)
    return said(
        joined(
            [
                f"{words.approvers(place)} {whose} rose {_when(doubt)}: {_changes(risen)}.",
                doubt or _NOTHING,
                f"{request.id} needs a new approval.",
                *left_out(request.having("left_out")),
            ]
        )
    )


def spared(request: Request, user_ids: Sequence[ObjectId]) -> Message:
    """Tell whom an approval left out, by name: nothing is done for them, and others may ask for them."""
    those = tuple(target for target in request.targets if target.user_id in user_ids)
    them = "The user" if len(those) == 1 else "They"
    told = joined(looked.spared(replace(request, targets=those))).removesuffix(".")
    told = f"{words.who(request.asker.id)} {told}: {people.names(those, _MOST_SPARED, _MAX_NAME)}."
    return said(joined([told, people.doubt(those), f"{them} can be asked for in another request."]))


def _when(doubt: str) -> str:
    return "after the approval" if doubt else "before sending"


def _changes(risen: Sequence[Target]) -> str:
    return people.changes(risen, _MOST, _MAX_NAME)


def voided(request: Request, place: Place) -> Message:
    """Tell that an approval counts no longer, in the open."""
    return said(
        f"{words.approvers(place)} {words.no_longer_counts(request)}. "
        f"{people.doubt(request.targets) or _NOTHING} {request.id} needs another approval."
    )


def partly_voided(request: Request, place: Place) -> Message:
    """Tell that an approval counts no longer after a part was sent by it, and whom that leaves to be looked at."""
    nothing = "Nothing was changed." if people.is_untouched(request) else ""
    text = joined([words.approvers(place), *void(request), nothing])
    sent = people.names(_sent(request), MAX_USERS_SHOWN, _MAX_NAME)
    return said(text, context(f"Sent: {sent}")) if sent else said(text)


def void(request: Request, most: int = _MOST) -> list[str]:
    """Say that the approval counts no longer, how many had been sent by it, and who was not."""
    rest = request.having("voided")
    if not rest:
        return []
    sent, doubtful = people.taken(request), (*request.having("attempted", "unknown"), *people.doubted(rest))
    return [
        f"{words.no_longer_counts(request)}.",
        _before(len(sent), "was sent", "were sent"),
        _before(len(doubtful), "may have been sent", "may have been sent"),
        f"{people.were_not_sent(rest)}: {people.names(rest, most, _MAX_NAME)}.",
    ]


def _before(n: int, one: str, several: str) -> str:
    return f"{words.users(n)} {one if n == 1 else several} before that: look at them." if n else ""


def _sent(request: Request) -> tuple[Target, ...]:
    return (*people.taken(request), *request.having("attempted", "unknown"))


def recurred(request: Request, user_ids: Sequence[ObjectId]) -> Message:
    """Tell who is at risk again after they were confirmed safe, and call those who asked and approved."""
    those = [target for target in request.targets if target.user_id in user_ids]
    called = dict.fromkeys([words.who(request.asker.id), *(words.who(one.by) for one in request.approvals)])
    told = [_again(target) for target in those[:_MOST]]
    if (more := len(those) - len(told)) > 0:
        told.append(f"And {more} more: see Details of {request.id}.")
    case = "it as a new case" if len(those) == 1 else "them as new cases"
    then = f"Treat {case}. Do not ask again before you have looked."
    return said(joined([*called, *told, then]), context("This decision is marked as contested."))


def _again(target: Target) -> str:
    safe = people.at_time(" at ", target.last_read.read_at if target.last_read else None)
    why_now = why.recurrence(target)
    told = f"{people.bold(target, _MAX_NAME)} was confirmed safe{safe} and is at risk again"
    return f"{told}: {why_now}." if why_now else f"{told}."


def looked_again(request: Request) -> Message:
    """Tell what a last look showed, a day after the end."""
    left = request.having("unseen", "unchanged", "unknown", "risky_again")
    return said(joined([f"{words.who(request.asker.id)} Looked again after a day.", *last_look(request, left)]))
