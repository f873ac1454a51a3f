"""The Home tab: what waits for its reader, what they asked for, what ended lately, what they may do."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.model import Request
from bot.slack.blocks import people, rehearsal, standing, words
from bot.slack.blocks.buttons import home_buttons, withdraw
from bot.slack.blocks.message import Block, context, divider, header, joined, plain_section, section
from bot.slack.blocks.place import PlaceOf

_MAX_REASON = 300
_NAMES = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """What one person's Home tab shows."""

    waiting: Sequence[Request]
    """What they may approve, the oldest first."""
    own: Sequence[Request]
    """What they asked for, the newest first."""
    ended: Sequence[Request]
    may_ask: bool | None
    may_approve: bool | None
    silent: str = ""
    """Who did not answer, where something could not be told."""


def home(seen: Seen, place: PlaceOf) -> Block:
    """Draw it."""
    blocks = [
        *(_waiting(seen.waiting, place) if seen.may_approve else []),
        *_own(seen.own, place),
        *(_ended(seen.ended, place) if seen.may_ask or seen.may_approve else []),
        *_rights(seen, place),
    ]
    return {"type": "home", "callback_id": "home", "blocks": blocks}


def _waiting(requests: Sequence[Request], place: PlaceOf) -> list[Block]:
    if not requests:
        return [header("Waiting for you"), section("Nothing waits for your approval.")]
    rows = [block for request in requests for block in _row(request, place)]
    return [header(f"Waiting for you: {len(requests)}"), *rows]


def _row(request: Request, place: PlaceOf) -> list[Block]:
    shown, there = people.to_confirm(request), place(request)
    practice = f"{rehearsal.MARK} {rehearsal.PRACTICE}" if request.is_rehearsal else ""
    opened = words.link(there, request.channel, request.ts, request.id) or request.id
    names = people.names(people.riskiest_first(shown.targets), _NAMES)
    told = [
        practice,
        f"{opened}: {words.who(request.asker.id)} asks for {words.users(len(shown.targets))}: {names}.",
        f"{people.risk(shown.targets)}.",
        f"Needed: {words.needed(there.missing)}." if there.missing else "",
        f"{people.at_time('Open until ', request.open_until)}." if request.open_until else "",
    ]
    reason = words.shorten(words.one_line(request.reason), _MAX_REASON)
    return [section(joined(told)), plain_section(f"Reason: {reason}"), home_buttons(request)]


def _own(requests: Sequence[Request], place: PlaceOf) -> list[Block]:
    if not requests:
        return [header("Your requests"), section(standing.NONE_OF_YOURS)]
    rows: list[Block] = []
    for request in requests:
        row = section(standing.line(request, place(request)))
        if request.state in {"looking_up", "pending"}:
            row["accessory"] = withdraw(request)
        rows.append(row)
    return [header("Your requests"), *rows]


def _ended(requests: Sequence[Request], place: PlaceOf) -> list[Block]:
    if not requests:
        return []
    return [header("Recent outcomes"), *standing.lines(requests, place)]


def _rights(seen: Seen, place: PlaceOf) -> list[Block]:
    there = place()
    told = words.rights(there, may_ask=seen.may_ask, may_approve=seen.may_approve)
    how = "`/confirm-safe adelev@contoso.com, &lt;object id&gt; why` asks · `/confirm-safe help` shows more"
    unseen = [section(standing.could_not_check(seen.silent).text)] if seen.silent else []
    return [divider(), *unseen, section(f"*What you may do*\n{told}"), context(how)]
