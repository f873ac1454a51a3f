"""What the approval message says once it was decided: its first line, its state line, what can be done."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from bot.core.decisions import Decision
from bot.core.model import MAX_USERS_A_CALL, Request
from bot.core.pace import INTERVAL
from bot.core.trouble import Trouble
from bot.slack.blocks import looked, people, rehearsal, words
from bot.slack.blocks.message import joined
from bot.slack.blocks.place import Place

_IN_THREAD = "What to do is in the thread."
_SEE_THREAD = "See its thread."
_LOOK = "Look in Entra."
_AGAIN = "Ask again"
_LONGEST_READING = timedelta(seconds=15)
"""Nobody is sent who was read longer ago, so that a call hardly waits longer for its users to be read."""


@dataclass(frozen=True, slots=True)
class State:
    """One row of the table of states."""

    header: str
    line: str
    next_act: str = ""
    again: str = ""
    """The label of the button that asks again; empty for none."""
    decider_reason: str = ""


def state_of(request: Request, place: Place) -> State:
    """Tell where a decided request stands."""
    if request.mistake is not None:
        return _marked(request, request.mistake)
    shown = people.to_confirm(request)
    match request.state:
        case "approved":
            return State(f"Approved: {_users(request)}", _approved(shown, place))
        case "sent":
            return _sent(shown, place)
        case "confirmed":
            return _confirmed(shown)
        case "partly_confirmed":
            return _partly(shown)
        case "not_confirmed":
            return _not_confirmed(request)
        case "accepted_unseen":
            return _unseen(shown)
        case "unknown":
            return _unknown(shown)
        case "denied":
            return _denied(request)
        case "withdrawn":
            return _withdrawn(request)
        case "stopped":
            return _stopped(request)
        case "rehearsed":
            return State(f"Over: {_users(request)}", rehearsal.line(shown))
        case "expired":
            return _expired(request)
        case "looking_up" | "not_asked" | "pending":
            raise ValueError(f"{request.id} is {request.state}: it was not decided")
        case _:
            assert_never(request.state)


def _marked(request: Request, mistake: Decision) -> State:
    """A report covers how it goes on: that is in the thread, and nothing here may look like good news."""
    line = f"{words.who(mistake.by)} marked it at {words.date(mistake.at)}. {_IN_THREAD}"
    return State(f"Marked as a mistake: {_users(request)}", line, next_act=_SEE_THREAD)


def _users(request: Request) -> str:
    return words.users(len(people.to_confirm(request).targets))


def _stay(request: Request) -> str:
    return people.left_at_risk(request, words.stay_at_risk(len(people.to_confirm(request).targets)))


def _by(request: Request) -> str:
    if request.having("voided"):
        return words.no_longer_counts(request)
    return words.approved_by(request.approvals)


def _until(request: Request, place: Place) -> str:
    """Until when the approval is worth something."""
    if not request.decision:
        return "for a while"
    return f"until {words.date(request.decision.at + place.hold + place.send_within)}"


def _approved(request: Request, place: Place) -> str:
    if request.is_rehearsal:
        return rehearsal.line(request, place.hold)
    if request.trouble:
        return f"{_by(request)}. {_trouble(request.trouble, request, place)}"
    if place.hold and request.decision and len(request.having("waiting")) == len(request.targets):
        return f"{_by(request)}. {people.at_time('Sending to Entra at ', request.decision.at + place.hold)}."
    is_void = bool(request.having("voided"))
    at = people.at_time(" at ", request.decision.at if request.decision and not is_void else None)
    return f"{_by(request)}{at}. Sending to Entra."


def _trouble(trouble: Trouble, request: Request, place: Place) -> str:
    keep = f"I keep trying {_until(request, place)}"
    when = f"(since {words.date(trouble.since)})"
    match trouble.kind:
        case "throttled":
            return f"Entra is limiting requests {when}. {keep}; nothing to do."
        case "unreachable":
            return f"Entra isn't answering {when}. {keep}; nothing to do."
        case "unchecked":
            by = words.all_of(request.approvals) or "whoever approved"
            return (
                f"I can't check whether {by} may still approve: Slack isn't answering {when}. {keep}; nothing to do."
            )
        case "sign_in":
            return f"The bot can't sign in to Entra; {words.help_of(place)} has to look. {keep}."
        case "unclear":
            return "It is not clear whether Entra took it. Reading the users back before anything is sent again."
        case "late":
            return "Sending to Entra."
        case "bisecting":
            return "Entra refused some of the users. Finding out which; the others are sent."
        case _:
            assert_never(trouble.kind)


def _sent(request: Request, place: Place) -> State:
    taken, total = len(people.taken(request)), len(request.targets)
    if taken == total:
        line = f"{_took(request)}. Checking that the risk is gone."
        return State(f"Sent: {words.users(total)}", line)
    accepted = f"{_took(request, f'{taken} of {total}')}."
    if request.trouble:
        then = _trouble(request.trouble, request, place)
    elif left := request.having("waiting", "attempted"):
        return State(
            f"Approved: {words.users(total)}",
            f"{taken} of {total} sent, {_time_left(request, place, len(left))} left.",
        )
    else:
        then = "Checking that the risk is gone."
    void = f"{_by(request)}." if request.having("voided") else ""
    return State(f"Sent: {taken} of {words.users(total)}", joined([accepted, then, void]))


def _took(request: Request, what: str = "it") -> str:
    """Say that Entra took it, and by what that is known: an answer, or reading back."""
    taken = people.taken(request)
    at = people.at_time(" at ", people.last_accepted(request))
    if taken and len(people.by_read_back(taken)) == len(taken):
        return f"Reading back{at} shows that Entra took {what}"
    return f"Entra accepted {what}{at}"


def _time_left(request: Request, place: Place, users: int) -> str:
    """How long the rest takes at the rate so far: in a big tenant the users fill many reads between the calls.

    It is never less than one read for all of them and a call for each sixty, and never more than those calls
    with the longest reading before each: a wait for Entra to take anything at all says nothing of the rest.
    """
    calls = math.ceil(users / MAX_USERS_A_CALL)
    least, so_far = (1 + calls) * INTERVAL, timedelta(0)
    at = people.last_accepted(request)
    if at is not None and request.decision is not None:
        so_far = (at - request.decision.at - place.hold) * users / max(len(people.taken(request)), 1)
    left = max(least, min(so_far, calls * _LONGEST_READING))
    return f"about {math.ceil(left.total_seconds())} s"


def _read_back(request: Request) -> datetime | None:
    return people.last_read(request.having("confirmed")) or request.ended_at


def _confirmed(request: Request) -> State:
    total, safe = len(request.targets), len(looked.confirmed_safe(request))
    read = people.at_time(", read back at ", _read_back(request))
    header = f"{words.users(total)} confirmed safe" if safe == total else _some_safe(request)
    return State(header, f"{words.capital(looked.result(request))}{read}. {_by(request)}.")


def _some_safe(request: Request) -> str:
    """The first line where the risk of some is gone without anybody having confirmed them safe."""
    if safe := looked.confirmed_safe(request):
        return f"{len(safe)} of {words.users(len(request.targets))} confirmed safe"
    return f"No longer at risk: {_part(request, len(looked.no_longer_at_risk(request)))}"


def _partly(request: Request) -> State:
    done, total = len(request.having("confirmed")), len(request.targets)
    left = total - done
    need = "needs" if left == 1 else "need"
    gone = f"{words.capital(looked.gone(request))}." if looked.no_longer_at_risk(request) else ""
    return State(
        _some_safe(request),
        joined([gone, f"{words.users(left)} {need} a look: in the thread. {_by(request)}."]),
        next_act=_SEE_THREAD,
        again=f"{_AGAIN} for {left}",
    )


def _not_confirmed(request: Request) -> State:
    head = f"Not confirmed: {_users(request)}"
    if not request.asked_for:
        why, doubt = looked.why_nobody_is_left(request), people.doubt(request.targets)
        line = (
            f"{words.capital(why)}. {doubt}" if doubt else f"Nothing was sent: {why}. Nothing was changed in Entra."
        )
        return State(head, line, next_act=_SEE_THREAD, again=_AGAIN)
    untouched = people.is_untouched(request)
    what = "Nothing was changed in Entra." if untouched else "None of them could be read back as safe."
    if not untouched and len(request.asked_for) == 1:
        what = "The user could not be read back as safe."
    return State(head, f"{what} {_IN_THREAD}", next_act=_SEE_THREAD, again=_AGAIN)


def _unseen(request: Request) -> State:
    left = request.having("unseen", "accepted") or request.targets
    who = "the user" if len(left) == 1 else f"{len(left)} users"
    if any(target.last_read is not None for target in left):
        but = f"{who} still {'shows' if len(left) == 1 else 'show'} as at risk"
    else:
        but = f"{who} could not be read back"
    what = f"{_took(request)}, but {but}. {_IN_THREAD}"
    return State(
        f"Accepted, not visible: {_part(request, len(left))}",
        joined([_some_confirmed(request), what]),
        next_act=_SEE_THREAD,
    )


def _unknown(request: Request) -> State:
    left = request.having("unknown", "attempted") or request.targets
    what = f"The connection broke, and reading back did not settle it. {_LOOK}"
    return State(
        f"Not known: {_part(request, len(left))}",
        joined([_some_confirmed(request), what]),
        next_act=_LOOK,
        again=_AGAIN,
    )


def _part(request: Request, n: int) -> str:
    """Name a part of the users: "3 users" if it is all of them, "1 of 3 users" if not."""
    total = len(request.targets)
    return words.users(total) if n == total else f"{n} of {words.users(total)}"


def _some_confirmed(request: Request) -> str:
    return f"{words.capital(looked.result(request))}." if request.having("confirmed") else ""


def _denied(request: Request) -> State:
    decision = request.decision
    by, at = (words.who(decision.by), decision.at) if decision else ("An approver", request.ended_at)
    return State(
        f"Denied: {_users(request)}",
        f"{by} denied it{people.at_time(' at ', at)}. {_stay(request)}",
        decider_reason=decision.reason if decision else "",
    )


def _withdrawn(request: Request) -> State:
    at = people.at_time(" at ", request.ended_at)
    who = words.who(request.asker.id)
    return State(f"Withdrawn: {_users(request)}", f"{who} withdrew it{at}. {_stay(request)}")


def _stopped(request: Request) -> State:
    by = words.who(request.stopped.by) if request.stopped else "Somebody"
    before = "" if people.doubted(request.targets) else " before it was sent"
    return State(f"Stopped: {_users(request)}", f"{by} stopped it{before}. {_stay(request)}", again=_AGAIN)


def _expired(request: Request) -> State:
    by = people.at_time(" by ", request.open_until or request.ended_at)
    return State(
        f"Expired: {_users(request)}",
        f"{words.nobody_decided(request)}{by}. {_stay(request)}",
        next_act="Ask again if it is still needed.",
        again=_AGAIN,
    )
