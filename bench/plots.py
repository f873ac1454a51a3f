"""What the plots show, from the same figures as the tables; `drawing` puts them on paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from bench.acks import ASKS, BARE, BARE_NODE, POSTGRESQL, SQLITE, Found
from bench.sizes import Size

SHOWN = (BARE, BARE_NODE, SQLITE, POSTGRESQL)
BOT, NAIVE = "confirm-safe", "naive client"
NAMES = {BARE: "bare Bolt, Python", BARE_NODE: "bare Bolt, Node", SQLITE: f"{BOT}, SQLite"}
NAMES |= {POSTGRESQL: f"{BOT}, PostgreSQL"}


@dataclass(frozen=True, slots=True)
class Curve:
    """One thing that is compared."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes; the horizontal one is logarithmic."""

    title: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """One file."""

    file: str
    alt: str
    across: str
    """What is on the horizontal axis, with its unit."""
    up: str
    panels: tuple[Panel, ...]
    is_log: bool
    """Whether the vertical axis is logarithmic too."""


def plots(found: Found, sizes: Sequence[Size]) -> list[Plot]:
    """Lay out all of them."""
    return [latencies(found), calls(sizes), drain(sizes)]


def latencies(found: Found) -> Plot:
    """Which share of all asks of all rounds was answered within which time."""
    panels = []
    for rate in ASKS:
        curves = []
        for name in SHOWN:
            took = [ms for times in found.times.get(name, ()) for ms in times.volleys["ask", rate].took]
            if took:
                points = zip(quantiles(took, n=100), range(1, 100), strict=True)
                curves.append(Curve(NAMES[name], tuple((ms, float(share)) for ms, share in points)))
        panels.append(Panel(f"{rate} a second", tuple(curves)))
    return Plot(
        "bench-acks.svg",
        "The share of commands that are acked within a time, at each rate, beside bare Bolt apps.",
        "latency of the ack (ms)",
        "acked within (% of commands)",
        tuple(panels),
        is_log=False,
    )


def calls(sizes: Sequence[Size]) -> Plot:
    ours = Curve(BOT, tuple((float(one.users), float(one.calls)) for one in sizes))
    naive = Curve(NAIVE, tuple((float(one.users), float(one.naive_calls)) for one in sizes))
    return Plot(
        "bench-calls.svg",
        "Calls to Graph against users approved at once, beside the naive client.",
        "users approved at once",
        "Graph calls (number)",
        (Panel("", (naive, ours)),),
        is_log=True,
    )


def drain(sizes: Sequence[Size]) -> Plot:
    ours = Curve(BOT, tuple((float(one.users), one.seconds) for one in sizes))
    naive = Curve(NAIVE, tuple((float(one.users), one.naive_seconds) for one in sizes))
    return Plot(
        "bench-drain.svg",
        "Time until the last user is done against users approved at once, beside the naive client.",
        "users approved at once",
        "time until the last is done (s)",
        (Panel("", (naive, ours)),),
        is_log=True,
    )
