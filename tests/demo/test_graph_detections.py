"""The local Graph tells why users are at risk, strictly and under the same pace as all that is about risk."""

from datetime import timedelta
from urllib.parse import quote, urlsplit

import pytest

from demo.graph import LocalGraph
from demo.graph.directory import ADELE, ALEX, HENRIETTA, ISAIAH, JONI, MEGAN, PRADEEP
from demo.graph.routes import RISK_DETECTION
from tests.clocks import WarpClock
from tests.demo.conftest import DETECTIONS, RISKY, Caller, detections

LONGEST = 2048


def nobodies(count: int) -> list[str]:
    return [f"00000000-0000-4000-8000-{n:012x}" for n in range(count)]


# -- reading


async def test_one_users_detections_are_found_and_nobody_elses(caller: Caller) -> None:
    found = await caller.why(ALEX)

    assert {row["userId"] for row in found} == {ALEX}
    assert {row["riskEventType"] for row in found} == {"leakedCredentials", "unfamiliarFeatures"}


async def test_several_users_joined_with_or_come_in_one_answer(caller: Caller) -> None:
    found = await caller.why(ADELE, ALEX.upper(), JONI)

    assert [row["userId"] for row in found].count(ADELE) == 4
    assert {row["userId"] for row in found} == {ADELE, ALEX}


async def test_a_user_without_detections_makes_an_empty_list(caller: Caller) -> None:
    assert await caller.why(JONI, *nobodies(3)) == []


async def test_detections_of_every_state_are_kept(caller: Caller) -> None:
    states = {row["userId"]: row["riskState"] for row in await caller.why(PRADEEP, HENRIETTA, ISAIAH)}

    assert states == {PRADEEP: "remediated", HENRIETTA: "confirmedSafe", ISAIAH: "atRisk"}


async def test_a_detection_says_what_happened_where_and_when(graph: LocalGraph, caller: Caller) -> None:
    graph.add_risky(MEGAN, "high")
    graph.add_detection(MEGAN, "unlikelyTravel", ip="203.0.113.7", city="Oslo", country="NO", ago=timedelta(hours=1))
    (row,) = await caller.why(MEGAN)

    assert set(row) == set(RISK_DETECTION)
    assert (row["riskEventType"], row["riskLevel"], row["riskState"]) == ("unlikelyTravel", "high", "atRisk")
    assert row["activityDateTime"] == "2026-03-01T11:00:00.0000000Z"
    assert row["detectedDateTime"] == row["lastUpdatedDateTime"] == "2026-03-01T11:02:00.0000000Z"
    assert (row["ipAddress"], row["location"]["city"], row["location"]["countryOrRegion"]) == (
        "203.0.113.7",
        "Oslo",
        "NO",
    )
    assert (row["activity"], row["userDisplayName"]) == ("signin", "Megan Bowen")
    assert row["requestId"] == row["correlationId"] is not None


async def test_what_is_about_the_account_has_no_place_and_no_sign_in(caller: Caller) -> None:
    (leak,) = [row for row in await caller.why(ALEX) if row["riskEventType"] == "leakedCredentials"]

    assert (leak["ipAddress"], leak["location"], leak["requestId"], leak["activity"]) == (None, None, None, "user")


async def test_select_brings_those_properties_of_a_detection_and_no_others(caller: Caller) -> None:
    found = await caller.why(ALEX, select="userId,riskEventType,location")

    assert {frozenset(row) for row in found} == {frozenset({"userId", "riskEventType", "location"})}


async def test_next_links_lead_through_every_detection_once_and_keep_the_query(
    graph: LocalGraph, caller: Caller
) -> None:
    ids = graph.add_crowd(7, detection="unlikelyTravel")
    found, sizes, path = [], [], detections(*ids, top="3", select="userId")
    while path:
        status, body, _ = await caller.ask(path)
        assert status == 200
        found += [row["userId"] for row in body["value"]]
        sizes.append(len(body["value"]))
        path = body.get("@odata.nextLink", "")
        assert not path or urlsplit(path).netloc == urlsplit(graph.url).netloc

    assert sizes == [3, 3, 1]
    assert sorted(found) == ids
    assert graph.books.complaints == []


async def test_a_page_of_detections_without_a_top_is_a_short_one(graph: LocalGraph, caller: Caller) -> None:
    ids = graph.add_crowd(25, detection="unlikelyTravel")

    assert len(await caller.why(*ids)) == 20
    assert len(await caller.why(*ids, top="500")) == 25


async def test_the_order_of_detections_tells_nothing_of_their_time(graph: LocalGraph, caller: Caller) -> None:
    for hours in range(20):
        graph.add_detection(MEGAN, "unlikelyTravel", ago=timedelta(hours=hours))
    times = [row["activityDateTime"] for row in await caller.why(MEGAN)]

    assert len(set(times)) == 20
    assert times not in (sorted(times), sorted(times, reverse=True))


@pytest.mark.parametrize(
    ("test", "users"),
    [
        ("riskEventType eq 'leakedCredentials'", {ALEX}),
        ("riskLevel eq 'high'", {ALEX, PRADEEP}),
        ("detectionTimingType eq 'realtime' and riskLevel eq 'none'", {HENRIETTA}),
        (f"userDisplayName eq 'Adele Vance' or (userId eq '{ISAIAH}' and riskLevel eq 'low')", {ADELE, ISAIAH}),
    ],
)
async def test_a_filter_that_microsofts_pages_show_finds_exactly_its_users(
    caller: Caller, test: str, users: set[str]
) -> None:
    assert {row["userId"] for row in await caller.why(filter=test)} == users


@pytest.mark.parametrize(
    "query",
    [
        "$top=501",
        "$top=0",
        "$select=riskScore",
        "$orderby=activityDateTime",
        "$count=true",
        "$skiptoken=made-up",
        "$filter=userId in ('x')",
        "$filter=riskState eq 'atRisk'",
        "$filter=activityDateTime gt 2026-03-01T00:00:00Z",
        f"$filter=userId ne '{ADELE}'",
        f"$filter=userId eq '{ADELE}' or",
    ],
)
async def test_a_query_of_detections_that_nobody_documents_is_refused_and_complained_of(
    graph: LocalGraph, caller: Caller, query: str
) -> None:
    status, body, _ = await caller.ask(f"{DETECTIONS}?{quote(query, safe='$=')}")

    assert (status, body["error"]["code"]) == (400, "BadRequest")
    assert len(graph.books.complaints) == 1


@pytest.mark.parametrize(("length", "status"), [(LONGEST, 200), (LONGEST + 1, 414)])
async def test_a_url_may_be_so_long_and_no_longer(
    graph: LocalGraph, caller: Caller, length: int, status: int
) -> None:
    start = detections(*nobodies(29))
    # Blanks between the tests of a filter are free, so they fill it up to the very character.
    path = start.replace("%20or%20", "%20or" + "+" * (length - len(graph.url + start)) + "%20", 1)
    assert len(graph.url + path) == length

    assert (await caller.ask(path))[0] == status


async def test_new_risk_details_of_detections_are_named_only_to_who_asks(graph: LocalGraph, caller: Caller) -> None:
    (plain,) = await caller.why(HENRIETTA)
    (asked,) = await caller.why(HENRIETTA, prefer="include-unknown-enum-members")

    assert (plain["riskDetail"], asked["riskDetail"]) == ("unknownFutureValue", "adminConfirmedAccountSafe")


# -- who may, and how often


async def test_detections_need_their_own_permission_and_open_nothing_else(caller: Caller) -> None:
    refused, body, _ = await caller.ask(detections(ADELE), token="users")

    assert (refused, body["error"]["code"]) == (403, "Forbidden")
    assert (await caller.ask(detections(ADELE), token="event"))[0] == 200
    assert (await caller.ask(RISKY, token="event"))[0] == 403


async def test_detections_share_the_one_request_a_second_of_risky_users(
    graph: LocalGraph, caller: Caller, clock: WarpClock
) -> None:
    graph.rate = 1.0
    assert (await caller.ask(RISKY))[0] == 200
    status, _, headers = await caller.ask(detections(ADELE))
    clock.advance(timedelta(seconds=1))

    assert (status, "Retry-After" in headers) == (429, False)
    assert (await caller.ask(detections(ADELE)))[0] == 200
    assert await caller.confirm(ADELE) == 429


# -- what changes them


async def test_confirming_clears_every_detection_of_the_user_when_it_shows(
    graph: LocalGraph, caller: Caller, clock: WarpClock
) -> None:
    await caller.confirm(ADELE)
    before = await caller.why(ADELE)
    clock.advance(timedelta(seconds=2))
    after = await caller.why(ADELE)

    assert {row["riskState"] for row in before} == {"atRisk"}
    assert {(row["riskState"], row["riskLevel"]) for row in after} == {("confirmedSafe", "none")}
    assert {row["lastUpdatedDateTime"] for row in after} == {"2026-03-01T12:00:02.0000000Z"}
    assert {row["riskState"] for row in await caller.why(ALEX)} == {"atRisk"}


async def test_risk_can_rise_with_its_reason_noticed_just_now(graph: LocalGraph, caller: Caller) -> None:
    graph.rise(JONI, "high", detection="leakedCredentials")
    (row,) = await caller.why(JONI)

    assert (row["riskEventType"], row["riskLevel"], row["riskState"]) == ("leakedCredentials", "high", "atRisk")
    assert row["detectedDateTime"] == "2026-03-01T12:00:00.0000000Z"
    assert await caller.state_of(JONI) == ("high", "atRisk", False)


async def test_risk_that_rises_while_it_is_confirmed_keeps_all_its_reasons(
    graph: LocalGraph, caller: Caller, clock: WarpClock
) -> None:
    await caller.confirm(ALEX)
    graph.rise(ALEX, "high", detection="passwordSpray")
    clock.advance(timedelta(minutes=1))

    assert {row["riskState"] for row in await caller.why(ALEX)} == {"atRisk"}
    assert len(await caller.why(ALEX)) == 3


async def test_a_new_risk_leaves_what_was_cleared_before_as_it_is(
    graph: LocalGraph, caller: Caller, clock: WarpClock
) -> None:
    await caller.confirm(ALEX)
    clock.advance(timedelta(minutes=1))
    graph.rise(ALEX, "low", detection="newCountry")

    assert {row["riskEventType"]: row["riskState"] for row in await caller.why(ALEX)} == {
        "leakedCredentials": "confirmedSafe",
        "unfamiliarFeatures": "confirmedSafe",
        "newCountry": "atRisk",
    }


async def test_a_new_password_ends_the_users_detections(graph: LocalGraph, caller: Caller) -> None:
    graph.remediate(ADELE)

    assert {row["riskState"] for row in await caller.why(ADELE)} == {"remediated"}


async def test_a_type_that_nobody_knows_yet_is_sent_as_any_other(graph: LocalGraph, caller: Caller) -> None:
    graph.add_detection(MEGAN, "quantumTheft")
    (row,) = await caller.why(MEGAN)

    assert (row["riskEventType"], row["riskLevel"], row["location"]) == ("quantumTheft", "medium", None)
