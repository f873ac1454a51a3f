"""Private answers to a click or command that was not taken; each says why and who can."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from bot.core.model import Request
from bot.core.policy import Action, Why
from bot.slack.blocks import people, words
from bot.slack.blocks.message import Message, joined, said
from bot.slack.blocks.place import Place

_MAX_EMAIL = 200
_DOES: dict[Action, str] = {"deny": "deny it", "stop": "stop it", "mistake": "report a mistake"}


@dataclass(frozen=True, slots=True)
class Tried:
    """What somebody tried, from which view of a request, and what they are given to quote."""

    action: Action
    view: int
    at: datetime
    ref: str
    email: str = ""
    """The address by which their account in Entra was looked for."""


def said_of(why: Why, tried: Tried, request: Request | None, place: Place) -> Message:
    """Say why a click was not taken."""
    match why:
        case "not_approver" if request is not None:
            return not_approver(request, place, tried.at, tried.ref)
        case "only_approvers_deny":
            return deny_only_approvers()
        case "own_request" if tried.action == "deny":
            return own_request_denied(place)
        case "own_request" if request is not None:
            return own_request(request, place)
        case "asked_elsewhere":
            return asked_elsewhere(place)
        case "own_account":
            return own_account(place)
        case "no_email":
            return no_email(place)
        case "no_account" | "several_accounts":
            return no_one_account(why, tried.email, place)
        case "account_disabled":
            return account_disabled(place)
        case "could_not_check" | "entra_silent":
            who = "Entra" if why == "entra_silent" else "Slack"
            return could_not_check(_DOES.get(tried.action, "approve"), who)
        case "approved_already":
            return approved_already(place)
        case "same_account":
            return same_account(place)
        case "wrong_team":
            return wrong_team(place)
        case "not_member":
            return not_member()
        case "decided" if request is not None:
            return decided(request)
        case "old_view" if request is not None:
            return old_view(request, tried.view)
        case "only_approvers_stop" if request is not None:
            return only_approvers_stop(request)
        case "too_late":
            return too_late_to_stop()
        case "only_approvers_report" if request is not None:
            return only_approvers_report(request)
        case "marked" if request is not None:
            return marked_already(request)
        case "still_sending" if request is not None:
            return still_sending(request)
        case "nothing_confirmed" if request is not None:
            return nothing_confirmed(request)
        case "nobody_left":
            return nobody_left()
        case "not_shown":
            return not_yet_shown()
        case _:
            return unknown_request()


def not_approver(request: Request, place: Place, at: datetime, ref: str) -> Message:
    checked = f"you aren't on the approvers list, checked at {words.date(at)}"
    if place.rule:
        asks = f"the rule *{words.isolate(place.rule)}* asks for {words.needed(place.teams)}"
        checked = f"{asks}, and you weren't in it at {words.date(at)}"
    return said(
        f"You can't approve {request.id}: {checked}. "
        f"These people can: {words.approvers(place)}. Just added? Click again. "
        f"Think it's wrong? {words.help_first(place)}, reference {words.escape(ref)}."
    )


def own_request(request: Request, place: Place) -> Message:
    take_back = f"You can withdraw it: `/confirm-safe withdraw {request.id}`."
    return said(f"You asked for this, so someone else has to approve it. {_can(place)} {take_back}")


def own_request_denied(place: Place) -> Message:
    return said(f"You asked for this, so someone else has to decide it. {_can(place)}")


def asked_elsewhere(place: Place) -> Message:
    """Two Slack users of one person can't be the two pairs of eyes."""
    return said(
        f"Your Entra account asked for this, by another Slack user, so someone else has to decide it. {_can(place)}"
    )


def own_account(place: Place) -> Message:
    return said(f"This request includes your own account, so you can't decide on it. {_can(place)}")


def could_not_check(do: str = "approve", who: str = "Slack") -> Message:
    return said(
        f"I couldn't check whether you may {do}: {who} isn't answering. "
        "Your click was *not* counted and is not held against you. Please click again in a minute."
    )


def no_email(place: Place) -> Message:
    return said(
        "I can't tell your Entra account: your Slack profile shows no e-mail address, so I can't check that "
        f"you are not one of the users. Nothing was changed. {words.help_first(place)} can sort it out."
    )


def no_one_account(why: Why, email: str, place: Place) -> Message:
    if not email:
        return said(
            "Entra has none of the accounts that the policy names for you, so I can't check that you are not one of "
            f"the users. Nothing was changed. {words.help_first(place)} can sort it out."
        )
    found = "more than one Entra account" if why == "several_accounts" else "no Entra account"
    return said(
        f"I found {found} for {words.code(email, _MAX_EMAIL)} (tried mail, UPN and proxy addresses of enabled "
        "members), so I can't check that you are not one of the users. Nothing was changed. "
        f"{words.help_first(place)} can sort it out."
    )


def approved_already(place: Place) -> Message:
    return said(f"You have approved already. {_still_needed(place)}")


def same_account(place: Place) -> Message:
    """Two Slack users of one person are one approver."""
    return said(
        "Your Entra account has approved already, by another Slack user: two approvals have to come from different "
        f"people. {_still_needed(place)}"
    )


def wrong_team(place: Place) -> Message:
    return said(f"Your approval would not add what is missing. {_still_needed(place)}")


def _still_needed(place: Place) -> str:
    if not place.missing:
        return _can(place)
    return f"Still needed: {words.needed(place.missing)}, {words.approvers(place)}."


def account_disabled(place: Place) -> Message:
    return said(f"Your own Entra account is disabled, so you can't decide now. {_can(place)}")


def not_member() -> Message:
    return said("Only full members of this workspace can use this.")


def nobody_left() -> Message:
    """Plain words: they stand under the box that was ticked."""
    return said(
        "This would leave nobody to confirm. Untick it, or go back and deny the request. Nothing was changed."
    )


def may_not_ask(place: Place) -> Message:
    return said(f"You can't ask for confirmations. {words.capital(words.requesters(place))} can.")


def no_email_to_ask(place: Place) -> Message:
    return said(
        "I can't tell your Entra account: your Slack profile shows no e-mail address, so I can't check that you "
        f"are not one of the users. Nothing was asked for. {words.help_first(place)} can sort it out."
    )


def decided(request: Request) -> Message:
    """Tell someone whose click came after the decision what was decided."""
    return said(_decided(request))


def _decided(request: Request) -> str:
    match request.state:
        case "looking_up":
            return "This request is still being looked up, so your click changed nothing."
        case "not_asked":
            return "This was not asked for in the end, so your click changed nothing."
        case "pending":
            return (
                "The request is waiting for a decision again, so your click changed nothing. "
                "Please look again and decide."
            )
        case "expired":
            return f"It expired{people.at_time(' at ', request.ended_at or request.open_until)}. Use Ask again."
        case "denied":
            return _by(request, "denied")
        case "stopped":
            by = words.who(request.stopped.by) if request.stopped else "Somebody"
            return f"{by} stopped it{people.at_time(' at ', request.ended_at)}, so your click changed nothing."
        case "withdrawn":
            at = people.at_time(" at ", request.ended_at)
            return f"{words.who(request.asker.id)} withdrew it{at}, so your click changed nothing."
        case "approved" | "sent" | "confirmed" | "partly_confirmed" | "not_confirmed" | "accepted_unseen" | "unknown":
            return _by(request, "approved")
        case "rehearsed":
            return _by(request, "approved")
        case _:
            assert_never(request.state)


def _by(request: Request, did: str) -> str:
    decision = request.decision
    who, at = (words.who(decision.by), decision.at) if decision else ("Somebody", request.ended_at)
    return joined([who, f"{did} it{people.at_time(' at ', at)}, so your click changed nothing."])


def old_view(request: Request, view: int) -> Message:
    """Tell someone who clicked what was on their screen that it has changed since, and how."""
    return said(f"{_since(request, view)} Your click was not counted. Please look again and decide.")


def _since(request: Request, view: int) -> str:
    if view < request.explained_view == request.view:
        return "The reasons came in while you were reading."
    risen = people.risen(people.to_confirm(request))
    if request.reopened == "drifted" and risen:
        return f"The risk changed while you were reading: {people.changes(risen, 4, 70)}."
    return "The request was shown anew while you were reading."


def not_yet_shown() -> Message:
    return said("I can't take this click just now and nothing was recorded. Please click again in a minute.")


def unknown_request() -> Message:
    return said("I don't know this request any more. Use the newest message, or `/confirm-safe list`.")


def only_asker_withdraws(request: Request) -> Message:
    return said(f"Only {words.who(request.asker.id)} can withdraw it; approvers can deny it.")


def only_approvers_stop(request: Request) -> Message:
    return said(f"Only approvers and {words.who(request.asker.id)} can stop it.")


def too_late_to_stop() -> Message:
    return said("It is too late to stop it: nobody is left who has not been sent to Entra.")


def only_approvers_report(request: Request) -> Message:
    return said(f"Only approvers and {words.who(request.asker.id)} can report a mistake in it.")


def marked_already(request: Request) -> Message:
    """Tell who was quicker; what to do is where that report was posted."""
    mistake = request.mistake
    by, at = (words.who(mistake.by), mistake.at) if mistake else ("Somebody", None)
    return said(f"{by} already marked it as a mistake{people.at_time(' at ', at)}. What to do is in the thread.")


def still_sending(request: Request) -> Message:
    """Tell what comes first: a report alone would keep nobody back."""
    if request.stopped is None and request.having("waiting"):
        return said("Not everybody was sent to Entra yet. Use Stop to keep the others back, then report the mistake.")
    return said("It is not settled yet who was sent to Entra. Please report the mistake again in a minute.")


def nothing_confirmed(request: Request) -> Message:
    return said(f"Nobody in {request.id} counts as confirmed safe, so there is no mistake to report.")


def deny_only_approvers() -> Message:
    return said("Only approvers can deny. You can reply in the thread instead.")


def _can(place: Place) -> str:
    return f"{words.approvers(place)} can."
