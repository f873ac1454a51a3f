"""What is sent to Graph, and what its answers are taken to mean."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.ids import ObjectId, Sendable
from bot.core.model import Receipt, RiskySnapshot
from bot.core.persons import DirectoryUser
from bot.errors import (
    Ambiguous,
    Forbidden,
    Garbled,
    GraphError,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
)
from bot.graph import wire
from bot.graph.wire import GraphAnswer, GraphRequest

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ALEX = Sendable(ObjectId("5a0c76d2-cb57-4ece-9bc1-c323178f116a"))
NOTED = Receipt(200)
READ, WRITE = wire.risky_user(ALEX), wire.confirm_safe([ALEX])

# As Graph's reference shows it.
RISKY_USER: Mapping[str, Any] = {
    "id": "5A0C76D2-cb57-4ece-9bc1-c323178f116a",
    "isDeleted": False,
    "isProcessing": True,
    "riskLastUpdatedDateTime": "2026-02-28T22:15:47.1234567Z",
    "riskLevel": "medium",
    "riskState": "atRisk",
    "riskDetail": "none",
    "userDisplayName": "Alex Wilber",
    "userPrincipalName": "alexw@contoso.com",
}
THROTTLED = {
    "error": {
        "code": "TooManyRequests",
        "message": "Please retry again later, alexw@contoso.com.",
        "innerError": {"date": "2026-03-01T12:00:00", "request-id": "inner", "client-request-id": "c"},
    }
}


def test_confirm_safe_is_the_documented_call() -> None:
    assert wire.confirm_safe([ALEX]) == GraphRequest(
        "POST", "/v1.0/identityProtection/riskyUsers/confirmSafe", json={"userIds": [ALEX]}
    )
    assert WRITE.is_write
    assert not READ.is_write


def test_the_list_asks_for_users_at_risk_in_the_largest_page() -> None:
    asked = wire.at_risk_users()
    assert asked.params["$filter"] == "riskState eq 'atRisk' or riskState eq 'confirmedCompromised'"
    assert asked.params["$top"] == "500"
    assert set(asked.params["$select"].split(",")) == set(RISKY_USER)


def test_the_list_of_changes_names_the_moment_in_utc() -> None:
    asked = wire.updated_since(NOW.astimezone(tz=None))
    assert asked.params["$filter"] == "riskLastUpdatedDateTime gt 2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    ("key", "path"),
    [
        (ALEX, f"/v1.0/users/{ALEX}"),
        ("alexw@contoso.com", "/v1.0/users/alexw%40contoso.com"),
        ("a_f.com#EXT#@contoso.com", "/v1.0/users/a_f.com%23EXT%23%40contoso.com"),
        ("$o'ps@contoso.com", "/v1.0/users('%24o%27%27ps%40contoso.com')"),
        ("../me?x=1", "/v1.0/users/..%2Fme%3Fx%3D1"),
    ],
)
def test_a_key_stays_inside_its_place_in_the_path(key: str, path: str) -> None:
    assert wire.directory_user(key).path == path


def test_a_next_link_is_followed_as_it_is() -> None:
    link = "https://graph.microsoft.com/v1.0/x?$skiptoken=a%2Bb"
    assert wire.next_page(link) == GraphRequest("GET", link)


def test_a_risky_user_is_read_as_graph_said_it() -> None:
    assert wire.snapshot(RISKY_USER, NOTED, NOW) == RiskySnapshot(
        user_id=ALEX,
        display_name="Alex Wilber",
        upn="alexw@contoso.com",
        level="medium",
        state="atRisk",
        read_at=NOW,
        last_updated=datetime(2026, 2, 28, 22, 15, 47, 123456, tzinfo=UTC),
        detail="none",
        is_deleted=False,
        is_processing=True,
    )


def test_new_and_missing_members_of_an_enum_count_as_at_risk() -> None:
    new = wire.snapshot({**RISKY_USER, "riskState": "underReview", "riskLevel": "extreme"}, NOTED, NOW)
    bare = wire.snapshot({"id": ALEX, "riskState": None, "riskLastUpdatedDateTime": "soon"}, NOTED, NOW)

    assert (new.state, new.level) == ("underReview", "extreme")
    assert new.is_at_risk
    assert bare.is_at_risk
    assert not bare.is_safe
    assert bare.last_updated is None


def test_a_page_names_the_next() -> None:
    link = "https://graph.microsoft.com/next"
    first = wire.read_page(GraphAnswer(200, {}, {"value": [RISKY_USER], "@odata.nextLink": link}), NOTED, NOW)
    last = wire.read_page(GraphAnswer(200, {}, {"value": []}), NOTED, NOW)

    assert [user.user_id for user in first.users] == [ALEX]
    assert first.next_link == link
    assert last == wire.Page((), "")


@pytest.mark.parametrize("body", [None, [], "x", {}, {"value": None}, {"value": ["x"]}, {"value": [{"id": 7}]}])
def test_a_page_of_something_else_is_garbled(body: Any) -> None:
    with pytest.raises(Garbled):
        wire.read_page(GraphAnswer(200, {}, body), NOTED, NOW)


def test_an_account_is_read_with_all_its_addresses() -> None:
    body = {
        "id": ALEX.upper(),
        "displayName": "Alex Wilber",
        "userPrincipalName": "alexw@contoso.com",
        "mail": None,
        "proxyAddresses": ["SMTP:alexw@contoso.com", "smtp:Alex@contoso.com", "SIP:alexw@contoso.com"],
        "accountEnabled": False,
    }
    user = wire.read_directory_user(body, NOTED)

    assert user == DirectoryUser(
        ALEX,
        "Alex Wilber",
        "alexw@contoso.com",
        proxy_addresses=("SMTP:alexw@contoso.com", "smtp:Alex@contoso.com", "SIP:alexw@contoso.com"),
        enabled=False,
    )
    assert user.addresses == ("alexw@contoso.com", "alex@contoso.com")


@pytest.mark.parametrize("body", [None, [], {}, {"id": None}])
def test_an_account_of_something_else_is_garbled(body: Any) -> None:
    with pytest.raises(Garbled):
        wire.read_directory_user(body, NOTED)


def test_a_receipt_holds_what_microsofts_support_asks_for() -> None:
    headers = {"request-id": "r", "Date": "Sun, 01 Mar 2026 12:00:00 GMT", "x-ms-ags-diagnostic": "d"}
    assert wire.receipt_of(GraphAnswer(429, headers, THROTTLED), "mine") == Receipt(
        429, "TooManyRequests", "r", "mine", "Sun, 01 Mar 2026 12:00:00 GMT", "d"
    )
    assert wire.receipt_of(GraphAnswer(429, {}, THROTTLED), "mine").request_id == "inner"


@pytest.mark.parametrize(
    "body",
    [None, "<html>", [], {"error": "x"}, {"error": {"code": None, "innererror": {}}}, {"error": {"innerError": 1}}],
)
def test_a_receipt_is_made_of_any_body(body: Any) -> None:
    assert wire.receipt_of(GraphAnswer(500, {}, body), "mine") == Receipt(500, client_request_id="mine")


def kind_of(request: GraphRequest, status: int) -> type[GraphError] | None:
    """Return what this status makes of a call."""
    answer = GraphAnswer(status, {}, THROTTLED)
    failure = wire.failure(request, answer, wire.receipt_of(answer, ""), now=NOW)
    assert failure is None or "alexw" not in str(failure)
    return None if failure is None else type(failure)


def expected(*, is_write: bool, status: int) -> type[GraphError]:
    """Say it independently: what is certain, and what is open, after each status."""
    named: dict[int, type[GraphError]] = {401: Unauthorized, 403: Forbidden, 429: Throttled}
    open_still: type[GraphError] = Ambiguous if is_write else Unavailable
    if status in named:
        return named[status]
    if status == 408 or status >= 500:
        return open_still
    return Rejected if status >= 400 else Ambiguous if is_write else Garbled


@pytest.mark.parametrize("request_", [READ, WRITE], ids=["read", "write"])
def test_every_status_has_its_meaning(request_: GraphRequest) -> None:
    is_write = request_.is_write
    told = {status: kind_of(request_, status) for status in range(300, 600)}
    assert told == {status: expected(is_write=is_write, status=status) for status in told}


def test_only_a_204_confirms_and_only_a_200_reads() -> None:
    assert {status for status in range(200, 300) if kind_of(WRITE, status) is None} == {204}
    assert {status for status in range(200, 300) if kind_of(READ, status) is None} == {200}
    assert kind_of(WRITE, 200) is Ambiguous
    assert kind_of(READ, 204) is Garbled


def test_a_refusal_carries_the_roles_of_the_token() -> None:
    answer = GraphAnswer(403, {}, None)
    failure = wire.failure(READ, answer, Receipt(403), now=NOW, roles=frozenset({"User.Read.All"}))
    assert isinstance(failure, Forbidden)
    assert failure.roles == frozenset({"User.Read.All"})


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (f"{NOW + timedelta(seconds=90):%a, %d %b %Y %H:%M:%S} GMT", 90.0),
        (f"{NOW - timedelta(seconds=90):%a, %d %b %Y %H:%M:%S} GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("nan", None),
    ],
)
def test_retry_after_comes_as_seconds_or_as_a_date(said: str, seconds: float | None) -> None:
    answer = GraphAnswer(429, {"Retry-After": said})
    failure = wire.failure(READ, answer, Receipt(429), now=NOW)
    assert isinstance(failure, Throttled)
    assert failure.retry_after == seconds


def test_an_unavailable_graph_may_say_when_to_return() -> None:
    failure = wire.failure(READ, GraphAnswer(503, {"Retry-After": "30"}), Receipt(503), now=NOW)
    assert isinstance(failure, Unavailable)
    assert failure.retry_after == 30
