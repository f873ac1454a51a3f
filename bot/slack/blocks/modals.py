"""The windows that open on a click: reviewing many users, the reason of a denial, a mistake, a refusal."""

import json
from collections.abc import Iterator

from bot.core.model import MAX_USERS_SHOWN, Request
from bot.slack.blocks import crowd, people, rehearsal, words
from bot.slack.blocks.approval import meanings, reason_block, reopened
from bot.slack.blocks.buttons import value_of
from bot.slack.blocks.message import Block, context, divider, joined, plain, section
from bot.slack.blocks.place import Place

NO_REASON = "Please say why: the requester has to know what to do instead."
NOT_SAID_WHAT = "Please say what went wrong: approvers have to know what to look for."
_MAX_BLOCKS = 100
_MAX_ANSWER = 1000
_MAX_VIEW = 240_000
"""Bytes; Slack refuses a view over 250 kB (`view_too_large`)."""
_ROOMS = (
    (160, 160, 400),
    (60, 120, 200),
    (40, 120, 100),
    (40, 100, 60),
    (25, 80, 60),
    (15, 40, 60),
    (10, 20, 40),
    (1, 12, 20),
)
"""Room for a name, a UPN and why: what gives way does so only where 500 of them would not fit."""


def review_modal(request: Request, place: Place) -> Block:
    """Show everybody the request is about; only its submit approves."""
    why_again, request = reopened(request), people.to_confirm(request)
    view: Block = {}
    for blocks in _everybody(request):
        view = _review(request, place, blocks, why_again)
        if _fits(view):
            break
    return view


def _everybody(request: Request) -> Iterator[list[Block]]:
    """All users, in full where they are few, as on the message; in several ways, from the most told to the least."""
    if len(request.targets) <= MAX_USERS_SHOWN:
        yield [section(people.paragraph(target)) for target in people.riskiest_first(request.targets)]
    yield from crowd.review(request, _ROOMS)


def _review(request: Request, place: Place, sections: list[Block], why_again: str) -> Block:
    asks = f"{words.who(request.asker.id)} asks {words.approvers(place)}."
    until = f"{people.at_time('Open until ', request.open_until)}." if request.open_until else ""
    blocks = [
        *_practice(request),
        section(joined([why_again, asks, f"{people.risk(request.targets)}.", until])),
        reason_block(request),
        divider(),
        *sections,
        context(*meanings(request)),
    ]
    return _modal(
        "review",
        f"Rehearsal of {request.id}" if request.is_rehearsal else f"Review {request.id}",
        blocks,
        submit=rehearsal.APPROVE if request.is_rehearsal else f"Confirm {words.users(len(request.targets))} safe",
        close="Go back",
        private_metadata=value_of(request),
    )


def _practice(request: Request) -> list[Block]:
    return [section(rehearsal.PRACTICE)] if request.is_rehearsal else []


def _fits(view: Block) -> bool:
    return len(json.dumps(view)) <= _MAX_VIEW and len(view["blocks"]) <= _MAX_BLOCKS


def deny_modal(request: Request) -> Block:
    """Ask why; the reason is shown to the requester and to the channel."""
    return _modal(
        "deny",
        f"{rehearsal.HEAD}deny {request.id}" if request.is_rehearsal else f"Deny {request.id}",
        [*_practice(request), _asked("Why? The requester and this channel will see it.")],
        submit="Deny rehearsal" if request.is_rehearsal else "Deny",
        close="Go back",
        private_metadata=value_of(request),
    )


def mistake_modal(request: Request) -> Block:
    """Say what a report does and what it doesn't, and ask what went wrong."""
    what = (
        "The risk can't be put back with one click. This tells the approvers and incident channels, marks the "
        "record, and posts the steps for each user."
    )
    return _modal(
        "mistake",
        "Report a mistake",
        [section(what), _asked("What went wrong?")],
        submit="Report",
        close="Go back",
        private_metadata=value_of(request),
    )


def _asked(question: str) -> Block:
    """Ask for an answer, which Slack does not let be empty."""
    text = {"type": "plain_text_input", "action_id": "text", "multiline": True, "max_length": _MAX_ANSWER}
    return {"type": "input", "block_id": "reason", "label": plain(question), "element": text}


def gone_modal(text: str) -> Block:
    """Say in a window why no other one opens; `text` is mrkdwn, as the refusals give it."""
    return _modal("gone", "Not counted", [section(text)], close="Close")


def _modal(
    callback_id: str,
    title: str,
    blocks: list[Block],
    *,
    close: str,
    submit: str = "",
    private_metadata: str = "",
) -> Block:
    view: Block = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title),
        "blocks": blocks,
        "close": plain(close),
        "private_metadata": private_metadata,
    }
    if submit:
        view["submit"] = plain(submit)
    return view
