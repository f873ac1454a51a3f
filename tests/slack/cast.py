"""The people of the catalogue's examples: so many, with such names, and a request about them."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from bot.core.decisions import Decision
from bot.core.ids import ObjectId, SlackUserId
from bot.core.model import Asker, Progress, Request, RiskySnapshot, State, Target
from bot.core.reasons import Reason
from bot.slack.blocks.place import Place
from tests.slack import made
from tests.slack.made import ANCHOR, MEGAN, NOON, PLACE

__all__ = ["ANCHOR", "JONI", "LATER", "LEAKED", "MEGAN", "NOON", "PLACE", "QUORUM", "TEAMS", "Cast"]

JONI = SlackUserId("U0JONI")
LATER = NOON + timedelta(minutes=5)
TEAMS = replace(PLACE, rule="High risk", teams="SOC or Identity", missing="one from SOC and one from Identity")
_IDENTITY = ("S0IDENT", "U0ADELE")
_AS = {MEGAN: "SOC", JONI: "SOC"}
QUORUM = replace(PLACE, approvers=_IDENTITY, rule="High risk", missing="one from Identity", approved_as=_AS)
LEAKED = Reason("leakedCredentials", NOON)
_TRAVEL = Reason("unlikelyTravel", NOON, "198.51.100.7", "Oslo", "NO", countries=("NO",))
_UNFAMILIAR = replace(_TRAVEL, type="unfamiliarFeatures", at=NOON - timedelta(hours=1))
_LEVELS = ("high", "medium", "low")
_MANY, _DIFFERENT = 20, 4
_NAMES = ("Adele Vance", "Alex Wilber", "Lynne Robbins")


@dataclass(frozen=True, slots=True)
class Cast:
    """`n` users; `name` is everybody's, and stands wherever people type something, empty for usual names."""

    n: int
    name: str = ""

    def typed(self, usual: str) -> str:
        """What somebody typed, at the worst."""
        return f"{self.name} " * 12 if self.name else usual

    def named(self, usual: str) -> str:
        return self.name or usual

    def place(self, place: Place = PLACE) -> Place:
        """An installation whose own names are as bad."""
        if not self.name:
            return place
        rule, teams, missing = (what and self.name for what in (place.rule, place.teams, place.missing))
        return replace(place, help=self.name, rule=rule, teams=teams, missing=missing)

    def snapshot(self, i: int, **changed: Any) -> RiskySnapshot:
        usual = _NAMES[i] if i < len(_NAMES) else f"User {i + 1}"
        upn = f"{i}.{'u' * 60}@{'d' * 50}.com" if self.name else f"{usual.replace(' ', '').lower()}@contoso.com"
        level = _LEVELS[min(i, 2)] if self.n <= _MANY or i < _DIFFERENT else _LEVELS[1 + i % 7 // 6]
        whole = made.snapshot(self.named(usual), upn, level)
        return replace(whole, **{"user_id": ObjectId(f"{i:08x}-0000-4000-8000-000000000000"), **changed})

    def far(self, *progress: Progress, **changed: Any) -> tuple[Target, ...]:
        """Everybody, in turn as far as this."""
        usual = _far(self, progress)
        return tuple(replace(target, **changed) for target in usual) if changed else usual

    def target(self, i: int, progress: Progress) -> Target:
        answers = {"refused": made.MISSING, "risky_again": made.TAKEN}
        whole = made.target(progress=progress, receipt=answers.get(progress))
        shown = self.snapshot(i)
        read = whole.last_read
        if read is not None:
            read = replace(read, user_id=shown.user_id, level="none" if read.is_safe else shown.level)
        why = (LEAKED, _TRAVEL) if self.n > _MANY and i < _DIFFERENT else (_TRAVEL, _UNFAMILIAR)
        spared = MEGAN if progress == "spared" else None
        return replace(whole, shown=shown, last_read=read, why=why, spared_by=spared)

    def risen(self) -> tuple[Target, ...]:
        """Everybody, whose risk has risen since an approval."""
        waiting = self.far("waiting")
        return tuple(
            replace(
                t, was=replace(t.shown, level="low"), shown=replace(t.shown, level="high"), knew=t.why, why=(LEAKED,)
            )
            for t in waiting
        )

    def recurred(self) -> tuple[Target, ...]:
        return tuple(replace(t, recurred=t.shown, recurred_why=(LEAKED,)) for t in self.far("confirmed"))

    def asked(self, state: State = "pending", *progress: Progress, **changed: Any) -> Request:
        """Diego's request for everybody, who are in turn as far as `progress`."""
        targets = changed.pop("targets", None) or self.far(*(progress or ("waiting",)))
        asker = Asker(made.DIEGO, made.request().asker.channel, self.named("Diego Siciliani"))
        ended = {"ended_at": LATER} if state not in {"pending", "looking_up", "approved", "sent"} else {}
        typed = self.typed("VPN exit moved to Oslo")
        entries = tuple(target.shown.upn for target in targets)
        usual = {"asker": asker, "reason": typed, "entries": entries, **ended}
        whole = made.request(targets, state, **{**usual, **changed})
        if whole.state == "denied" and whole.decision:
            denied = replace(whole.decision, reason=self.typed("Not the VPN: she has not travelled"))
            whole = replace(whole, decision=denied)
        return whole

    def approval(self, by: SlackUserId = MEGAN) -> Decision:
        return Decision(by, NOON, 1)


@lru_cache
def _far(cast: Cast, progress: tuple[Progress, ...]) -> tuple[Target, ...]:
    return tuple(cast.target(i, progress[i % len(progress)]) for i in range(cast.n))
