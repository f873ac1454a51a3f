"""Private answers to someone who typed the command; a command that failed comes back to be copied."""

from collections.abc import Sequence
from typing import Literal, assert_never

from bot.core.ids import RequestId
from bot.core.limits import Limited
from bot.core.model import MAX_USERS, Request
from bot.core.parsing import MAX_REASON, MAX_TEXT
from bot.core.problems import Problem
from bot.slack.blocks import people, words
from bot.slack.blocks.echo import echo
from bot.slack.blocks.findings import findings, left_out
from bot.slack.blocks.message import Message, joined, said
from bot.slack.blocks.place import Place

__all__ = [
    "asked_for_others",
    "bad_channel",
    "cannot_tell",
    "click_cannot_tell",
    "click_not_recorded",
    "dropped",
    "findings",
    "form_not_opened",
    "gave_up",
    "help_text",
    "limit",
    "no_such_request",
    "no_window",
    "not_in_channel",
    "not_ready",
    "not_recorded",
    "not_shown",
    "problem_in_words",
    "slow",
    "taken",
    "unexpected",
    "unreadable",
    "waiting",
    "withdrawn",
]

_EXAMPLE = "Example: `/confirm-safe {does}adelev@contoso.com VPN exit moved to Oslo`"
_CANNOT_TELL = "I can't tell yet whether this was recorded; `/confirm-safe mine` will show it."
_MAX_PROBLEMS = 10
_MAX_ENTRY = 120


def taken(request_id: RequestId, n: int, place: Place) -> Message:
    return said(
        f"Got it: {words.users(n)}, {request_id}. Looking them up in Entra; "
        f"the request appears in {words.in_channel(place.channel)}."
    )


def waiting(request: Request, place: Place) -> Message:
    opened = words.link(place, request.channel, request.ts, "open")
    where = f": {opened}" if opened else f" in {words.in_channel(place.channel)}"
    told = f"{request.id} is waiting for approval{where}. I'll mention you in its thread."
    return said(joined([told, left_out(request.left_out)]))


def withdrawn(request: Request) -> Message:
    stay = words.stay_at_risk(len(request.targets or request.entries))
    return said(f"{request.id} is withdrawn. {people.left_at_risk(request, stay)}")


def form_not_opened() -> Message:
    return said(
        "I can't open the form just now, and nothing was recorded. Please try again in a minute, or type it: "
        "`/confirm-safe adelev@contoso.com VPN exit moved to Oslo`"
    )


def no_such_request(request_id: str) -> Message:
    """Tell that there is no request of that id; `request_id` is as it was typed, empty where none was."""
    what = f"There is no {words.sentence(request_id, 40)} that you can see." if request_id else "Which one?"
    return said(f"{what} Ids look like CS-4K7Q: `/confirm-safe withdraw CS-4K7Q`.")


def slow(n: int, *, is_limited: bool) -> Message:
    """Tell that it takes long; why, only where Entra has just answered 429."""
    why = ": Entra is limiting requests" if is_limited else ""
    return said(
        f"Still looking up {words.users(n)}{why}. I keep trying and will send you a direct message. Nothing to do."
    )


def gave_up(command: str) -> Message:
    return said("I could not read the users from Entra, so nothing was asked for. Try again:", *echo(command))


def unreadable(problems: Sequence[Problem], command: str, *, is_rehearsal: bool = False) -> Message:
    """Say everything that is wrong at once."""
    told = [problem_in_words(problem) for problem in problems[:_MAX_PROBLEMS]]
    if len(problems) > len(told):
        told.append(f"And {len(problems) - len(told)} more.")
    example = _EXAMPLE.format(does="rehearse " if is_rehearsal else "")
    return said("\n".join([*told, "Nothing was asked for.", example]), *echo(command))


def problem_in_words(problem: Problem) -> str:
    """Say what is wrong with one thing that was typed, as mrkdwn."""
    match problem.kind:
        case "unreadable":
            return f"I can't read {words.code(problem.entry, _MAX_ENTRY)} as an id."
        case "no_users":
            return "No users given."
        case "id_in_reason":
            found = words.code(problem.entry, _MAX_ENTRY)
            return f"Put the ids first, then the reason: I found an id inside the reason, {found}."
        case "too_many":
            return f"{words.users(problem.count)} are too many; at most {MAX_USERS} a request."
        case "no_reason":
            return "Please add a reason; approvers and auditors need it."
        case "reason_too_long":
            return f"The reason has {problem.count:,} characters; at most {MAX_REASON:,} fit."
        case "text_too_long":
            return f"The command has {problem.count:,} characters; at most {MAX_TEXT:,} fit."
        case _:
            assert_never(problem.kind)


def help_text(place: Place, *, may_ask: bool | None, may_approve: bool | None) -> Message:
    """Explain the command, and what its reader may do: None where that could not be checked."""
    return said(
        "*Confirm users safe in Entra ID Protection, after an approval.*\n"
        "`/confirm-safe adelev@contoso.com, &lt;object id&gt; why` asks · `/confirm-safe` opens a form · "
        "`/confirm-safe withdraw CS-4K7Q` takes it back\n"
        "`/confirm-safe mine` what you asked for · `list` what is open · `status CS-4K7Q` how it stands · "
        "`help` shows this\n"
        "`/confirm-safe rehearse adelev@contoso.com why` plays it all for practice and changes nothing\n"
        f"{words.rights(place, may_ask=may_ask, may_approve=may_approve)}"
    )


def not_in_channel(place: Place, command: str) -> Message:
    return said(
        f"I'm not in {words.in_channel(place.channel)}, so I can't post there and nothing was asked for. "
        "Someone in it can type `/invite @confirm-safe`. Then send again:",
        *echo(command),
    )


def bad_channel(place: Place, why: Literal["shared", "archived"]) -> Message:
    what = "shared with another organisation" if why == "shared" else "archived"
    return said(
        f"{words.in_channel(place.channel)}, where requests are decided, is {what}, "
        f"so nothing was asked for. {words.help_first(place)} has to look."
    )


def not_recorded(command: str) -> Message:
    return said(
        "I can't take this just now and nothing was recorded. Please send it again in a minute:",
        *echo(command),
    )


def cannot_tell(command: str) -> Message:
    return said(f"{_CANNOT_TELL} Sending it again is safe:", *echo(command))


def click_not_recorded() -> Message:
    return said("I can't take this click just now and nothing was recorded. Please click again in a minute.")


def click_cannot_tell() -> Message:
    return said(f"{_CANNOT_TELL} Clicking again is safe.")


def not_shown(command: str) -> Message:
    return said("I can't look that up just now. Please send it again in a minute:", *echo(command))


def no_window() -> Message:
    return said("I can't show this just now; nothing was changed. Please click again in a minute.")


def unexpected(ref: str, place: Place, recorded: RequestId | Literal["nothing", "unknown"]) -> Message:
    match recorded:
        case "nothing":
            state = "Nothing was recorded."
        case "unknown":
            state = "I can't tell yet whether this was recorded; sending it again is safe."
        case _:
            state = f"Your request {recorded} is recorded and continues."
    return said(
        f"Something went wrong on my side (reference {words.escape(ref)}). {state} "
        f"If it stays so, give {words.help_of(place)} the reference."
    )


def limit(limited: Limited, place: Place) -> Message:
    """Tell which limit somebody has reached, and when it is over."""
    n, help_of = limited.limit, words.help_of(place)
    match limited.kind:
        case "requests":
            done = f"You have asked {'once' if n == 1 else f'{n} times'} in the last hour, which is the limit."
        case "users" if limited.next_at is None:
            done = f"These are more than the limit of {words.users(n)} an hour. Nothing was asked for."
        case "users":
            done = (
                f"You have asked for {words.users(limited.asked_for)} in the last hour; with these it would be more "
                f"than the limit of {n:,}. Nothing was asked for."
            )
        case _:
            have = "a request" if n == 1 else f"{n} requests"
            done = f"You have {have} open, which is the limit. Nothing was asked for."
    if limited.kind == "open":
        then = f"Withdraw one, wait until one has ended, or ask {help_of}."
    elif limited.next_at is None:
        then = f"Ask for fewer at once, or ask {help_of}."
    else:
        then = f"Next possible at {words.date(limited.next_at)}, or ask {help_of}."
    return said(f"{done} {then}")


def not_ready(what: str, place: Place, more: str = "") -> Message:
    """Tell that the set-up is not complete; `more` is for those who approve, who can have it mended."""
    return said(
        joined(
            [
                f"The bot isn't ready: {words.sentence(what).rstrip('.')}.",
                f"{words.sentence(more).rstrip('.')}." if more else "",
                f"Nothing was asked for. {words.help_first(place)} has to look.",
            ]
        )
    )


def asked_for_others(request: Request, place: Place) -> Message:
    n = len(request.targets)
    others = "user" if n == 1 else words.users(n)
    return said(
        f"{request.id} now asks for the other {others}; the request appears in {words.in_channel(place.channel)}."
    )


def dropped(request: Request) -> Message:
    return said(f"{request.id} was dropped: nothing was asked for.")
