"""What marks a rehearsal, so that nobody takes it for more; and how it ends, which nothing else does so."""

import math
from datetime import timedelta

from bot.core.model import MAX_USERS_A_CALL, Request
from bot.slack.blocks import people, words
from bot.slack.blocks.message import MAX_SECTION, Block, Message, joined, said, section

MARK = "Rehearsal."
HEAD = "Rehearsal: "
PRACTICE = "Practice only: Entra will not be changed."
APPROVE = "Approve rehearsal"
_MAX_HEADER = 150
_BUTTONS = {
    "approve": APPROVE,
    "review": "Review and approve rehearsal…",
    "deny": "Deny rehearsal…",
    "stop": "Stop rehearsal",
    "ask_again": "Rehearse again",
    "drop": "Drop rehearsal",
    "details": "Rehearsal details",
    "withdraw": "Withdraw rehearsal",
}


def marked(message: Message, request: Request | None) -> Message:
    """Mark what is told of a request, if that is a rehearsal: the one place where it is done."""
    return as_rehearsal(message) if request is not None and request.is_rehearsal else message


def as_rehearsal(message: Message) -> Message:
    """Mark a message in what is read of it first, also on a lock screen."""
    first, *rest = message.blocks
    text = _begun(message.text)
    if first["type"] == "header":
        question = first["text"]["text"]
        head = words.shorten(f"{HEAD}{question[:1].lower()}{question[1:]}", _MAX_HEADER)
        line, *rest = rest
        return Message(text, [_saying(first, head), _saying(line, f"{PRACTICE} {line['text']['text']}"), *rest])
    told = _begun(first["text"]["text"])
    if len(told) > MAX_SECTION:
        return Message(text, [section(MARK), *message.blocks])
    return Message(text, [_saying(first, told), *rest])


def _begun(text: str) -> str:
    return text if text.startswith("Rehearsal") else f"{MARK} {text}"


def _saying(block: Block, text: str) -> Block:
    return {**block, "text": {**block["text"], "text": text}}


def room(request: Request, most: int) -> int:
    """How much of a first line is left for what it says."""
    return most - len(HEAD) if request.is_rehearsal else most


def button_of(request: Request, action_id: str, text: str) -> str:
    """What a button of it says; `text` where it is no rehearsal."""
    if not request.is_rehearsal:
        return text
    return (
        f"Rehearse with the other {len(request.targets)}"
        if action_id == "ask_others"
        else _BUTTONS.get(action_id, text)
    )


def head_of(request: Request, state: str) -> str:
    """How it stands, for a first line: "denied, 3 users" where others say "Denied: 3 users"."""
    return state.replace(": ", ", ", 1) if request.is_rehearsal else state


def line(request: Request, hold: timedelta = timedelta(0)) -> str:
    """How an approved one stands: before its end, and at it."""
    at = request.decision.at if request.decision else None
    if request.is_final:
        return f"{words.approved_by(request.approvals)}{people.at_time(' at ', at)}. Nothing was sent."
    would = people.at_time(" at ", at + hold if at else None)
    return f"{words.approved_by(request.approvals)}. A real request would go to Entra{would}."


def over(request: Request) -> Message:
    """Tell that it is over, and what a real request would do now."""
    targets = people.to_confirm(request).targets
    at_risk = [target for target in targets if target.shown.is_at_risk]
    n, total = len(at_risk), len(targets)
    calls = math.ceil(n / MAX_USERS_A_CALL)
    these = "this user" if total == 1 else f"these {words.users(total)}"
    whom = these if n == total else f"{n} of {these}"
    would = f"With a real request, Entra would now get {whom} in {calls} {'call' if calls == 1 else 'calls'}."
    if not n:
        is_none = "The user is not" if total == 1 else f"None of {these} is"
        would = f"{is_none} at risk, so with a real request Entra would get nobody."
    rest = f"{total - n} {'is' if total - n == 1 else 'are'} not at risk." if 0 < n < total else ""
    return said(joined([f"Rehearsal over, {words.who(request.asker.id)}.", would, rest, "Nothing was changed."]))
