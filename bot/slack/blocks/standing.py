"""How requests stand: one of them in a private answer, many of them a line each."""

from collections.abc import Sequence

from bot.core.model import Request
from bot.core.recurrence import count_recurred
from bot.slack.blocks import people, words
from bot.slack.blocks.message import Block, Message, context, joined, said, section
from bot.slack.blocks.place import Place, PlaceOf
from bot.slack.blocks.rehearsal import marked
from bot.slack.blocks.states import state_of

NONE_OF_YOURS = "You have no requests in the last 30 days."
MOST = 30
"""Requests in a private answer: more are not read on a phone."""
_LINES = 5
"""Requests that share a section."""
_UNDECIDED = {"looking_up": "being looked up in Entra", "not_asked": "nothing was asked for"}


def status(request: Request, place: Place) -> Message:
    """Say how one request stands, in as many words as its message does."""
    opened = words.link(place, request.channel, request.ts, "Open")
    match request.state:
        case "looking_up":
            n = words.users(len(request.entries))
            told = [f"{request.id}: {n} being looked up in Entra since {words.date(request.asked_at)}."]
        case "not_asked":
            told = [f"{request.id}: nothing was asked for."]
        case "pending":
            until = people.at_time(", open until ", request.open_until)
            still = f"Needed: {words.needed(place.missing)}." if place.missing else ""
            shown = people.to_confirm(request)
            told = [
                f"{request.id}: waiting for approval since {words.date(request.asked_at)}{until}.",
                f"{words.users(len(shown.targets))}, {_risk(shown)}.",
                still,
            ]
        case "withdrawn" if not request.targets:
            at = people.at_time(" at ", request.ended_at)
            told = [f"{request.id}: withdrawn{at}, before its users were found in Entra."]
        case _:
            state = state_of(request, place)
            told = [
                f"{request.id}: {_in_a_line(state.header)}.",
                state.line,
                *_contested(request, "Contested: {} at risk again."),
            ]
    return marked(said(joined([*told, opened])), request)


def mine(requests: Sequence[Request], place: PlaceOf, *, more: bool) -> Message:
    """List what somebody asked for in the last 30 days, the newest first."""
    if not requests:
        return said(NONE_OF_YOURS)
    return _list("*Your requests of the last 30 days*, the newest first", requests, place, more=more)


def still_open(requests: Sequence[Request], place: PlaceOf, *, more: bool) -> Message:
    """List what has not ended, the oldest first, as that is the most urgent."""
    if not requests:
        return said("No request is open.")
    return _list("*Open requests*, the oldest first", requests, place, more=more)


def not_for_you(place: Place) -> Message:
    """Lists are for those who may ask or approve; everybody sees what they asked for themselves."""
    return said(
        f"Only people who may ask or approve see the open requests: {words.requesters(place)} and "
        f"{words.approvers(place)}. `/confirm-safe mine` shows your own."
    )


def could_not_check(who: str) -> Message:
    """Nobody could tell whether they may see it."""
    return said(f"I couldn't check what you may see: {who} isn't answering. Please try again in a minute.")


def which_one() -> Message:
    """`status` without an id."""
    return said("Which one? Ids look like CS-4K7Q: `/confirm-safe status CS-4K7Q`. `/confirm-safe mine` lists yours.")


def no_such(request_id: str) -> Message:
    """There is none, or none that this person may see: which of both is nobody's to know."""
    return said(f"There is no {words.sentence(request_id, 40)} that you can see. Ids look like CS-4K7Q.")


def lines(requests: Sequence[Request], place: PlaceOf) -> list[Block]:
    """Write requests a line each, five in a section."""
    told = [line(request, place(request)) for request in requests]
    return [section("\n".join(told[n : n + _LINES])) for n in range(0, len(told), _LINES)]


def line(request: Request, place: Place) -> str:
    """One request: its id, how it stands, how serious it is, who asked when."""
    named = words.link(place, request.channel, request.ts, request.id) or f"*{request.id}*"
    practice = ["rehearsal"] if request.is_rehearsal else []
    asked = f"asked by {words.who(request.asker.id)} at {words.date(request.asked_at)}"
    return " · ".join([named, *practice, *_stands(request, place), asked])


def _stands(request: Request, place: Place) -> list[str]:
    if (undecided := _UNDECIDED.get(request.state)) is not None:
        return [undecided]
    if not request.targets:  # taken back before Entra had told of anybody
        return [f"withdrawn, {words.users(len(request.entries))} asked for"]
    shown = people.to_confirm(request)
    n, risk = words.users(len(shown.targets)), _risk(shown)
    if request.state == "pending":
        return [f"waiting, {n}, {risk}{people.at_time(', open until ', request.open_until)}"]
    return [
        f"{_in_a_line(state_of(request, place).header)}, {risk}",
        *_contested(request, "contested: {} at risk again"),
    ]


def _in_a_line(header: str) -> str:
    """The first line of a message, as it stands inside one: "denied, 3 users"."""
    return f"{header[:1].lower()}{header[1:]}".replace(": ", ", ", 1)


def _contested(request: Request, told: str) -> list[str]:
    """Who was confirmed safe and is at risk again must not read as good news."""
    n = count_recurred(request)
    return [told.format(words.users(n))] if n else []


def _risk(request: Request) -> str:
    return f"highest risk {people.highest_level(request)}"


def _list(title: str, requests: Sequence[Request], place: PlaceOf, *, more: bool) -> Message:
    count = len(requests)
    text = f"{title.replace('*', '')}: {count}{' and more' if more else ''}."
    rest = [context(f"These are {count}; there are more.")] if more else []
    return Message(text, [section(f"{title}:"), *lines(requests, place), *rest])
