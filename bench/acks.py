"""Plays the committed ack and the committed click, and bare Bolt apps that only ack, alternating in one run."""

import itertools
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.databases import Database
from bench.field import Field
from bench.node import Node
from bench.servers import Server, Volley, fire
from bench.volleys import asks, clicks

ROUNDS = 5
ASKS = {50: 75, 200: 300, 500: 500}
CLICKS = {200: 300, 500: 500}
"""Requests a second, and how many are sent so."""
BARE, BARE_NODE, SQLITE, POSTGRESQL, TWO = "bare Bolt", "bare Bolt (Node)", "SQLite", "PostgreSQL", "two replicas"
SYNCS = 100


@dataclass
class Times:
    """What one contestant did in one round."""

    volleys: dict[tuple[str, int], Volley] = field(default_factory=dict)
    cpu: dict[tuple[str, int], float] = field(default_factory=dict)
    """Milliseconds of a processor for each request of a volley."""
    started_in: float = 0.0
    memory: float = 0.0


@dataclass
class Found:
    """All rounds of each contestant, and how long the disk took for synced writes meanwhile."""

    times: dict[str, list[Times]] = field(default_factory=dict)
    syncs: list[float] = field(default_factory=list)
    """Milliseconds."""

    def add(self, name: str, times: Times) -> None:
        self.times.setdefault(name, []).append(times)

    @property
    def late(self) -> list[float]:
        """By how many milliseconds each request was sent too late."""
        return [
            late
            for rounds in self.times.values()
            for times in rounds
            for volley in times.volleys.values()
            for late in volley.late
        ]


async def measure(field: Field, node: Node, rounds: int = ROUNDS) -> Found:
    """Start each anew in each round, so that none has more behind it than the others."""
    found = Found()
    for _ in range(rounds):
        found.syncs += _syncs(field.folder)
        async with field.bare() as server:
            found.add(BARE, await _round(field, [server]))
        if node:
            async with field.bare_node(node) as server:
                found.add(BARE_NODE, await _round(field, [server], clicked={}))
        for prepared in field.databases:
            found.add(prepared.name, await _on(field, prepared, 1))
        found.add(TWO, await _on(field, field.databases[-1], 2))
    return found


async def _on(field: Field, prepared: Database, replicas: int) -> Times:
    database = prepared.copy()
    before = {kind: database.count(kind) for kind in ("Asked", "Approved")}
    async with field.replicas(database, replicas) as servers:
        times = await _round(field, servers, database)
    for kind, count in before.items():
        _held(times, kind, database.count(kind) - count)
    database.drop()
    return times


async def _round(
    field: Field, servers: Sequence[Server], database: Database | None = None, clicked: dict[int, int] = CLICKS
) -> Times:
    """The clicks come first: what the asks leave to do would be in their way."""
    times, slack = Times(started_in=servers[0].started_in), field.stage.slack
    clickable = {rate: field.clickable(database, count) for rate, count in clicked.items()}
    for rate, copies in clickable.items():
        await _fire(times, servers, ("click", rate), clicks(slack, field.typed, copies))
    for rate, count in ASKS.items():
        numbers = itertools.islice(field.numbers, count)
        expected = "Got it" if database else ""
        await _fire(times, servers, ("ask", rate), asks(slack, field.typed, numbers), expected)
    times.memory = servers[0].memory
    return times


async def _fire(
    times: Times, servers: Sequence[Server], which: tuple[str, int], requests: Sequence[bytes], expected: str = ""
) -> None:
    began = sum(server.cpu for server in servers)
    times.volleys[which] = await fire(servers, requests, which[1], expected)
    times.cpu[which] = (sum(server.cpu for server in servers) - began) * 1000 / len(requests)


def _held(times: Times, kind: str, count: int) -> None:
    """What was acked has to be in the database."""
    what = {"Asked": "ask", "Approved": "click"}[kind]
    acked = sum(len(volley.took) - len(volley.failed) for (of, _), volley in times.volleys.items() if of == what)
    if count < acked:
        raise RuntimeError(f"{acked} were acked as {kind}, and {count} are recorded")


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
