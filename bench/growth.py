"""Whether what was asked long ago slows down what is asked now: the same bot with a short past and a long one."""

import asyncio
import itertools
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import median

from bench.databases import Database
from bench.field import Field
from bench.past import asker, fill_past
from bench.servers import Server, Volley, fire
from bench.table import Figure, Part, ratio
from bench.volleys import asks, clicks, openings

SHORT_PAST, LONG_PAST, FULL_PAST = 1_000, 100_000, 1_000_000
ROUNDS, RATE, COUNT = 5, 100, 80
HOMES, HOMES_A_SECOND, DRAWN_WITHIN = 15, 20, 30.0
SETTLE = 1.0
"""Seconds for what follows from one volley, so that it is not in the other's way."""
MOST = 1.2
"""Times the latency with a short past."""
POLITE = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """The same database with either past."""

    young: Database
    old: Database
    past: int


@dataclass(frozen=True, slots=True)
class Latencies:
    """The medians of one round, in milliseconds."""

    ask: float
    click: float
    home: float


async def fill(field: Field) -> list[Pair]:
    """Make the databases. It is done by a process of its own, behind whatever else is to be done."""
    past = FULL_PAST if os.environ.get("FULL") == "1" else LONG_PAST
    pairs = [Pair(prepared.copy(), prepared.copy(), past) for prepared in field.databases]
    loop, spawn = asyncio.get_running_loop(), multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn, os.nice, (POLITE,)) as pool:
        await asyncio.gather(
            *(
                loop.run_in_executor(pool, partial(fill_past, database.tables, field.confirmed, how_many))
                for pair in pairs
                for database, how_many in ((pair.young, SHORT_PAST), (pair.old, pair.past))
            )
        )
    return pairs


async def measure(field: Field, pairs: Sequence[Pair]) -> list[Part]:
    """Alternate between the two, on either database."""
    return [await _on(field, pair) for pair in pairs]


async def _on(field: Field, pair: Pair) -> Part:
    young: list[Latencies] = []
    old: list[Latencies] = []
    async with field.bot(pair.young) as one, field.bot(pair.old) as other:
        for _ in range(ROUNDS):
            young.append(await _round(field, pair.young, one))
            old.append(await _round(field, pair.old, other))
    pair.young.drop()
    pair.old.drop()
    return told(pair.young.name, pair.past, young, old)


def told(name: str, past: int, young: Sequence[Latencies], old: Sequence[Latencies]) -> Part:
    """Hold the two against each other."""
    read = {"ask": lambda r: r.ask, "click": lambda r: r.click, "home, from opening to drawing": lambda r: r.home}
    figures: list[Figure] = [ratio(f"{what}: median", old, young, of, MOST) for what, of in read.items()]
    absolute = (f"{what} {median(map(of, young)):.1f} and {median(map(of, old)):.1f} ms" for what, of in read.items())
    title = f"{past:,} past requests on {name}, to {SHORT_PAST:,}"
    return Part(title, tuple(figures), ("medians: " + ", ".join(absolute),))


async def _round(field: Field, database: Database, server: Server) -> Latencies:
    """The asks come last, as they leave most to do."""
    slack = field.stage.slack
    copies = field.clickable(database, COUNT)
    home = await _home(field, server)
    clicked = _sound(await fire([server], clicks(slack, field.typed, copies), RATE))
    numbers = itertools.islice(field.numbers, COUNT)
    asked = _sound(await fire([server], asks(slack, field.typed, numbers), RATE, "Got it"))
    await asyncio.sleep(SETTLE)
    return Latencies(asked.median, clicked.median, home)


async def _home(field: Field, server: Server) -> float:
    """From when an opening was due until what was drawn arrived at Slack."""
    books, users = field.stage.books, [asker(n) for n in range(HOMES)]
    known = len(books.calls)
    opened = _sound(await fire([server], openings(field.stage.slack, users), HOMES_A_SECOND))

    def drawn() -> dict[str, float]:
        calls = [call for call in books.calls[known:] if call.name == "views.publish"]
        return {str(call.args["user_id"]): call.at for call in reversed(calls)}

    await books.until(lambda: len(drawn()) == HOMES, DRAWN_WITHIN)
    at = drawn()
    return median((at[user] - opened.began - n / HOMES_A_SECOND) * 1000 for n, user in enumerate(users))


def _sound(volley: Volley) -> Volley:
    if volley.failed:
        raise RuntimeError(f"{len(volley.failed)} were not acked: {volley.failed[0]}")
    return volley
