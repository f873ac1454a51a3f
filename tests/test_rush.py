"""In a rush whoever waits for Slack's answer comes first; what follows waits a little, and never stops."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.rush import MANY, WITHIN, Rush
from tests.clocks import WarpClock
from tests.rig import ADELE_AND_ALEX, running


async def test_it_is_one_while_very_many_come_at_once_and_no_longer() -> None:
    clock = WarpClock(datetime(2026, 3, 1, 3, tzinfo=UTC), speed=0)
    rush = Rush(clock)
    for _ in range(MANY - 1):
        rush.note()
    assert not rush.is_on()
    rush.note()
    assert rush.is_on()
    clock.advance(timedelta(seconds=WITHIN))
    assert not rush.is_on()


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
