"""What the tenant behind the Graph look-alike holds, as Graph writes it: accounts, their risk, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

# Behind the sentinel of the evolvable enum riskDetail: sent only to who asks for them.
NEW_DETAILS = frozenset(
    {
        "m365DAdminDismissedDetection",
        "adminConfirmedServicePrincipalCompromised",
        "adminDismissedAllRiskForServicePrincipal",
        "userChangedPasswordOnPremises",
        "adminDismissedRiskForSignIn",
        "adminConfirmedAccountSafe",
        "microsoftRevokedSessions",
    }
)
# riskDetection's reference page, v1.0; a property of type string, so more may come at any time.
RISK_EVENT_TYPES = (
    "adminConfirmedUserCompromised",
    "anomalousToken",
    "anomalousUserActivity",
    "anonymizedIPAddress",
    "attackerinTheMiddle",
    "attemptedPRTAccess",
    "generic",
    "impossibleTravel",
    "investigationsThreatIntelligence",
    "investigationsThreatIntelligenceSigninLinked",
    "leakedCredentials",
    "maliciousIPAddress",
    "maliciousIPAddressValidCredentialsBlockedIP",
    "malwareInfectedIPAddress",
    "mcasFinSuspiciousFileAccess",
    "mcasImpossibleTravel",
    "mcasSuspiciousInboxManipulationRules",
    "nationStateIP",
    "newCountry",
    "passwordSpray",
    "riskyIPAddress",
    "suspiciousAPITraffic",
    "suspiciousBrowser",
    "suspiciousIPAddress",
    "suspiciousInboxForwarding",
    "suspiciousSendingPatterns",
    "tokenIssuerAnomaly",
    "unfamiliarFeatures",
    "unlikelyTravel",
    "userReportedSuspiciousActivity",
)
# The account is what they are about, not one sign-in ("User risk detections", Entra ID Protection).
OF_THE_ACCOUNT = frozenset(
    {
        "adminConfirmedUserCompromised",
        "anomalousUserActivity",
        "attackerinTheMiddle",
        "attemptedPRTAccess",
        "leakedCredentials",
        "suspiciousAPITraffic",
        "suspiciousSendingPatterns",
        "userReportedSuspiciousActivity",
    }
)
AT_SIGN_IN = frozenset({"anonymizedIPAddress", "nationStateIP", "unfamiliarFeatures"})
"""Detected in real time; the others hours later (same page)."""


def stamp(moment: datetime) -> str:
    """Write a moment as riskyUser does, with seven decimals and a Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}0Z"


@dataclass(slots=True)
class GraphUser:
    """An account in the directory."""

    id: str
    display_name: str
    upn: str
    mail: str = ""
    proxy_addresses: tuple[str, ...] = ()
    enabled: bool = True
    user_type: str = "Member"

    def has_address(self, address: str) -> bool:
        """Whether that is the mail or a proxy address, given in lower case; Entra compares without regard to case."""
        known = [self.mail, *(proxy.partition(":")[2] for proxy in self.proxy_addresses)]
        return address in (one.casefold() for one in known)

    def as_json(self) -> dict[str, Any]:
        given, _, surname = self.display_name.partition(" ")
        return {
            "businessPhones": [],
            "displayName": self.display_name,
            "givenName": given,
            "jobTitle": None,
            "mail": self.mail or None,
            "mobilePhone": None,
            "officeLocation": None,
            "preferredLanguage": None,
            "surname": surname,
            "userPrincipalName": self.upn,
            "id": self.id,
            "accountEnabled": self.enabled,
            "proxyAddresses": list(self.proxy_addresses),
            "userType": self.user_type,
        }


@dataclass(slots=True)
class RiskyUserRecord:
    """What Entra ID Protection holds of one user."""

    id: str
    display_name: str
    upn: str
    level: str
    state: str
    updated: datetime
    detail: str = "none"
    is_deleted: bool = False
    settles_at: datetime | None = None
    """When an accepted confirmation will show; the record says isProcessing until then."""

    def as_json(self, *, with_new_members: bool) -> dict[str, Any]:
        return {
            "id": self.id,
            "isDeleted": self.is_deleted,
            "isProcessing": self.settles_at is not None,
            "riskLevel": self.level,
            "riskState": self.state,
            "riskDetail": _detail(self.detail, with_new_members=with_new_members),
            "riskLastUpdatedDateTime": stamp(self.updated),
            "userDisplayName": self.display_name,
            "userPrincipalName": self.upn,
        }


@dataclass(slots=True)
class RiskDetection:
    """One reason why a user is, or was, at risk."""

    id: str
    user_id: str
    type: str
    """riskEventType."""
    ip: str
    city: str
    country: str
    """Two letters (signInLocation's reference page)."""
    activity: datetime
    """When it happened: activityDateTime."""
    detected: datetime
    level: str
    state: str
    updated: datetime
    display_name: str = ""
    upn: str = ""
    detail: str = "none"

    @property
    def is_current(self) -> bool:
        return self.state in {"atRisk", "confirmedCompromised"}

    def as_json(self, *, with_new_members: bool) -> dict[str, Any]:
        place = {"city": self.city, "state": "", "countryOrRegion": self.country, "geoCoordinates": None}
        sign_in = None if self.type in OF_THE_ACCOUNT else str(UUID(self.id[:32]))
        return {
            "id": self.id,
            "requestId": sign_in,
            "correlationId": sign_in,
            "riskEventType": self.type,
            "riskState": self.state,
            "riskLevel": self.level,
            "riskDetail": _detail(self.detail, with_new_members=with_new_members),
            "source": "IdentityProtection",
            "detectionTimingType": "realtime" if self.type in AT_SIGN_IN else "offline",
            "activity": "signin" if sign_in else "user",
            "tokenIssuerType": "AzureAD",
            "ipAddress": self.ip or None,
            "location": place if self.city or self.country else None,
            "activityDateTime": stamp(self.activity),
            "detectedDateTime": stamp(self.detected),
            "lastUpdatedDateTime": stamp(self.updated),
            "userId": self.user_id,
            "userDisplayName": self.display_name,
            "userPrincipalName": self.upn,
            "additionalInfo": "[]",
        }


def _detail(detail: str, *, with_new_members: bool) -> str:
    return "unknownFutureValue" if detail in NEW_DETAILS and not with_new_members else detail
