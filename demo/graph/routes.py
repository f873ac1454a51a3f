"""The Graph routes of the look-alike: each reads its request strictly and answers from the directory."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from demo.front import Reply
from demo.graph.answers import Refused, broken
from demo.graph.directory import Directory
from demo.graph.listing import ROOT, Listing, context, only, select
from demo.graph.odata import RISK_DETECTIONS, RISKY_USERS

RISKY = f"{ROOT}/identityProtection/riskyUsers"
DETECTIONS = f"{ROOT}/identityProtection/riskDetections"
CONFIRM_SAFE = f"{RISKY}/confirmSafe"
MOST_IDS = 500
"""Microsoft names no limit; this is where the look-alike stops being generous."""
ONE_RISKY = re.compile(re.escape(RISKY) + "/([^/]+)")
ONE_USER = re.compile(re.escape(ROOT) + r"/users(?:/([^/]+)|\('(.+)'\))")
USERS = f"{ROOT}/users"
BY_ADDRESS = re.compile(
    r"(?:userPrincipalName eq '(?P<upn>(?:[^']|'')+)' or )?"
    r"mail eq '(?P<mail>(?:[^']|'')+)' or proxyAddresses/any\((?P<p>\w+):(?P=p) eq 'smtp:(?P<proxy>(?:[^']|'')+)'\)"
)
GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)

RISKY_USER = (
    "id",
    "isDeleted",
    "isProcessing",
    "riskLevel",
    "riskState",
    "riskDetail",
    "riskLastUpdatedDateTime",
    "userDisplayName",
    "userPrincipalName",
)
RISK_DETECTION = (
    "id",
    "requestId",
    "correlationId",
    "riskEventType",
    "riskState",
    "riskLevel",
    "riskDetail",
    "source",
    "detectionTimingType",
    "activity",
    "tokenIssuerType",
    "ipAddress",
    "location",
    "activityDateTime",
    "detectedDateTime",
    "lastUpdatedDateTime",
    "userId",
    "userDisplayName",
    "userPrincipalName",
    "additionalInfo",
)
# Without a $select, /users/{id} answers with these and no others.
USER_UNASKED = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
USER = (*USER_UNASKED, "accountEnabled", "proxyAddresses", "userType")


def _risky_users() -> Listing:
    return Listing("riskyUsers", "microsoft.graph.riskyUser", RISKY_USER, RISKY_USERS)


def _risk_detections() -> Listing:
    return Listing("riskDetections", "microsoft.graph.riskDetection", RISK_DETECTION, RISK_DETECTIONS)


@dataclass(slots=True)
class Risk:
    """The users at risk and the detections that put them there."""

    directory: Directory
    _users: Listing = field(default_factory=_risky_users)
    _detections: Listing = field(default_factory=_risk_detections)

    def users(self, query: Mapping[str, str], url: str, *, with_new_members: bool) -> Reply:
        """Answer GET /identityProtection/riskyUsers."""
        self.directory.settle()
        risky = self.directory.risky
        return self._users.page(risky, lambda key: risky[key].as_json(with_new_members=with_new_members), query, url)

    def user(self, user_id: str, query: Mapping[str, str], url: str, *, with_new_members: bool) -> Reply:
        """Answer GET /identityProtection/riskyUsers/{id}."""
        only(query, "$select")
        self._users.select(query)
        if not GUID.fullmatch(user_id):
            raise broken(f"Invalid user id: {user_id}")
        self.directory.settle()
        record = self.directory.risky.get(user_id.lower())
        if record is None:
            raise Refused(404, "ResourceNotFound", f"Risky user {user_id} not found.")
        return self._users.one(record.as_json(with_new_members=with_new_members), query, url)

    def detections(self, query: Mapping[str, str], url: str, *, with_new_members: bool) -> Reply:
        """Answer GET /identityProtection/riskDetections."""
        self.directory.settle()
        known = self.directory.detections
        return self._detections.page(
            known, lambda key: known[key].as_json(with_new_members=with_new_members), query, url
        )


def get_user(directory: Directory, id_or_upn: str, query: Mapping[str, str], url: str) -> Reply:
    """Answer GET /users/{id | userPrincipalName}."""
    only(query, "$select")
    unasked = USER if "$select" in query else USER_UNASKED
    names = select(query, unasked, "microsoft.graph.user")
    user = directory.find(id_or_upn)
    if user is None:
        raise missing(id_or_upn)
    row = user.as_json()
    where = context(url, "users", query) + "/$entity"
    return Reply(200, {"@odata.context": where} | {name: row[name] for name in names})


def list_users(directory: Directory, query: Mapping[str, str], url: str) -> Reply:
    """Answer GET /users, of which only the search for an address is needed here."""
    only(query, "$filter", "$select", "$top")
    names = select(query, USER if "$select" in query else USER_UNASKED, "microsoft.graph.user")
    asked = BY_ADDRESS.fullmatch(query.get("$filter", ""))
    if asked is None or asked["mail"] != asked["proxy"] or asked["upn"] not in {None, asked["mail"]}:
        raise broken(f"Invalid filter clause: {query.get('$filter', '')}", 400, "Request_UnsupportedQuery")
    address = asked["mail"].replace("''", "'").casefold()
    rows = [
        user.as_json()
        for user in directory.users.values()
        if user.has_address(address) or (asked["upn"] and user.upn.casefold() == address)
    ]
    top = int(query.get("$top", "100"))
    body = {"@odata.context": context(url, "users", query)}
    return Reply(200, body | {"value": [{name: row[name] for name in names} for row in rows[:top]]})


def missing(id_or_upn: str) -> Refused:
    """Say that the directory has no such account."""
    message = (
        f"Resource '{id_or_upn}' does not exist or one of its queried reference-property objects are not present."
    )
    return Refused(404, "Request_ResourceNotFound", message)


def read_confirm_safe(content_type: str | None, query: Mapping[str, str], body: bytes) -> list[str]:
    """Read the body of a confirmSafe and return its user ids."""
    return _user_ids(read_parameters(content_type, query, body, "userIds"))


def read_parameters(content_type: str | None, query: Mapping[str, str], body: bytes, name: str) -> object:
    """Read the body of an action and return its one parameter."""
    only(query)
    if content_type is None:
        raise broken("Write requests (excluding DELETE) must contain the Content-Type header declaration.")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise broken(f"The content type {content_type} is not supported.", 415, "UnsupportedMediaType")
    try:
        parameters = json.loads(body)
    except ValueError:
        raise broken("Unable to read JSON request payload.") from None
    if not isinstance(parameters, dict):
        raise broken("Empty Payload. JSON content expected.")
    if unknown := parameters.keys() - {name}:
        raise broken(f"The parameter '{min(unknown)}' in the request payload is not a valid parameter.")
    return parameters.get(name)


def _user_ids(user_ids: object) -> list[str]:
    if not isinstance(user_ids, list) or not user_ids:
        raise broken("userIds must not be empty.")
    if len(user_ids) > MOST_IDS:
        raise broken(f"{len(user_ids)} userIds are too many.")
    for user_id in user_ids:
        if not isinstance(user_id, str) or not GUID.fullmatch(user_id):
            raise broken(f"Invalid user id: {user_id}")
    return user_ids
