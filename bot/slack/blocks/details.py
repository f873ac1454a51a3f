"""The window with everything that is known of a request: who, why, by which rule, and what Entra answered."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.core.events import Event
from bot.core.model import Request, Target
from bot.slack.blocks import looked, people, standing, timeline, why, words
from bot.slack.blocks.approval import reason_block
from bot.slack.blocks.message import MAX_SECTION, Block, actions, button, context, divider, joined, plain, section
from bot.slack.blocks.place import Place
from bot.slack.blocks.record import Anchor

USERS_A_PAGE = 15
_MAX_HISTORY = 2_900
_MOST_HISTORY = 60
_MAX_IDS = 40
_ALL_TYPES = 900


def window(
    request: Request,
    place: Place,
    happened: Sequence[tuple[datetime, Event]],
    head: Anchor,
    *,
    because: str = "",
    page: int = 0,
) -> Block:
    """Show one page of a request's users, and before the first all the rest that is known of it."""
    targets = people.riskiest_first(request.targets)
    pages = max(1, -(-len(targets) // USERS_A_PAGE))
    page = min(max(page, 0), pages - 1)
    shown = targets[page * USERS_A_PAGE : (page + 1) * USERS_A_PAGE]
    blocks = _of_request(request, place, because) if page == 0 else []
    blocks += [*_heading(request, targets, page, pages), *(_user(target, place) for target in shown)]
    if pages > 1:
        blocks.append(_turning(request, page, pages))
    if page == 0:
        blocks += [divider(), *_history(happened), *_record(happened, head)]
    return _modal(f"{'Rehearsal of ' if request.is_rehearsal else 'Details of '}{request.id}", blocks)


def gone() -> Block:
    return _modal("Details", [section("I don't know this request any more. Use `/confirm-safe list`.")])


def not_for_you(place: Place) -> Block:
    return _modal("Details", standing.not_for_you(place).blocks)


def could_not_check(who: str) -> Block:
    return _modal("Details", standing.could_not_check(who).blocks)


def _of_request(request: Request, place: Place, because: str) -> list[Block]:
    told = standing.status(request, place)
    typed = f"Asked by {words.who(request.asker.id)} at {words.date(request.asked_at)}"
    rule = [section(f"Decided by: {words.sentence(because, 1000)}")] if because else []
    notes = [f"{typed}."]
    if request.again_of:
        notes.append(f"It asks again for users of {request.again_of}.")
    return [*told.blocks, reason_block(request), *rule, context(joined(notes)), divider()]


def _heading(request: Request, targets: Sequence[Target], page: int, pages: int) -> list[Block]:
    if not targets:
        return [section(f"{words.users(len(request.entries))} asked for; Entra has not told of them yet.")]
    where = f", page {page + 1} of {pages}" if pages > 1 else ""
    return [section(f"*{words.users(len(targets))}*, the riskiest first{where}")]


def _user(target: Target, place: Place) -> Block:
    shown = target.shown
    updated = f", last updated {words.date(shown.last_updated)}" if shown.last_updated else ""
    risk = f"{people.level(shown.level)} risk, {people.state(shown.state)}{updated}"
    head = f"{people.bold(target, 300)} · {people.upn_of(target)}"
    now = f"{_progress(target)}{_again(target)}"
    linked = words.in_entra(place, [target.user_id])
    because = why.everything(target, _ALL_TYPES)
    text = "\n".join([head, risk, *because, f"{now} · {linked}"])
    return section(text if len(text) <= MAX_SECTION else "\n".join([head, risk, f"{now} · {linked}"]))


def _progress(target: Target) -> str:
    """How far it is with somebody, and when that was read."""
    at = target.last_read.read_at if target.last_read else None
    match target.progress:
        case "confirmed":
            return f"{looked.safe_or_gone(target)}{people.at_time(', read back at ', at)}"
        case "left_out":
            told = f"Left out: {looked.why_left_out(target)}"
        case other:
            told = _PROGRESS.get(other, other)
    return f"{told}{people.at_time(', last read at ', at)}"


def _again(target: Target) -> str:
    if target.recurred is None:
        return ""
    because = why.recurrence(target)
    read = people.at_time(", read at ", target.recurred.read_at)
    return f" · *At risk again*{read}{f': {because}' if because else ''}"


def _turning(request: Request, page: int, pages: int) -> Block:
    """Buttons to the other pages."""
    turns = []
    if page:
        turns.append(_turn(request, page - 1, "Previous page"))
    if page + 1 < pages:
        turns.append(_turn(request, page + 1, "Next page"))
    return actions("pages", *turns)


def _turn(request: Request, page: int, text: str) -> Block:
    value = f"{request.id}.{page}"
    action_id = "details_next" if text.startswith("Next") else "details_previous"
    return button(text, action_id=action_id, value=value, label=f"{text} of {request.id}")


def _history(happened: Sequence[tuple[datetime, Event]]) -> list[Block]:
    lines = timeline.told(happened)
    left = len(lines) - _MOST_HISTORY
    lines = (
        [*lines[:2], f"… {left} more, see `python -m bot audit show` …", *lines[2 + left :]] if left > 0 else lines
    )
    return [section("*What happened*"), *(section(text) for text in _packed(lines))]


def _packed(lines: Iterable[str]) -> list[str]:
    """Put lines together as long as a section holds them."""
    packed: list[str] = []
    for line in lines:
        if packed and len(packed[-1]) + 1 + len(line) <= _MAX_HISTORY:
            packed[-1] += f"\n{line}"
        else:
            packed.append(line)
    return packed


def _record(happened: Sequence[tuple[datetime, Event]], head: Anchor) -> list[Block]:
    ids = timeline.request_ids(happened)
    told = words.listed([words.sentence(one, 60) for one in ids], _MAX_IDS)
    graph = [f"Graph request-id: {told}"] if ids else []
    return [context(*graph, f"Record: entry {head[0]}, {head[1]}")]


def _modal(title: str, blocks: list[Block]) -> Block:
    return {
        "type": "modal",
        "callback_id": "details",
        "title": plain(title),
        "blocks": blocks,
        "close": plain("Close"),
    }


_PROGRESS = {
    "waiting": "Not sent",
    "practised": "Not sent: practice only",
    "attempted": "Being sent",
    "accepted": "Accepted by Entra, not read back yet",
    "refused": "Refused by Entra",
    "not_sent": "Not sent: the approval lapsed",
    "voided": "Not sent: the approval no longer counts",
    "stopped": "Not sent: stopped",
    "spared": "Left out by the approver",
    "moved": "Not sent: the risk rose, asked for anew",
    "unchanged": "Accepted by Entra, but still at risk",
    "unseen": "Accepted by Entra, but not visible yet",
    "risky_again": "At risk again",
    "unknown": "Not known whether Entra took it",
}
