"""What the local Graph answers is what Microsoft's published schema of Graph allows."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import pytest
import yaml

from demo.graph import LocalGraph, odata, records
from demo.graph.directory import ADELE, HENRIETTA, ISAIAH, JONI
from demo.wire import Books, Fault

SLICE = Path(__file__).parents[3] / "shared" / "contracts" / "graph-openapi-slice.yaml"
RISKY = "/identityProtection/riskyUsers"
NOBODY = "00000000-0000-4000-8000-000000000000"
ERROR = "ODataErrors.ODataError"

pytestmark = pytest.mark.skipif(
    not SLICE.exists(), reason="the slice of Microsoft's schema is not part of the repository"
)

FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or odata.moment(value).tzinfo is not None


def nullable(node: Any) -> Any:
    """Say in JSON Schema what OpenAPI 3.0 says with `nullable`."""
    match node:
        case {"type": str(kind), "nullable": True, **rest}:
            return {**nullable(rest), "type": [kind, "null"]}
        case dict():
            return {key: nullable(value) for key, value in node.items()}
        case list():
            return [nullable(value) for value in node]
        case _:
            return node


@pytest.fixture(scope="module")
def contract() -> Any:
    return nullable(yaml.safe_load(SLICE.read_text(encoding="utf-8")))


Check = Callable[[str, Any], None]


@pytest.fixture
def check(contract: Any) -> Check:
    """Hold a value against a schema of Graph's, which it may exceed in OData's annotations only."""

    def check(name: str, value: Any) -> None:
        schema = {
            "allOf": [{"$ref": f"#/components/schemas/microsoft.graph.{name}"}],
            "patternProperties": {r"^@odata\.(context|nextLink)$": {"type": "string"}},
            "unevaluatedProperties": False,
            "components": contract["components"],
        }
        jsonschema.Draft202012Validator(schema, format_checker=FORMATS).validate(value)

    return check


@pytest.fixture
async def graph() -> AsyncIterator[LocalGraph]:
    graph = LocalGraph(
        Books(),
        now=lambda: datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC),
        is_live=lambda token: token != "dead",
        token_roles=lambda token: {"IdentityRiskyUser.ReadWrite.All", "User.Read.All"} if token == "full" else set(),
        rate=None,
    )
    async with graph:
        yield graph


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer full"}) as session:
        yield session


async def get(session: aiohttp.ClientSession, graph: LocalGraph, path: str, **headers: str) -> Any:
    async with session.get(f"{graph.url}/v1.0{path}", headers=headers) as response:
        return await response.json()


@pytest.mark.parametrize("prefer", ["", "include-unknown-enum-members"])
async def test_a_page_of_risky_users_and_each_of_them_fit_the_schema(
    check: Check, graph: LocalGraph, session: aiohttp.ClientSession, prefer: str
) -> None:
    graph.add_crowd(5)
    graph.confirm([ADELE])
    page = await get(session, graph, f"{RISKY}?$top=8", Prefer=prefer)

    check("riskyUserCollectionResponse", page)
    assert len(page["value"]) == 8
    for record in page["value"]:
        check("riskyUser", record)
    assert "@odata.nextLink" in page


@pytest.mark.parametrize("user_id", [ADELE, HENRIETTA, ISAIAH])
async def test_a_single_risky_user_fits_the_schema(
    check: Check, graph: LocalGraph, session: aiohttp.ClientSession, user_id: str
) -> None:
    record = await get(session, graph, f"{RISKY}/{user_id}")

    check("riskyUser", record)
    assert record["id"] == user_id


@pytest.mark.parametrize("select", ["", "?$select=id,accountEnabled,mail,proxyAddresses,userType"])
async def test_an_account_fits_the_schema(
    check: Check, graph: LocalGraph, session: aiohttp.ClientSession, select: str
) -> None:
    graph.add_user(NOBODY, "Nobody", "nobody@contoso.com", mail="")

    for user_id in (JONI, NOBODY):
        account = await get(session, graph, f"/users/{user_id}{select}")
        check("user", account)
        assert account["id"] == user_id


async def test_confirming_takes_the_documented_body_and_answers_204_with_nothing(
    contract: Any, graph: LocalGraph, session: aiohttp.ClientSession
) -> None:
    action = contract["paths"][f"{RISKY}/confirmSafe"]["post"]
    body = {"userIds": [ADELE]}
    jsonschema.validate(body, action["requestBody"]["content"]["application/json"]["schema"])
    async with session.post(f"{graph.url}/v1.0{RISKY}/confirmSafe", json=body) as response:
        assert str(response.status) in action["responses"]
        assert await response.read() == b""
    assert graph.sent == [[ADELE]]


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        (f"{RISKY}?$top=0", "full", 400),
        (RISKY, "dead", 401),
        (RISKY, "poor", 403),
        (f"/users/{ADELE}", "poor", 403),
        (f"{RISKY}/{NOBODY}", "full", 404),
        (f"/users/{NOBODY}", "full", 404),
    ],
)
async def test_every_refusal_fits_the_error_schema(
    check: Check, graph: LocalGraph, session: aiohttp.ClientSession, *, path: str, token: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with session.get(f"{graph.url}/v1.0{path}", headers=headers) as response:
        assert response.status == status
        check(ERROR, await response.json())


async def test_throttling_and_a_planted_status_fit_the_error_schema(
    check: Check, graph: LocalGraph, session: aiohttp.ClientSession
) -> None:
    graph.rate = 1.0
    await get(session, graph, RISKY)
    throttled = await get(session, graph, RISKY)
    graph.faults.add(Fault("*", "status", status=503))
    planted = await get(session, graph, RISKY)

    assert throttled["error"]["code"] == "TooManyRequests"
    assert planted["error"]["code"] == "ServiceUnavailable"
    check(ERROR, throttled)
    check(ERROR, planted)


def test_levels_states_and_properties_are_exactly_the_schemas(contract: Any) -> None:
    schemas = contract["components"]["schemas"]
    record = records.RiskyUserRecord(ADELE, "", "", "low", "atRisk", datetime.now(UTC))
    own = schemas["microsoft.graph.riskyUser"]["allOf"][1]["properties"]

    assert set(odata.RISK_LEVELS) == set(schemas["microsoft.graph.riskLevel"]["enum"])
    assert set(odata.RISK_STATES) == set(schemas["microsoft.graph.riskState"]["enum"])
    # A navigation property is sent only when expanded.
    assert set(record.as_json(with_new_members=True)) == {"id", *own} - {"history"}


def test_new_risk_details_are_those_behind_the_schemas_sentinel(contract: Any) -> None:
    members = contract["components"]["schemas"]["microsoft.graph.riskDetail"]["enum"]

    assert set(members[members.index("unknownFutureValue") + 1 :]) == records.NEW_DETAILS


@pytest.mark.parametrize(
    "change",
    [
        {"riskState": "safe"},
        {"isProcessing": "yes"},
        {"riskLastUpdatedDateTime": "yesterday"},
        {"riskScore": 7},
        {"userDisplayName": 7},
    ],
)
def test_the_check_itself_refuses_what_the_schema_does_not_allow(check: Check, change: dict[str, object]) -> None:
    record = records.RiskyUserRecord(ADELE, "Adele", "a@b.c", "low", "atRisk", datetime.now(UTC))
    good = record.as_json(with_new_members=True)
    check("riskyUser", good)

    with pytest.raises(jsonschema.ValidationError):
        check("riskyUser", {**good, **change})
