"""The committed ack and the committed click against a bare Bolt app that only acks, alternating in one run."""

import itertools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from bench.databases import Database
from bench.field import Field
from bench.servers import Server, Volley, fire
from bench.table import Figure, Part
from bench.volleys import asks, clicks

ROUNDS = 5
RATES = {200: 400, 500: 500}
"""Requests a second, and how many are sent so."""
BARE = "bare Bolt"
MEDIAN = {"SQLite": 0.3, "PostgreSQL": 0.4}
P99 = {"SQLite": 0.8, "PostgreSQL": 1.0}
MEMORY, START = 2.0, 3.0
"""All of these are times what the bare Bolt app takes."""
SYNCS = 100


@dataclass
class Times:
    """What one server did in one round."""

    volleys: dict[tuple[str, int], Volley] = field(default_factory=dict)
    started_in: float = 0.0
    memory: float = 0.0


async def measure(field: Field, rounds: int = ROUNDS) -> list[Part]:
    """Start each anew in each round, so that none has more behind it than the others."""
    syncs: list[float] = []
    found: dict[str, list[Times]] = {BARE: [], "SQLite": [], "PostgreSQL": []}
    for _ in range(rounds):
        syncs += _syncs(field.folder)
        async with field.bare() as server:
            found[BARE].append(await _round(field, server))
        for prepared in field.databases:
            database = prepared.copy()
            before = {kind: database.count(kind) for kind in ("Asked", "Approved")}
            async with field.bot(database) as server:
                times = await _round(field, server, database)
            for kind, count in before.items():
                _held(times, kind, database.count(kind) - count)
            found[prepared.name].append(times)
            database.drop()
    return [*_parts(found), _process(found, syncs)]


async def _round(field: Field, server: Server, database: Database | None = None) -> Times:
    """The clicks come first: what the asks leave to do would be in their way."""
    times, slack = Times(started_in=server.started_in), field.stage.slack
    clickable = {rate: field.clickable(database, count) for rate, count in RATES.items()}
    for rate, copies in clickable.items():
        times.volleys["click", rate] = await fire(server, clicks(slack, field.typed, copies), rate)
    for rate, count in RATES.items():
        numbers = itertools.islice(field.numbers, count)
        expected = "Got it" if database else ""
        times.volleys["ask", rate] = await fire(server, asks(slack, field.typed, numbers), rate, expected)
    times.memory = server.memory
    return times


def _held(times: Times, kind: str, count: int) -> None:
    """What was acked has to be in the database."""
    what = {"Asked": "ask", "Approved": "click"}[kind]
    acked = sum(len(volley.took) - len(volley.failed) for (of, _), volley in times.volleys.items() if of == what)
    if count < acked:
        raise RuntimeError(f"{acked} were acked as {kind}, and {count} are recorded")


def _parts(found: dict[str, list[Times]]) -> list[Part]:
    parts = []
    for what in ("ask", "click"):
        for rate in RATES:
            of = {name: [times.volleys[what, rate] for times in rounds] for name, rounds in found.items()}
            figures, notes = [], []
            for name in ("SQLite", "PostgreSQL"):
                for which, most, read in (
                    ("median", MEDIAN[name], lambda v: v.median),
                    ("p99", P99[name], lambda v: v.p99),
                ):
                    ratios = _ratios(of[name], of[BARE], read)
                    figures.append(Figure(f"{name}: {which}", median(ratios), most, "x"))
                    notes.append(f"{name} {which} {min(ratios):.2f} to {max(ratios):.2f} x")
            failed = [failure for rounds in of.values() for volley in rounds for failure in volley.failed]
            figures.append(Figure("not acked", len(failed), 0))
            absolute = (
                f"{name} {median(v.median for v in volleys):.1f} and {median(v.p99 for v in volleys):.1f} ms"
                for name, volleys in of.items()
            )
            notes = [", ".join(notes), "median and p99: " + ", ".join(absolute), *failed[:1]]
            parts.append(
                Part(f"{rate} {what}s a second, each recorded, to a bare Bolt's ack", tuple(figures), tuple(notes))
            )
    return parts


def _ratios(ours: Sequence[Volley], theirs: Sequence[Volley], read: Callable[[Volley], float]) -> list[float]:
    return [read(one) / read(other) for one, other in zip(ours, theirs, strict=True)]


def _process(found: dict[str, list[Times]], syncs: Sequence[float]) -> Part:
    figures = []
    for name in ("SQLite", "PostgreSQL"):
        pairs = list(zip(found[name], found[BARE], strict=True))
        figures += [
            Figure(f"{name}: memory", median(o.memory / b.memory for o, b in pairs), MEMORY, "x"),
            Figure(f"{name}: start to ready", median(o.started_in / b.started_in for o, b in pairs), START, "x"),
        ]
    absolute = (
        f"{name} {median(t.memory for t in times):.0f} MB and {median(t.started_in for t in times):.2f} s"
        for name, times in found.items()
    )
    late = median(volley.late for times in found.values() for one in times for volley in one.volleys.values())
    return Part(
        "the process after all of these, to a bare Bolt's",
        tuple(figures),
        (
            ", ".join(absolute),
            f"a synced write takes {median(syncs):.2f} ms, p99 {quantiles(syncs, n=100)[98]:.1f} ms",
            f"the requests were sent {late:.2f} ms late; load {os.getloadavg()[0]:.1f}",
        ),
    )


def _syncs(folder: Path) -> list[float]:
    """How long the disk takes for a small write that lasts, in milliseconds."""
    took = []
    with (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.monotonic()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            took.append((time.monotonic() - began) * 1000)
    return took
