"""Reading why users are at risk: shared calls, again only where the risk was updated, and told if it can't be."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from bot.core.ids import ObjectId
from bot.delivery.reasons import Reasons, WhyWant
from bot.errors import Throttled
from bot.graph.pacer import Turn
from demo.graph.directory import ADELE, ALEX
from demo.wire import Fault
from tests.graph.test_client import HandedTokens, Setup

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Opaque(HandedTokens):
    """Tokens that don't show what they permit."""

    def roles(self) -> frozenset[str] | None:
        return None


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    async with aiohttp.ClientSession() as session:
        it = Setup(session)
        it.roles.add("IdentityRiskEvent.Read.All")
        it.tokens = Opaque(it.clock, "live")
        async with it.there:
            yield it


def wanted(reasons: Reasons, ids: list[str], updated: datetime | None = START, turn: Turn = Turn.WHY) -> WhyWant:
    return reasons.want({ObjectId(user_id): updated for user_id in ids}, turn)


async def all_read(reasons: Reasons, *wants: WhyWant) -> int:
    """Step until nobody waits, and return how many calls it took."""
    calls = 0
    while not all(want.done.done() for want in wants):
        await reasons.step()
        calls += 1
        assert calls < 100
    return calls


def kinds(reasons: Reasons, user_id: str) -> list[str]:
    return [reason.type for reason in reasons.of(ObjectId(user_id), START) or ()]


async def test_five_hundred_users_cost_eighteen_calls(setup: Setup) -> None:
    crowd = setup.there.add_crowd(500, "anonymizedIPAddress")
    reasons = Reasons(setup.client(), setup.clock)
    assert await all_read(reasons, wanted(reasons, crowd)) == 18
    assert all(kinds(reasons, user_id) == ["anonymizedIPAddress"] for user_id in crowd)


async def test_who_waits_at_the_same_moment_shares_calls(setup: Setup) -> None:
    crowd = setup.there.add_crowd(28, "newCountry")
    reasons = Reasons(setup.client(), setup.clock)
    assert await all_read(reasons, *(wanted(reasons, crowd[n : n + 7]) for n in range(0, 28, 7))) == 1


async def test_what_is_known_is_not_read_again_until_the_risk_is_updated(setup: Setup) -> None:
    reasons = Reasons(setup.client(), setup.clock)
    assert await all_read(reasons, wanted(reasons, [ADELE, ALEX])) == 1
    assert await all_read(reasons, wanted(reasons, [ALEX])) == 0
    later = START + timedelta(minutes=1)
    assert reasons.of(ObjectId(ALEX), later) is None
    assert await all_read(reasons, wanted(reasons, [ADELE, ALEX], later)) == 1


async def test_who_is_waited_for_most_urgently_is_read_first(setup: Setup) -> None:
    crowd = setup.there.add_crowd(56, "newCountry")
    reasons = Reasons(setup.client(), setup.clock)
    slow, urgent = wanted(reasons, crowd[:28]), wanted(reasons, crowd[28:], turn=Turn.WRITE)
    await reasons.step()
    assert (slow.done.done(), urgent.done.done()) == (False, True)


async def test_of_many_detections_every_page_is_read(setup: Setup) -> None:
    for _ in range(1_100):
        setup.there.add_detection(ALEX, "passwordSpray")
    reasons = Reasons(setup.client(), setup.clock)
    assert await all_read(reasons, wanted(reasons, [ALEX])) == 3
    spray = next(r for r in reasons.of(ObjectId(ALEX), START) or () if r.type == "passwordSpray")
    assert spray.more == 1_099


async def test_who_has_no_detection_is_known_to_have_none(setup: Setup) -> None:
    (user_id,) = setup.there.add_crowd(1)
    reasons = Reasons(setup.client(), setup.clock)
    want = wanted(reasons, [user_id])
    await all_read(reasons, want)
    assert want.done.result() == ""
    assert reasons.of(ObjectId(user_id), START) == ()


async def test_what_is_over_is_no_reason(setup: Setup) -> None:
    setup.there.add_detection(ALEX, "passwordSpray", state="dismissed")
    reasons = Reasons(setup.client(), setup.clock)
    await all_read(reasons, wanted(reasons, [ALEX]))
    assert "passwordSpray" not in kinds(reasons, ALEX)


@pytest.mark.parametrize(
    ("status", "blind"), [(403, "no_permission"), (400, "refused"), (404, "refused"), (500, "busy"), (503, "busy")]
)
async def test_if_it_cannot_be_read_whoever_waits_is_told_what_kept_it(setup: Setup, status: int, blind: str) -> None:
    setup.there.faults.add(Fault("riskDetections", "status", times=-1, status=status))
    reasons = Reasons(setup.client(), setup.clock)
    want = wanted(reasons, [ADELE])
    assert await all_read(reasons, want) == 1
    assert want.done.result() == blind
    assert reasons.of(ObjectId(ADELE), START) is None


async def test_a_filter_that_is_refused_is_tried_with_fewer_users(setup: Setup) -> None:
    crowd = setup.there.add_crowd(20, "newCountry")
    many = Fault(
        "riskDetections", "status", times=-1, status=400, when=lambda call: call.args["$filter"].count(" or ") > 5
    )
    setup.there.faults.add(many)
    reasons = Reasons(setup.client(), setup.clock)
    want = wanted(reasons, crowd)
    assert await all_read(reasons, want) <= 8
    assert want.done.result() == ""


async def test_how_many_a_call_may_ask_for_is_tried_anew_after_a_while(setup: Setup) -> None:
    crowd = setup.there.add_crowd(112, "newCountry")
    setup.there.faults.add(Fault("riskDetections", "status", times=3, status=400))
    reasons = Reasons(setup.client(), setup.clock)
    assert await all_read(reasons, wanted(reasons, crowd[:28])) > 4
    setup.clock.advance(timedelta(minutes=11))
    assert await all_read(reasons, wanted(reasons, crowd[28:])) == 3


async def test_a_403_is_taken_at_its_word_for_a_minute(setup: Setup) -> None:
    setup.there.faults.add(Fault("riskDetections", "status", status=403))
    reasons = Reasons(setup.client(), setup.clock)
    await all_read(reasons, wanted(reasons, [ADELE]))
    assert await all_read(reasons, wanted(reasons, [ALEX])) == 0
    setup.clock.advance(timedelta(seconds=61))
    assert await all_read(reasons, wanted(reasons, [ALEX])) == 1
    assert kinds(reasons, ALEX)[0] == "leakedCredentials"


async def test_a_429_keeps_everybody_waiting(setup: Setup) -> None:
    setup.there.faults.add(Fault("riskDetections", "status", status=429))
    reasons = Reasons(setup.client(), setup.clock)
    want = wanted(reasons, [ADELE])
    with pytest.raises(Throttled):
        await reasons.step()
    assert not want.done.done()
    assert await all_read(reasons, want) == 1


async def test_a_token_that_shows_that_the_permission_is_missing_costs_no_call(setup: Setup) -> None:
    setup.tokens = HandedTokens(setup.clock, "live")
    reasons = Reasons(setup.client(), setup.clock)
    want = wanted(reasons, [ADELE])
    assert want.done.result() == "no_permission"


async def test_nobody_waits_for_a_call_that_brought_nothing_for_them(setup: Setup) -> None:
    crowd = setup.there.add_crowd(29, "newCountry")
    setup.there.faults.add(Fault("riskDetections", "status", status=500))
    reasons = Reasons(setup.client(), setup.clock)
    first, second = wanted(reasons, crowd[:28]), wanted(reasons, crowd[28:])
    await reasons.step()
    assert first.done.result() == "busy"
    assert await all_read(reasons, second) == 1
    assert second.done.result() == ""
