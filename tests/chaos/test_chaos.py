"""Everything goes wrong at once, and every command and click that was taken comes to one true end all the same.

CHAOS_SEED plays the plan of a run again: who asks and decides what, and what is done to the machines when. When a
call arrives is up to real processes, so which fault it meets is not the same every time. CHAOS_SECONDS is for how
long people go on asking (`make chaos`).
"""

import asyncio
import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.clock import SystemClock
from demo.entra import LocalEntra
from demo.graph import LocalGraph
from demo.local_slack import LocalSlack
from demo.wire import Books
from tests.chaos.board import Board
from tests.chaos.lag import Lag
from tests.chaos.people import People, cases
from tests.chaos.replicas import Balancer, Replica, environment
from tests.chaos.trouble import PostgresTrouble, SqliteTrouble, Trouble
from tests.chaos.verdict import Verdict
from tests.chaos.weather import ENTRA, GRAPH, SLACK, Weather
from tests.postgres import PostgresServer, name_of
from tests.rig import settings_for

SEED = int(os.environ.get("CHAOS_SEED") or random.randrange(1_000_000))
SECONDS = float(os.environ.get("CHAOS_SECONDS") or 0)
IN_CI, EVERY, EVERY_LATER = 60, 1.1, 3.0
"""How many ask, and how many seconds after one another; a longer run goes on at a pace that posting keeps up with."""
CALMS_WITHIN = 600.0
"""Seconds in which all is decided, and again all has ended; a fifth of it is usual."""
pytestmark = [pytest.mark.timeout(SECONDS + 3 * CALMS_WITHIN), pytest.mark.xdist_group("processes")]


@dataclass
class World:
    """The look-alikes and the replicas between them."""

    slack: LocalSlack
    graph: LocalGraph
    books: Books
    weather: dict[str, Weather]
    replicas: list[Replica]
    settings: dict[str, str]
    folder: Path
    balancer: Balancer

    def verify(self) -> str:
        """Let the audit trail verify itself, as a process, with the anchors in Slack."""
        command = [sys.executable, "-m", "bot", "audit", "verify", "--anchors"]
        done = subprocess.run(
            command, env=environment(self.settings), check=False, capture_output=True, text=True, timeout=120
        )
        return done.stdout.strip() if done.returncode == 0 else f"BROKEN: {done.stdout}{done.stderr}"


@asynccontextmanager
async def world(folder: Path, replicas: int, **settings: str) -> AsyncIterator[World]:
    """Everything up, and the weather bad from the start."""
    now, books = SystemClock().now, Books()
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(books, now=now, rate_limits=True))
        entra = await stack.enter_async_context(LocalEntra(books, now=now))
        graph = await stack.enter_async_context(
            LocalGraph(books, now=now, is_live=entra.is_live, token_roles=entra.roles_of, rate=1.0, processing=1.0)
        )
        forecast = {"slack": SLACK, "entra": ENTRA, "graph": GRAPH}
        weather = {to: Weather(faults, f"{to} {SEED}") for to, faults in forecast.items()}
        slack.faults, entra.faults, graph.faults = weather["slack"], weather["entra"], weather["graph"]
        whole = settings_for(slack, entra, graph, folder / "confirm-safe.db") | {
            "REQUESTS_CA_BUNDLE": str(entra.ca_file),
            "REQUESTS_PER_HOUR": "100000",
            **settings,
        }
        processes = [Replica(f"replica {n}", whole, folder / f"log{n}") for n in range(1, replicas + 1)]
        balancer = await stack.enter_async_context(Balancer(processes))
        slack.bot_url = balancer.url
        serving = [asyncio.create_task(replica.serve()) for replica in processes]
        try:
            yield World(slack, graph, books, weather, processes, whole, folder, balancer)
        finally:
            for faults in weather.values():
                faults.end()
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)


async def play(world: World, trouble: Trouble) -> tuple[list[str], str]:
    """Let people ask and decide while all goes wrong; what must not be afterwards, and the counts."""
    began = time.monotonic()
    board = Board(world.slack)
    lag = Lag()
    people = People(world.slack, world.books, board)
    wanted = max(IN_CI, round(SECONDS / EVERY_LATER))
    everybody = cases(SEED, world.graph.add_crowd(2 * wanted))[:wanted]
    verdict = Verdict(world.slack, world.graph, world.books, board, people, everybody, world.weather, lag)
    _lie(world.graph, [user for case in everybody if case.plan == "approve" for user in case.users])
    watching, raging = asyncio.create_task(lag.watch()), asyncio.create_task(trouble.rage())
    async with asyncio.TaskGroup() as group:
        acting = []
        for case in everybody:
            acting.append(group.create_task(people.see_through(case)))
            await asyncio.sleep(EVERY if SECONDS == 0 else EVERY_LATER)
        await world.books.until(verdict.is_decided, CALMS_WITHIN)
        raging.cancel()
        await asyncio.gather(raging, return_exceptions=True)
        for faults in world.weather.values():
            faults.end()
        stormy = time.monotonic() - began
        with contextlib.suppress(TimeoutError):  # what is left is told below
            await world.books.until(lambda: not verdict.left(), CALMS_WITHIN)
        for task in acting:
            task.cancel()
    watching.cancel()
    chain = await asyncio.to_thread(world.verify)
    ends = {replica.name: dict(replica.ends) for replica in world.replicas}
    told = [
        verdict.told(),
        f"trouble: {dict(trouble.done)}, processes ended with {ends}, {world.balancer.unserved} requests unserved",
        f"{chain}; {stormy:.0f} s of storm, {time.monotonic() - began:.0f} s in all",
    ]
    wrong = verdict.wrong() + ([chain] if chain.startswith("BROKEN") else [])
    return wrong, "\n  ".join(told)


def _lie(graph: LocalGraph, users: list[str]) -> None:
    """Let Graph answer 204 for some and do nothing, and process one for ever."""
    chance = random.Random(f"lies {SEED}")
    chosen = chance.sample(users, len(users) // 12 + 1)
    graph.stuck.add(chosen.pop())
    graph.lies_about.update(chosen)


async def judge(world: World, trouble: Trouble, tell: Callable[[str], object]) -> None:
    tell(f"CHAOS_SEED={SEED}, logs in {world.folder}")
    wrong, told = await play(world, trouble)
    tell(told)
    assert not wrong, "\n".join(wrong)


async def test_on_postgresql_two_replicas_keep_every_promise(
    tmp_path: Path, postgres: PostgresServer, record_property: Callable[[str, object], None]
) -> None:
    url = postgres.new_database()
    async with world(tmp_path, 2, DATABASE_URL=url) as all_of_it:
        trouble = PostgresTrouble(all_of_it.replicas, all_of_it.books, SEED, postgres, name_of(url))
        await judge(all_of_it, trouble, lambda told: record_property("chaos on PostgreSQL", told))


async def test_on_sqlite_one_process_keeps_every_promise(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with world(tmp_path, 1) as all_of_it:
        trouble = SqliteTrouble(all_of_it.replicas, all_of_it.books, SEED, tmp_path / "confirm-safe.db")
        await judge(all_of_it, trouble, lambda told: record_property("chaos on SQLite", told))
