"""Who looks different among many: those who share the most common story look alike, all others come first.

Looking alike proves nothing; it only says that whoever has understood one of them has understood all. So a user
is alike only if everything that is known of them fits the story, and whatever is missing makes them different.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from bot.core.detections import is_usual, seriousness, words_of
from bot.core.levels import rank_of
from bot.core.model import Target
from bot.core.reasons import Origin

_HIGH = rank_of("high")
_A_TENTH = 10
_FEWEST = 2
"""What fewer than these have, or fewer than a tenth, is no part of a story."""
_MOST_NETWORKS = 2


@dataclass(frozen=True, slots=True)
class Story:
    """What all who look alike really have in common; empty what they have not."""

    kinds: tuple[str, ...]
    """riskEventTypes, the most common first: each user has some of these and no other."""
    networks: tuple[str, ...]
    """One or two; nothing where they came from more, or from unknown ones."""
    city: str
    country: str
    since: datetime | None
    """When the first of all their detections happened."""

    def holds(self, origin: Origin) -> bool:
        """Whether something came from where the story says."""
        is_there = not self.networks or origin.network in self.networks
        return is_there and (not self.country or origin.country in {self.country, ""})


class _Place(NamedTuple):
    """What a group has in common: one network, or else one city. Of two that are as large the network counts."""

    is_city: bool
    name: str
    country: str


@dataclass(frozen=True, slots=True)
class Split:
    """All users, each exactly once: those who look different and those who look alike, the riskiest first."""

    different: tuple[Target, ...]
    alike: tuple[Target, ...]
    story: Story | None
    """None where there is no majority that shares one: then all are different, and so nobody is."""

    @property
    def mark(self) -> str:
        """Names those who look different, so that nobody else is left out than were shown."""
        names = "\n".join(target.user_id for target in self.different)
        return hashlib.sha256(names.encode()).hexdigest()[:32]


def split(targets: Sequence[Target]) -> Split:
    """Tell those who look different from the largest group that shares a story, if that is at least half of all."""
    groups: dict[_Place, list[Target]] = {}
    for target in targets:
        for place in _places(target):
            groups.setdefault(place, []).append(target)
    stories = ((_alike(place, group), place) for place, group in groups.items())
    ranked = sorted(stories, key=lambda story: (-len(story[0]), story[1]))
    alike = ranked[0][0] if ranked else []
    if len(alike) < _FEWEST or len(alike) * 2 < len(targets):
        return Split(_riskiest_first(targets), (), None)
    chosen = {id(target) for target in alike}
    different = [target for target in targets if id(target) not in chosen]
    return Split(_riskiest_first(different), _riskiest_first(alike), _story(alike))


def _places(target: Target) -> list[_Place]:
    """The network and the city that all of a user's detections came from; none for a user who can't be alike."""
    origins = _origins(target)
    countries = {origin.country for origin in origins} - {""}
    if not _is_usual(target) or not origins or len(countries) > 1:
        return []
    country = next(iter(countries), "")
    networks, cities = ({o.network for o in origins}, {o.city for o in origins})
    found: list[_Place] = []
    if len(networks) == 1 and "" not in networks:
        found.append(_Place(False, networks.pop(), country))
    if len(cities) == 1 and "" not in cities and all(origin.country for origin in origins):
        found.append(_Place(True, cities.pop(), country))
    return found


def _origins(target: Target) -> tuple[Origin, ...]:
    """Where all of a user's detections came from; nothing where it is not known of some."""
    reasons = target.why or ()
    if any(not reason.came_from for reason in reasons):
        return ()
    return tuple(origin for reason in reasons for origin in reason.came_from)


def _is_usual(target: Target) -> bool:
    """Whether all that is known of a user is what travel, a VPN or a new device sets off as well."""
    return target.shown.state == "atRisk" and bool(target.why) and all(is_usual(r.type) for r in target.why or ())


def _alike(place: _Place, group: list[Target]) -> list[Target]:
    """Take from those of one place whoever does not fit the others, until all do."""
    while True:
        level = _usual_level(group)
        kinds = _common(group, _kinds)
        networks = _common(group, _networks) if place.is_city else frozenset[str]()
        if sum(_networks(target) <= networks for target in group) * 2 < len(group):
            networks = frozenset()  # as with people at home: no network is common, the city is the story
        left = [
            target
            for target in group
            if (rank_of(target.shown.level) < _HIGH or rank_of(target.shown.level) <= level)
            and _kinds(target) <= kinds
            and (not networks or _networks(target) <= networks)
        ]
        if len(left) == len(group):
            return left
        group = left


def _usual_level(group: Sequence[Target]) -> int:
    """The most serious level that at least half of them have reached."""
    ranks = sorted((rank_of(target.shown.level) for target in group), reverse=True)
    return ranks[(len(ranks) - 1) // 2] if ranks else 0


def _kinds(target: Target) -> frozenset[str]:
    return frozenset(words_of(reason.type) for reason in target.why or ())


def _networks(target: Target) -> frozenset[str]:
    return frozenset(origin.network for origin in _origins(target))


def _common(group: Sequence[Target], things_of: Callable[[Target], Iterable[str]]) -> frozenset[str]:
    """What so many of them have that it is a part of their story."""
    count = Counter(thing for target in group for thing in things_of(target))
    return frozenset(thing for thing, n in count.items() if n >= _FEWEST and n * _A_TENTH >= len(group))


def _story(alike: Sequence[Target]) -> Story:
    origins = {origin for target in alike for origin in _origins(target)}
    networks = {origin.network for origin in origins}
    places = {(origin.city, origin.country) for origin in origins}
    countries = {origin.country for origin in origins}
    began = [reason.began for target in alike for reason in target.why or ()]
    known = [at for at in began if at is not None]
    type_of = {words_of(r.type): r.type for target in alike for r in target.why or ()}
    count = Counter(kind for target in alike for kind in _kinds(target))
    return Story(
        kinds=tuple(type_of[kind] for kind in sorted(count, key=lambda kind: (-count[kind], kind))),
        networks=() if "" in networks or len(networks) > _MOST_NETWORKS else tuple(sorted(networks)),
        city=next(iter(places))[0] if len(places) == 1 else "",
        country=next(iter(countries)) if len(countries) == 1 else "",
        since=min(known) if len(known) == len(began) else None,
    )


def _riskiest_first(targets: Iterable[Target]) -> tuple[Target, ...]:
    """By level, then by the most serious detection; the rest only so that the order is always the same."""
    return tuple(sorted(targets, key=_how_risky))


def _how_risky(target: Target) -> tuple[int, int, str]:
    top = min((seriousness(reason.type) for reason in target.why or ()), default=seriousness("unknown"))
    return -rank_of(target.shown.level), top, target.user_id
