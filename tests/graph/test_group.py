"""A group is asked for by its id: whether it is there, what it is called, and whether it hides who is in it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.core.ids import ObjectId
from bot.core.model import Receipt
from bot.errors import Forbidden, Garbled, Unavailable
from bot.graph.group import Group, group, read_group, the_group
from bot.graph.wire import GraphAnswer, GraphRequest
from tests.graph.test_client import NOBODY, Setup, prepared

BOARD = ObjectId("b0a2d000-0000-4000-8000-000000000001")
HIDDEN = ObjectId("b0a2d000-0000-4000-8000-000000000002")


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    async with prepared() as setup:
        setup.roles.add("GroupMember.Read.All")
        setup.there.add_group(BOARD, "Board")
        setup.there.add_group(HIDDEN, "Whistle", visibility="HiddenMembership")
        yield setup


def test_no_more_of_it_is_asked_for_than_is_read() -> None:
    assert group(BOARD) == GraphRequest("GET", f"/v1.0/groups/{BOARD}", {"$select": "id,displayName,visibility"})


@pytest.mark.parametrize(
    ("visibility", "hides"), [(None, False), ("Public", False), ("Private", False), ("Hiddenmembership", True)]
)
def test_the_documented_answer_is_read(visibility: str | None, *, hides: bool) -> None:
    body = {"id": BOARD, "displayName": "Board", "visibility": visibility}
    assert read_group(GraphAnswer(200, {}, body), Receipt(200)) == Group("Board", hides)


@pytest.mark.parametrize("body", [None, [], {}, {"id": None}, {"id": 5, "displayName": "Board"}])
def test_what_is_no_group_is_garbled(body: Any) -> None:
    with pytest.raises(Garbled):
        read_group(GraphAnswer(200, {}, body), Receipt(200))


async def test_a_group_is_told_from_one_that_is_not_there(setup: Setup) -> None:
    assert await the_group(setup.client(), BOARD) == Group("Board", hides_members=False)
    assert await the_group(setup.client(), HIDDEN) == Group("Whistle", hides_members=True)
    assert await the_group(setup.client(), NOBODY) is None


async def test_what_keeps_graph_from_telling_is_raised(setup: Setup) -> None:
    setup.plant("groups", "status", 503)
    with pytest.raises(Unavailable):
        await the_group(setup.client(), BOARD)
    setup.roles.remove("GroupMember.Read.All")
    with pytest.raises(Forbidden):
        await the_group(setup.client(), BOARD)
