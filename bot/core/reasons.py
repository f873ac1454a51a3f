"""Why a user is at risk, as an approver reads it: one reason for each kind of detection."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Literal, NamedTuple

Blind = Literal["", "no_permission", "busy", "refused"]
"""Why it can't be said why users are at risk; empty where it can."""

_PREFIXES = {4: 24, 6: 48}


class Origin(NamedTuple):
    """Where a detection came from; empty what Graph left out."""

    network: str = ""
    city: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """All of a user's current detections of one type: the newest of them, and how many more there are."""

    type: str
    """riskEventType, as it came."""
    at: datetime | None = None
    ip: str = ""
    city: str = ""
    country: str = ""
    """Two letters, as Graph gives it."""
    more: int = 0
    countries: tuple[str, ...] = ()
    """Of all of them."""
    origins: tuple[Origin, ...] = ()
    """Of all of them, where there are several; what an earlier version recorded does not say."""
    since: datetime | None = None
    """When the first of them happened, where there are several."""

    @property
    def came_from(self) -> tuple[Origin, ...]:
        """Where all of them came from; nothing where that is not known of all."""
        if self.origins:
            return self.origins
        return () if self.more else (Origin(network_of(self.ip), self.city, self.country),)

    @property
    def began(self) -> datetime | None:
        """When the first of them happened; None where that is not known."""
        return self.since if self.more else self.at


def countries_of(reasons: Iterable[Reason]) -> frozenset[str]:
    return frozenset(country for reason in reasons for country in reason.countries)


@lru_cache(4096)
def network_of(ip: str) -> str:
    """The network around an address, such as 198.51.100.0/24: a site's or a VPN's. Empty where it is no address."""
    try:
        address = ip_address(ip)
        mapped = address.ipv4_mapped if address.version == 6 else None  # noqa: PLR2004 - the version's name
        address = mapped or address
        # Without the zone of a link-local address, which a network can't have.
        bare = str(address).partition("%")[0]
        return str(ip_network(f"{bare}/{_PREFIXES[address.version]}", strict=False))
    except ValueError:
        return ""
