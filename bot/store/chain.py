"""Checks the chain of the audit trail, and says of the first entry that is wrong what is wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.store.events import BEGINNING, digest_of, mac_of
from bot.store.trail import Emptying, Line


@dataclass(slots=True)
class Verdict:
    """What was found; `macs` are those of the entries that were asked for."""

    entries: int = 0
    redacted: int = 0
    first: int = 0
    last: int = 0
    mac: str = BEGINNING
    broken: str = ""
    """The first entry that is wrong, and why; empty for a whole chain."""
    macs: dict[int, str] = field(default_factory=dict)


def check(
    lines: Iterable[Line],
    key: bytes,
    emptied: Mapping[int, Emptying],
    cuts: Mapping[int, str],
    wanted: Iterable[int] = (),
) -> Verdict:
    """Go through the chain up to the first entry that is wrong."""
    verdict, wanted = Verdict(), frozenset(wanted)
    for line in lines:
        if not verdict.entries:
            verdict.first, verdict.last = line.n, line.n - 1
            verdict.mac = cuts.get(line.n - 1, "")
        verdict.broken = _wrong(line, verdict, key) or _wrong_body(line, emptied.get(line.n))
        if verdict.broken:
            return verdict
        verdict.entries += 1
        verdict.redacted += line.n in emptied
        verdict.last, verdict.mac = line.n, line.mac
        if line.n in wanted:
            verdict.macs[line.n] = line.mac
    return verdict


def _wrong(line: Line, before: Verdict, key: bytes) -> str:
    if not before.mac:
        return _missing(1, line.n - 1)
    if line.n != before.last + 1:
        return _missing(before.last + 1, line.n - 1)
    if line.mac == mac_of(key, line.chained):
        if line.previous == before.mac:
            return ""
        return f"entry {line.n} does not follow entry {before.last}: the one before it was another"
    if key and line.mac == mac_of(b"", line.chained):
        return (
            f"entry {line.n} was made without a key: AUDIT_KEY was set after it, or somebody without the key "
            "rewrote the chain"
        )
    if line.previous != before.mac:
        return f"entry {line.n} is out of order: it names another entry as the one before it"
    if before.entries:
        return f"entry {line.n} was changed"
    if key:
        return f"entry {line.n} does not fit AUDIT_KEY: the chain was made with another key, or the entry was changed"
    return f"entry {line.n} does not fit: the chain was made with an AUDIT_KEY, which is not set, or it was changed"


def _missing(first: int, last: int) -> str:
    return f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"


def _wrong_body(line: Line, emptying: Emptying | None) -> str:
    if line.salt is None or line.body is None:
        return f"the body of entry {line.n} is missing"
    digest = digest_of(line.salt, line.body)
    if digest == (emptying.digest if emptying else line.body_digest):
        return ""
    if emptying is None:
        return f"the body of entry {line.n} was changed"
    return f"the body of entry {line.n} was changed after entry {emptying.by} had redacted it"
