"""The part of OData that Graph documents for its lists of risk: `$filter`, `$select` and `$top`."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from demo.graph.records import RISK_EVENT_TYPES

Test = Callable[[Mapping[str, Any]], bool]

RISK_LEVELS = ("low", "medium", "high", "hidden", "none", "unknownFutureValue")
RISK_STATES = (
    "none",
    "confirmedSafe",
    "remediated",
    "dismissed",
    "atRisk",
    "confirmedCompromised",
    "unknownFutureValue",
)
TIMINGS = ("notDefined", "realtime", "nearRealtime", "offline", "unknownFutureValue")


@dataclass(frozen=True, slots=True)
class Filterable:
    """The properties that a `$filter` of one list may name, by what they are compared with."""

    texts: frozenset[str]
    enums: Mapping[str, tuple[str, ...]]
    truths: frozenset[str] = field(default=frozenset())
    moments: frozenset[str] = field(default=frozenset())


RISKY_USERS = Filterable(
    texts=frozenset({"id", "userPrincipalName", "userDisplayName"}),
    enums={"riskLevel": RISK_LEVELS, "riskState": RISK_STATES},
    truths=frozenset({"isDeleted", "isProcessing"}),
    moments=frozenset({"riskLastUpdatedDateTime"}),
)
# The reference names no property. Microsoft's pages show riskEventType, riskLevel, userDisplayName and
# detectionTimingType; userId is what everybody uses. Moments are shown nowhere, so they are refused here.
RISK_DETECTIONS = Filterable(
    texts=frozenset({"userId", "userDisplayName"}),
    enums={"riskEventType": RISK_EVENT_TYPES, "riskLevel": RISK_LEVELS, "detectionTimingType": TIMINGS},
)
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<paren>[()])
      | (?:(?:microsoft\.graph\.risk(?:Level|State|DetectionTimingType))?'(?P<text>(?:[^']|'')*)'
        | (?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))
        | (?P<word>[A-Za-z]+)
      )(?=\s|[()]|$)
    )""",
    re.VERBOSE,
)


class NotUnderstood(Exception):
    """The query is not one that Graph documents; the text is the message of the 400."""


class Token(NamedTuple):
    kind: str
    text: str


def read_filter(text: str, filterable: Filterable) -> Test:
    """Read a `$filter` of comparisons joined by `and` and `or`, with parentheses."""
    rest = _tokens(text)
    test = _any_of(rest, filterable)
    if rest:
        raise NotUnderstood(f"Syntax error: '{rest[0].text}' is not expected in '{text}'.")
    return test


def read_select(text: str, known: Iterable[str], kind: str) -> list[str]:
    """Read a `$select`, whose names must be properties of that type."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in known:
            raise NotUnderstood(f"Could not find a property named '{name}' on type '{kind}'.")
    return names


def read_top(text: str, most: int) -> int:
    """Read a `$top`."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        raise NotUnderstood(f"Invalid value '{text}' for $top: expected a number from 1 to {most}.")
    return int(text)


def moment(text: str) -> datetime:
    """Read a DateTimeOffset; Graph writes seven decimals and Python reads six."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))


def _tokens(text: str) -> list[Token]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise NotUnderstood(f"Syntax error at position {at} in '{text}'.")
        found.append(Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def _take(rest: list[Token], *kinds: str) -> Token:
    if not rest or rest[0].kind not in kinds:
        raise NotUnderstood(f"Syntax error: expected {' or '.join(kinds)}, found {rest[:1] or 'the end'}.")
    return rest.pop(0)


def _any_of(rest: list[Token], filterable: Filterable) -> Test:
    tests = [_all_of(rest, filterable)]
    while rest and rest[0] == Token("word", "or"):
        rest.pop(0)
        tests.append(_all_of(rest, filterable))
    return lambda record: any(test(record) for test in tests)


def _all_of(rest: list[Token], filterable: Filterable) -> Test:
    tests = [_single(rest, filterable)]
    while rest and rest[0] == Token("word", "and"):
        rest.pop(0)
        tests.append(_single(rest, filterable))
    return lambda record: all(test(record) for test in tests)


def _single(rest: list[Token], filterable: Filterable) -> Test:
    if rest and rest[0] == Token("paren", "("):
        rest.pop(0)
        test = _any_of(rest, filterable)
        if _take(rest, "paren").text != ")":
            raise NotUnderstood("Syntax error: expected ')'.")
        return test
    return _comparison(rest, filterable)


def _comparison(rest: list[Token], filterable: Filterable) -> Test:
    name = _take(rest, "word").text
    operator = _take(rest, "word").text
    value = _take(rest, "text", "moment", "word")
    if name in filterable.moments and value.kind == "moment" and operator in _ORDERED:
        compare, bound = _ORDERED[operator], moment(value.text)
        return lambda record: compare(moment(record[name]), bound)
    if operator == "eq" and value.kind == "word" and name in filterable.truths and value.text in {"true", "false"}:
        return lambda record: record[name] is (value.text == "true")
    if operator == "eq" and value.kind == "text":
        return _text_equals(name, value.text.replace("''", "'"), filterable)
    raise NotUnderstood(f"Invalid filter clause: {name} {operator} {value.text}")


def _text_equals(name: str, wanted: str, filterable: Filterable) -> Test:
    if name in filterable.texts:
        return lambda record: str(record[name]).casefold() == wanted.casefold()
    if wanted in filterable.enums.get(name, ()):
        return lambda record: bool(record[name] == wanted)
    raise NotUnderstood(f"Invalid filter clause: {name} eq '{wanted}'")
