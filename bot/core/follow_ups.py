"""What has to be done because of what happened: the tasks that are committed with the events."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from bot.core import events as ev
from bot.core.ids import ChannelId, MessageTs, SlackUserId
from bot.core.lifecycle import WAIT_FOR_CHOICE
from bot.core.model import Request, Target
from bot.core.recurrence import count_recurred
from bot.core.terms import Terms
from bot.core.wishes import Wish

FIRST_READ_BACK = timedelta(seconds=2)
READ_IN_DOUBT = (timedelta(seconds=5), timedelta(seconds=15))
"""After a doubtful send: the first read-back, and the second after the first."""
PROGRESS_EVERY = timedelta(seconds=3)
AFTER_THE_CALL = timedelta(milliseconds=100)
"""How much later than what was approved its messages may be: Graph's next turn is a second away."""
LINKED_AFTER = timedelta(seconds=3)
LOOK_AGAIN_AFTER = timedelta(hours=24)
SAY_SLOW_AFTER = timedelta(seconds=10)
SAY_STUCK_AFTER = timedelta(seconds=60)
STOPPABLE_AFTER = timedelta(seconds=2)
"""Only what has not left by then is worth a button that stops it."""
REMINDED = (1, 4)
"""After so many times REMIND_AFTER."""
GOOD_NEWS_EDITS_FOR = timedelta(seconds=60)


def follow_ups(
    before: Request | None,
    after: Request,
    happened: tuple[ev.Event, ...],
    now: datetime,
    *,
    terms: Terms,
    incident_channels: tuple[ChannelId, ...],
) -> list[Wish]:
    """Derive the tasks from one decision."""
    wishes: list[Wish] = []
    for event in happened:
        wishes += _after(event, before, after, now, terms)
    if before is not None:
        wishes += _accepted_all(before, after, now)
        # An exercise is no news for those who follow incidents.
        wishes += _lines(before, after, now, () if after.is_rehearsal else incident_channels)
    return wishes


def _after(event: ev.Event, before: Request | None, after: Request, now: datetime, terms: Terms) -> Iterator[Wish]:
    name = after.id
    show = Wish("show", name, now)
    match event:
        case ev.Asked():
            yield Wish("look_up", name, now)
            # In no lane: what comes before it must not wait for it.
            yield Wish("answer", f"{name}.slow", now + SAY_SLOW_AFTER, payload={"topic": "slow"})
        case ev.Found() if after.state == "looking_up":
            yield answer(after, "findings", now)
            yield Wish("expire", f"{name}.choice", now + WAIT_FOR_CHOICE)
        case ev.NotAsked():
            yield answer(after, "not_asked", now)
        case ev.Opened():
            yield show
            yield Wish("expire", f"{name}.{after.view}", event.open_until)
            if after.blind == "busy" and after.is_blind:
                yield Wish("explain", name, now)
        case ev.Shown() if before is not None and before.shown_view < event.view:
            yield from () if before.shown_view else (answer(after, "waiting", now),)
            yield from _reminders(after, now, terms)
        case ev.Approved():
            yield from _approved(event, after, now, terms)
        case ev.Stopped() if not after.is_final:
            yield from (show, tell(after, "stopped", now))
        case ev.Ended() if _is_forbidden(after):
            yield show
        case ev.Denied() | ev.Expired() | ev.Ended():
            yield show
            yield from _ended(after, now)
        case ev.Withdrawn():
            yield from (show, tell(after, "withdrawn", now)) if after.shown_view else (show,)
        case ev.LookedAgain() | ev.Recurred():
            yield from _looked_later(event, after, now)
        case ev.Lapsed() | ev.Voided() | ev.Drifted() | ev.SetAside() | ev.Mistaken():
            yield from _changed(event, after, now)
        case ev.Accepted() | ev.Taken():
            # Nothing that merely flickers: while more is to be sent, the progress is shown now and then.
            yield Wish("show", name, now + PROGRESS_EVERY) if after.having("waiting") else show
            yield Wish("verify", name, now + FIRST_READ_BACK)
        case ev.Refused() if event.receipt.status == FORBIDDEN:
            yield tell(after, f"forbidden{after.rounds}", now, roles=event.roles)
        case ev.GaveUp(progress="voided"):
            yield tell(after, f"partly_voided{after.rounds}", now)
        case ev.Released():
            yield Wish("confirm", name, now)
        case ev.Attempted() if again := [t for t in after.having("attempted") if _is_again(t, event)]:
            yield tell(after, f"again{after.version}", now, n=len(again))
        case ev.CallFailed():
            yield from _failed(event, before, after, now)
        case _:
            pass


def _approved(event: ev.Approved, after: Request, now: datetime, terms: Terms) -> Iterator[Wish]:
    if event.is_last:
        yield Wish("confirm", after.id, now + terms.hold)
        yield Wish("show", after.id, now + AFTER_THE_CALL)
    else:
        yield Wish("show", after.id, now)
        yield tell(after, f"approved{after.version}", now, by=event.by)
    if event.is_last and after.having("waiting"):
        yield Wish("stoppable", f"{after.id}.{after.rounds}", now + STOPPABLE_AFTER)
        yield Wish("lapse", f"{after.id}.{after.view}", now + terms.hold + terms.send_within)
    if event.left_out:
        nth = after.rounds if event.is_last else after.version
        yield tell(after, f"spared{nth}", now, user_ids=list(event.left_out))


def _ended(after: Request, now: datetime) -> Iterator[Wish]:
    topic = end_topic(after)
    yield tell(after, topic, now)
    # A mention in a channel that they are not in reaches nobody.
    yield Wish("tell", f"{after.id}.{topic}.asker", now, payload={"topic": topic, "to_asker": True})
    if after.having("unseen", "unchanged", "unknown", "risky_again"):
        yield Wish("look_again", after.id, now + LOOK_AGAIN_AFTER)


def _looked_later(event: ev.LookedAgain | ev.Recurred, after: Request, now: datetime) -> Iterator[Wish]:
    if isinstance(event, ev.LookedAgain):
        yield tell(after, "looked_again", now)
        return
    users = [snapshot.user_id for snapshot in event.snapshots]
    yield from (
        Wish("show", after.id, now),
        tell(after, f"recurred{count_recurred(after)}", now, user_ids=users),
    )


def end_topic(request: Request) -> str:
    """What its end is told as."""
    told = {"denied", "expired", "stopped", "rehearsed", "withdrawn"}
    return request.state if request.state in told else "ended"


def told_anew(request: Request, told: Collection[str], lost: MessageTs, now: datetime) -> Iterator[Wish]:
    """Tell how it ended, and that it was a mistake, once more where that went below a message that is lost."""
    for topic in (f"forbidden{request.rounds}", end_topic(request), "mistake"):
        if request.is_final and f"{request.id}.{topic}" in told:
            yield Wish("tell", f"{request.id}.{topic}.{lost}", now, lane=request.id, payload={"topic": topic})


def _reminders(after: Request, now: datetime, terms: Terms) -> Iterator[Wish]:
    """Twice, and only while this very view waits; in no lane, as nothing that comes before must wait for them."""
    for times in REMINDED if terms.remind_after else ():
        due = now + times * terms.remind_after
        if after.state == "pending" and after.open_until is not None and due < after.open_until:
            topic = f"reminder{after.view}.{times}"
            yield Wish("tell", f"{after.id}.{topic}", due, payload={"topic": topic, "view": after.view})


def _is_again(target: Target, event: ev.Attempted) -> bool:
    return target.attempts > 1 and target.user_id in event.user_ids


FORBIDDEN = 403


def _is_forbidden(request: Request) -> bool:
    """Whether Entra refused everybody who was to be sent: what to do is told already."""
    sent = [target for target in request.targets if target.progress != "spared"]
    return all(target.receipt is not None and target.receipt.status == FORBIDDEN for target in sent)


def _changed(
    event: ev.Lapsed | ev.Voided | ev.Drifted | ev.SetAside | ev.Mistaken, after: Request, now: datetime
) -> Iterator[Wish]:
    """What was approved does not hold any more."""
    match event:
        case ev.Mistaken():
            yield from (Wish("show", after.id, now), tell(after, "mistake", now))
        case ev.Lapsed():
            yield tell(after, f"lapsed{after.rounds}", now)
        case ev.Voided():
            yield from (Wish("show", after.id, now), tell(after, f"voided{after.version}", now))
        case ev.Drifted():
            yield tell(after, f"drifted{after.rounds}", now)
        case ev.SetAside():
            yield Wish("show", after.id, now)
            if event.drifted:
                # Once the other request is there, so that it can be linked.
                ids = [snapshot.user_id for snapshot in event.drifted]
                where = {"follow_up": event.follow_up, "user_ids": ids}
                yield tell(after, f"set_aside{after.version}", now + LINKED_AFTER, **where)


def _failed(event: ev.CallFailed, before: Request | None, after: Request, now: datetime) -> Iterator[Wish]:
    trouble = after.trouble
    if trouble is None:
        return
    if before is None or before.trouble is None or before.trouble.kind != trouble.kind:
        yield Wish("show", after.id, now)
    nth = after.rounds
    match event.kind:
        case "unclear":
            attempts = max(t.attempts for t in after.targets)
            yield Wish("verify", after.id, now + READ_IN_DOUBT[0])
            yield tell(after, f"unclear{nth}.{attempts}", now)
        case "sign_in":
            yield tell(after, f"sign_in{nth}", now, code=event.code)
        case "throttled" | "unreachable" | "unchecked" if now - trouble.since >= SAY_STUCK_AFTER:
            yield tell(after, f"{event.kind}{nth}", now)
        case _:
            pass


def _accepted_all(before: Request, after: Request, now: datetime) -> Iterator[Wish]:
    """The outcome is told once nothing is left to send."""
    was, is_ = (r.having("waiting", "attempted") for r in (before, after))
    if was and not is_ and after.having("accepted"):
        yield tell(after, "accepted", now)


def _lines(before: Request, after: Request, now: datetime, channels: tuple[ChannelId, ...]) -> Iterator[Wish]:
    was_public, is_public = bool(before.shown_view), bool(after.shown_view)
    if not is_public or (was_public and line_state(before) == line_state(after)):
        return
    for channel in channels:
        line = f"{after.id}.line.{channel}"
        yield Wish("line", line, now + AFTER_THE_CALL, lane=channel, payload={"channel": channel})
        if before.mistake is None and after.mistake is not None:
            marked = {"channel": channel, "topic": "marked"}
            yield Wish("tell", f"{after.id}.mistake.{channel}", now, lane=channel, payload=marked)
        elif count_recurred(before) < count_recurred(after):
            again = {"channel": channel, "topic": "contested"}
            key = f"{after.id}.contested{count_recurred(after)}.{channel}"
            yield Wish("tell", key, now, lane=channel, payload=again)
        elif after.is_final:
            end = {"channel": channel, "topic": "end"}
            yield Wish("tell", f"{after.id}.end.{channel}", now, lane=channel, payload=end)
    if after.alert is not None and after.alert.can_be_told and not after.is_rehearsal:
        yield from _at_the_alert(before, after, now)


def _at_the_alert(before: Request, after: Request, now: datetime) -> Iterator[Wish]:
    """The same in the alert's thread; in a lane of its own, as nobody else has to wait for that channel."""
    op = f"{after.id}.alert"
    yield Wish("alert", op, now + AFTER_THE_CALL, lane=op, payload={"topic": "line"})
    if before.mistake is None and after.mistake is not None:
        yield Wish("alert", f"{op}.mistake", now, lane=op, payload={"topic": "marked"})
    elif after.is_final:
        yield Wish("alert", f"{op}.end", now, lane=op, payload={"topic": "end"})


def line_state(request: Request) -> object:
    """What the incident line says of a request; the line is edited when it changes."""
    confirmed = len(request.having("confirmed"))
    return request.state, confirmed, request.mistake is not None, count_recurred(request)


def tell(request: Request, topic: str, now: datetime, **payload: Any) -> Wish:
    """One post in the request's thread, told once."""
    return Wish("tell", f"{request.id}.{topic}", now, lane=request.id, payload={"topic": topic, **payload})


def home(user: SlackUserId, now: datetime) -> Wish:
    """Draw somebody's Home tab; what is asked for while it is being drawn is drawn once more."""
    return Wish("home", user, now)


def answer(request: Request, topic: str, now: datetime) -> Wish:
    """One private answer to whoever asked."""
    key = f"{request.id}.{topic}"
    return Wish("answer", key, now, lane=f"{request.id}.answer", payload={"topic": topic})


def edits_outcome(request: Request) -> bool:
    """Whether the end is good news that came soon, so that it edits the outcome post."""
    soon = (
        request.ended_at is not None
        and request.decision is not None
        and request.ended_at - request.decision.at <= GOOD_NEWS_EDITS_FOR
    )
    return soon and request.state == "confirmed"
