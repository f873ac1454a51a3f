"""The buttons of a request: what they say, what they send, and what is asked before an approval."""

from bot.core.model import MAX_USERS_SHOWN, Request
from bot.slack.blocks import people, rehearsal, why, words
from bot.slack.blocks.message import Block, actions, button, plain

_MAX_TITLE = 100


def value_of(request: Request) -> str:
    """What every button of a request sends: which request, and as it was shown when."""
    return f"{request.id}.{request.view}"


def pending_buttons(request: Request) -> Block:
    return actions("decide", _approve(request), _button(request, "Deny…", "deny", "Deny"), details(request))


def details(request: Request) -> Block:
    """All that is known of it, in a window; there is no deciding in it."""
    return _button(request, "Details", "details", "Details of")


def home_buttons(request: Request) -> Block:
    """What an approver can do on the Home tab: the row there shows too little to decide by, the window all."""
    review = _button(request, "Review and approve…", "review", "Review and approve", style="primary")
    # Each row of the tab has the same actions, so that their block must not share its id with another.
    return actions(f"home.{request.id}", review, _button(request, "Deny…", "deny", "Deny"), details(request))


def withdraw(request: Request) -> Block:
    """What whoever asked can do on the Home tab until somebody decides."""
    ask = _dialog("Withdraw it?", "Nobody can approve it any more then; you can ask again.", "Withdraw")
    return _button(request, "Withdraw", "withdraw", "Withdraw", confirm=ask)


def afterwards(request: Request, again: str, *, can_stop: bool, can_report: bool) -> Block:
    """What can be done about a request that was decided; `again` asks again, where that helps."""
    buttons = [_stop(request)] if can_stop else []
    if again:
        buttons.append(_button(request, again, "ask_again", again))
    if can_report:
        buttons.append(_button(request, "This was a mistake…", "mistake", "Report a mistake in"))
    return actions("afterwards", *buttons, details(request))


def _stop(request: Request) -> Block:
    """Stop what has not been sent: users who were can't be called back."""
    text = "Stop" if len(request.having("waiting")) == len(request.targets) else "Stop the rest"
    ask = _dialog("Stop before sending?", "Users already sent can't be called back.", "Stop")
    if request.is_rehearsal:
        ask = _dialog(f"{rehearsal.HEAD}stop it?", rehearsal.PRACTICE, "Stop rehearsal")
    return _button(request, text, "stop", text, confirm=ask)


def others(request: Request) -> Block:
    """What someone may choose who asked for users of whom some can't be asked for."""
    text = f"Ask for the other {len(request.targets)}"
    return actions(
        "others",
        _button(request, text, "ask_others", text, style="primary"),
        _button(request, "Drop it", "drop", "Drop"),
    )


def _approve(request: Request) -> Block:
    if len(request.targets) > MAX_USERS_SHOWN:
        return _button(request, "Review and approve…", "review", "Review and approve", style="primary")
    return _button(request, "Approve", "approve", "Approve", style="primary", confirm=_confirm(request))


def _button(
    request: Request,
    text: str,
    action_id: str,
    said_as: str,
    *,
    style: str = "",
    confirm: Block | None = None,
) -> Block:
    text = rehearsal.button_of(request, action_id, text)
    said_as = text.rstrip("…") if request.is_rehearsal else said_as
    label = f"{said_as} {request.id}, {words.users(len(request.targets))}"
    return button(text, action_id=action_id, value=value_of(request), label=label, style=style, confirm=confirm)


def _confirm(request: Request) -> Block:
    if request.is_rehearsal:
        return _dialog(_title(request), rehearsal.PRACTICE, rehearsal.APPROVE)
    risk = people.highest_level(request)
    if len(request.targets) == 1:
        text = f"Risk: {risk}. Entra clears all current risk of this user and this can't be undone."
    else:
        text = f"Highest risk: {risk}. Entra clears all their current risk and this can't be undone."
    return _dialog(_title(request), f"{text} {why.NOT_SHOWN}" if request.is_blind else text, "Confirm safe")


def _dialog(title: str, text: str, confirm: str) -> Block:
    return {"title": plain(title), "text": plain(text), "confirm": plain(confirm), "deny": plain("Go back")}


def _title(request: Request) -> str:
    verb = f"{rehearsal.HEAD}confirm" if request.is_rehearsal else "Confirm"
    if len(request.targets) > 1:
        return f"{verb} {words.users(len(request.targets))} safe?"
    around = len(f"{verb}  safe?")
    return f"{verb} {words.shorten(people.name_of(request.targets[0]), _MAX_TITLE - around)} safe?"
