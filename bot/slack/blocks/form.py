"""The form that asks for users: its window, and what is wrong with what was filled in."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from bot.core.form import KNOWN_BY, FieldProblem, Opening
from bot.core.listed import Listed
from bot.core.model import MAX_USERS, RiskySnapshot
from bot.core.named import MOST_NAMED
from bot.core.parsing import MAX_REASON
from bot.core.problems import Problem
from bot.slack.blocks import answers, origin, words
from bot.slack.blocks.message import Block, context, plain, section
from bot.slack.blocks.options import head_of, option
from bot.slack.blocks.place import Place

CALLBACK = "ask"
MAX_PASTED = 3_000
"""Characters a text field holds (docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element)."""
_BOXES = 10
"""Options of one group of checkboxes."""
MOST_PROPOSED = 50
PROPOSED = "proposed"
REHEARSE = "rehearse"
_MAX_ENTRIES = 8
_MAX_ENTRY = 60
NOT_RECORDED = "I can't take this just now and nothing was recorded. Please send it again in a minute."
CANNOT_TELL = "I can't tell yet whether this was recorded. Sending it again is safe."
NOT_CHECKED = "I can't check whether you may ask: Slack or Entra isn't answering. Ids can be pasted below."
MAY_NOT_ASK = "You can't ask for confirmations. /confirm-safe help says who can."
READING = "Reading in Entra who is at risk. Meanwhile, ids can be pasted below."


@dataclass(frozen=True, slots=True)
class Proposed:
    """A user at risk whom an alert names, and where."""

    user: RiskySnapshot
    where: str


def window(
    opening: Opening, place: Place, state: str = READING, proposed: Sequence[Proposed] = (), *, is_known: bool = False
) -> Block:
    """Draw the form. A redrawn one has the same fields under the same names, so that Slack keeps what was typed."""
    where = [
        opening.channel,
        *([opening.alert.channel, opening.alert.ts, opening.alert.thread_ts] if opening.alert else []),
    ]
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain("Confirm users safe"),
        "submit": plain("Ask for approval"),
        "close": plain("Go back"),
        "private_metadata": json.dumps(where),
        "blocks": [
            {**section(state), "block_id": "state"},
            *(_alert(opening, place, proposed, is_known=is_known) if opening.alert else []),
            *_whom(),
            *_why(),
        ],
    }


def _whom() -> list[Block]:
    return [
        _field(
            "users",
            "Users at risk",
            _choice("Type a name or an address"),
            hint=f"The riskiest first. At most {MAX_USERS} users a request, however they are chosen.",
        ),
        _field(
            "shared",
            "Or all who share a network or a detection",
            _choice("Type a network or a detection"),
            hint="For a VPN, say: each line tells how many they are and who. All of them are asked for.",
        ),
        _field(
            "pasted",
            "Or pasted ids",
            {"type": "plain_text_input", "action_id": "pasted", "multiline": True, "max_length": MAX_PASTED},
            hint="Object ids, UPNs or mail addresses. The field holds 3,000 characters, about 80 object ids.",
        ),
    ]


def _why() -> list[Block]:
    reason = {"type": "plain_text_input", "action_id": "reason", "multiline": True, "max_length": MAX_REASON}
    known = {
        "type": "static_select",
        "action_id": "known_by",
        "placeholder": plain("Choose"),
        "options": [option(words.capital(origin.KNOWN_BY[how]), how) for how in KNOWN_BY],
    }
    box = {
        "type": "checkboxes",
        "action_id": REHEARSE,
        "options": [option("Rehearse only", REHEARSE, "For practice: Entra will not be changed.")],
    }
    return [
        _field("reason", "Reason", reason, hint="Approvers and auditors read it.", is_needed=True),
        _field(
            "known_by",
            "How do you know?",
            known,
            hint="Mail and chat prove nothing: whoever has taken the account answers there too. Call, or meet.",
            is_needed=True,
        ),
        _field(REHEARSE, "Practice", box),
    ]


def _choice(placeholder: str) -> Block:
    return {"type": "multi_external_select", "placeholder": plain(placeholder), "min_query_length": 0}


def _field(name: str, label: str, element: Block, *, hint: str = "", is_needed: bool = False) -> Block:
    field: Block = {
        "type": "input",
        "block_id": name,
        "label": plain(label),
        "element": {"action_id": name, **element},
        "optional": not is_needed,
    }
    return {**field, "hint": plain(hint)} if hint else field


def _alert(opening: Opening, place: Place, proposed: Sequence[Proposed], *, is_known: bool) -> list[Block]:
    """Offer those whom the alert names, none of them ticked."""
    alert, named = opening.alert, opening.named
    link = words.link(place, alert.channel, alert.ts, "this alert", alert.thread_ts) if alert else ""
    told = f"From {link or 'an alert'}. Anybody may have had a hand in its text: tick only whom you know to be safe."
    blocks = [section(told)]
    shown = proposed[:MOST_PROPOSED]
    for n in range(0, len(shown), _BOXES):
        nth = f"{PROPOSED}{n // _BOXES}"
        boxes = {
            "type": "checkboxes",
            "options": [_offer(one) for one in shown[n : n + _BOXES]],
        }
        label = "Users at risk whom the alert names" if not n else f"From the {n + 1}th on"
        blocks.append(_field(nth, label, boxes))
    remarks = [_counted(proposed, is_known=is_known)]
    if named is not None and named.is_cut:
        remarks.append(f"The alert is long: only its beginning, or {MOST_NAMED:,} ids, was looked through.")
    return [*blocks, *(context(remark) for remark in remarks if remark)]


def _counted(proposed: Sequence[Proposed], *, is_known: bool) -> str:
    if len(proposed) > MOST_PROPOSED:
        return (
            f"It names {words.users(len(proposed))} at risk; the {MOST_PROPOSED} riskiest are offered here. "
            "The others can be chosen below."
        )
    if proposed or not is_known:
        return ""
    return "It names nobody who is at risk in Entra now."


def _offer(one: Proposed) -> Block:
    return option(head_of(one.user), one.user.user_id, f"{one.where} · {one.user.upn}" if one.user.upn else one.where)


def state(listed: Listed, place: Place) -> str:
    """Say who is at risk, or why that can't be told."""
    match listed.trouble:
        case "":
            at = f", read at {words.date(listed.at)}" if listed.at else ""
            are = "is" if len(listed.users) == 1 else "are"
            return f"{words.users(len(listed.users))} {are} at risk in Entra{at}."
        case "sign_in":
            why = f"The bot can't sign in to Entra to list the users at risk; {words.help_of(place)} has to look."
        case "refused":
            why = f"Entra refuses to list the users at risk; {words.help_of(place)} has to look."
        case "not_read":
            why = "The list of users at risk could not be read: Entra isn't answering, or is busy."
        case _:
            assert_never(listed.trouble)
    return f"{why} Ids can be pasted below; they are looked up once you ask."


def errors(problems: Iterable[FieldProblem]) -> dict[str, str]:
    """Everything that is wrong, each at its field."""
    told: dict[str, str] = {}
    for problem in problems:
        text = error(problem)
        before = told.get(problem.field, "")
        told[problem.field] = before if text in before else f"{before} {text}".strip()
    return told


def error(problem: FieldProblem) -> str:
    """Say what is wrong with a field, as plain text."""
    match problem.kind:
        case "remark":
            return "What you chose is a remark and names nobody: take it out."
        case "gone":
            return "Who shares this has changed since the list was shown. Take it out and choose again."
        case "reading":
            return "Who shares this is still being read in Entra. Nothing was asked for: send it again in a minute."
        case "unreadable":
            told = [words.shorten(words.one_line(entry), _MAX_ENTRY) for entry in problem.entries[:_MAX_ENTRIES]]
            more = len(problem.entries) - len(told)
            others = f" and {more} more" if more > 0 else ""
            what = "as an id" if len(problem.entries) == 1 else "as ids"
            return f"I read {words.users(problem.count)} here, and can't read {', '.join(told)}{others} {what}."
        case "no_users":
            return "No users given: choose some here or below, or paste their ids."
        case "too_many":
            return answers.problem_in_words(Problem("too_many", count=problem.count))
        case "no_reason":
            return answers.problem_in_words(Problem("no_reason"))
        case "too_long":
            return f"The reason has {problem.count:,} characters; at most {MAX_REASON:,} fit."
        case "unknown":
            return "Please say how you know; approvers need it."
        case _:
            assert_never(problem.kind)
