"""What happened to a request, a line for each thing that somebody did or Entra answered."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.core import events as ev
from bot.core.ids import ObjectId
from bot.core.model import Receipt
from bot.slack.blocks import words

_MAX_REASON = 300
_MAX_BECAUSE = 600
_MAX_ID = 60
_ENDS = {
    "confirmed": "the risk of all is gone",
    "partly_confirmed": "the risk of some is gone",
    "not_confirmed": "not confirmed",
    "accepted_unseen": "accepted, not visible",
    "unknown": "not known",
    "rehearsed": "rehearsed",
    "stopped": "stopped",
}


def told(happened: Iterable[tuple[datetime, ev.Event]]) -> list[str]:
    """Write what people did and what Entra answered, the oldest first; reads that changed nothing are left out."""
    return [f"{words.date(at)}: {line}" for at, event in happened if (line := _line(event))]


def request_ids(happened: Iterable[tuple[datetime, ev.Event]]) -> list[str]:
    """List Graph's ids of the calls that sent users, for Microsoft's support: each once, the oldest first."""
    found = (_receipt(event) for _, event in happened)
    return list(dict.fromkeys(receipt.request_id for receipt in found if receipt and receipt.request_id))


def _receipt(event: ev.Event) -> Receipt | None:
    return event.receipt if isinstance(event, ev.Accepted | ev.Refused | ev.CallFailed) else None


def _line(event: ev.Event) -> str:
    match event:
        case ev.Asked():
            again = f", again after {event.again_of}" if event.again_of else ""
            return f"asked by {words.who(event.asker.id)}{again}"
        case ev.Opened(left_out=left) if left:
            return f"{words.users(len(left))} left out of it"
        case ev.Explained():
            return "why they are at risk came in"
        case ev.NotAsked():
            return "nothing was asked for"
        case ev.Approved():
            return _approved(event)
        case ev.Denied():
            return f"denied by {words.who(event.by)}: {words.isolate(event.reason, _MAX_REASON)}"
        case ev.Withdrawn():
            return f"withdrawn by {words.who(event.by)}"
        case ev.Stopped():
            return f"stopped by {words.who(event.by)}: {_n(event.user_ids)} not sent"
        case ev.Expired():
            return "expired: nobody decided in time"
        case ev.Lapsed():
            return "the approval lapsed: it could not be sent in time"
        case ev.Drifted():
            return "the risk of all rose: a new approval is needed"
        case ev.Voided():
            return (
                f"the approval by {words.who(event.by)} no longer counts" if event.by else "more approvals are needed"
            )
        case ev.Mistaken():
            return f"marked as a mistake by {words.who(event.by)}: {words.isolate(event.reason, _MAX_REASON)}"
        case ev.ClickRefused():
            return f"a click of {words.who(event.by)} was refused: {event.action}"
        case ev.Ended():
            return f"ended: {_ENDS.get(event.state, event.state)}"
        case _:
            return _sent(event)


def _sent(event: ev.Event) -> str:
    match event:
        case ev.SetAside():
            out = len(event.left_out)
            parts = [f"{words.users(out)} left out"] if out else []
            if event.drifted:
                where = f", asked for anew in {event.follow_up}" if event.follow_up else ""
                parts.append(f"the risk of {words.users(len(event.drifted))} rose{where}")
            return f"set aside before sending: {'; '.join(parts)}" if parts else ""
        case ev.Accepted():
            return f"Entra accepted {_n(event.user_ids)} ({_answer(event.receipt)})"
        case ev.Refused():
            return f"Entra refused {_n(event.user_ids)} ({_answer(event.receipt)})"
        case ev.CallFailed(receipt=receipt):
            code = f" ({_answer(receipt)})" if receipt is not None and receipt.status else ""
            return f"no answer to act on for {_n(event.user_ids)}{code}"
        case ev.Released():
            return f"unchanged after a call that broke off: {_n(event.user_ids)} to be sent once more"
        case ev.Taken():
            return f"reading back shows that Entra took {words.users(len(event.snapshots))}"
        case ev.Verified():
            return _verified(event)
        case ev.Recurred():
            return f"{words.users(len(event.snapshots))} at risk again: the decision is contested"
        case ev.GaveUp():
            return f"{_n(event.user_ids)} could not be read back as confirmed safe"
        case _:
            return ""


def _verified(event: ev.Verified) -> str:
    safe = sum(read.state == "confirmedSafe" for read in event.snapshots)
    gone = len(event.snapshots) - safe
    told = [f"{words.users(safe)} read back as confirmed safe"] if safe else []
    return "; ".join([*told, *([f"{words.users(gone)} read back as no longer at risk"] if gone else [])])


def _approved(event: ev.Approved) -> str:
    left = f", but for {_n(event.left_out)}" if event.left_out else ""
    because = f". {words.sentence(event.because, _MAX_BECAUSE)}" if event.because else ""
    return f"approved by {words.who(event.by)}, view {event.view}{left}{because}"


def _n(users: Sequence[ObjectId]) -> str:
    return words.users(len(users))


def _answer(receipt: Receipt) -> str:
    code = f" {words.sentence(receipt.code, _MAX_ID)}" if receipt.code else ""
    return f"{receipt.status}{code}"
