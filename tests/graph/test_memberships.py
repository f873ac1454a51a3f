"""Which groups and roles a user is in: what is asked, how the answer is read, and what isn't told."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.core.ids import ObjectId
from bot.core.model import Receipt
from bot.errors import Forbidden, Garbled, GraphError, Rejected, Throttled, Unavailable
from bot.graph.client import MAX_PAGES
from bot.graph.memberships import (
    ADVANCED,
    check_groups,
    directory_roles,
    memberships,
    more_roles,
    read_groups,
    read_roles,
)
from bot.graph.wire import GraphAnswer, GraphRequest, failure
from tests.graph.test_client import ALEX, NOBODY, START, Setup, prepared

BOARD = "b0a2d000-0000-4000-8000-000000000001"
STAFF = "b0a2d000-0000-4000-8000-000000000002"
ADMIN = "62e90394-69f5-4237-9190-012177145e10"
HELPDESK = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
NOTED = Receipt(200)


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    async with prepared() as setup:
        setup.roles.add("GroupMember.Read.All")
        setup.there.add_group(BOARD, "Board", members=[ALEX])
        setup.there.add_group(STAFF, "Staff", members=[BOARD])
        yield setup


def kinds(setup: Setup) -> list[str]:
    return [f"{call.method} {call.kind}" for call in setup.there.calls()]


# -- the pure half


def test_groups_are_asked_about_as_documented_and_the_post_counts_as_a_read() -> None:
    asked = check_groups(ALEX, [BOARD])
    assert asked == GraphRequest(
        "POST", f"/v1.0/users/{ALEX}/checkMemberGroups", json={"groupIds": [BOARD]}, is_question=True
    )
    assert not asked.is_write
    assert failure(asked, GraphAnswer(200, {}), NOTED, now=START) is None
    assert type(failure(asked, GraphAnswer(503, {}), NOTED, now=START)) is Unavailable
    assert type(failure(asked, GraphAnswer(204, {}), NOTED, now=START)) is Garbled


def test_every_page_of_roles_is_asked_for_with_what_a_cast_needs() -> None:
    first = directory_roles(ALEX)
    assert first.path == f"/v1.0/users/{ALEX}/transitiveMemberOf/microsoft.graph.directoryRole"
    assert first.params == {"$count": "true", "$select": "id,roleTemplateId"}
    assert first.headers == more_roles("https://graph.microsoft.com/v1.0/next").headers == ADVANCED


def test_the_documented_answers_are_read() -> None:
    groups = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Collection(Edm.String)", "value": [BOARD]}
    assert read_groups(GraphAnswer(200, {}, groups), NOTED) == frozenset({BOARD})
    limited = {"@odata.type": "#microsoft.graph.directoryRole", "id": "r2", "roleTemplateId": None}
    roles = {"value": [{"id": "r1", "roleTemplateId": ADMIN.upper()}, limited], "@odata.nextLink": "https://x/y"}
    assert read_roles(GraphAnswer(200, {}, roles), NOTED) == (frozenset({ADMIN, ""}), "https://x/y")


@pytest.mark.parametrize("body", [None, [], {}, {"value": None}, {"value": [None]}, {"value": [{"id": BOARD}, 5]}])
def test_what_is_no_list_of_groups_is_garbled(body: Any) -> None:
    with pytest.raises(Garbled):
        read_groups(GraphAnswer(200, {}, body), NOTED)


@pytest.mark.parametrize(
    "row", [None, ADMIN, {}, {"roleTemplateId": ADMIN}, {"id": 5}, {"id": "r", "roleTemplateId": 5}]
)
def test_what_is_no_role_is_garbled(row: Any) -> None:
    with pytest.raises(Garbled):
        read_roles(GraphAnswer(200, {}, {"value": [row]}), NOTED)


# -- over a socket


async def test_of_the_groups_asked_about_those_are_told_that_the_user_is_in(setup: Setup) -> None:
    found = await memberships(setup.client(), ALEX, [BOARD.upper(), STAFF, NOBODY])
    assert found == frozenset({BOARD.upper(), STAFF})
    assert kinds(setup) == ["POST memberships"]


async def test_twenty_groups_go_into_one_call(setup: Setup) -> None:
    many = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(40)]
    assert await memberships(setup.client(), ALEX, [*many, BOARD]) == frozenset({BOARD})
    assert [len(call.args["groupIds"]) for call in setup.books.calls] == [20, 20, 1]


async def test_roles_are_told_by_their_templates_and_only_if_one_is_wanted(setup: Setup) -> None:
    graph = setup.client()
    assert await memberships(graph, ALEX, [f"role:{ADMIN}", "role:any"]) == frozenset()
    setup.there.add_role(ADMIN, "Global Administrator", members=[STAFF])
    assert await memberships(graph, ALEX, [f"role:{ADMIN.upper()}"]) == frozenset({f"role:{ADMIN.upper()}"})
    assert await memberships(graph, ALEX, [f"role:{HELPDESK}", "role:any"]) == frozenset({"role:any"})
    assert kinds(setup) == ["GET memberships"] * 3


async def test_a_role_of_which_nothing_is_told_counts_as_each(setup: Setup) -> None:
    setup.there.add_role(HELPDESK, "Helpdesk Administrator", members=[ALEX])
    setup.there.memberships.hides_templates = True
    wanted = [BOARD, NOBODY, f"role:{ADMIN}", f"role:{HELPDESK}", "role:any"]
    assert await memberships(setup.client(), ALEX, wanted) == frozenset(wanted) - {NOBODY}


async def test_roles_are_read_to_the_last_page(setup: Setup) -> None:
    templates = [f"{n:08x}-1111-4000-8000-000000000000" for n in range(150)]
    for template in templates:
        setup.there.add_role(template, "A role", members=[ALEX])
    wanted = frozenset(f"role:{template}" for template in templates)
    assert await memberships(setup.client(), ALEX, wanted) == wanted
    assert kinds(setup) == ["GET memberships"] * 2


async def test_nothing_wanted_costs_no_call(setup: Setup) -> None:
    assert await memberships(setup.client(), ALEX, []) == frozenset()
    assert setup.books.calls == []


@pytest.mark.parametrize("wanted", [BOARD, "role:any"])
async def test_an_account_that_entra_does_not_know_is_in_nothing_that_could_be_told(
    setup: Setup, wanted: str
) -> None:
    assert await memberships(setup.client(), NOBODY, [wanted]) is None


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("reset", 0, Unavailable),
        ("status", 429, Throttled),
        ("status", 503, Unavailable),
        ("status", 403, Forbidden),
        ("status", 400, Rejected),
        ("html", 200, Garbled),
        ("html", 404, Garbled),
        ("garbage", 0, Garbled),
        ("empty", 200, Garbled),
    ],
)
@pytest.mark.parametrize("wanted", [BOARD, "role:any"])
async def test_a_failure_is_never_taken_for_not_being_in_it(
    setup: Setup, wanted: str, kind: str, status: int, error: type[GraphError]
) -> None:
    setup.plant("memberships", kind, status, times=-1)
    with pytest.raises(GraphError) as failed:
        await memberships(setup.client(), ALEX, [wanted])
    assert type(failed.value) is error


async def test_without_the_permission_the_directory_refuses(setup: Setup) -> None:
    setup.roles.remove("GroupMember.Read.All")
    with pytest.raises(Forbidden):
        await memberships(setup.client(), ALEX, [BOARD])
    assert await memberships(setup.client(), ALEX, ["role:any"]) == frozenset()


async def test_roles_without_an_end_are_no_answer() -> None:
    asked = 0

    async def next_one(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.json_response({"value": [], "@odata.nextLink": f"http://{request.host}/next"})

    app = web.Application()
    app.router.add_get("/{tail:.*}", next_one)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            graph = Setup(session).client(f"http://127.0.0.1:{runner.addresses[0][1]}")
            with pytest.raises(Garbled, match="without an end"):
                await memberships(graph, ObjectId(ALEX), ["role:any"])
    finally:
        await runner.cleanup()
    assert asked == MAX_PAGES
