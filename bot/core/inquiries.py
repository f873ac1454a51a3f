"""Reads the commands that name no users: help, what there is, how one request stands, taking it back."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Withdraw:
    """What was asked for is taken back; `request_id` as it was typed, in capitals, empty where none was."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Help:
    """Nothing was asked for."""


@dataclass(frozen=True, slots=True)
class Form:
    """Nothing was typed: a form is to be opened."""


@dataclass(frozen=True, slots=True)
class Mine:
    """What somebody asked for, and what became of it."""


@dataclass(frozen=True, slots=True)
class ListOpen:
    """What has not ended."""


@dataclass(frozen=True, slots=True)
class Status:
    """How one request stands; `request_id` as with Withdraw."""

    request_id: str


Inquiry = Withdraw | Help | Form | Mine | ListOpen | Status

_HELP = frozenset({"help", "help me", "?", "-h", "--help"})
_MINE = frozenset({"mine", "my requests", "list mine"})
_LIST = frozenset({"list", "list all", "list open", "open"})
_QUOTED = r"[`'\"]?(?P<id>{})[`'\"]?[.!?]?"
_ANY_ID = _QUOTED.format(r"[\w-]{1,40}")
_WITHDRAW = re.compile(rf"(?:withdraw|cancel)(?:\s+{_ANY_ID})?", re.IGNORECASE)
_STATUS = re.compile(rf"status(?:\s+(?:of\s+)?{_ANY_ID})?", re.IGNORECASE)
_BARE_ID = re.compile(_QUOTED.format(r"CS-[2-9A-Z]{4,12}"), re.IGNORECASE)
_REHEARSE = re.compile(r"\s*rehearse(?:[\s,;:]+|$)", re.IGNORECASE)


def inquiry(plain: str) -> Inquiry | None:
    """Read a command as it was typed; None where it is none of these."""
    said = plain.strip()
    words = " ".join(said.casefold().split())
    if not words:
        return Form()
    if words in _HELP:
        return Help()
    if words in _MINE:
        return Mine()
    if words in _LIST:
        return ListOpen()
    if (asked := _STATUS.fullmatch(said) or _BARE_ID.fullmatch(said)) is not None:
        return Status((asked["id"] or "").upper())
    if (withdraw := _WITHDRAW.fullmatch(said)) is not None:
        return Withdraw((withdraw["id"] or "").upper())
    return None


def without_rehearse(plain: str) -> tuple[str, bool]:
    """Take the word off that asks for a rehearsal, and tell whether it was there."""
    match = _REHEARSE.match(plain)
    return (plain[match.end() :], True) if match else (plain, False)


def rehearsed(rest: str) -> Inquiry | None:
    """Read what stands behind *rehearse*; the word alone is no cry for help."""
    found = inquiry(rest) if rest.strip() else None
    # The id may be that of a real request, and a rehearsal changes nothing.
    return Withdraw("") if isinstance(found, Withdraw) else found
