"""Which approvals a rule still needs: each person counts once, and wherever they help most."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bot.core.decisions import Teams, Void
from bot.core.ids import SlackUserId
from bot.core.rules import Need


@dataclass(frozen=True, slots=True)
class Panel:
    """Those who approved as the policy sees them now, and what it asks for."""

    needs: tuple[Need, ...] = ()
    teams: Teams = field(default_factory=dict)
    """Of those whose approval holds."""
    void: Mapping[SlackUserId, Void] = field(default_factory=dict)
    """Of those whose approval doesn't: why."""

    def is_enough(self) -> bool:
        """Whether they are as many as the policy asks for."""
        return not missing(self.needs, self.teams)


def missing(needs: Collection[Need], teams: Mapping[SlackUserId, Collection[str]]) -> tuple[Need, ...]:
    """Return what is still needed, by an assignment of people to needs that leaves as little as possible open."""
    slots = [need for need in needs for _ in range(need.count)]
    taken = _assigned(slots, teams)
    open_ = [need for n, need in enumerate(slots) if n not in taken]
    return tuple(Need(need.teams, open_.count(need)) for need in dict.fromkeys(open_))


def helpful(needs: Collection[Need], teams: Mapping[SlackUserId, Collection[str]]) -> frozenset[str]:
    """Return the teams of which one more person would leave less open."""
    slots = [need for need in needs for _ in range(need.count)]
    filled = len(_assigned(slots, teams))
    one_more = SlackUserId("")
    return frozenset(
        team
        for team in {team for need in needs for team in need.teams}
        if len(_assigned(slots, {**teams, one_more: (team,)})) > filled
    )


def _assigned(slots: list[Need], teams: Mapping[SlackUserId, Collection[str]]) -> dict[int, SlackUserId]:
    """Give each slot at most one person and each person at most one slot, as many as can be (augmenting paths)."""
    taken: dict[int, SlackUserId] = {}

    def place(person: SlackUserId, tried: set[int]) -> bool:
        for n, need in enumerate(slots):
            if n in tried or not any(team in teams[person] for team in need.teams):
                continue
            tried.add(n)
            if n not in taken or place(taken[n], tried):
                taken[n] = person
                return True
        return False

    for person in teams:
        place(person, set())
    return taken
