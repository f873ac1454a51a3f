"""A rule is said never to decide only where that is so, for any request."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.ids import ObjectId
from bot.core.model import RiskySnapshot, Target
from bot.core.rules import Need, Rule
from bot.policy_contradictions import _takes_all

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
IDS = st.sampled_from([ObjectId("a"), ObjectId("b"), ObjectId("c")])
SOME = st.lists(IDS, max_size=2, unique=True).map(tuple)
RULES = st.builds(
    Rule,
    name=st.just(""),
    needs=st.just((Need(("soc",)),)),
    level=st.sampled_from(["", "low", "medium", "high"]),
    more_than=st.integers(0, 3),
    users=SOME,
    groups=SOME,
    roles=st.lists(st.sampled_from(["any", "a", "b"]), max_size=2, unique=True).map(tuple),
)


@st.composite
def targets(draw: st.DrawFn) -> Target:
    level = draw(st.sampled_from(["none", "low", "medium", "high", "hidden"]))
    shown = RiskySnapshot(draw(IDS), "", "", level, "atRisk", NOON)
    outside = draw(st.sets(st.sampled_from(["a", "b", "c", "role:a", "role:b", "role:any"])))
    if "role:any" in outside:
        outside |= {"role:a", "role:b"}  # who has no role at all has none of these
    return Target(shown, not_in=tuple(outside))


@settings(derandomize=True, deadline=None, max_examples=1000)
@given(RULES, RULES, st.lists(st.lists(targets(), min_size=1, max_size=4), min_size=1, max_size=8))
def test_what_is_left_for_a_rule_that_never_decides_is_nothing(
    earlier: Rule, later: Rule, requests: list[list[Target]]
) -> None:
    left = [request for request in requests if later.fits(request) and not earlier.fits(request)]
    assert not (_takes_all(earlier, later) and left)
