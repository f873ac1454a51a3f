"""What is asked of Graph about detections, and what the pages that come are taken to mean."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clouds import GRAPH_ROOTS
from bot.core.detections import Detection
from bot.core.ids import ObjectId
from bot.core.model import Receipt
from bot.errors import Garbled
from bot.graph.detections import USERS_A_CALL, DetectionPage, of_users, read_page
from bot.graph.wire import GraphAnswer

ALEX = ObjectId("5a0c76d2-cb57-4ece-9bc1-c323178f116a")
JONI = ObjectId("96609214-09ef-4f80-9d4a-ace5fceecaec")
NOTED = Receipt(200, request_id="r")
TOO_LONG = 2000

# The properties are those of Graph's reference.
DETECTION: Mapping[str, Any] = {
    "userId": ALEX.upper(),
    "riskEventType": "unlikelyTravel",
    "activityDateTime": "2026-02-28T22:15:47.1234567Z",
    "detectedDateTime": "2026-02-28T23:00:00Z",
    "ipAddress": "203.0.113.7",
    "location": {"city": "Oslo", "state": "", "countryOrRegion": "NO", "geoCoordinates": None},
    "riskLevel": "medium",
    "riskState": "atRisk",
}


def some_ids(count: int) -> list[ObjectId]:
    return [ObjectId(f"00000000-0000-4000-8000-{n:012x}") for n in range(count)]


def read(*rows: Any, **more: Any) -> DetectionPage:
    return read_page(GraphAnswer(200, {}, {"value": list(rows), **more}), NOTED)


def read_one(**changes: Any) -> Detection:
    (detection,) = read({**DETECTION, **changes}).detections
    return detection


# -- asking


def test_a_call_asks_for_users_joined_with_or_in_the_largest_page() -> None:
    asked = of_users([ALEX, JONI])

    assert (asked.method, asked.path) == ("GET", "/v1.0/identityProtection/riskDetections")
    assert asked.params["$filter"] == f"userId eq '{ALEX}' or userId eq '{JONI}'"
    assert asked.params["$top"] == "500"
    assert set(asked.params["$select"].split(",")) == set(DETECTION)
    assert asked.json is None


@pytest.mark.parametrize("count", [0, USERS_A_CALL + 1])
def test_a_call_for_nobody_or_for_too_many_is_never_built(count: int) -> None:
    with pytest.raises(ValueError, match=f"^{count} users"):
        of_users(some_ids(count))


@pytest.mark.parametrize("root", GRAPH_ROOTS.values())
def test_the_longest_url_stays_below_2000_characters_in_every_cloud(root: str) -> None:
    asked = of_users(some_ids(USERS_A_CALL))
    query = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in asked.params.items())

    assert len(f"{root}{asked.path}?{query}") < TOO_LONG


# -- reading


def test_a_detection_is_read_as_graph_said_it() -> None:
    assert read_one() == Detection(
        user_id=ALEX,
        type="unlikelyTravel",
        activity_at=datetime(2026, 2, 28, 22, 15, 47, 123456, tzinfo=UTC),
        detected_at=datetime(2026, 2, 28, 23, 0, tzinfo=UTC),
        ip="203.0.113.7",
        city="Oslo",
        country="NO",
        level="medium",
        state="atRisk",
    )


@pytest.mark.parametrize("left_out", [None, 7, [], {}])
def test_whatever_else_is_missing_or_no_text_is_empty(left_out: object) -> None:
    bare = read_one(**dict.fromkeys(DETECTION.keys() - {"userId"}, left_out))

    assert bare == Detection(ALEX, "")
    assert read({"userId": ALEX}).detections == (bare,)


@pytest.mark.parametrize("location", [None, "Oslo", ["Oslo"], {}, {"city": None, "countryOrRegion": 47}])
def test_a_place_that_is_none_is_empty(location: object) -> None:
    where = read_one(location=location)
    assert (where.city, where.country) == ("", "")


@pytest.mark.parametrize("moment", ["soon", "", 1772366400, "2026-13-01T00:00:00Z"])
def test_a_time_that_is_none_is_left_out(moment: object) -> None:
    assert read_one(activityDateTime=moment).activity_at is None


def test_a_time_without_a_zone_is_utc() -> None:
    assert read_one(activityDateTime="2026-02-28T22:15:47").activity_at == datetime(
        2026, 2, 28, 22, 15, 47, tzinfo=UTC
    )


def test_new_members_of_an_enum_are_kept_as_they_came() -> None:
    new = read_one(riskEventType="quantumTheft", riskState="underReview", riskLevel="extreme")

    assert (new.type, new.state, new.level) == ("quantumTheft", "underReview", "extreme")
    assert not new.is_over


def test_half_a_character_is_replaced_so_that_it_can_be_stored() -> None:
    half = read_one(location={"city": "Oslo\ud83d"})

    assert half.city.encode().decode() == "Oslo\N{REPLACEMENT CHARACTER}"


def test_a_page_of_detections_names_the_next() -> None:
    link = "https://graph.microsoft.com/next"
    first = read(DETECTION, {"userId": JONI}, **{"@odata.nextLink": link})

    assert [detection.user_id for detection in first.detections] == [ALEX, JONI]
    assert first.next_link == link
    assert read() == DetectionPage((), "")
    assert read(**{"@odata.nextLink": None}).next_link == ""


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "<html>",
        7,
        {},
        {"value": None},
        {"value": {}},
        {"value": [None]},
        {"value": ["x"]},
        {"value": [{}]},
        {"value": [DETECTION, {**DETECTION, "userId": None}]},
        {"value": [{**DETECTION, "userId": ""}]},
        {"value": [{**DETECTION, "userId": 7}]},
    ],
)
def test_a_body_that_graph_does_not_document_is_garbled_and_keeps_its_receipt(body: Any) -> None:
    with pytest.raises(Garbled) as garbled:
        read_page(GraphAnswer(200, {}, body), NOTED)
    assert garbled.value.receipt is NOTED


def anything(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(["value", "@odata.nextLink", *DETECTION, "city", "countryOrRegion"])
    return st.recursive(leaf, lambda part: st.lists(part, max_size=4) | st.dictionaries(keys, part, max_size=6))


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([ALEX, "atRisk"])


@given(anything(LEAVES) | st.fixed_dictionaries({"value": st.lists(anything(LEAVES), max_size=3)}))
def test_whatever_body_comes_it_is_read_or_garbled(body: Any) -> None:
    try:
        page = read_page(GraphAnswer(200, {}, body), NOTED)
    except Garbled:
        return
    assert len(page.detections) == len(body["value"])
    assert all(detection.user_id for detection in page.detections)
