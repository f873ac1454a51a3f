"""Whoever waits for Slack's answer comes first; what follows waits a little, and never stops."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bot.delivery.loop import Loop
from bot.rush import MANY, WITHIN, Rush, in_turn
from bot.store.tasks import Task
from tests.clocks import WarpClock
from tests.rig import ADELE_AND_ALEX, running


@pytest.fixture
def clock() -> WarpClock:
    return WarpClock(datetime(2026, 3, 1, 3, tzinfo=UTC), speed=0)


@pytest.fixture
def rush(clock: WarpClock) -> Rush:
    return Rush(clock)


def test_it_is_one_while_very_many_come_at_once_and_no_longer(clock: WarpClock, rush: Rush) -> None:
    for _ in range(MANY - 1):
        rush.begin()
    assert not rush.is_on()
    rush.begin()
    assert rush.is_on()
    clock.advance(timedelta(seconds=WITHIN))
    assert not rush.is_on()


async def stepping(steps: list[str], name: str, n: int = 3) -> str:
    for step in range(n):
        await asyncio.sleep(0)
        steps.append(f"{name}{step}")
    return name


async def many_turns(until: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not until():  # noqa: ASYNC110 - it counts turns of the loop
            await asyncio.sleep(0)


async def test_what_nobody_waits_for_goes_on_at_once_while_nobody_waits(rush: Rush) -> None:
    steps: list[str] = []
    assert await in_turn(stepping(steps, "a"), rush) == "a"
    assert rush._letting is None


async def test_a_step_waits_until_whoever_came_is_answered(rush: Rush) -> None:
    steps: list[str] = []
    rush.begin()
    doing = asyncio.ensure_future(in_turn(stepping(steps, "a"), rush))
    await many_turns(lambda: bool(rush._steps) or rush._letting is not None)
    assert steps == []
    rush.end()
    await doing
    assert steps == ["a0", "a1", "a2"]


async def test_who_is_never_done_holds_nothing_up_for_ever(rush: Rush) -> None:
    steps: list[str] = []
    rush.begin()
    assert await in_turn(stepping(steps, "a"), rush) == "a"


async def test_between_two_steps_somebody_who_comes_is_served(rush: Rush) -> None:
    """However much has piled up meanwhile: only one step is taken at a time."""
    steps: list[str] = []
    rush.begin()
    piled = [asyncio.ensure_future(in_turn(stepping(steps, name), rush)) for name in "abcdefgh"]
    await many_turns(lambda: len(rush._steps) >= 7)
    rush.end()
    await many_turns(lambda: bool(steps))
    rush.begin()
    before = len(steps)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(steps) <= before + 1
    rush.end()
    await asyncio.gather(*piled)
    assert len(steps) == 24


async def test_what_goes_wrong_and_what_is_called_off_reaches_the_work(rush: Rush) -> None:
    met: list[str] = []

    async def failing() -> None:
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.001)
        except TimeoutError:
            met.append("timeout")
            raise

    with pytest.raises(TimeoutError):
        await in_turn(failing(), rush)

    async def called_off() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            met.append("called off")

    rush.begin()
    doing = asyncio.ensure_future(in_turn(called_off(), rush))
    await asyncio.sleep(0)
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    assert met == ["timeout", "called off"]


class Stepping(Loop):
    """A loop whose tasks do nothing, in three steps."""

    steps: ClassVar[list[str]] = []

    async def _carry_out(self, task: Task) -> None:
        await stepping(self.steps, task.kind)


async def test_a_post_that_has_begun_is_noted_whoever_comes_meanwhile(rush: Rush) -> None:
    """Else a press on what Slack shows already would be refused for as long as many come."""
    context: Any = None
    loop = Stepping(context, {}, rush)
    rush.begin()
    doing = [
        asyncio.ensure_future(
            loop._give_way(Task(n, kind, kind, None, "", 1, 1, doubtful=False, payload={}, owner=""))
        )
        for n, kind in enumerate(("show", "look_up", "confirm"))
    ]
    await many_turns(lambda: "show0" in Stepping.steps)
    await many_turns(lambda: "show2" in Stepping.steps)
    assert [step for step in Stepping.steps if step.startswith("confirm")] == ["confirm0", "confirm1", "confirm2"]
    assert "look_up1" not in Stepping.steps
    rush.end()
    await asyncio.gather(*doing)


class Endless(Rush):
    """It never ends."""

    def is_on(self) -> bool:
        return True


async def test_a_rush_that_does_not_end_keeps_no_request_from_its_end(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert rig.application is not None
        rig.application._loop._rush = Endless(rig.clock)
        message = await rig.asked(ADELE_AND_ALEX)
        assert (await rig.slack.click(message, "approve")).status == 200
        await rig.books.until(lambda: "confirmed safe" in rig.slack.plain(message))
