"""The local Graph tells of groups and directory roles as Graph does: through groups in groups, page by page."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from demo.graph import LocalGraph
from demo.graph.directory import ADELE, ALEX, JONI
from demo.wire import Fault

NOBODY = "00000000-0000-4000-8000-000000000000"
BOARD = "b0a2d000-0000-4000-8000-000000000001"
STAFF = "b0a2d000-0000-4000-8000-000000000002"
EVERYONE = "b0a2d000-0000-4000-8000-000000000003"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
HELPDESK = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
CAST = "transitiveMemberOf/microsoft.graph.directoryRole"


class Caller:
    """Asks what somebody is a member of."""

    def __init__(self, graph: LocalGraph, session: aiohttp.ClientSession) -> None:
        self.graph = graph
        self._session = session

    async def _ask(self, method: str, url: str, token: str, **more: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        async with self._session.request(method, url, headers=headers, **more) as response:
            return response.status, await response.json()

    async def check(self, who: str, *group_ids: Any, token: str = "members") -> tuple[int, Any]:  # noqa: S107
        url = f"{self.graph.url}/v1.0/users/{who}/checkMemberGroups"
        status, body = await self._ask("POST", url, token, json={"groupIds": list(group_ids)})
        return status, body["value"] if status == 200 else body["error"]["code"]

    async def page(
        self,
        url: str,
        token: str = "members",  # noqa: S107 -- the look-alike knows it by this name
        level: str = "eventual",
    ) -> tuple[int, Any]:
        return await self._ask("GET", url, token, headers={"ConsistencyLevel": level} if level else {})

    async def roles(self, who: str, token: str = "members", **query: str) -> tuple[int, Any]:  # noqa: S107
        status, body = await self.page(self.url_of(who, **query), token)
        return status, body["value"] if status == 200 else body["error"]["code"]

    def url_of(self, who: str, **query: str) -> str:
        query = {"count": "true", "select": "id,roleTemplateId", **query}
        pairs = "&".join(f"${key}={quote(value, safe='')}" for key, value in query.items() if value)
        return f"{self.graph.url}/v1.0/users/{who}/{CAST}?{pairs}"


@pytest.fixture
async def caller(graph: LocalGraph) -> AsyncIterator[Caller]:
    graph.add_group(BOARD, "Board", members=[ADELE])
    graph.add_group(STAFF, "Staff", members=[BOARD, ALEX.upper()])
    graph.add_group(EVERYONE, "Everyone", members=[STAFF])
    async with aiohttp.ClientSession() as session:
        yield Caller(graph, session)


# -- groups


async def test_a_group_in_a_group_counts(caller: Caller) -> None:
    asked = [EVERYONE, STAFF, BOARD]
    assert await caller.check(ADELE, *asked) == (200, asked)
    assert await caller.check("AlexW@contoso.com", *asked) == (200, [EVERYONE, STAFF])
    assert await caller.check(JONI, *asked) == (200, [])


async def test_only_groups_that_were_asked_for_are_told_and_one_that_is_not_there_is_not(caller: Caller) -> None:
    assert await caller.check(ADELE, STAFF.upper(), STAFF, NOBODY) == (200, [STAFF])
    assert caller.graph.books.complaints == []


async def test_who_was_taken_out_is_out(caller: Caller) -> None:
    caller.graph.remove_from_group(BOARD.upper(), ADELE.upper())
    assert await caller.check(ADELE, BOARD, STAFF) == (200, [])


async def test_groups_in_a_circle_have_an_end(caller: Caller) -> None:
    caller.graph.groups[BOARD].members.add(EVERYONE)
    assert await caller.check(ALEX, BOARD, STAFF, EVERYONE) == (200, [BOARD, STAFF, EVERYONE])


async def test_an_account_that_is_not_there_has_no_memberships(caller: Caller) -> None:
    caller.graph.delete(ADELE)
    for who in (NOBODY, ADELE):
        assert await caller.check(who, BOARD) == (404, "Request_ResourceNotFound")
        assert await caller.roles(who) == (404, "Request_ResourceNotFound")
    assert caller.graph.books.complaints == []


async def test_twenty_groups_are_checked_at_once_and_no_more(caller: Caller) -> None:
    many = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(20)]
    assert await caller.check(ADELE, *many) == (200, [])
    assert await caller.check(ADELE, *many, BOARD) == (400, "Request_BadRequest")
    assert len(caller.graph.books.complaints) == 1


@pytest.mark.parametrize("wrong", ["Board", "", 5, None])
async def test_one_that_is_no_id_refuses_them_all(caller: Caller, wrong: Any) -> None:
    assert await caller.check(ADELE, BOARD, wrong) == (400, "Request_BadRequest")
    assert len(caller.graph.books.complaints) == 1


async def test_no_groups_are_no_question(caller: Caller) -> None:
    assert await caller.check(ADELE) == (400, "Request_BadRequest")


# -- roles


async def test_a_role_is_held_directly_and_through_a_group(caller: Caller) -> None:
    admin = caller.graph.add_role(GLOBAL_ADMINISTRATOR.upper(), "Global Administrator", members=[ALEX])
    helpdesk = caller.graph.add_role(HELPDESK, "Helpdesk Administrator", members=[STAFF])
    assert admin.id != GLOBAL_ADMINISTRATOR

    held = {"id": helpdesk.id, "roleTemplateId": HELPDESK}
    assert await caller.roles(ADELE) == (200, [held])
    _, of_alex = await caller.roles(ALEX)
    assert {row["roleTemplateId"] for row in of_alex} == {GLOBAL_ADMINISTRATOR, HELPDESK}
    assert await caller.roles(JONI) == (200, [])


async def test_roles_come_in_pages_each_role_once(caller: Caller) -> None:
    templates = {f"{n:08x}-1111-4000-8000-000000000000" for n in range(7)}
    for template in templates:
        caller.graph.add_role(template, "A role", members=[ADELE])
    link, sizes, found, counts = caller.url_of(ADELE, top="3"), [], [], []
    while link:
        _, body = await caller.page(link)
        sizes.append(len(body["value"]))
        counts.append(body.get("@odata.count"))
        found += [row["roleTemplateId"] for row in body["value"]]
        link = body.get("@odata.nextLink", "")
    assert sizes == [3, 3, 1]
    assert counts == [7, None, None]
    assert sorted(found) == sorted(templates)


@pytest.mark.parametrize(
    ("token", "hides", "name", "template"),
    [
        ("members", False, None, HELPDESK),
        ("members", True, None, None),
        ("roles", True, "Helpdesk Administrator", HELPDESK),
        ("directory", True, "Helpdesk Administrator", HELPDESK),
    ],
)
async def test_who_may_not_read_roles_is_told_little_of_them(
    caller: Caller, *, token: str, hides: bool, name: str | None, template: str | None
) -> None:
    role = caller.graph.add_role(HELPDESK, "Helpdesk Administrator", members=[ADELE])
    caller.graph.memberships.hides_templates = hides
    _, [row] = await caller.roles(ADELE, token, select="")
    assert (row["id"], row["displayName"], row["roleTemplateId"]) == (role.id, name, template)


async def test_a_cast_needs_the_header_and_the_count_on_every_page(caller: Caller) -> None:
    for url, level in [(caller.url_of(ADELE), ""), (caller.url_of(ADELE, count=""), "eventual")]:
        status, body = await caller.page(url, level=level)
        assert (status, body["error"]["code"]) == (400, "Request_UnsupportedQuery")
    assert len(caller.graph.books.complaints) == 2


@pytest.mark.parametrize(
    "query", [{"select": "id,members"}, {"top": "1000"}, {"filter": "true"}, {"skiptoken": "made-up"}]
)
async def test_a_query_that_nobody_documents_is_refused(caller: Caller, query: dict[str, str]) -> None:
    assert (await caller.roles(ADELE, **query))[0] == 400
    assert len(caller.graph.books.complaints) == 1


# -- who may ask, and how it is counted


@pytest.mark.parametrize(
    ("token", "groups", "roles"),
    [
        ("members", 200, 200),
        ("directory", 200, 200),
        ("users", 403, 200),
        ("groups", 403, 200),
        ("reader", 403, 403),
        ("none", 403, 403),
    ],
)
async def test_each_call_takes_the_permissions_that_its_page_names(
    caller: Caller, token: str, groups: int, roles: int
) -> None:
    told = await caller.check(ADELE, BOARD, token=token), await caller.roles(ADELE, token)
    assert [status for status, _ in told] == [groups, roles]
    assert {code for status, code in told if status == 403} <= {"Authorization_RequestDenied"}
    assert caller.graph.books.complaints == []


async def test_memberships_share_no_rate_with_the_risk(caller: Caller) -> None:
    caller.graph.rate = 1.0
    for _ in range(3):
        assert (await caller.check(ADELE, BOARD))[0] == 200
        assert (await caller.roles(ADELE))[0] == 200
    assert [call.kind for call in caller.graph.calls()] == ["memberships"] * 6
    assert caller.graph.spacing() == []
    assert caller.graph.books.calls[0].args == {"groupIds": [BOARD]}


async def test_a_fault_of_memberships_hits_both_calls_and_no_other(caller: Caller) -> None:
    caller.graph.faults.add(Fault("memberships", "status", status=503, times=-1))
    assert (await caller.check(ADELE, BOARD))[0] == 503
    assert (await caller.roles(ADELE))[0] == 503
    assert (await caller.page(f"{caller.graph.url}/v1.0/users/{ADELE}"))[0] == 200


# -- groups themselves


async def test_a_group_shows_itself_by_its_id_whatever_its_case(caller: Caller) -> None:
    url = f"{caller.graph.url}/v1.0/groups/{BOARD.upper()}?$select=id,displayName,visibility"
    status, body = await caller.page(url)
    context = f"{caller.graph.url}/v1.0/$metadata#groups(id,displayName,visibility)/$entity"
    shown = {"@odata.context": context, "id": BOARD, "displayName": "Board", "visibility": None}
    assert (status, body) == (200, shown)
    assert caller.graph.calls()[-1].kind == "groups"


@pytest.mark.parametrize(
    ("path", "status", "code", "complaints"),
    [
        (NOBODY, 404, "Request_ResourceNotFound", 0),
        ("Board", 400, "Request_BadRequest", 1),
        (f"{BOARD}?$expand=members", 400, "BadRequest", 1),
        (f"{BOARD}?$select=id,nothing", 400, "BadRequest", 1),
    ],
)
async def test_a_group_that_is_not_there_and_a_wrong_question_are_refused(
    caller: Caller, path: str, status: int, code: str, complaints: int
) -> None:
    told, body = await caller.page(f"{caller.graph.url}/v1.0/groups/{path}")
    assert (told, body["error"]["code"]) == (status, code)
    assert len(caller.graph.books.complaints) == complaints


@pytest.mark.parametrize(
    ("token", "status"), [("members", 200), ("groups", 200), ("directory", 200), ("users", 403), ("none", 403)]
)
async def test_a_group_takes_a_permission_for_groups(caller: Caller, token: str, status: int) -> None:
    assert (await caller.page(f"{caller.graph.url}/v1.0/groups/{BOARD}", token))[0] == status


async def test_who_is_in_a_group_that_hides_it_is_shown_with_a_permission_for_that_alone(caller: Caller) -> None:
    caller.graph.groups[STAFF].visibility = "HiddenMembership"
    _, body = await caller.page(f"{caller.graph.url}/v1.0/groups/{STAFF}")
    assert body["visibility"] == "HiddenMembership"
    assert await caller.check(ADELE, BOARD, STAFF) == (200, [BOARD])
    assert await caller.check(ADELE, BOARD, STAFF, token="hidden") == (200, [BOARD, STAFF])
