"""The rules: who may ask, who may approve what, and how many of them it takes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.core.ids import ObjectId, SlackUserId
from bot.core.levels import rank_of
from bot.core.model import Target

ENTRA_GROUP = "entra-group:"
"""Stands before the object id of a group in Entra, where a list names one among Slack ids."""
ROLE = "role:"
"""Stands before the template id of a directory role, in what is known of a user."""
ANY_ROLE = "any"


def entra_groups(listed: Collection[str]) -> tuple[ObjectId, ...]:
    """Return the groups in Entra that a list names."""
    return tuple(ObjectId(entry.removeprefix(ENTRA_GROUP)) for entry in listed if entry.startswith(ENTRA_GROUP))


@dataclass(frozen=True, slots=True)
class Team:
    """Some who may approve; `members` are Slack user ids, user group ids and `entra-group:<object id>`."""

    key: str
    name: str
    members: tuple[str, ...]
    is_silent: bool = False
    """A back-up: may approve, and is never mentioned."""

    @property
    def has_entra_group(self) -> bool:
        return bool(entra_groups(self.members))


@dataclass(frozen=True, slots=True)
class Need:
    """So many approvals by members of any of these teams, given by their keys."""

    teams: tuple[str, ...]
    count: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests it decides, and what it takes to approve them. Every condition that it has must hold."""

    name: str
    needs: tuple[Need, ...]
    level: str = ""
    """The highest riskLevel of the request is at least this."""
    more_than: int = 0
    """The request holds more users than this."""
    users: tuple[ObjectId, ...] = ()
    """One of these is among the users, or somebody in one of `groups`, or who holds one of `roles`."""
    groups: tuple[ObjectId, ...] = ()
    roles: tuple[str, ...] = ()
    """Template ids of directory roles, or `any`."""
    open_for: timedelta | None = None
    """How long its requests wait for a decision; None: APPROVAL_TTL."""

    @property
    def is_for_all(self) -> bool:
        """Whether it decides whatever comes to it."""
        return not (self.level or self.more_than or self.protects)

    @property
    def protects(self) -> bool:
        """Whether it is for some users, by who they are."""
        return bool(self.users or self.groups or self.roles)

    @property
    def memberships(self) -> tuple[str, ...]:
        """What has to be known of the users: groups by object id, roles as `role:<template id>`."""
        return (*self.groups, *(f"{ROLE}{role}" for role in self.roles))

    @property
    def approvals(self) -> int:
        """How many it takes."""
        return sum(need.count for need in self.needs)

    @property
    def teams(self) -> tuple[str, ...]:
        """The keys of the teams whose members can approve under it."""
        return tuple(dict.fromkeys(team for need in self.needs for team in need.teams))

    def fits(self, targets: Collection[Target]) -> bool:
        """Whether it decides a request for these users; what isn't known counts as the worst."""
        highest = max((rank_of(target.shown.level) for target in targets), default=0)
        if self.level and highest < rank_of(self.level):
            return False
        if self.more_than and len(targets) <= self.more_than:
            return False
        return not self.protects or any(self._protects(target) for target in targets)

    def _protects(self, target: Target) -> bool:
        return target.user_id in self.users or any(what not in target.not_in for what in self.memberships)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one person may ask for; None: without a limit."""

    requests_per_hour: int = 20
    users_per_hour: int | None = None
    open_at_once: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the operator decided about who may do what."""

    teams: Mapping[str, Team]
    rules: tuple[Rule, ...]
    """The first that fits decides; the last fits all."""
    requesters: tuple[str, ...] = ()
    """Slack user ids, user group ids, `entra-group:<object id>`; empty: full members in the approval channel."""
    never_ask: tuple[str, ...] = ()
    never_approve: tuple[str, ...] = ()
    """These may not, whatever else names them."""
    limits: Limits = Limits()
    people: Mapping[SlackUserId, tuple[ObjectId, ...]] = field(default_factory=dict)
    """Whose accounts in Entra are known by id, so that no e-mail address is asked for."""
    digest: str = ""
    """The SHA-256 of the policy file; empty where there is none."""

    def rule_for(self, targets: Collection[Target]) -> Rule:
        """Return the rule that decides a request for these users."""
        return next(rule for rule in self.rules if rule.is_for_all or rule.fits(targets))

    def teams_of(self, rule: Rule) -> tuple[Team, ...]:
        return tuple(self.teams[key] for key in rule.teams)

    def needs_account(self, rule: Rule) -> bool:
        """Whether nobody can approve under it whose account in Entra isn't known: that two are two, or a group."""
        denies = bool(entra_groups(self.never_approve))
        return rule.approvals > 1 or denies or any(team.has_entra_group for team in self.teams_of(rule))

    @property
    def memberships(self) -> tuple[str, ...]:
        """What some rule has to know of the users of a request."""
        return tuple(dict.fromkeys(what for rule in self.rules for what in rule.memberships))


def of_lists(approvers: tuple[str, ...], requesters: tuple[str, ...] = (), requests_per_hour: int = 20) -> Policy:
    """Return the policy without a file: one approval by anybody on the list."""
    team = Team("approvers", "the approvers", approvers)
    rule = Rule("", (Need((team.key,)),))
    return Policy({team.key: team}, (rule,), requesters, limits=Limits(requests_per_hour))
