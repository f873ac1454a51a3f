"""Kill -9 at every moment there is: when a call has arrived, when it was answered unread, around each commit.

The moments are not picked: an undisturbed run records every call and every commit, and each gets two runs.
"""

import asyncio
import itertools
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kill.stage import Kill, Stage, staged
from tests.postgres import PostgresServer
from tests.rig import APPROVALS, CONFIRM, INCIDENT, SOCKET_MODE

AT_ONCE = 6
TRIES = 3
NewDatabase = Callable[[], str]
"""Makes an empty database and returns its DATABASE_URL; none for SQLite in the run's own folder."""


@pytest.mark.timeout(1500)
@pytest.mark.xdist_group("processes")
async def test_kill_9_at_any_moment_leads_to_one_outcome(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("kill matrix", await _play(tmp_path, lambda: ""))  # tests/conftest.py prints it


@pytest.mark.timeout(1500)
@pytest.mark.xdist_group("processes")
async def test_so_does_kill_9_on_postgresql(
    tmp_path: Path, postgres: PostgresServer, record_property: Callable[[str, object], None]
) -> None:
    """A sample, as the code that runs is the same but for the driver: every call and commit is hit in some build."""
    told = await _play(tmp_path, postgres.new_database, every=5)
    record_property("kill matrix on PostgreSQL", told)


async def _play(tmp_path: Path, new_database: NewDatabase, every: int = 1) -> str:
    """Play each kill, or each n-th from one chosen by chance, and return the counts."""
    calls, commits = await _undisturbed(tmp_path, new_database())
    kills = [Kill(what, n) for what in ("arrived", "answered") for n in range(1, calls + 1)]
    kills += [Kill(what, n) for what in ("before", "after") for n in range(1, commits + 1)]
    kills = kills[random.randrange(every) :: every]
    limit = asyncio.Semaphore(AT_ONCE)
    problems: list[str] = []
    untouched: list[str] = []

    async def one(kill: Kill) -> None:
        """Commits that come together are one, so their number varies a little: what is missed is tried anew."""
        async with limit:
            for _ in range(TRIES):
                deaths, wrong = await _killed(tmp_path, kill, new_database())
                problems.extend(f"{kill}: {what}" for what in wrong)
                if deaths or wrong:
                    return
        untouched.append(str(kill))

    await asyncio.gather(*(one(kill) for kill in kills))
    assert not problems, "\n\n".join(problems)  # whole: pytest would cut a list short
    assert len(kills) >= (2 * calls + 2 * commits) // every
    # Two tasks may swap places, and a run have a call fewer: but nearly every kill must really have happened.
    assert len(untouched) <= max(1, len(kills) // 20), untouched
    return f"{calls} calls, {commits} commits: {len(kills)} runs, {len(untouched)} not reached"


@pytest.mark.timeout(300)
async def test_an_envelope_that_a_killed_process_had_in_hand_costs_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Delivered over a socket and not acked: killed around the commits that stand before each ack."""
    async with staged(tmp_path, way=SOCKET_MODE) as stage:
        await stage.tell_story()
        acked = stage.acked[:2]
    assert len(acked) == 2
    limit = asyncio.Semaphore(AT_ONCE // 2)
    problems: list[str] = []
    deaths = unanswered = 0

    async def one(kill: Kill) -> None:
        nonlocal deaths, unanswered
        with tempfile.TemporaryDirectory(dir=tmp_path) as name:
            async with limit, staged(Path(name), kill, way=SOCKET_MODE) as stage:
                try:
                    await stage.tell_story()
                except TimeoutError as error:
                    problems.append(f"{kill}: {error}")
                    return
                await stage.comes_to_rest()
                problems.extend(f"{kill}: {what}" for what in _wrong(stage))
                deaths += stage.deaths
                unanswered += stage.unanswered

    kills = {Kill(what, n) for count in acked for n in (count - 1, count) for what in ("before", "after")}
    await asyncio.gather(*(one(kill) for kill in kills))
    record_property("kills over sockets", f"{len(kills)} runs, {deaths} deaths, {unanswered} envelopes not acked")
    assert not problems, "\n\n".join(problems)
    assert deaths >= len(kills) - 2
    assert unanswered >= 2


async def _undisturbed(folder: Path, database: str) -> tuple[int, int]:
    async with staged(folder, database=database) as stage:
        await stage.tell_story()
        await stage.comes_to_rest()
        assert _wrong(stage) == []
        return stage.calls, stage.commits()


async def _killed(parent: Path, kill: Kill, database: str) -> tuple[int, list[str]]:
    """Play one run; how often the bot died, and what was wrong afterwards."""
    with tempfile.TemporaryDirectory(dir=parent) as name:
        folder = Path(name)
        async with staged(folder, kill, database=database) as stage:
            try:
                await stage.tell_story()
                await stage.comes_to_rest()  # the last calls and commits come after all is told
            except TimeoutError as error:
                return stage.deaths, [f"{str(error)[:1500]}\n{(folder / 'log').read_text()[-1500:]}"]
            return stage.deaths, _wrong(stage)


def _wrong(stage: Stage) -> list[str]:
    """Everything that must not be: two posts for one, a user sent twice without reading back, a false word."""
    wrong: list[str] = []
    slack = stage.slack
    for channel in (APPROVALS, INCIDENT):
        ids = [_op_id(m.metadata) for m in slack.messages(channel)]
        wrong += [f"{op} is posted twice" for op in set(ids) if ids.count(op) > 1]
    message = slack.messages(APPROVALS)[0]
    told = [_op_id(m.metadata) for m in slack.thread(message)]
    wrong += [f"{op} is told twice" for op in set(told) if told.count(op) > 1]
    outcomes = [m for m in slack.thread(message) if "read back" in slack.plain(m)]
    if len(outcomes) != 1:
        wrong.append(f"{len(outcomes)} outcomes in the thread")
    sends = [call.n for call in stage.books.calls if call.name == CONFIRM]
    for first, second in itertools.pairwise(sends):
        between = stage.books.calls[first : second - 1]
        if sum("riskyUsers/" in call.name and call.method == "GET" for call in between) < 2:
            wrong.append(f"call {second} sends again without reading back")
    if len(stage.graph.sent) != 1:
        wrong.append(f"Graph took {len(stage.graph.sent)} calls")
    return wrong + stage.books.complaints


def _op_id(metadata: object) -> str:
    return str(metadata["event_payload"]["op_id"]) if isinstance(metadata, dict) else ""
