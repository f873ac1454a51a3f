"""Which approvals a rule still needs, held against every way in which people could be given their parts."""

from collections.abc import Mapping
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from bot.core.ids import SlackUserId
from bot.core.quorum import helpful, missing
from bot.core.rules import Need

TEAMS = ("soc", "identity", "managers")
needs_of = st.lists(
    st.builds(
        Need,
        st.lists(st.sampled_from(TEAMS), min_size=1, max_size=2, unique=True).map(tuple),
        st.integers(1, 2),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
people_of = st.dictionaries(
    st.sampled_from([SlackUserId(f"U{n}") for n in range(5)]), st.frozensets(st.sampled_from(TEAMS)), max_size=5
)
Everybody = Mapping[SlackUserId, frozenset[str]]


def most_filled(needs: tuple[Need, ...], people: Everybody) -> int:
    """How many approvals count at best, by trying every order of the people."""
    slots = [need for need in needs for _ in range(need.count)]
    best = 0
    for order in permutations([*people, *[None] * len(slots)], len(slots)):
        best = max(
            best,
            sum(
                who is not None and bool(people[who] & set(slot.teams))
                for who, slot in zip(order, slots, strict=True)
            ),
        )
        if best == min(len(slots), len(people)):
            break
    return best


@given(needs_of.filter(lambda needs: sum(n.count for n in needs) <= 4), people_of)
def test_as_little_as_possible_is_missing_whoever_comes_in_whatever_order(
    needs: tuple[Need, ...], people: Everybody
) -> None:
    total = sum(need.count for need in needs)
    left = missing(needs, people)
    assert sum(need.count for need in left) == total - most_filled(needs, people)
    assert {need.teams for need in left} <= {need.teams for need in needs}


@given(needs_of.filter(lambda needs: sum(n.count for n in needs) <= 3), people_of)
def test_a_team_helps_exactly_if_one_more_of_it_leaves_less_open(needs: tuple[Need, ...], people: Everybody) -> None:
    now = most_filled(needs, people)
    one_more = {t for t in TEAMS if most_filled(needs, {**people, SlackUserId("UNEW"): frozenset({t})}) > now}
    assert helpful(needs, people) == one_more


def test_somebody_in_both_teams_counts_once() -> None:
    needs = (Need(("soc",)), Need(("identity",)))
    both = {SlackUserId("U1"): frozenset({"soc", "identity"})}
    assert sum(need.count for need in missing(needs, both)) == 1
    assert helpful(needs, both) == {"soc", "identity"}


def test_somebody_in_both_teams_makes_room_for_whoever_is_in_one() -> None:
    needs = (Need(("soc",)), Need(("identity",)))
    people = {SlackUserId("U1"): frozenset({"soc", "identity"}), SlackUserId("U2"): frozenset({"soc"})}
    assert missing(needs, people) == ()
