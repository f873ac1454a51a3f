"""Whether what was asked long ago slows down what is asked now: the same bot with an empty past and a long one."""

import asyncio
import itertools
import os
from statistics import median

from bench.databases import Database
from bench.field import Field
from bench.servers import Server, Volley, fire
from bench.table import Figure, Part
from bench.volleys import asks, clicks

PAST, FULL_PAST = 100_000, 1_000_000
ROUNDS, RATE, COUNT = 5, 100, 100
SETTLE = 1.0
"""Seconds for what follows from one volley, so that it is not in the other's way."""
MOST = 1.2
"""Times the latency without a past."""


async def measure(field: Field) -> list[Part]:
    """Alternate between the two, on either database."""
    past = FULL_PAST if os.environ.get("FULL") == "1" else PAST
    return [await _on(field, prepared, past) for prepared in field.databases]


async def _on(field: Field, young: Database, past: int) -> Part:
    old = young.copy()
    field.fill_past(old, past)
    found: dict[str, list[tuple[Volley, Volley]]] = {"young": [], "old": []}
    async with field.bot(young) as one, field.bot(old) as other:
        for _ in range(ROUNDS):
            found["young"].append(await _volleys(field, young, one))
            found["old"].append(await _volleys(field, old, other))
    old.drop()
    figures, notes = [], []
    for n, what in enumerate(("ask", "click")):
        both = list(zip(found["old"], found["young"], strict=True))
        ratios = [o[n].median / y[n].median for o, y in both]
        figures.append(Figure(f"{what}: median", median(ratios), MOST, "x"))
        notes.append(
            f"{what} {min(ratios):.2f} to {max(ratios):.2f} x, {median(o[n].median for o, _ in both):.1f} ms"
        )
    return Part(f"{past:,} past requests on {young.name}, to none", tuple(figures), (", ".join(notes),))


async def _volleys(field: Field, database: Database, server: Server) -> tuple[Volley, Volley]:
    slack = field.stage.slack
    copies = field.clickable(database, COUNT)
    clicked = await fire(server, clicks(slack, field.typed, copies), RATE)
    asked = await fire(server, asks(slack, field.typed, itertools.islice(field.numbers, COUNT)), RATE, "Got it")
    if failed := [*clicked.failed, *asked.failed]:
        raise RuntimeError(f"{len(failed)} were not acked: {failed[0]}")
    await asyncio.sleep(SETTLE)
    return asked, clicked
