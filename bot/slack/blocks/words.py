"""How names, times, numbers and people are written, so that a name shows as it is and pings nobody."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from bot.core.decisions import Decision, Void
from bot.core.ids import ChannelId, MessageTs, ObjectId, SlackUserId
from bot.core.model import Request
from bot.slack.blocks.place import NAMED, Place

MAX_NAME = 160
"""Room for one name or UPN, as sent: 20 people with two of them each still fit a message."""
MAX_ECHO = 2500
"""Of a failed command, so that it fits a section together with what is said of it."""
_MAX_MENTIONS = 5
_MAX_NEEDED = 500

_FIRST_STRONG_ISOLATE, _POP_ISOLATE, _WORD_JOINER = "\u2068", "\u2069", "\u2060"
# Embeddings, overrides and isolates: what could make a name run backwards over our own words.
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Slack has no escape for its own marks; next to an invisible word joiner they are left as typed. Inside a
# word, as in adele_vance@contoso.com, they mean nothing and stay alone, so that it can be copied.
_MARKS = re.compile(r"(?<![^\W_])[*_~]|[*_~](?![^\W_])|`|:(?=[\w+'-]+:)")


def clean(text: str) -> str:
    """Drop what can't be seen but changes how text runs: control, bidi and half characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in "\n\t" or not _is_harmful(c))


def _is_harmful(character: str) -> bool:
    return character in _BIDI or unicodedata.category(character) in {"Cc", "Cs"}


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


def capital(text: str) -> str:
    """Begin a sentence with text that stands inside one elsewhere."""
    return text[:1].upper() + text[1:]


def shorten(text: str, room: int) -> str:
    """Cut text that is too long, and show that it was."""
    return text if len(text) <= room else text[: max(room - 1, 0)].rstrip() + "…"


def unmarked(text: str) -> str:
    """Write our own mrkdwn where Slack shows plain text alone, as it does at a field; times are in UTC."""
    text = re.sub(r"<!date[^|>]*\|([^>]*)>", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escape(text: str) -> str:
    """Make text safe inside mrkdwn and a message's `text`."""
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def isolate(text: str, room: int = MAX_NAME) -> str:
    """Write somebody else's words into ours: escaped, on one line, unable to touch what stands around."""
    return _fitting(one_line(text), room, _disarmed)


def code(text: str, room: int = MAX_ECHO) -> str:
    """Write text as inline code, to be copied."""
    return _fitting(one_line(text).replace("`", "'"), room, lambda shown: f"`{escape(shown)}`")


def sentence(text: str, room: int = MAX_ECHO) -> str:
    """Escape text that stands as it is among our words, without isolating it."""
    return _fitting(one_line(text), room, escape)


def _disarmed(text: str) -> str:
    joined = _MARKS.sub(lambda mark: f"{_WORD_JOINER}{mark[0]}{_WORD_JOINER}", escape(text))
    return f"{_FIRST_STRONG_ISOLATE}{joined}{_POP_ISOLATE}"


def _fitting(text: str, room: int, written: Callable[[str], str]) -> str:
    """Shorten until it fits as written: escaping makes text up to five times as long."""
    length = min(len(text), room)
    while len(result := written(shorten(text, length))) > room and length:
        length -= max(1, (len(result) - room) // 6)
    return result


def users(n: int) -> str:
    return f"{n:,} user" if n == 1 else f"{n:,} users"


def stay_at_risk(n: int) -> str:
    return "The user stays at risk." if n == 1 else "The users stay at risk."


def approved_by(approvals: Sequence[Decision], teams: Mapping[SlackUserId, str] | None = None) -> str:
    """Name who approved: "Approved by A and B", and, where it is given, by which teams: "A (SOC)"."""
    by = [who(approval.by) for approval in approvals]
    room = _MAX_NEEDED // max(len(by), 1)
    for n, approval in enumerate(approvals):
        if of := (teams or {}).get(approval.by):
            by[n] += f" ({sentence(of, room)})"
    return f"Approved by {conjoined(by)}" if by else "Approved"


def conjoined(parts: Sequence[str], word: str = "and") -> str:
    """Write parts after each other: "A, B and C"."""
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}" if len(parts) > 1 else "".join(parts)


def all_of(approvals: Sequence[Decision]) -> str:
    """Mention everybody who approved: "A and B"; empty where nobody did."""
    return conjoined([who(approval.by) for approval in approvals])


def needed(what: str) -> str:
    """Write which approvals or teams it takes: their names are the operator's."""
    return sentence(what, _MAX_NEEDED)


def nobody_decided(request: Request) -> str:
    """Say that the time to decide is over, and by whom alone it was approved."""
    by = all_of(request.approvals)
    return f"Only {by} approved" if by else "Nobody decided"


def no_longer_counts(request: Request) -> str:
    """Begin the sentence that takes approvals back, in the open."""
    void = [approval for approval in request.struck if approval.void in _WHY_VOID]
    if not void:
        return "The rules ask for more approvals than there are now"
    if len(void) == 1:
        return f"The approval by {who(void[0].by)} no longer counts: {why_void(void[0])}"
    each = [f"{who(approval.by)} ({why_void(approval)})" for approval in void]
    return f"The approvals by {conjoined(each)} no longer count"


_WHY_VOID: dict[Void, str] = {
    "at_risk": "their own Entra account is at risk",
    "not_allowed": "they may not approve it any more",
    "same_account": "their Entra account is that of somebody else who approved",
}


def why_void(approval: Decision) -> str:
    """Say why an approval counts no longer, after its own words."""
    return _WHY_VOID.get(approval.void, "given for what it showed before")


def utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def date(at: datetime) -> str:
    """Write a time that everybody reads in their own time zone, such as "4:06 AM today".

    Slack writes today, yesterday and tomorrow for a near day, so that "at" can stand in front of the whole;
    what can't draw it shows UTC (docs.slack.dev/messaging/formatting-message-text, "Date formatting").
    """
    return f"<!date^{int(at.timestamp())}^{{time}} {{date_short_pretty}}|{utc(at)}>"


def span(length: timedelta) -> str:
    """Write a duration in its largest fitting unit: "an hour", "90 minutes"."""
    seconds = int(length.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds and seconds % size == 0:
            return _counted(seconds // size, unit)
    return _counted(seconds, "second")


def _counted(n: int, unit: str) -> str:
    article = "an" if unit == "hour" else "a"
    return f"{article} {unit}" if n == 1 else f"{n} {unit}s"


def who(user: SlackUserId) -> str:
    return f"<@{escape(user)}>"


def in_channel(channel: ChannelId) -> str:
    return f"<#{escape(channel)}>"


def approvers(place: Place) -> str:
    """Mention who may approve: everybody up to five, then how many more."""
    return listed([_mention(one) for one in place.approvers], _MAX_MENTIONS) or "the approvers"


def requesters(place: Place) -> str:
    """Mention who may ask."""
    named = listed([_mention(one) for one in place.requesters], _MAX_MENTIONS)
    return named or f"members of {in_channel(place.channel)}"


def _mention(approver: str) -> str:
    match approver[:1]:
        case "U" | "W":
            return f"<@{escape(approver)}>"
        case "S":
            return f"<!subteam^{escape(approver)}>"
        case _:
            return isolate(approver.removeprefix(NAMED))


def help_of(place: Place) -> str:
    """Whom people turn to, inside a sentence."""
    return sentence(place.help) or "whoever runs this bot"


def help_first(place: Place) -> str:
    """Whom people turn to, at the beginning of a sentence."""
    return sentence(place.help) or "Whoever runs this bot"


def rights(place: Place, *, may_ask: bool | None, may_approve: bool | None) -> str:
    """Say what somebody may do, and who can where they can't; None where that could not be checked."""
    unknown = "I can't tell just now"
    ask = {True: "yes", False: f"no ({requesters(place)} can)", None: unknown}[may_ask]
    approve = {
        True: "yes, but never what you asked for or your own account",
        False: f"no ({approvers(place)} can)",
        None: unknown,
    }[may_approve]
    return f"You may ask: {ask}. You may approve: {approve}. Questions: {help_of(place)}"


def link(place: Place, channel: ChannelId | None, ts: MessageTs | None, label: str, thread_ts: str = "") -> str:
    """Link to a message, in the thread it stands in; empty where its address can't be known."""
    if not (place.team_url.startswith("https://") and channel and ts):
        return ""
    thread = f"?{urlencode({'thread_ts': thread_ts, 'cid': channel})}" if thread_ts else ""
    address = f"{place.team_url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}{thread}"
    return f"<{escape(address)}|{escape(label)}>"


def in_entra(place: Place, user_ids: Sequence[ObjectId]) -> str:
    """Link to a user's page in the Entra admin center, or where there are several to its list of risky users."""
    if len(user_ids) == 1:
        user_id = quote(user_ids[0], safe="", errors="replace")
        page = f"Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/userId/{user_id}"
    else:
        page = "Microsoft_AAD_IAM/IdentityProtectionMenuBlade/~/RiskyUsers"
    return f"<{escape(f'{place.admin_url}/#view/{page}')}|Open in Entra>"


def listed(names: Sequence[str], most: int, total: int | None = None, between: str = ", ") -> str:
    """Write names after each other, and how many more there are; of very many, `total`, only the first are given."""
    more = (len(names) if total is None else total) - most
    return between.join(names[:most]) + (f" and {more} more" if more > 0 else "")
