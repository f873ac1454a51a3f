"""Reads what was typed after the command: the users' ids and the reason, or everything that is wrong."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot.core.inquiries import Inquiry, inquiry, rehearsed, without_rehearse
from bot.core.model import MAX_USERS
from bot.core.problems import Problem

MAX_REASON = 1_500
MAX_TEXT = 64_000
"""Characters: 500 users with 128 each. Reading more would keep everybody else waiting."""
_MAX_ID = 320
_MAX_WORD = 2_000
"""Nothing longer is searched for ids: patterns take their time with what nobody types."""
_MAX_NAME_WORDS = 8

EntryKind = Literal["id", "upn", "mention"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One user as given: a directory object's id, a UPN or mail address, or a Slack user."""

    kind: EntryKind
    value: str
    """For looking up and comparing: GUID and UPN in lower case, or Slack's id."""
    typed: str


@dataclass(frozen=True, slots=True)
class Ask:
    """These users are to be confirmed safe, for this reason."""

    entries: tuple[Entry, ...]
    reason: str
    unreadable: tuple[str, ...] = ()
    """What stood among the ids and is none, as typed: the others can still be asked for."""
    is_rehearsal: bool = False


# What Slack writes: <mailto:a@b|a@b>, <https://x|x>, <#C1|general>, <!subteam^S1|@soc>, <!here>.
_LINK = re.compile(r"<(?:mailto:)?(?P<url>[a-z]+:[^<>|\s]+|[^<>|\s@]+@[^<>|\s]+)\|(?P<label>[^<>|]+)>")
_BARE_LINK = re.compile(r"<([a-z]+://[^<>|\s]+)>")
_CHANNEL = re.compile(r"<#[A-Z0-9]+\|(?P<name>[^<>|]*)>")
_SPECIAL = re.compile(r"<!(?:[a-z]+\^)?(?P<what>[A-Za-z0-9]+)(?:\|@?(?P<name>[^<>|]*))?>")
# Pasted text is full of them; joiners (U+200C, U+200D) stay, as names and emoji need them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)

_SEPARATORS = re.compile(r"[\s,;，、；]*")
_FILLER = re.compile(r"(?:and|or|[-–—•*&>|/]|\d{1,3}[.)])[\s,;]+", re.IGNORECASE)
_JOINING = re.compile(r"(?:and|or|\d{1,3}[.)])[\s,;]+", re.IGNORECASE)
"""Fillers behind which a list goes on; a dash may as well lead over to the reason."""
_MENTION = re.compile(r"<@(?P<id>[UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_NAME = r'(?P<name>"[^"<>\n]{0,100}"|“[^”<>\n]{0,100}”|[^<>;\n"“]{0,100}?)[ \t]*'
_ADDRESS = re.compile(_NAME + r"<(?P<address>[^<>\n]{1,400})>")
# Teams writes Adele Vance (adelev@contoso.com).
_IN_BRACKETS = re.compile(_NAME + r"\((?P<address>[^<>()\s]{1,400}@[^<>()\s]{1,400})\)")
_TOKEN = re.compile(r"[^\s,;<>，、；]+")
# Word processors and chats turn the hyphens of a GUID into others.
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
# adelev@contoso,com: the comma stands where a dot should.
_AFTER_BARE_HOST = re.compile(r",(?:[a-z0-9-]+\.)*[a-z]{2,24}(?![\w@.'-])")
_AFTER_HOST = re.compile(r",(?:com|net|org|edu|gov)(?![\w@.'-])")

GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_UPN = re.compile(r"[\w.'!#^~+$&%*/=?`|{}-]+@(?:[\w-]+\.)+[^\W\d_][\w-]+")
_GUID_START = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}(?:-|$)", re.IGNORECASE)
# As many parts as a GUID has, and about as long: a ticket's number has fewer.
_GUID_SHAPE = re.compile(r"[0-9a-z]{6,9}(?:-+[0-9a-z]{3,5}){3}-+[0-9a-z]{8,14}-*", re.IGNORECASE)
_BARE_GUID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_ID_INSIDE = re.compile(rf"(?<![\w-])(?:{GUID.pattern})(?![\w-])|{_UPN.pattern}", re.IGNORECASE)

_BEFORE = "([{<'\"`*“‘"
_BEHIND = ")]}>'\"`*”’.,:;!?…"
_PARTING = frozenset(",;\n，、；")
# Lower-case words inside names; any other lower-case word in front of an address is prose.
_PARTICLES = frozenset(["van", "von", "vom", "der", "den", "de", "da", "di", "du", "do", "dos", "das", "la", "le"])
_PARTICLES |= frozenset(["el", "al", "bin", "ibn", "ben", "ter", "ten", "zu", "y", "e"])


def parse(text: str) -> Ask | Inquiry | tuple[Problem, ...]:
    """Read what Slack sent as the command's text."""
    if len(text) > MAX_TEXT:
        return (Problem("text_too_long", count=len(text)),)
    plain = as_typed(text)
    rest, rehearse = without_rehearse(plain)
    if (asked := rehearsed(rest) if rehearse else inquiry(plain)) is not None:
        return asked
    found, rest = leading(rest)
    entries = distinct(one for one in found if isinstance(one, Entry))
    unreadable = tuple(dict.fromkeys(one for one in found if isinstance(one, Problem)))
    reason = _reason(rest)
    problems = tuple(_problems(found, entries, reason))
    if problems or not entries:
        return (*unreadable, *problems)
    return Ask(entries, reason, tuple(problem.entry for problem in unreadable), is_rehearsal=rehearse)


def is_rehearsal(text: str) -> bool:
    """Whether it asks for a rehearsal, also where the rest of it can't be read."""
    return without_rehearse(as_typed(text))[1]


def _problems(found: list[Entry | Problem], entries: tuple[Entry, ...], reason: str) -> Iterable[Problem]:
    is_long = len(reason) > MAX_REASON
    inside = [] if is_long else [match.group() for match in _ids_in(reason)]
    if not found and not inside:
        yield Problem("no_users")
    if inside:
        yield Problem("id_in_reason", entry=inside[0], count=len(inside))
    if len(entries) > MAX_USERS:
        yield Problem("too_many", count=len(entries))
    if not reason:
        yield Problem("no_reason")
    if is_long:
        yield Problem("reason_too_long", count=len(reason))


def as_typed(text: str) -> str:
    """Undo what Slack wrote, but for mentions of people: what stands there can be sent again as it is."""
    text = _LINK.sub(_label, text)
    text = _BARE_LINK.sub(r"\1", text)
    text = _CHANNEL.sub(r"#\g<name>", text)
    text = _MENTION.sub(r"<@\g<id>>", text)
    text = _SPECIAL.sub(lambda m: f"@{m['name'] or m['what']}", text)
    # The ampersand last, or &amp;lt; would lose an escape too many.
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return _INVISIBLE.sub("", text)


def _label(link: re.Match[str]) -> str:
    """Slack links what looks like an address or a host: the label is then what was typed."""
    return link["label"] if link["label"].casefold() in link["url"].casefold() else link["url"]


def leading(text: str) -> tuple[list[Entry | Problem], str]:
    """Take ids off the front until something else comes."""
    found: list[Entry | Problem] = []
    at = 0
    while True:
        start = _end(_SEPARATORS, text, at)
        is_apart = not found or bool(set(text[at:start]) & _PARTING)
        after = _end(_FILLER, text, start)
        joins = bool(_JOINING.match(text, start))
        taken = _item(text, start, is_apart=is_apart) or _item(text, after, is_apart=is_apart or joins)
        # Behind an id, @megan is the beginning of what somebody has to say.
        if taken is None or (found and isinstance(taken[0], Problem) and taken[0].entry.startswith("@")):
            return found, text[start:]
        one, at = taken
        found.append(one)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _item(text: str, at: int, *, is_apart: bool) -> tuple[Entry | Problem, int] | None:
    """Read one id at this place, and where it ends; None when something else stands there.

    `is_apart` where more than a space stands before it: only there a name may lead up to an address, as
    "… Megan <meganb@contoso.com> phoned" is the beginning of a reason.
    """
    if mention := _MENTION.match(text, at):
        return Entry("mention", mention["id"], mention.group()), mention.end()
    for shape in (_ADDRESS, _IN_BRACKETS):
        address = shape.match(text, at)
        one = read_word(address["address"]) if address and _may_lead(address["name"], is_apart=is_apart) else None
        if address and one and not _names_another(address["name"], one):
            return one, address.end()
    token = _TOKEN.match(text, at)
    one = read_word(token.group()) if token else None
    if token is None or one is None:
        return None
    slip = (_AFTER_HOST if isinstance(one, Entry) else _AFTER_BARE_HOST).match(text, token.end())
    if slip and "@" in token.group():
        return Problem("unreadable", entry=_core(token.group()) + slip.group()), slip.end()
    return one, token.end()


def _names_another(name: str, one: Entry | Problem) -> bool:
    """Whether a quoted name holds the id of somebody else, who must not be dropped with it."""
    inside = (read_word(part) for part in re.split(r"[\s,;]+", name.strip('"“”')))
    return any(isinstance(entry, Entry) and isinstance(one, Entry) and entry.value != one.value for entry in inside)


def _may_lead(name: str, *, is_apart: bool) -> bool:
    return not name if not is_apart else _may_be_name(name)


def _may_be_name(words: str) -> bool:
    """Tell a display name from the start of a reason, and from ids that must not be dropped with it."""
    if words[:1] in {'"', "“"}:
        return True
    parts = words.replace(",", " ").split()
    return (
        len(parts) <= _MAX_NAME_WORDS
        and words.count(",") <= 1
        and all(read_word(part) is None and (part in _PARTICLES or not _is_lower(part)) for part in parts)
    )


def _is_lower(word: str) -> bool:
    return next((letter.islower() for letter in word if letter.isalpha()), False)


def _core(token: str) -> str:
    return token.lstrip(_BEFORE).rstrip(_BEHIND)


def read_word(token: str) -> Entry | Problem | None:
    """Read a single word: an id, a botched id, or None for any other word."""
    typed = _core(token.strip())
    # Phones turn the apostrophe of o'brien@contoso.com into a typographic one.
    word = re.sub("^mailto:", "", typed, flags=re.IGNORECASE).replace("’", "'")
    if len(word) > _MAX_WORD or "://" in word:
        return None
    if GUID.fullmatch(hyphened := word.translate(_HYPHENS)):
        return Entry("id", hyphened.lower(), typed)
    if len(word) <= _MAX_ID and _UPN.fullmatch(word):
        return Entry("upn", word.lower(), typed)
    return Problem("unreadable", entry=typed) if _looks_botched(word) else None


def _looks_botched(word: str) -> bool:
    if "@" in word:
        before, _, behind = word.partition("@")
        return any(letter.isalpha() for letter in before) or (not before and behind[:1].isalpha())
    if _GUID_START.match(word) or _BARE_GUID.fullmatch(word):
        return True
    letters = word.replace("-", "")
    strangers = sum(letter not in "0123456789abcdefABCDEF" for letter in letters)
    few = 2
    return bool(_GUID_SHAPE.fullmatch(word)) and strangers <= few


def distinct(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    first: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        first.setdefault((entry.kind, entry.value), entry)
    return tuple(first.values())


def _reason(rest: str) -> str:
    """One line, without the punctuation that led over from the ids."""
    line = " ".join(part.strip() for part in rest.splitlines() if part.strip())
    return re.sub(r"^(?:[.,:;|–—-]+(?:\s+|$))+", "", line).strip()


def _ids_in(reason: str) -> Iterable[re.Match[str]]:
    """Find ids among the words; a link to a ticket may well hold one."""
    yield from _MENTION.finditer(reason)
    for word in re.split(r"[\s,;\"]+", reason):
        if "://" not in word and len(word) <= _MAX_WORD and (match := _ID_INSIDE.search(word)):
            yield match
