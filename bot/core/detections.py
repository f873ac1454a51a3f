"""Why a user is at risk: Entra's detections, the most serious first, none hidden behind another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.core.ids import ObjectId
from bot.core.reasons import Origin, Reason, countries_of, network_of

# riskEventType -> what Entra's portal calls it ("What are risk detections?", Entra ID Protection, and the
# riskDetection reference of Graph, whose older edition names the types that are no longer produced).
# What an attacker has or did comes before where somebody signed in from; the order is ours.
_SERIOUS = {
    "leakedCredentials": "Leaked credentials",
    "adminConfirmedUserCompromised": "Admin confirmed user compromised",
    "attackerinTheMiddle": "Attacker in the middle",
    "attemptedPRTAccess": "Possible attempt to access Primary Refresh Token (PRT)",
    "nationStateIP": "Verified threat actor IP",
    "investigationsThreatIntelligence": "Microsoft Entra threat intelligence",
    "investigationsThreatIntelligenceSigninLinked": "Microsoft Entra threat intelligence",
    "anomalousToken": "Anomalous token",
    "tokenIssuerAnomaly": "Token issuer anomaly",
    "passwordSpray": "Password spray",
    "maliciousIPAddressValidCredentialsBlockedIP": "Malicious IP address, valid credentials",  # in no page by name
    "userReportedSuspiciousActivity": "User reported suspicious activity",
    "suspiciousInboxForwarding": "Suspicious inbox forwarding",
    "mcasSuspiciousInboxManipulationRules": "Suspicious inbox manipulation rules",
    "suspiciousSendingPatterns": "Suspicious sending patterns",
    "mcasFinSuspiciousFileAccess": "Mass access to sensitive files",
    "suspiciousAPITraffic": "Suspicious API traffic",
    "anomalousUserActivity": "Anomalous user activity",
    "maliciousIPAddress": "Malicious IP address",
    "suspiciousIPAddress": "Malicious IP address",
    "malwareInfectedIPAddress": "Malware linked IP address",
}
_USUAL = {
    "suspiciousBrowser": "Suspicious browser",
    "riskyIPAddress": "Activity from anonymous IP address",
    "anonymizedIPAddress": "Anonymous IP address",
    "mcasImpossibleTravel": "Impossible travel",
    "impossibleTravel": "Impossible travel",
    "newCountry": "New country",
    "unlikelyTravel": "Atypical travel",
    "unfamiliarFeatures": "Unfamiliar sign-in properties",
}
SERIOUS = tuple(_SERIOUS)
"""The riskEventTypes that say most, the most serious first; types that are unknown to us come right after."""
USUAL = tuple(_USUAL)
"""What travel, a VPN or a new device sets off as well: shown last."""
_RARELY_FALSE = frozenset({"leakedcredentials", "adminconfirmedusercompromised"})

# Graph and Entra's pages spell one of them differently (attemptedPRTAccess, attemptedPrtAccess).
_RANK = {
    **{kind.casefold(): n for n, kind in enumerate(SERIOUS)},
    **{kind.casefold(): n for n, kind in enumerate(USUAL, len(SERIOUS) + 1)},
}
_UNKNOWN_RANK = len(SERIOUS)
_WORDS = {
    kind.casefold(): words
    for kind, words in {**_SERIOUS, **_USUAL, "generic": "Additional risk detected", "": "Unnamed risk"}.items()
}
_OVER = frozenset({"confirmedSafe", "remediated", "dismissed"})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Detection:
    """One riskDetection; what Graph left out is empty, enums are kept as the strings that came."""

    user_id: ObjectId
    type: str
    """riskEventType."""
    activity_at: datetime | None = None
    detected_at: datetime | None = None
    """Up to two days after the activity, where it was not detected at once."""
    ip: str = ""
    city: str = ""
    country: str = ""
    """Two letters, as Graph gives it."""
    level: str = ""
    state: str = ""

    @property
    def at(self) -> datetime | None:
        """When it happened, or where Graph does not say, when it was noticed."""
        return self.activity_at or self.detected_at

    @property
    def is_over(self) -> bool:
        """Whether it no longer counts; a state that is unknown to us does."""
        return self.state in _OVER


def words_of(kind: str) -> str:
    """Return what Entra's portal calls a riskEventType; one that is unknown to us as it came."""
    return _WORDS.get(kind.casefold(), kind)


def is_rarely_false(kind: str) -> bool:
    """Whether a new password is the usual answer to a detection of this type, rather than confirming safe."""
    return kind.casefold() in _RARELY_FALSE


def seriousness(kind: str) -> int:
    """Where a riskEventType stands among all of them: the lower, the more it says."""
    return _RANK.get(kind.casefold(), _UNKNOWN_RANK)


def is_usual(kind: str) -> bool:
    """Whether travel, a VPN or a new device sets off such a detection as well; never one that is unknown to us."""
    return seriousness(kind) > _UNKNOWN_RANK


def reasons_of(detections: Iterable[Detection]) -> tuple[Reason, ...]:
    """Sum up what one user is at risk for: a reason for each type, the most serious first, then the newest.

    Only what is over is left out. Types that the portal calls by the same name share a reason.
    """
    groups: dict[str, list[Detection]] = {}
    current = sorted((each for each in detections if not each.is_over), key=repr)
    for detection in sorted(current, key=lambda each: each.at or _LONG_AGO, reverse=True):
        groups.setdefault(words_of(detection.type), []).append(detection)
    return tuple(_reason(found) for found in sorted(groups.values(), key=lambda found: min(map(_rank, found))))


def _reason(found: list[Detection]) -> Reason:
    newest = found[0]
    countries = tuple(sorted({detection.country for detection in found} - {""}))
    reason = Reason(newest.type, newest.at, newest.ip, newest.city, newest.country, len(found) - 1, countries)
    if len(found) == 1:
        return reason
    origins = tuple(sorted({Origin(network_of(one.ip), one.city, one.country) for one in found}))
    times = [one.at for one in found if one.at is not None]
    return replace(reason, origins=origins, since=min(times) if len(times) == len(found) else None)


def is_news(before: Iterable[Reason], after: Iterable[Reason]) -> bool:
    """Whether there is a new type of detection, or a new country; more of the same is no news."""
    known = tuple(before)
    return any(is_new(reason, known) for reason in after)


def is_new(reason: Reason, known: Sequence[Reason]) -> bool:
    """Whether such a detection was not known, or none from such a country."""
    is_known = any(words_of(one.type) == words_of(reason.type) for one in known)
    return not is_known or not countries_of([reason]) <= countries_of(known)


def _rank(detection: Detection) -> int:
    return seriousness(detection.type)
