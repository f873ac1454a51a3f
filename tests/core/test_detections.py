"""Why a user is at risk: the most serious first, each detection counted once, none behind another."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.detections import SERIOUS, USUAL, Detection, is_news, is_rarely_false, reasons_of, words_of
from bot.core.ids import ObjectId
from bot.core.reasons import Origin, Reason, network_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ALEX = ObjectId("5a0c76d2-cb57-4ece-9bc1-c323178f116a")
OVER = ("confirmedSafe", "remediated", "dismissed")

moments = st.none() | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-11))]))
detections = st.builds(
    Detection,
    user_id=st.just(ALEX),
    type=st.sampled_from([*SERIOUS, *USUAL, "generic", "", "LEAKEDCREDENTIALS"]) | st.text(max_size=20),
    activity_at=moments,
    detected_at=moments,
    ip=st.sampled_from(["", "203.0.113.7"]),
    country=st.sampled_from(["", "NO", "PE"]),
    state=st.sampled_from(["atRisk", "confirmedCompromised", "underReview", "", *OVER]),
)


def found(kind: str, hours_ago: float = 1, country: str = "", state: str = "atRisk") -> Detection:
    return Detection(ALEX, kind, activity_at=NOW - timedelta(hours=hours_ago), country=country, state=state)


def kinds(*detections: Detection) -> list[str]:
    return [reason.type for reason in reasons_of(detections)]


def ranks(reasons: Iterable[Reason]) -> list[int]:
    order = {kind.casefold(): n for n, kind in enumerate((*SERIOUS, "anything else", *USUAL))}
    return [order.get(reason.type.casefold(), len(SERIOUS)) for reason in reasons]


# -- by machine


@given(st.lists(detections))
def test_every_current_detection_is_counted_exactly_once(drawn: list[Detection]) -> None:
    counted = {words_of(reason.type): 1 + reason.more for reason in reasons_of(drawn)}
    assert counted == Counter(words_of(detection.type) for detection in drawn if detection.state not in OVER)


@given(st.lists(detections))
def test_no_country_of_a_current_detection_is_hidden(drawn: list[Detection]) -> None:
    shown = {country for reason in reasons_of(drawn) for country in reason.countries}
    assert shown == {each.country for each in drawn if each.state not in OVER and each.country}


@given(st.lists(detections))
def test_each_reason_shows_the_newest_of_its_detections(drawn: list[Detection]) -> None:
    for reason in reasons_of(drawn):
        alike = [each for each in drawn if words_of(each.type) == words_of(reason.type) and each.state not in OVER]
        times = [each.at for each in alike if each.at is not None]
        assert reason.at == max(times, default=None)
        assert (reason.at, reason.ip, reason.country) in {(each.at, each.ip, each.country) for each in alike}


@given(st.lists(detections).flatmap(lambda drawn: st.tuples(st.just(drawn), st.permutations(drawn))))
def test_the_order_in_which_graph_names_them_changes_nothing(drawn: tuple[list[Detection], list[Detection]]) -> None:
    assert reasons_of(drawn[0]) == reasons_of(drawn[1])


@given(st.lists(detections, max_size=6), st.lists(detections, max_size=6))
def test_only_a_new_type_or_a_new_country_is_news(before: list[Detection], more: list[Detection]) -> None:
    old, new = ([each for each in drawn if not each.is_over] for drawn in (before, more))
    is_new = {words_of(each.type) for each in new} - {words_of(each.type) for each in old}
    is_far = {each.country for each in new} - {each.country for each in old} - {""}
    assert is_news(reasons_of(old), reasons_of([*old, *new])) is bool(is_new or is_far)


# -- in sentences


def test_leaked_credentials_come_first_however_old_they_are() -> None:
    assert SERIOUS[0] == "leakedCredentials"
    assert kinds(found("unlikelyTravel", 0), found("anomalousToken", 1), found("leakedCredentials", 900)) == [
        "leakedCredentials",
        "anomalousToken",
        "unlikelyTravel",
    ]


@given(st.permutations([*SERIOUS, *USUAL]))
def test_types_that_are_known_come_in_our_order(drawn: list[str]) -> None:
    shown = ranks(reasons_of([found(kind) for kind in drawn]))
    assert shown == sorted(shown)
    assert len({words_of(kind) for kind in drawn}) == len(shown)


@pytest.mark.parametrize("kind", ["quantumTheft", "generic", ""])
def test_a_type_that_is_unknown_comes_right_after_the_serious_ones(kind: str) -> None:
    drawn = [found(USUAL[0], 0), found(kind, 5), found(SERIOUS[-1], 9)]
    assert kinds(*drawn) == [SERIOUS[-1], kind, USUAL[0]]


def test_types_that_are_equally_unknown_come_by_their_newest() -> None:
    assert kinds(found("a", 3), found("b", 1), found("a", 2), found("c", 0.5)) == ["c", "b", "a"]


def test_several_of_a_type_make_one_reason_and_n_more() -> None:
    (reason,) = reasons_of([found("newCountry", 5, "PE"), found("newCountry", 2, "NO"), found("newCountry", 9, "PE")])
    assert reason == Reason(
        "newCountry",
        NOW - timedelta(hours=2),
        country="NO",
        more=2,
        countries=("NO", "PE"),
        origins=(Origin(country="NO"), Origin(country="PE")),
        since=NOW - timedelta(hours=9),
    )


def test_an_older_detection_from_another_network_is_not_hidden_behind_the_newest() -> None:
    newest, older = (Detection(ALEX, "unfamiliarFeatures", NOW, ip=ip) for ip in ("198.51.100.7", "203.0.113.9"))
    (reason,) = reasons_of([newest, replace(older, activity_at=None)])
    assert {origin.network for origin in reason.came_from} == {"198.51.100.0/24", "203.0.113.0/24"}
    assert reason.began is None
    (alone,) = reasons_of([newest])
    assert alone.came_from == (Origin("198.51.100.0/24"),)
    assert alone.began == NOW
    assert replace(reason, origins=()).came_from == ()


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("198.51.100.7", "198.51.100.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("198.51.100.7:443", ""),
        ("", ""),
        ("somewhere", ""),
    ],
)
def test_addresses_of_one_site_share_a_network(ip: str, network: str) -> None:
    assert network_of(ip) == network


def test_types_that_entras_portal_calls_the_same_share_a_reason() -> None:
    (reason,) = reasons_of([found("mcasImpossibleTravel"), found("impossibleTravel")])
    assert reason.more == 1


def test_the_two_spellings_of_a_type_are_one() -> None:
    (reason,) = reasons_of([found("attemptedPRTAccess"), found("attemptedPrtAccess")])
    assert reason.more == 1


@pytest.mark.parametrize("state", OVER)
def test_what_is_over_is_no_reason(state: str) -> None:
    assert kinds(found("leakedCredentials", state=state), found("newCountry", state="atRisk")) == ["newCountry"]


@pytest.mark.parametrize("state", ["atRisk", "confirmedCompromised", "", "underReview"])
def test_a_state_that_is_unknown_counts(state: str) -> None:
    assert not found("newCountry", state=state).is_over


def test_who_has_no_detections_has_no_reasons() -> None:
    assert reasons_of([]) == ()


def test_where_graph_does_not_say_when_it_happened_it_counts_when_it_was_noticed() -> None:
    noticed = Detection(ALEX, "newCountry", detected_at=NOW)
    timeless = Detection(ALEX, "newCountry")
    (reason,) = reasons_of([timeless, noticed, found("newCountry", 3)])

    assert (noticed.at, timeless.at) == (NOW, None)
    assert (reason.at, reason.more) == (NOW, 2)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("unlikelyTravel", "Atypical travel"),
        ("UnfamiliarFeatures", "Unfamiliar sign-in properties"),
        ("leakedCredentials", "Leaked credentials"),
        ("generic", "Additional risk detected"),
        ("quantumTheft", "quantumTheft"),
        ("", "Unnamed risk"),
    ],
)
def test_a_type_is_called_what_entras_portal_calls_it(kind: str, words: str) -> None:
    assert words_of(kind) == words


def test_every_type_we_know_has_words_of_its_own() -> None:
    assert not set(SERIOUS) & set(USUAL)
    for kind in (*SERIOUS, *USUAL):
        assert words_of(kind) != kind
        assert words_of(kind)[0].isupper()


def test_leaked_credentials_and_confirmed_compromise_are_rarely_false_and_nothing_else_is() -> None:
    rarely = {kind for kind in (*SERIOUS, *USUAL, "generic", "quantumTheft", "") if is_rarely_false(kind)}
    assert rarely == {"leakedCredentials", "adminConfirmedUserCompromised"}
    assert is_rarely_false("LeakedCredentials")


@pytest.mark.parametrize(
    ("after", "is_new"),
    [
        ([found("newCountry", 0, "NO")], False),
        ([found("newCountry", 0)], False),
        ([found("newCountry", 0, "PE")], True),
        ([found("passwordSpray", 0, "NO")], True),
        ([], False),
    ],
)
def test_more_of_the_same_is_no_news(after: list[Detection], *, is_new: bool) -> None:
    before = [found("newCountry", 9, "NO")]
    assert is_news(reasons_of(before), reasons_of([*before, *after])) is is_new


def test_what_is_no_longer_there_is_no_news() -> None:
    assert not is_news(reasons_of([found("newCountry", 9, "NO")]), ())
