"""The story that `make demo` tells in print, beside a page on which somebody may take it another way."""

from collections.abc import AsyncIterator

import pytest

from demo.__main__ import Demo, told
from demo.world import World, world

ADDRESS = "http://127.0.0.1:8321/"


@pytest.fixture
async def contoso() -> AsyncIterator[World]:
    """Without its bot, so that nothing comes of what is asked."""
    async with world(lambda _: None) as contoso:
        yield contoso


async def test_the_demo_goes_on_where_a_visitor_takes_the_story_another_way(
    contoso: World, capsys: pytest.CaptureFixture[str]
) -> None:
    await told(Demo(contoso, patience=0.01), ADDRESS)
    said = capsys.readouterr().out
    assert said.count(ADDRESS) == 2
    assert "on the page it took another way. Go on there" in said
