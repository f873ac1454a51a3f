"""What the record holds beside requests: starts of the bot, and what its operator did to the record itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Started:
    """The bot started, with these settings; none of them is a secret."""

    version: str
    settings: Mapping[str, str]
    policy: str
    """The digest of the policy file; empty where there is none."""
    approvers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Each team's members, as the operator names them."""
    changed: tuple[str, ...] = ()
    """The settings that are not as at the start before; `policy` for what stands in the policy file."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """After a start it was looked up who can approve."""

    approvers: Mapping[str, tuple[str, ...]]
    """Slack user ids, each with the keys of their teams; without those who are only in a group in Entra."""
    untold: tuple[str, ...] = ()
    """The teams of which Slack did not tell who is in them."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """Somebody's data was taken out of these entries."""

    emptied: tuple[tuple[int, str], ...]
    """Each entry's number, and the digest of what is left of its body."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """The oldest entries were removed."""

    through: int
    """The last entry that was removed."""
    mac: str
    """Its mac, from which the chain goes on."""
    before: datetime
    """What is older was to go."""
    requests: int
    """How many requests went with them."""


Note = Started | Resolved | Redacted | Pruned
