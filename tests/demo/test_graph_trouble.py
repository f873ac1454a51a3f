"""The local Graph can be made difficult, and counts what arrives meanwhile."""

import base64
import json
from datetime import UTC, timedelta, tzinfo

import aiohttp
import pytest

from demo.graph import LocalGraph
from demo.graph.directory import ADELE, ALEX
from demo.wire import Fault
from tests.clocks import WarpClock
from tests.demo.conftest import RISKY, START, Caller, detections

# -- making it difficult


async def test_a_lie_about_one_user_confirms_the_others_of_the_call(
    graph: LocalGraph, caller: Caller, clock: WarpClock
) -> None:
    graph.lies_about.add(ADELE)
    assert await caller.confirm(ADELE.upper(), ALEX) == 204
    clock.advance(timedelta(minutes=10))

    assert await caller.state_of(ADELE) == ("high", "atRisk", False)
    assert await caller.state_of(ALEX) == ("none", "confirmedSafe", False)


async def test_who_is_stuck_is_processed_for_ever(graph: LocalGraph, caller: Caller, clock: WarpClock) -> None:
    graph.stuck.add(ADELE)
    await caller.confirm(ADELE, ALEX)
    clock.advance(timedelta(days=400))

    assert await caller.state_of(ADELE) == ("high", "atRisk", True)
    assert await caller.state_of(ALEX) == ("none", "confirmedSafe", False)


async def test_a_claims_challenge_says_which_token_would_do(graph: LocalGraph, caller: Caller) -> None:
    graph.faults.add(Fault("confirmSafe", "claims"))
    status, body, headers = await caller.ask(f"{RISKY}/confirmSafe", ADELE)
    challenge = headers["WWW-Authenticate"]
    claims = json.loads(base64.b64decode(challenge.partition('claims="')[2].rstrip('"')))

    assert (status, body["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert challenge.startswith('Bearer realm=""')
    assert 'error="insufficient_claims"' in challenge
    assert claims["access_token"]["nbf"]["essential"] is True
    assert graph.sent == []
    assert await caller.confirm(ADELE) == 204


@pytest.mark.parametrize("zone", [UTC, None])
async def test_when_to_come_back_may_be_a_date(graph: LocalGraph, caller: Caller, zone: tzinfo | None) -> None:
    when = (START + timedelta(seconds=90)).astimezone(zone)
    graph.faults.add(Fault("riskDetections", "status", status=429, retry_after=when))
    status, body, headers = await caller.ask(detections(ADELE))

    assert (status, body["error"]["code"]) == (429, "TooManyRequests")
    assert headers["Retry-After"] == "Sun, 01 Mar 2026 12:01:30 GMT"


async def test_a_fault_of_detections_hits_nothing_else(graph: LocalGraph, caller: Caller) -> None:
    graph.faults.add(Fault("riskDetections", "status", status=503))

    assert (await caller.ask(RISKY))[0] == 200
    assert (await caller.ask(detections(ADELE)))[0] == 503
    assert (await caller.ask(detections(ADELE)))[0] == 200


async def test_other_apps_use_up_the_next_calls_about_risk_and_none_of_the_directorys(
    graph: LocalGraph, caller: Caller
) -> None:
    graph.busy(3)
    throttled = [(await caller.ask(RISKY))[0], (await caller.ask(detections(ADELE)))[0], await caller.confirm(ADELE)]

    assert throttled == [429, 429, 429]
    assert graph.sent == []
    graph.busy(1)
    assert (await caller.ask(f"/v1.0/users/{ADELE}"))[0] == 200
    assert [(await caller.ask(RISKY))[0] for _ in range(2)] == [429, 200]


# -- counting


async def test_calls_are_counted_by_kind_and_by_the_clock_that_was_given(
    graph: LocalGraph, caller: Caller, clock: WarpClock
) -> None:
    paths = [f"{RISKY}?$top=5", f"{RISKY}/{ADELE}", detections(ADELE), f"/v1.0/users/{ADELE}", "/v1.0/me"]
    for path in paths:
        await caller.ask(path)
        clock.advance(timedelta(seconds=3))
    await caller.confirm(ADELE)

    assert [(call.kind, call.method, call.status) for call in graph.calls()] == [
        ("riskyUsers", "GET", 200),
        ("riskyUser", "GET", 200),
        ("riskDetections", "GET", 200),
        ("users", "GET", 200),
        ("other", "GET", 400),
        ("confirmSafe", "POST", 204),
    ]
    assert [call.at for call in graph.calls()] == [START + timedelta(seconds=3 * n) for n in range(6)]


async def test_the_spacing_is_of_the_calls_that_share_the_pace_whatever_came_of_them(
    graph: LocalGraph, caller: Caller, clock: WarpClock
) -> None:
    graph.rate = 1.0
    for path, wait in (
        (RISKY, 0.25),
        (detections(ADELE), 1.0),
        (f"/v1.0/users/{ADELE}", 0.5),
        (detections(ADELE), 0),
    ):
        await caller.ask(path)
        clock.advance(timedelta(seconds=wait))

    assert [call.status for call in graph.calls()] == [200, 429, 200, 200]
    assert graph.spacing() == [0.25, 1.5]


async def test_a_call_whose_connection_broke_is_counted_without_a_status(graph: LocalGraph, caller: Caller) -> None:
    assert (graph.calls(), graph.spacing()) == ([], [])
    graph.faults.add(Fault("confirmSafe", "reset"))
    with pytest.raises(aiohttp.ClientError):
        await caller.confirm(ADELE)

    assert [(call.kind, call.status) for call in graph.calls()] == [("confirmSafe", None)]
    assert graph.spacing() == []
