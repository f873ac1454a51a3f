"""Who looks different: told the same way every time, and never with a leaked password among the others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.alike import Split, split
from bot.core.detections import SERIOUS, USUAL, is_usual
from bot.core.ids import ObjectId
from bot.core.model import RiskySnapshot, Target
from bot.core.reasons import Origin, Reason

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TRAVEL = Reason("unlikelyTravel", NOON, "198.51.100.7", "Oslo", "NO", countries=("NO",))
UNFAMILIAR = replace(TRAVEL, type="unfamiliarFeatures", ip="198.51.100.9", at=NOON - timedelta(hours=1))
LEAKED = Reason("leakedCredentials", NOON)

reasons = st.builds(
    Reason,
    type=st.sampled_from(["unlikelyTravel"] * 4 + ["unfamiliarFeatures", "leakedCredentials", "quantumTheft"]),
    at=st.sampled_from([NOON, NOON - timedelta(hours=1), None]),
    ip=st.sampled_from(["198.51.100.7"] * 4 + ["203.0.113.9", "", "2001:db8::1"]),
    city=st.sampled_from(["Oslo", "Oslo", "Lima", ""]),
    country=st.sampled_from(["NO", "NO", "NO", "PE", ""]),
    more=st.sampled_from([0, 0, 0, 1]),
)
crowds = st.lists(
    st.tuples(
        st.sampled_from(["low", "medium", "medium", "high", "hidden"]),
        st.sampled_from(["atRisk"] * 6 + ["confirmedCompromised"]),
        st.none() | st.lists(reasons, max_size=2).map(tuple) | st.just((TRAVEL,)) | st.just((TRAVEL, UNFAMILIAR)),
    ),
    max_size=30,
).map(lambda them: [user(n, *about) for n, about in enumerate(them)])


def user(n: int, level: str = "medium", state: str = "atRisk", why: tuple[Reason, ...] | None = (TRAVEL,)) -> Target:
    return Target(RiskySnapshot(ObjectId(f"u{n:03}"), f"User {n}", f"u{n}@contoso.com", level, state, NOON), why=why)


def crowd(n: int, *why: Reason, level: str = "medium", first: int = 100) -> list[Target]:
    return [user(first + i, level, why=why or (TRAVEL,)) for i in range(n)]


def different(found: Split) -> list[str]:
    assert found.story is not None
    return [target.user_id for target in found.different]


# -- by machine


@given(crowds)
def test_everybody_is_in_exactly_one_of_the_two(them: list[Target]) -> None:
    found = split(them)
    assert sorted(t.user_id for t in (*found.different, *found.alike)) == sorted(t.user_id for t in them)
    assert (found.story is None) == (not found.alike)
    assert not found.alike or len(found.alike) * 2 >= len(them)


@given(st.data(), crowds)
def test_in_whatever_order_they_were_asked_for(data: st.DataObject, them: list[Target]) -> None:
    shuffled = data.draw(st.permutations(them))
    assert split(shuffled) == split(them)
    assert split(shuffled).mark == split(them).mark


@given(crowds)
def test_who_looks_alike_is_known_to_be_harmless_in_every_way(them: list[Target]) -> None:
    for target in split(them).alike:
        assert target.shown.state == "atRisk"
        assert target.why
        assert all(is_usual(reason.type) and reason.came_from for reason in target.why)


@given(crowds)
def test_those_who_are_alike_stay_so_when_the_others_are_left_out(them: list[Target]) -> None:
    alike = split(them).alike
    assert split(alike).alike == alike


@given(crowds)
def test_the_story_holds_for_all_of_them(them: list[Target]) -> None:
    found = split(them)
    if found.story is None:
        return
    assert found.story.networks or found.story.city
    for target in found.alike:
        for reason in target.why or ():
            assert reason.type in found.story.kinds
            assert found.story.since is None or (reason.began and reason.began >= found.story.since)
            for origin in reason.came_from:
                assert not found.story.networks or origin.network in found.story.networks
                assert found.story.city in {"", origin.city}
                assert found.story.country in {"", origin.country}


@given(st.integers(20, 60), st.integers(0, 5), st.sampled_from(["low", "medium", "high"]))
def test_leaked_credentials_among_travel_always_look_different(n: int, leaked: int, level: str) -> None:
    them = [*crowd(n), *(user(i, level, why=(LEAKED, TRAVEL)) for i in range(leaked))]
    assert different(split(them)) == [f"u{i:03}" for i in range(leaked)]


@given(crowds)
def test_the_riskiest_come_first(them: list[Target]) -> None:
    ranks = ["low", "medium", "high", "hidden"]
    for part in (split(them).different, split(them).alike):
        levels = [ranks.index(target.shown.level) for target in part]
        assert levels == sorted(levels, reverse=True)


# -- by hand


@pytest.mark.parametrize("kind", [*SERIOUS, "generic", "quantumTheft", ""])
def test_what_an_attacker_does_and_what_we_do_not_know_is_never_usual(kind: str) -> None:
    odd = user(1, why=(TRAVEL, replace(TRAVEL, type=kind)))
    assert different(split([*crowd(20), odd])) == ["u001"]
    assert split(crowd(20, replace(TRAVEL, type=kind))).story is None


ODD = {
    "reasons unread": user(1, why=None),
    "no reasons": user(1, why=()),
    "high among lower": user(1, "high"),
    "hidden among known": user(1, "hidden"),
    "confirmed compromised": user(1, state="confirmedCompromised"),
    "another network and city": user(1, why=(replace(TRAVEL, ip="203.0.113.9", city="Bergen"),)),
    "another country": user(1, why=(replace(TRAVEL, country="PE", countries=("PE",)),)),
    "one of two from elsewhere": user(1, why=(TRAVEL, replace(UNFAMILIAR, ip="203.0.113.9", city="Bergen"))),
    "no place at all": user(1, why=(replace(TRAVEL, ip="", city="", country="", countries=()),)),
    "a rare kind": user(1, why=(TRAVEL, replace(TRAVEL, type="suspiciousBrowser"))),
    "more, of which is not known where": user(1, why=(replace(TRAVEL, more=1),)),
    "an older one from elsewhere": user(
        1,
        why=(replace(TRAVEL, more=1, origins=(Origin("198.51.100.0/24", "Oslo", "NO"), Origin("203.0.113.0/24"))),),
    ),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_whoever_does_not_fit_looks_different(odd: Target) -> None:
    assert different(split([odd, *crowd(10), *crowd(10, TRAVEL, UNFAMILIAR, first=200)])) == ["u001"]


def test_another_network_of_the_same_city_looks_different_where_one_is_usual() -> None:
    odd = user(1, why=(replace(TRAVEL, ip="203.0.113.9"),))
    found = split([odd, *crowd(20)])
    assert different(found) == ["u001"]
    assert found.story is not None
    assert found.story.networks == ("198.51.100.0/24",)


def test_an_exit_with_two_networks_is_one_story() -> None:
    sixth = replace(TRAVEL, ip="2001:db8:1::5")
    both = user(1, why=(sixth, UNFAMILIAR))
    found = split(
        [
            *crowd(10, TRAVEL, UNFAMILIAR),
            *crowd(9, sixth, first=200),
            both,
            user(2, why=(replace(TRAVEL, ip="203.0.113.9"),)),
        ]
    )
    assert different(found) == ["u002"]
    assert found.story is not None
    assert found.story.networks == ("198.51.100.0/24", "2001:db8:1::/48")


def test_people_at_home_in_one_city_share_that_alone() -> None:
    them = [user(i, why=(replace(TRAVEL, ip=f"203.0.{i}.9"),)) for i in range(20)]
    found = split([*them, user(50, why=(replace(TRAVEL, city="Lima", country="PE", countries=("PE",)),))])
    assert different(found) == ["u050"]
    assert found.story is not None
    assert (found.story.networks, found.story.city, found.story.country) == ((), "Oslo", "NO")


def test_where_half_are_high_that_is_usual() -> None:
    assert different(split([*crowd(10, level="high"), *crowd(10, first=200)])) == []
    assert len(different(split([*crowd(9, level="high"), *crowd(10, first=200)]))) == 9


def test_without_a_majority_nobody_is_called_alike() -> None:
    elsewhere = [user(i, why=(replace(TRAVEL, ip=f"203.0.{i}.9", city=f"City {i}"),)) for i in range(11)]
    found = split([*crowd(10), *elsewhere])
    assert (found.alike, found.story) == ((), None)
    assert len(found.different) == 21
    assert split([*crowd(11), *elsewhere]).story is not None
    assert split([user(1)]).story is None
    assert split([]).different == ()


def test_the_story_says_what_all_share_and_since_when() -> None:
    story = split([*crowd(10), *crowd(15, TRAVEL, UNFAMILIAR, first=200)]).story
    assert story is not None
    assert story.kinds == ("unlikelyTravel", "unfamiliarFeatures")
    assert (story.networks, story.city, story.country) == (("198.51.100.0/24",), "Oslo", "NO")
    assert story.since == NOON - timedelta(hours=1)


def test_what_is_not_known_of_one_is_not_said_of_all() -> None:
    town = replace(TRAVEL, city="Moss", at=None)
    story = split([*crowd(20), *crowd(3, town, first=200)]).story
    assert story is not None
    assert (story.networks, story.city, story.country, story.since) == (("198.51.100.0/24",), "", "NO", None)


def test_all_kinds_of_travel_can_be_alike() -> None:
    assert all(split(crowd(20, replace(TRAVEL, type=kind))).story is not None for kind in USUAL)
