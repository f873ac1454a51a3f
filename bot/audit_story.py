"""`python -m bot audit show`: the story of one request, an entry a line, in the names and ids of that time."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from bot.core import events as ev
from bot.core.findings import Finding
from bot.core.ids import ObjectId, SlackUserId
from bot.core.model import Lost, Receipt, RiskySnapshot, Target
from bot.core.notes import Note
from bot.core.reasons import Reason
from bot.explain_words import SHORT
from bot.slack.blocks.words import conjoined, one_line
from bot.store.events import as_event, as_time
from bot.store.trail import Line

INDENT = "    "
_INSTEAD: dict[Lost, str] = {
    "": "",
    "deleted": " in place of a message that was deleted",
    "unchangeable": " in place of a message that can't be changed any more",
}


class Story:
    """Tells entries in their order; who is who it learns from them."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = tuple(lines)
        self._users: dict[ObjectId, str] = {}
        self._people: dict[SlackUserId, str] = {}
        self._asker = SlackUserId("")

    def told(self) -> Iterator[str]:
        for line in self._lines:
            when = f"{as_time(line.at):%Y-%m-%d %H:%M:%S} UTC"
            try:
                event = as_event(line.kind, line.body or "")
            except ValueError:
                yield f"{when}  {line.kind} by {line.actor}: entry {line.n} can't be read, see `audit verify`"
                continue
            if isinstance(event, Note):
                continue  # of no request
            first, *more = self._of(event)
            yield f"{when}  {first}"
            yield from (f"{INDENT}{line}" for line in more)

    def _of(self, event: ev.Event) -> list[str]:
        match event:
            case ev.Asked():
                return self._asked(event)
            case ev.Found():
                self._people[self._asker] = one_line(event.name)
                return self._found(event)
            case ev.Explained():
                return ["It was read why they are at risk" + _blind(event.blind), *self._why(event.why)]
            case ev.Placed():
                groups = [f"{self._named([user])}: not in {conjoined(where)}" for user, where in event.not_in.items()]
                return ["Groups and roles were read anew", *groups]
            case ev.Opened():
                remarks = [_finding(finding) for finding in event.left_out]
                return [f"It waits for a decision until {event.open_until:%Y-%m-%d %H:%M:%S} UTC", *remarks]
            case ev.NotAsked():
                return [f"Nothing was asked for: {event.why}"]
            case ev.Shown():
                shown = f"Shown in {event.channel} as view {event.view}{_INSTEAD[event.lost]}"
                return [f"{shown}, SHA-256 of its blocks {event.digest}"]
            case ev.Approved():
                return self._approved(event)
            case ev.Denied():
                return [f"Denied by {self._person(event.by, event.name)}: {one_line(event.reason)}"]
            case ev.Withdrawn():
                return [f"Withdrawn by {self._person(event.by)}"]
            case ev.Stopped():
                return [f"Stopped by {self._person(event.by)} for {self._named(event.user_ids)}"]
            case ev.Expired():
                return ["Expired: nobody decided in time"]
            case ev.Drifted():
                return ["The risk of all rose: it waits for a new approval", *self._seen(event.seen)]
            case ev.Voided():
                whose = f"by {self._person(event.by)} " if event.by else ""
                return [f"An approval {whose}counts no longer: {event.why}"]
            case ev.Lapsed():
                return ["The approval lapsed: it could not be sent in time"]
            case ev.Ended():
                return [f"Ended: {event.state}"]
            case ev.Mistaken():
                return [f"Marked as a mistake by {self._person(event.by, event.name)}: {one_line(event.reason)}"]
            case ev.ClickRefused():
                ref = f", reference {event.ref}" if event.ref else ""
                return [f"Refused to {self._person(event.by)}: {event.action} ({event.why}){ref}"]
            case _:
                return self._sent(event)

    def _sent(self, event: ev.SendingEvent) -> list[str]:
        match event:
            case ev.Attempted():
                return [f"About to send {self._named(event.user_ids)}", *self._seen(event.seen)]
            case ev.SetAside():
                anew = [f"asked for anew in {event.follow_up}"] if event.follow_up else []
                left = [f"left out: {self._named(event.left_out)}"] if event.left_out else []
                return ["Set aside just before sending", *left, *self._seen((*event.seen, *event.drifted)), *anew]
            case ev.Accepted():
                return [f"Entra accepted {self._named(event.user_ids)}", *_receipt(event.receipt)]
            case ev.Refused():
                return [f"Entra refused {self._named(event.user_ids)}", *_receipt(event.receipt)]
            case ev.CallFailed():
                code = f" ({event.code})" if event.code else ""
                what = f"No answer to act on for {self._named(event.user_ids)}: {event.kind}{code}"
                return [what, *_receipt(event.receipt)]
            case ev.Doubted():
                return ["Read back after a doubtful call: not settled", *self._seen(event.snapshots)]
            case ev.Taken():
                return ["Read back: Entra took the doubtful call", *self._seen(event.snapshots)]
            case ev.Unread():
                return [f"Entra does not tell of {self._named(event.user_ids)}"]
            case ev.Reread():
                return [f"Entra tells again of {self._named(event.user_ids)}"]
            case ev.Released():
                return [f"Unchanged after a doubtful call, to be sent once more: {self._named(event.user_ids)}"]
            case ev.Verified():
                return ["Read back as safe", *self._seen(event.snapshots)]
            case ev.GaveUp():
                return [f"Given up on {self._named(event.user_ids)}: {event.progress}", *self._seen(event.snapshots)]
            case ev.LookedAgain():
                return ["Looked at once more", *self._seen(event.snapshots)]
            case ev.Recurred():
                return [
                    "At risk again after they were confirmed safe",
                    *self._seen(event.snapshots),
                    *self._why(event.why),
                ]
            case _:
                assert_never(event)

    def _asked(self, event: ev.Asked) -> list[str]:
        self._asker = event.asker.id
        self._people[self._asker] = one_line(event.asker.name)
        what = "Rehearsal asked for" if event.is_rehearsal else "Asked for"
        place = f" in {event.asker.channel}" if event.asker.channel else ""
        again = [f"again after {event.again_of}"] if event.again_of else []
        return [
            f"{what} by {self._person(event.asker.id)}{place}: {one_line(event.reason)}",
            f"for {', '.join(one_line(entry) for entry in event.entries)}",
            *([f"known by: {one_line(event.known_by)}"] if event.known_by else []),
            *([f"from the message {event.alert.ts} in {event.alert.channel}"] if event.alert else []),
            *again,
        ]

    def _found(self, event: ev.Found) -> list[str]:
        seen = [line for target in event.targets for line in self._target(target)]
        return ["Looked up in Entra" + _blind(event.blind), *seen, *(_finding(one) for one in event.findings)]

    def _target(self, target: Target) -> list[str]:
        return [*self._seen([target.shown]), *(f"{INDENT}{_reason(reason)}" for reason in target.why or ())]

    def _approved(self, event: ev.Approved) -> list[str]:
        accounts = f", Entra account {conjoined(event.accounts)}" if event.accounts else ""
        policy = f"policy {event.policy[:SHORT]}" if event.policy else "no policy file"
        spared = [f"but for {self._named(event.left_out)}"] if event.left_out else []
        return [
            f"Approved by {self._person(event.by, event.name)}{accounts}, view {event.view}"
            + ("" if event.is_last else "; more approvals are needed"),
            f"{one_line(event.because) or 'by anybody in APPROVERS'} ({policy})",
            *spared,
        ]

    def _seen(self, snapshots: Iterable[RiskySnapshot]) -> list[str]:
        return [self._snapshot(snapshot) for snapshot in snapshots]

    def _snapshot(self, shown: RiskySnapshot) -> str:
        upn = f" ({one_line(shown.upn)})" if shown.upn else ""
        self._users[shown.user_id] = f"{one_line(shown.display_name) or shown.user_id}{upn}"
        read = f"read {shown.read_at:%H:%M:%S}"
        return f"{self._users[shown.user_id]}, {shown.user_id}: risk {shown.level}, {shown.state}, {read}"

    def _why(self, why: ev.Why) -> list[str]:
        return [f"{self._named([user])}: {_reason(reason)}" for user, reasons in why.items() for reason in reasons]

    def _named(self, users: Iterable[ObjectId]) -> str:
        return conjoined([self._users.get(user, user) for user in users])

    def _person(self, user: SlackUserId, name: str = "") -> str:
        if name:
            self._people[user] = one_line(name)
        known = self._people.get(user, "")
        return f"{known} ({user})" if known and known != user else user


def _blind(blind: str) -> str:
    return f"; why they are at risk could not be read: {blind}" if blind else ""


def _finding(finding: Finding) -> str:
    name = f" ({one_line(finding.name)})" if finding.name else ""
    other = f" {finding.other.request_id}" if finding.other else ""
    return f"{one_line(finding.entry)}{name}: {finding.kind}{other}"


def _reason(reason: Reason) -> str:
    place = ", ".join(one_line(part) for part in (reason.city, reason.country, reason.ip) if part)
    at = f"{reason.at:%Y-%m-%d %H:%M:%S} UTC" if reason.at else ""
    more = f"and {reason.more} more" if reason.more else ""
    return ", ".join(filter(None, [one_line(reason.type), place, at, more]))


def _receipt(receipt: Receipt | None) -> list[str]:
    if receipt is None:
        return []
    parts = (
        f"Graph answered {receipt.status} {receipt.code}".rstrip(),
        f"request-id {receipt.request_id}" if receipt.request_id else "",
        f"client-request-id {receipt.client_request_id}" if receipt.client_request_id else "",
        receipt.date,
    )
    return [", ".join(filter(None, parts))]
