"""Made-up requests for the builders, and what Slack would say of what they build."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.decisions import Decision
from bot.core.ids import ChannelId, MessageTs, ObjectId, RequestId, SlackUserId
from bot.core.model import Asker, Progress, Receipt, Request, RiskySnapshot, State, Target
from bot.slack.blocks.message import Message
from bot.slack.blocks.place import Place
from demo.local_slack.blockkit import faults_of_message, faults_of_text, faults_of_view

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DIEGO, MEGAN = SlackUserId("U0DIEGO"), SlackUserId("U0MEGAN")
PLACE = Place(
    approvers=("S0SOC", "U0MEGAN"),
    requesters=(),
    channel=ChannelId("C0APPROVE"),
    help="#identity-help",
    team_url="https://contoso.slack.com/",
    approval_ttl=timedelta(hours=8),
    send_within=timedelta(hours=1),
)
ANCHOR = (7, "0123456789abcdef" * 4)
NAMES = ("Adele Vance", "Alex Wilber", "Lynne Robbins")
TAKEN = Receipt(204, request_id="c8a1-204")
MISSING = Receipt(404, "ResourceNotFound", "c8a1-404")
LINK = "<https://contoso.slack.com/archives/C0APPROVE/p1772625600000100|open>"


def snapshot(name: str = "Adele Vance", upn: str = "", level: str = "high", state: str = "atRisk") -> RiskySnapshot:
    first, _, _ = name.partition(" ")
    address = upn or f"{first.lower()}@contoso.com"
    return RiskySnapshot(ObjectId(f"id-of-{address}"), name, address, level, state, NOON, NOON)


def safe(shown: RiskySnapshot) -> RiskySnapshot:
    return replace(shown, level="none", state="confirmedSafe")


def target(
    name: str = "Adele Vance",
    upn: str = "",
    level: str = "high",
    progress: Progress = "waiting",
    receipt: Receipt | None = None,
) -> Target:
    shown = snapshot(name, upn, level)
    read = {"confirmed": safe(shown), "left_out": replace(safe(shown), state="remediated")}
    is_read = progress in {"unchanged", "unseen", "unknown"}
    answered = receipt or (TAKEN if progress in {"accepted", "confirmed", "unchanged", "unseen"} else None)
    return Target(
        shown,
        progress=progress,
        accepted_at=NOON if answered is TAKEN else None,
        receipt=answered,
        last_read=read.get(progress, shown if is_read else None),
    )


def far(*progress: Progress) -> tuple[Target, ...]:
    """Users who are this far: Adele, Alex, Lynne and on."""
    return tuple(
        target(NAMES[n % 3], f"{n}@contoso.com", progress=one, receipt=MISSING if one == "refused" else None)
        for n, one in enumerate(progress)
    )


def many(n: int, level: str = "medium") -> tuple[Target, ...]:
    return tuple(target(f"User Number{i}", f"user{i}@contoso.com", level) for i in range(n))


def request(targets: tuple[Target, ...] | None = None, state: State = "pending", **changed: Any) -> Request:
    """Diego's request; from the approval on Megan has decided it."""
    whole = Request(
        id=RequestId("CS-4K7Q"),
        version=2,
        state=state,
        asker=Asker(DIEGO, ChannelId("C0SOC"), "Diego Siciliani"),
        entries=("adele@contoso.com",),
        reason="VPN exit moved to Oslo",
        command="/confirm-safe adele@contoso.com VPN exit moved to Oslo",
        asked_at=NOON,
        targets=(target(),) if targets is None else targets,
        open_until=NOON + timedelta(hours=8),
        view=1,
        shown_view=1,
        channel=ChannelId("C0APPROVE"),
        ts=MessageTs("1772625600.000100"),
        decision=None if state in {"looking_up", "pending", "expired", "not_asked"} else Decision(MEGAN, NOON, 1),
    )
    made = replace(whole, **changed)
    made = replace(made, shown_users=tuple(target.user_id for target in made.asked_for))
    if "approvals" in changed or made.state == "denied":
        return made
    # As one approval leaves it: it counts, or it was struck.
    given = made.decision or made.last_decision
    is_void = made.reopened == "voided" or bool(made.having("voided"))
    if given is None or not (made.decision or given.void or is_void):
        return made
    given = replace(given, void=given.void or ("at_risk" if is_void else ""))
    return replace(made, struck=(given,)) if given.void else replace(made, approvals=(given,))


def texts_of(thing: Any) -> Iterator[Mapping[str, Any]]:
    """Every text object inside, at any depth."""
    if isinstance(thing, dict):
        if thing.get("type") in {"plain_text", "mrkdwn"}:
            yield thing
        for value in thing.values():
            yield from texts_of(value)
    elif isinstance(thing, list):
        for one in thing:
            yield from texts_of(one)


def words_of(thing: Message | Any) -> str:
    """Everything there is to read, as one string, without the invisible isolates."""
    blocks = thing.blocks if isinstance(thing, Message) else thing
    return seen("\n".join(str(text["text"]) for text in texts_of(blocks)))


def seen(text: str) -> str:
    """Leave out what is there for Slack and not for the eye."""
    return text.translate(dict.fromkeys(map(ord, "\u2060\u2068\u2069")))


def buttons_of(message: Message) -> dict[str, dict[str, Any]]:
    rows = (block["elements"] for block in message.blocks if block["type"] == "actions")
    return {button["action_id"]: button for row in rows for button in row}


def faults(message: Message) -> list[str]:
    """What Slack would refuse, and what people could not read."""
    found = [*faults_of_message(message.blocks), *faults_of_text(message.text)]
    found += [f"empty {text}" for text in texts_of(message.blocks) if not str(text["text"]).strip()]
    found += [] if message.text.strip() else ["no text for notifications"]
    found += ["text longer than chat.update takes"] if len(message.text) > 4000 else []
    return found


def faults_in(view: Mapping[str, Any]) -> list[str]:
    return [*faults_of_view(view), *(f"empty {t}" for t in texts_of(view) if not str(t["text"]).strip())]
