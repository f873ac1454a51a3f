"""The local Graph keeps Graph's manners: what it allows, refuses, throttles and pretends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import pytest
from multidict import CIMultiDictProxy
from yarl import URL

from demo.graph import LocalGraph
from demo.graph.directory import ADELE, ALEX, HENRIETTA, ISAIAH, JONI, PRADEEP
from demo.wire import Books, Call, Fault
from tests.clocks import WarpClock
from tests.demo.conftest import ROLES

RISKY = "/v1.0/identityProtection/riskyUsers"
SAFE = f"{RISKY}/confirmSafe"
NOBODY = "00000000-0000-4000-8000-000000000000"
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Caller:
    """A Graph client in its plainest form."""

    def __init__(self, graph: LocalGraph, session: aiohttp.ClientSession) -> None:
        self._graph = graph
        self._session = session

    async def ask(
        self,
        method: str,
        path: str,
        *,
        token: str = "full",  # noqa: S107 -- the look-alike knows it by this name
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> tuple[int, Any, CIMultiDictProxy[str]]:
        url = path if path.startswith("http") else self._graph.url + path
        headers = {"Authorization": f"Bearer {token}", **(headers or {})}
        async with self._session.request(method, url, headers=headers, **more) as response:
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.text()), response.headers

    async def get(self, path: str, **more: Any) -> tuple[int, Any]:
        return (await self.ask("GET", path, **more))[:2]

    async def confirm(self, *user_ids: str, **more: Any) -> tuple[int, Any]:
        return (await self.ask("POST", SAFE, json={"userIds": list(user_ids)}, **more))[:2]

    async def record(self, user_id: str) -> Any:
        return (await self.get(f"{RISKY}/{user_id}"))[1]

    async def listed(self, **query: str) -> list[str]:
        """Return who is on the list for a query; its $ are left out here."""
        status, body = await self.get(f"{RISKY}?{_query(query)}")
        assert status == 200, body
        return [row["userDisplayName"] for row in body["value"]]


def _query(query: dict[str, str]) -> str:
    return "&".join(f"${key}={quote(value, safe='')}" for key, value in query.items())


@pytest.fixture
async def caller(graph: LocalGraph) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(graph, session)


# -- confirming


async def test_a_confirmed_user_is_processing_first_and_safe_when_that_is_over(
    graph: LocalGraph, caller: Caller, clock: WarpClock
) -> None:
    assert await caller.confirm(ADELE) == (204, "")

    before = await caller.record(ADELE)
    assert (before["riskLevel"], before["riskState"], before["isProcessing"]) == ("high", "atRisk", True)
    clock.advance(timedelta(seconds=2))
    after = await caller.record(ADELE)
    assert (after["riskLevel"], after["riskState"], after["isProcessing"]) == ("none", "confirmedSafe", False)
    assert after["riskLastUpdatedDateTime"] == "2026-03-01T12:00:02.0000000Z"
    assert graph.sent == [[ADELE]]
    assert graph.books.complaints == []


async def test_only_the_users_that_were_named_are_confirmed(
    graph: LocalGraph, caller: Caller, clock: WarpClock
) -> None:
    await caller.confirm(ADELE.upper())
    clock.advance(timedelta(seconds=2))

    assert (await caller.record(ADELE))["riskState"] == "confirmedSafe"
    assert (await caller.record(ALEX))["riskState"] == "atRisk"


async def test_the_new_risk_detail_is_named_only_to_who_asks_for_new_members(
    graph: LocalGraph, caller: Caller
) -> None:
    graph.processing = 0
    await caller.confirm(ADELE)
    _, asked, _ = await caller.ask("GET", f"{RISKY}/{ADELE}", headers={"Prefer": "include-unknown-enum-members"})

    assert (await caller.record(ADELE))["riskDetail"] == "unknownFutureValue"
    assert asked["riskDetail"] == "adminConfirmedAccountSafe"


async def test_one_unknown_id_refuses_the_whole_call(graph: LocalGraph, caller: Caller) -> None:
    status, body = await caller.confirm(ADELE, NOBODY)

    assert (status, body["error"]["code"]) == (404, "ResourceNotFound")
    assert graph.sent == []
    assert (await caller.record(ADELE))["isProcessing"] is False


async def test_a_tenant_may_also_take_unknown_ids_without_a_word(graph: LocalGraph, caller: Caller) -> None:
    graph.unknown_id_status = 204

    assert (await caller.confirm(ADELE, NOBODY))[0] == 204
    assert (await caller.record(ADELE))["isProcessing"] is True
    assert (await caller.get(f"{RISKY}/{NOBODY}"))[0] == 404


async def test_a_deleted_user_stays_at_risk_whatever_is_confirmed(graph: LocalGraph, caller: Caller) -> None:
    graph.processing = 0
    assert (await caller.confirm(ISAIAH))[0] == 204

    record = await caller.record(ISAIAH)
    assert (record["isDeleted"], record["riskState"], record["isProcessing"]) == (True, "atRisk", False)


async def test_a_lie_answers_204_and_changes_nothing(graph: LocalGraph, caller: Caller, clock: WarpClock) -> None:
    graph.lies = True
    assert (await caller.confirm(ADELE))[0] == 204
    clock.advance(timedelta(hours=1))

    record = await caller.record(ADELE)
    assert (record["riskState"], record["isProcessing"]) == ("atRisk", False)


async def test_risk_that_rises_meanwhile_is_not_confirmed_away(
    graph: LocalGraph, caller: Caller, clock: WarpClock
) -> None:
    await caller.confirm(ALEX)
    graph.rise(ALEX, "high")
    clock.advance(timedelta(seconds=60))

    record = await caller.record(ALEX)
    assert (record["riskLevel"], record["riskState"]) == ("high", "atRisk")


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        ({"data": b'{"userIds": ['}, "Unable to read JSON request payload."),
        ({"data": b""}, "Unable to read JSON request payload."),
        ({"data": b"[]"}, "Empty Payload. JSON content expected."),
        ({"data": b"{}"}, "userIds must not be empty."),
        ({"data": b'{"userIds": []}'}, "userIds must not be empty."),
        ({"data": b'{"userIds": "x"}'}, "userIds must not be empty."),
        ({"data": b'{"userIds": [7]}'}, "Invalid user id: 7"),
        ({"data": b'{"userIds": ["adelev@contoso.com"]}'}, "Invalid user id: adelev@contoso.com"),
        (
            {"data": b'{"requestIds": []}'},
            "The parameter 'requestIds' in the request payload is not a valid parameter.",
        ),
        ({"json": {"userIds": [NOBODY] * 501}}, "501 userIds are too many."),
        ({"json": {"userIds": [ADELE]}, "params": {"$top": "1"}}, "Query option '$top' is not supported."),
    ],
)
async def test_a_body_that_graph_does_not_document_is_refused_and_complained_of(
    graph: LocalGraph, caller: Caller, sent: dict[str, Any], complaint: str
) -> None:
    headers = {"Content-Type": "application/json"}
    status, body, _ = await caller.ask("POST", SAFE, headers=headers, **sent)

    assert (status, body["error"]["code"]) == (400, "BadRequest")
    assert graph.books.complaints == [f"POST {SAFE}: {complaint}"]
    assert graph.sent == []


@pytest.mark.parametrize(("content_type", "status"), [(None, 400), ("text/plain", 415)])
async def test_the_content_type_has_to_be_json(
    graph: LocalGraph, caller: Caller, content_type: str | None, status: int
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    body = f'{{"userIds": ["{ADELE}"]}}'.encode()
    answer = await caller.ask("POST", SAFE, headers=headers, data=body, skip_auto_headers=["Content-Type"])

    assert answer[0] == status
    assert len(graph.books.complaints) == 1
    assert graph.sent == []


# -- who may


async def test_without_a_token_there_is_no_answer(graph: LocalGraph, caller: Caller) -> None:
    status, body, headers = await caller.ask("GET", RISKY, headers={"Authorization": ""})

    assert (status, body["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert "WWW-Authenticate" in headers


async def test_a_dead_token_is_told_from_a_missing_role(graph: LocalGraph, caller: Caller) -> None:
    dead = await caller.confirm(ADELE, token="dead")
    missing = await caller.confirm(ADELE, token="none")

    assert (dead[0], dead[1]["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert (missing[0], missing[1]["error"]["code"]) == (403, "Forbidden")
    assert graph.books.complaints == []


@pytest.mark.parametrize(
    ("token", "read", "write", "directory"),
    [("full", 200, 204, 200), ("writer", 200, 204, 403), ("reader", 200, 403, 403), ("none", 403, 403, 403)],
)
async def test_each_role_opens_its_own_doors_and_no_others(
    caller: Caller, token: str, read: int, write: int, directory: int
) -> None:
    assert (await caller.get(RISKY, token=token))[0] == read
    assert (await caller.get(f"{RISKY}/{ADELE}", token=token))[0] == read
    assert (await caller.confirm(ADELE, token=token))[0] == write
    assert (await caller.get(f"/v1.0/users/{ADELE}", token=token))[0] == directory


async def test_the_directory_names_a_missing_role_by_a_code_of_its_own(caller: Caller) -> None:
    _, body = await caller.get(f"/v1.0/users/{ADELE}", token="reader")

    assert body["error"]["code"] == "Authorization_RequestDenied"


async def test_without_the_p2_licence_risky_users_are_forbidden_and_the_directory_is_not(
    graph: LocalGraph, caller: Caller
) -> None:
    graph.has_p2 = False

    status, body = await caller.get(RISKY)
    assert (status, body["error"]["code"]) == (403, "Forbidden")
    assert (await caller.confirm(ADELE))[0] == 403
    assert (await caller.get(f"/v1.0/users/{ADELE}"))[0] == 200


# -- throttling


async def test_everything_about_risky_users_shares_one_request_a_second(
    graph: LocalGraph, caller: Caller, clock: WarpClock
) -> None:
    graph.rate = 1.0
    assert (await caller.get(RISKY))[0] == 200
    status, body, headers = await caller.ask("POST", SAFE, json={"userIds": [ADELE]})
    assert (status, body["error"]["code"]) == (429, "TooManyRequests")
    assert "Retry-After" not in headers
    assert graph.sent == []

    clock.advance(timedelta(seconds=0.999))
    assert (await caller.get(f"{RISKY}/{ADELE}"))[0] == 429
    clock.advance(timedelta(seconds=0.001))
    assert (await caller.confirm(ADELE))[0] == 204


async def test_the_directory_does_not_share_that_rate(graph: LocalGraph, caller: Caller) -> None:
    graph.rate = 1.0

    assert [(await caller.get(f"/v1.0/users/{ADELE}"))[0] for _ in range(5)] == [200] * 5


async def test_a_higher_rate_lets_that_many_through_in_a_second(graph: LocalGraph, caller: Caller) -> None:
    graph.rate = 4.0

    assert [(await caller.get(RISKY))[0] for _ in range(5)] == [200, 200, 200, 200, 429]


# -- reading


@pytest.mark.parametrize(
    ("filter_text", "names"),
    [
        ("riskState eq 'atRisk'", ["Alex Wilber", "Isaiah Langer", "Adele Vance"]),
        ("riskState eq 'remediated' or riskState eq 'confirmedSafe'", ["Henrietta Mueller", "Pradeep Gupta"]),
        ("riskState eq 'atRisk' and isDeleted eq false", ["Alex Wilber", "Adele Vance"]),
        ("riskLevel eq microsoft.graph.riskLevel'medium'", ["Alex Wilber"]),
        (
            "(riskLevel eq 'high' or riskLevel eq 'low') and riskState eq 'atRisk'",
            ["Isaiah Langer", "Adele Vance"],
        ),
        ("riskLevel eq 'high' or riskLevel eq 'low' and riskState eq 'dismissed'", ["Adele Vance"]),
        ("userPrincipalName eq 'AdeleV@contoso.com'", ["Adele Vance"]),
        ("userPrincipalName eq 'o''neill@contoso.com'", []),
        ("riskLastUpdatedDateTime gt 2026-03-01T07:00:00Z", ["Adele Vance"]),
        ("riskLastUpdatedDateTime ge 2026-03-01T07:00:00.0000000Z", ["Alex Wilber", "Adele Vance"]),
        ("riskLastUpdatedDateTime gt 2026-03-01T09:00:00+02:00", ["Adele Vance"]),
    ],
)
async def test_a_documented_filter_finds_exactly_its_users(
    caller: Caller, filter_text: str, names: list[str]
) -> None:
    assert await caller.listed(filter=filter_text) == names


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "id in ('x')"},
        {"filter": "riskState eq 'safe'"},
        {"filter": "riskState ne 'atRisk'"},
        {"filter": "startswith(userPrincipalName,'a')"},
        {"filter": "riskState eq 'atRisk"},
        {"filter": "(riskState eq 'atRisk'"},
        {"filter": "riskState eq 'atRisk' riskLevel eq 'high'"},
        {"filter": "riskLastUpdatedDateTime gt '2026-03-01T07:00:00Z'"},
        {"filter": ""},
        {"select": "id,riskScore"},
        {"top": "501"},
        {"top": "0"},
        {"top": "many"},
        {"orderby": "riskLevel"},
        {"count": "true"},
        {"skip": "20"},
        {"skiptoken": "made-up"},
    ],
)
async def test_a_query_that_nobody_documents_is_refused_and_complained_of(
    graph: LocalGraph, caller: Caller, query: dict[str, str]
) -> None:
    status, body = await caller.get(f"{RISKY}?{_query(query)}")

    assert (status, body["error"]["code"]) == (400, "BadRequest")
    assert len(graph.books.complaints) == 1


async def test_select_brings_those_properties_and_no_others(caller: Caller) -> None:
    _, body = await caller.get(f"{RISKY}?" + _query({"select": "id,riskState", "filter": "riskLevel eq 'high'"}))

    assert body["value"] == [{"id": ADELE, "riskState": "atRisk"}]


async def test_next_links_lead_through_everybody_once_on_the_own_host(graph: LocalGraph, caller: Caller) -> None:
    crowd = graph.add_crowd(47)
    query = {"filter": "riskState eq 'atRisk'", "top": "20", "select": "id"}
    link, pages = f"{graph.url}{RISKY}?{_query(query)}", []
    while link:
        assert urlsplit(link).netloc == urlsplit(graph.url).netloc
        _, body = await caller.get(link)
        pages.append([row["id"] for row in body["value"]])
        link = body.get("@odata.nextLink", "")

    assert [len(page) for page in pages] == [20, 20, 10]
    assert sorted(user_id for page in pages for user_id in page) == sorted([*crowd, ADELE, ALEX, ISAIAH])
    assert graph.books.complaints == []


async def test_a_page_that_holds_everybody_has_no_next_link(graph: LocalGraph, caller: Caller) -> None:
    graph.add_crowd(495)
    _, body = await caller.get(f"{RISKY}?{_query({'top': '500'})}")

    assert len(body["value"]) == 500
    assert "@odata.nextLink" not in body


async def test_a_page_without_a_top_is_a_short_one(graph: LocalGraph, caller: Caller) -> None:
    graph.add_crowd(30)
    _, body = await caller.get(RISKY)

    assert len(body["value"]) == 20
    assert "@odata.nextLink" in body


async def test_a_user_without_a_risk_record_is_not_found_there_but_in_the_directory(
    graph: LocalGraph, caller: Caller
) -> None:
    status, body = await caller.get(f"{RISKY}/{JONI}")

    assert (status, body["error"]["code"]) == (404, "ResourceNotFound")
    assert (await caller.get(f"/v1.0/users/{JONI}"))[1]["displayName"] == "Joni Sherman"


async def test_the_people_at_the_start_are_in_every_state_that_matters(caller: Caller) -> None:
    states = {user_id: (await caller.record(user_id))["riskState"] for user_id in (PRADEEP, HENRIETTA)}

    assert states == {PRADEEP: "remediated", HENRIETTA: "confirmedSafe"}
    assert (await caller.record(ISAIAH))["isDeleted"] is True


async def test_remediation_and_deletion_show_at_once(graph: LocalGraph, caller: Caller) -> None:
    graph.remediate(ADELE)
    graph.delete(ALEX)

    record = await caller.record(ADELE)
    assert (record["riskLevel"], record["riskState"]) == ("none", "remediated")
    assert (await caller.record(ALEX))["isDeleted"] is True
    assert (await caller.get(f"/v1.0/users/{ALEX}"))[0] == 404


# -- the directory


@pytest.mark.parametrize(
    "path",
    [
        "/v1.0/users/guest_fabrikam.com%23EXT%23@contoso.onmicrosoft.com",
        "/v1.0/users('guest_fabrikam.com%23EXT%23@contoso.onmicrosoft.com')",
        "/v1.0/users/GUEST_fabrikam.com%23ext%23@contoso.onmicrosoft.com",
        "/v1.0/users/11111111-0000-4000-8000-000000000000",
    ],
)
async def test_a_guest_is_found_by_any_documented_address(graph: LocalGraph, caller: Caller, path: str) -> None:
    graph.add_user(
        "11111111-0000-4000-8000-000000000000", "A Guest", "guest_fabrikam.com#EXT#@contoso.onmicrosoft.com"
    )
    url = URL(graph.url + path, encoded=True)
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers={"Authorization": "Bearer full"}) as response,
    ):
        assert response.status == 200
        assert (await response.json())["displayName"] == "A Guest"


async def test_a_upn_that_starts_with_a_dollar_needs_the_quoted_form(graph: LocalGraph, caller: Caller) -> None:
    graph.add_user("22222222-0000-4000-8000-000000000000", "Dollar", "$dollar@contoso.com")

    assert (await caller.get("/v1.0/users('$dollar@contoso.com')"))[0] == 200
    assert (await caller.get("/v1.0/users/$dollar@contoso.com"))[0] == 400


async def test_proxy_addresses_come_only_when_selected(caller: Caller) -> None:
    _, unasked = await caller.get(f"/v1.0/users/{ADELE}")
    _, asked = await caller.get(f"/v1.0/users/{ADELE}?{_query({'select': 'id,accountEnabled,proxyAddresses'})}")

    assert "proxyAddresses" not in unasked
    assert asked["proxyAddresses"] == ["SMTP:adelev@contoso.com"]
    assert asked["accountEnabled"] is True
    assert "displayName" not in asked


async def test_an_account_that_is_not_there_is_not_found(caller: Caller) -> None:
    status, body = await caller.get("/v1.0/users/nobody@contoso.com")

    assert (status, body["error"]["code"]) == (404, "Request_ResourceNotFound")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1.0/me"),
        ("GET", "/beta/identityProtection/riskyUsers"),
        ("POST", f"{RISKY}/dismiss"),
        ("GET", SAFE),
        ("DELETE", f"{RISKY}/{ADELE}"),
        ("GET", f"{RISKY}/{ADELE}/history"),
    ],
)
async def test_a_route_nobody_needs_is_refused_and_complained_of(
    graph: LocalGraph, caller: Caller, method: str, path: str
) -> None:
    assert (await caller.ask(method, path))[0] == 400
    assert graph.books.complaints == [f"{method} {path}: There is no {method} {path} here."]


# -- what every answer carries, and the books


async def test_every_answer_says_how_microsoft_would_find_it_again(graph: LocalGraph, caller: Caller) -> None:
    graph.faults.add(Fault("users", "status", status=503))
    own = {"client-request-id": "7b1e4a3c-0000-4000-8000-000000000001"}
    answers = [
        await caller.ask("GET", RISKY, headers=own),
        await caller.ask("GET", f"{RISKY}/{NOBODY}", headers=own),
        await caller.ask("GET", f"/v1.0/users/{ADELE}", headers=own),
    ]

    assert [status for status, _, _ in answers] == [200, 404, 503]
    for _, body, headers in answers:
        assert headers["client-request-id"] == own["client-request-id"]
        assert headers["Date"] == "Sun, 01 Mar 2026 12:00:00 GMT"
        assert "ServerInfo" in headers["x-ms-ags-diagnostic"]
        if "error" in body:
            assert body["error"]["innerError"]["request-id"] == headers["request-id"]
    assert len({headers["request-id"] for _, _, headers in answers}) == 3


async def test_the_books_hold_each_call_with_its_arguments_and_answer(graph: LocalGraph, caller: Caller) -> None:
    await caller.confirm(ADELE, ALEX)
    await caller.listed(filter="riskState eq 'atRisk'")

    [post, read] = graph.books.calls
    assert (post.n, post.to, post.name, post.status) == (1, "graph", f"POST {SAFE}", 204)
    assert post.args == {"userIds": [ADELE, ALEX]}
    assert (read.n, read.name, read.args) == (2, f"GET {RISKY}", {"$filter": "riskState eq 'atRisk'"})
    assert len(read.answer["value"]) == 3
    assert graph.books.of(f"POST {SAFE}") == [post]


async def test_the_tap_sees_a_call_before_it_takes_effect_and_again_once_answered(
    graph: LocalGraph, caller: Caller
) -> None:
    seen: list[tuple[str, int]] = []

    async def tap(what: str, call: Call) -> None:
        seen.append((what, len(graph.sent)))

    graph.books.tap = tap
    await caller.confirm(ADELE)
    await graph.books.until(lambda: len(seen) == 2)

    assert seen == [("arrived", 0), ("answered", 1)]


async def test_waiting_in_vain_tells_what_arrived_and_what_was_wrong_with_it(
    graph: LocalGraph, caller: Caller
) -> None:
    await caller.get("/v1.0/me")

    with pytest.raises(TimeoutError) as caught:
        await graph.books.until(lambda: graph.sent, within=0)
    assert "1. graph GET /v1.0/me {} -> 400" in str(caught.value)
    assert "There is no GET /v1.0/me here." in str(caught.value)


# -- faults


def raises_connection_error() -> Any:
    return pytest.raises((aiohttp.ClientConnectionError, aiohttp.ClientPayloadError))


async def test_a_reset_loses_the_call_before_it_takes_effect(graph: LocalGraph, caller: Caller) -> None:
    # POSTs are not repeated by aiohttp, idempotent requests are.
    graph.faults.add(Fault("confirmSafe", "reset"))

    with raises_connection_error():
        await caller.confirm(ADELE)
    assert graph.sent == []
    assert (await caller.confirm(ADELE))[0] == 204


async def test_a_dropped_answer_leaves_the_call_in_effect(graph: LocalGraph, caller: Caller) -> None:
    graph.faults.add(Fault("confirmSafe", "drop_after"))

    with raises_connection_error():
        await caller.confirm(ADELE)
    assert graph.sent == [[ADELE]]
    assert (await caller.record(ADELE))["isProcessing"] is True
    assert graph.books.calls[0].status is None


async def hang(graph: LocalGraph, caller: Caller) -> "asyncio.Task[tuple[int, Any]]":
    """Start a confirmSafe and return once it hangs."""
    call = asyncio.create_task(caller.confirm(ADELE))
    await graph.books.until(lambda: graph.books.calls)
    return call


async def test_a_hanging_call_is_dropped_when_released_and_never_takes_effect(
    graph: LocalGraph, caller: Caller
) -> None:
    graph.faults.add(Fault("confirmSafe", "hang"))
    call = await hang(graph, caller)
    assert not call.done()
    graph.faults.release()

    with raises_connection_error():
        await call
    assert graph.sent == []


async def test_a_call_that_hangs_first_takes_effect_when_released(graph: LocalGraph, caller: Caller) -> None:
    graph.faults.add(Fault("confirmSafe", "hang_then_accept"))
    call = await hang(graph, caller)
    assert graph.sent == []
    graph.faults.release()

    assert await call == (204, "")
    assert graph.sent == [[ADELE]]


async def test_a_call_that_hangs_first_takes_effect_when_the_client_gives_up(
    graph: LocalGraph, caller: Caller
) -> None:
    graph.faults.add(Fault("confirmSafe", "hang_then_accept"))
    call = await hang(graph, caller)
    call.cancel()

    assert await graph.books.until(lambda: graph.sent) == [[ADELE]]


async def test_a_client_that_gives_up_does_not_undo_what_has_arrived(graph: LocalGraph, caller: Caller) -> None:
    go_on = asyncio.Event()

    async def tap(what: str, _: Call) -> None:
        if what == "arrived":
            await go_on.wait()

    graph.books.tap = tap
    call = await hang(graph, caller)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    go_on.set()

    assert await graph.books.until(lambda: graph.sent) == [[ADELE]]


async def test_closing_does_not_wait_for_what_hangs(clock: WarpClock) -> None:
    graph = LocalGraph(Books(), now=clock.now, is_live=ROLES.__contains__, token_roles=ROLES.__getitem__, rate=None)
    graph.faults.add(Fault("*", "hang"))
    async with aiohttp.ClientSession() as session:
        async with asyncio.timeout(5), graph:
            call = await hang(graph, Caller(graph, session))
        with raises_connection_error():
            await call
    assert graph.sent == []


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "text"),
    [
        (Fault("*", "html"), 200, "text/html", "<!DOCTYPE html>"),
        (Fault("*", "html", status=502), 502, "text/html", "<!DOCTYPE html>"),
        (Fault("*", "empty", status=500), 500, None, ""),
        (Fault("*", "garbage"), 200, "application/json", '{"value"'),
        (Fault("*", "status", status=503), 503, "application/json", '{"error"'),
    ],
)
async def test_a_planted_answer_comes_once_and_nothing_takes_effect(
    graph: LocalGraph, fault: Fault, status: int, content_type: str | None, text: str
) -> None:
    graph.faults.add(fault)
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer full"}) as session:
        async with session.post(graph.url + SAFE, json={"userIds": [ADELE]}) as response:
            assert response.status == status
            assert content_type is None or response.content_type == content_type
            body = await response.text()
            assert body.startswith(text)
            assert bool(body) == bool(text)
        assert graph.sent == []
        async with session.post(graph.url + SAFE, json={"userIds": [ADELE]}) as response:
            assert response.status == 204


async def test_a_planted_status_names_its_code_and_when_to_come_back(graph: LocalGraph, caller: Caller) -> None:
    graph.faults.add(Fault("riskyUsers", "status", status=429, retry_after=17))
    graph.faults.add(Fault("riskyUsers", "status", status=400, code="Odd"))
    first = await caller.ask("GET", RISKY)
    second = await caller.ask("GET", f"{RISKY}/{ADELE}")

    assert (first[0], first[1]["error"]["code"]) == (429, "TooManyRequests")
    assert first[2]["Retry-After"] == "17"
    assert (second[0], second[1]["error"]["code"]) == (400, "Odd")


@pytest.mark.parametrize(
    ("name", "hit"),
    [
        ("confirmSafe", [503, 200, 200, 200]),
        ("riskyUsers", [204, 503, 503, 200]),
        ("users", [204, 200, 200, 503]),
        ("*", [503, 503, 503, 503]),
    ],
)
async def test_a_fault_hits_what_it_names_and_lasts_until_cleared(
    graph: LocalGraph, caller: Caller, name: str, hit: list[int]
) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: caller.confirm(ADELE),
        lambda: caller.get(RISKY),
        lambda: caller.get(f"{RISKY}/{ADELE}"),
        lambda: caller.get(f"/v1.0/users/{ADELE}"),
    ]
    graph.faults.add(Fault(name, "status", times=-1, status=503))
    for _ in range(2):
        assert [(await call())[0] for call in calls] == hit
    graph.faults.clear()

    assert [(await call())[0] for call in calls] == [204, 200, 200, 200]


async def test_a_fault_with_a_condition_leaves_other_calls_alone(graph: LocalGraph, caller: Caller) -> None:
    graph.faults.add(
        Fault("confirmSafe", "status", times=-1, status=400, when=lambda call: ALEX in call.args["userIds"])
    )

    assert (await caller.confirm(ADELE))[0] == 204
    assert (await caller.confirm(ADELE, ALEX))[0] == 400
    assert graph.sent == [[ADELE]]
