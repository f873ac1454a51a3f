"""What users share is claimed only where it is known for sure, and a choice stands for exactly those it counted."""

import time
from dataclasses import replace
from datetime import timedelta

from bot.core.ids import ObjectId
from bot.core.model import RiskySnapshot
from bot.core.reasons import Origin, Reason
from bot.core.shared import Group, again, groups
from tests.slack.made import NOON, snapshot

ADELE, ALEX, JONI = (snapshot(name) for name in ("Adele Vance", "Alex Wilber", "Joni Sherman"))
USERS = (ADELE, ALEX, JONI)
VPN = "203.0.113.0/24"


def why(ago: float, kind: str = "unlikelyTravel", ip: str = "203.0.113.7") -> tuple[Reason, ...]:
    return (Reason(kind, NOON - timedelta(hours=ago), ip, "Oslo", "NO"),)


def found(reasons: dict[RiskySnapshot, tuple[Reason, ...]]) -> tuple[Group, ...]:
    return groups(USERS, {user.user_id: each for user, each in reasons.items()}, NOON)


def told(reasons: dict[RiskySnapshot, tuple[Reason, ...]]) -> list[tuple[str, float | None, int]]:
    return [
        (group.name, (NOON - group.since).total_seconds() / 3600 if group.since else None, len(group.users))
        for group in found(reasons)
    ]


def test_those_who_share_a_network_or_a_detection_are_groups_the_largest_first() -> None:
    reasons = {ADELE: why(0.5), ALEX: why(3), JONI: why(3, "newCountry")}
    assert told(reasons) == [(VPN, 4, 3), ("Atypical travel", 4, 2)]


def test_one_alone_shares_nothing() -> None:
    assert told({ADELE: why(1), ALEX: why(1, "newCountry", "198.51.100.1")}) == []


def test_a_group_that_a_longer_time_does_not_make_larger_is_told_once() -> None:
    assert told({ADELE: why(0.5), ALEX: why(0.5)}) == [("Atypical travel", 1, 2), (VPN, 1, 2)]


def test_without_a_time_it_is_only_whenever() -> None:
    timeless = (replace(why(1)[0], at=None),)
    assert told({ADELE: timeless, ALEX: timeless}) == [("Atypical travel", None, 2), (VPN, None, 2)]


def test_of_detections_from_several_networks_it_is_not_said_which_was_when() -> None:
    several = (
        replace(
            why(0.5)[0],
            more=1,
            origins=(Origin(VPN, "Oslo", "NO"), Origin("198.51.100.0/24", "Lima", "PE")),
            since=NOON - timedelta(days=30),
        ),
    )
    assert told({ADELE: several, ALEX: why(0.5)}) == [("Atypical travel", 1, 2), (VPN, None, 2)]


def test_a_choice_is_found_again_elsewhere_and_only_while_it_is_the_same_users() -> None:
    reasons = {user.user_id: why(0.5) for user in USERS}
    group = next(one for one in groups(USERS, reasons, NOON) if one.kind == "network")
    assert again(group.value, USERS, reasons) == group.ids
    assert again(group.value, USERS[:2], reasons) is None
    assert len(group.value) <= 150


def test_what_is_no_choice_of_ours_is_nobody() -> None:
    for value in ("", "-", "network", "network|x|y|z", "name|0|0|x", "network|0||", "network|0|abc|203.0.113.0/24"):
        assert again(value, USERS, {ObjectId("x"): ()}) is None


def test_of_very_many_at_risk_the_groups_are_found_at_once() -> None:
    """Everything else that the bot does waits for it."""
    users = tuple(snapshot(f"User Number{n}", f"user{n}@contoso.com") for n in range(20_000))
    reasons = {
        user.user_id: (
            Reason("unlikelyTravel", NOON, f"10.{n % 250}.{n % 140}.1", "Oslo", "NO"),
            Reason("newCountry", NOON, f"11.{n % 250}.{n % 140}.1", "Oslo", "NO"),
        )
        for n, user in enumerate(users[:280])
    }
    began = time.thread_time()
    assert len(groups(users, reasons, NOON)) >= 2
    assert time.thread_time() - began < 0.5
