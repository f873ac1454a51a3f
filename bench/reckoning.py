"""Holds the bot's acks against the bare apps', two replicas against one, and what it takes of the machine."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median, quantiles

from bench.acks import ASKS, BARE, BARE_NODE, CLICKS, POSTGRESQL, SQLITE, TWO, Found, Times
from bench.servers import Volley
from bench.table import Figure, Part, over, ratio

MEDIAN = {SQLITE: 0.3, POSTGRESQL: 0.4}
P99 = {SQLITE: 0.8, POSTGRESQL: 1.0}
PROMISED_AT = frozenset({200, 500})
"""Requests a second."""
MEMORY, START = 2.0, 3.0
"""All of these are times what the bare Bolt app takes."""
KINDS = {"ask": ASKS, "click": CLICKS}


def told(found: Found) -> list[Part]:
    """Reckon all parts."""
    each = [_acks(found, what, rate) for what, rates in KINDS.items() for rate in rates]
    return [*each, _replicas(found), _process(found)]


def _of(found: Found, name: str, what: str, rate: int) -> list[Volley]:
    return [times.volleys[what, rate] for times in found.times[name]]


def _acks(found: Found, what: str, rate: int) -> Part:
    of = {
        name: _of(found, name, what, rate)
        for name, rounds in found.times.items()
        if (what, rate) in rounds[0].volleys
    }
    promised = rate in PROMISED_AT
    figures = []
    for name in (SQLITE, POSTGRESQL):
        for against in (BARE, BARE_NODE):
            if against in of:
                is_promised = promised and against == BARE
                to = f"{name} to {against}"
                figures += [
                    ratio(f"{to}: median", of[name], of[against], _median, MEDIAN[name] if is_promised else None),
                    ratio(f"{to}: p99", of[name], of[against], _p99, P99[name] if is_promised else None),
                ]
    figures.append(_not_acked(of.values()))
    absolute = (f"{name} {_middle(volleys, _median)} and {_middle(volleys, _p99)} ms" for name, volleys in of.items())
    return Part(
        f"{rate} {what}s a second, each recorded, to a bare Bolt's ack",
        tuple(figures),
        ("median and p99: " + ", ".join(absolute), *_failures(of.values())[:1]),
    )


def _replicas(found: Found) -> Part:
    figures = []
    for what, rates in KINDS.items():
        for rate in rates:
            one, two = _of(found, POSTGRESQL, what, rate), _of(found, TWO, what, rate)
            figures += [
                ratio(f"{rate} {what}s a second: median", two, one, _median),
                ratio(f"{rate} {what}s a second: p99", two, one, _p99),
            ]
    return Part(
        "two replicas on PostgreSQL, requests dealt out in turn, to one",
        tuple(figures),
        ("both, the database and who sends the requests share this machine's processors",),
    )


def _process(found: Found) -> Part:
    figures = []
    bare = found.times[BARE]
    for name in (SQLITE, POSTGRESQL):
        ours = found.times[name]
        figures += [
            ratio(f"{name}: memory", ours, bare, _memory, MEMORY),
            ratio(f"{name}: start to ready", ours, bare, _started_in, START),
            ratio(f"{name}: processor time an ask at 500 a second", ours, bare, _cpu),
        ]
    absolute = (
        f"{name} {median(map(_memory, times)):.0f} MB, {median(map(_started_in, times)):.2f} s and "
        f"{median(map(_cpu, times)):.2f} ms"
        for name, times in found.times.items()
        if name != TWO
    )
    return Part(
        "the process after all of these, to a bare Bolt's",
        tuple(figures),
        ("memory, start to ready and processor time an ask: " + ", ".join(absolute),),
    )


def weather(found: Found) -> Part:
    """What the machine was like meanwhile."""
    late = found.late
    return Part(
        "the machine meanwhile",
        (
            over("a synced write of 4 kB", found.syncs, unit="ms"),
            Figure("a synced write, p99", _percentile(found.syncs, 99), unit="ms"),
            over("sent too late, of all requests", late, unit="ms"),
            Figure("sent too late, p99", _percentile(late, 99), unit="ms"),
        ),
    )


def _not_acked(volleys: Iterable[Sequence[Volley]]) -> Figure:
    return Figure("not acked", len(_failures(volleys)), 0)


def _failures(volleys: Iterable[Sequence[Volley]]) -> list[str]:
    return [failure for rounds in volleys for volley in rounds for failure in volley.failed]


def _middle(volleys: Sequence[Volley], read: Callable[[Volley], float]) -> str:
    return f"{median(map(read, volleys)):.1f}"


def _percentile(values: Sequence[float], which: int) -> float:
    return quantiles(values, n=100)[which - 1]


def _median(volley: Volley) -> float:
    return volley.median


def _p99(volley: Volley) -> float:
    return volley.p99


def _memory(times: Times) -> float:
    return times.memory


def _started_in(times: Times) -> float:
    return times.started_in


def _cpu(times: Times) -> float:
    return times.cpu["ask", 500]
