"""A local Microsoft Graph: risky users, why they are, their confirmation, and the directory, with its manners."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from demo.front import Asked, Front, Reply
from demo.graph import memberships, people, routes
from demo.graph.answers import USUAL_CODES, Refused, broken, challenged, error
from demo.graph.counting import Counted, counted, kind_of, seconds_between
from demo.graph.directory import Directory
from demo.graph.listing import fitting
from demo.wire import Books, Call, Fault

__all__ = ["Counted", "LocalGraph"]

READERS = frozenset({"IdentityRiskyUser.Read.All", "IdentityRiskyUser.ReadWrite.All"})
WRITERS = frozenset({"IdentityRiskyUser.ReadWrite.All"})
EVENT_READERS = frozenset({"IdentityRiskEvent.Read.All"})
USER_READERS = frozenset({"User.Read.All", "User.ReadWrite.All", "Directory.Read.All"})

DIAGNOSTIC = {
    "ServerInfo": {
        "DataCenter": "West Europe",
        "Slice": "E",
        "Ring": "5",
        "ScaleUnit": "001",
        "RoleInstance": "LOCAL0001",
    }
}


class LocalGraph(Front, Directory):
    """Graph for one tenant, on 127.0.0.1. Beside the usual faults it knows claims: a 401 that challenges."""

    def __init__(
        self,
        books: Books,
        *,
        now: Callable[[], datetime],
        is_live: Callable[[str], bool],
        token_roles: Callable[[str], set[str]],
        rate: float | None = 1.0,
        processing: float = 2.0,
    ) -> None:
        Front.__init__(self, "graph", books)
        Directory.__init__(self, now, processing)
        self.date = now
        self.rate = rate
        """Requests a second for everything about risk, all callers together; None: as many as come."""
        self.sent: list[list[str]] = []
        """The userIds of every confirmSafe that Graph took, in order; also of those it lied about."""
        self.has_p2 = True
        self.lies = False
        """Answer 204 and change nothing, as has been reported of Graph."""
        self.lies_about: set[str] = set()
        """The same for these ids alone, in lower case; whoever else is in the call is confirmed."""
        self.unknown_id_status = 404
        """What one userId without a risk record makes of the whole call; 204 leaves that id out."""
        self._is_live = is_live
        self._token_roles = token_roles
        self._risk = routes.Risk(self)
        self.memberships = memberships.Memberships(self)
        self._next_free = datetime.min.replace(tzinfo=UTC)
        self._used_up = 0
        people.fill(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def busy(self, n: int) -> None:
        """Let other apps use up the tenant's quota: the next n calls about risk are answered 429."""
        self._used_up = n

    def calls(self) -> list[Counted]:
        """Return what has arrived so far, by the clock that was given."""
        return counted(self.books.calls)

    def spacing(self) -> list[float]:
        """Return the seconds between each call that shares the one-a-second limit and the one before it."""
        return seconds_between(self.calls())

    def _read(self, request: web.Request, body: bytes) -> Asked:
        name = f"{request.method} {request.path}"
        args: Mapping[str, Any] = dict(request.query)
        if body:
            args = _as_args(body)
        kind = kind_of(request.path)
        fault_name = {"riskyUser": "riskyUsers", "other": name}.get(kind, kind)
        return Asked(name, fault_name, args, self._now())

    def _act(self, request: web.Request, call: Call, body: bytes) -> Reply:
        try:
            roles = self._roles(request)
            fitting(self.url + request.raw_path, request.query)
            if len(request.query) != len(set(request.query)):
                raise broken("A query option is given twice.")
            return self._route(request, roles, body)
        except Refused as refused:
            if refused.is_complaint:
                self.books.complain(f"{call.name}: {refused.message}")
            return self._error(request, call, refused.status, refused.code, refused.message)

    def _route(self, request: web.Request, roles: set[str], body: bytes) -> Reply:
        new = "include-unknown-enum-members" in request.headers.get("Prefer", "")
        match request.method, request.path:
            case "POST", routes.CONFIRM_SAFE:
                self._admit(roles, WRITERS)
                return self._confirm_safe(request, body)
            case "GET", routes.RISKY:
                self._admit(roles, READERS)
                return self._risk.users(request.query, self.url, with_new_members=new)
            case "GET", routes.DETECTIONS:
                self._admit(roles, EVENT_READERS)
                return self._risk.detections(request.query, self.url, with_new_members=new)
            case "GET", path if path != routes.CONFIRM_SAFE and (one := routes.ONE_RISKY.fullmatch(path)):
                self._admit(roles, READERS)
                return self._risk.user(one[1], request.query, self.url, with_new_members=new)
            case "GET", routes.USERS:
                self._admit_to_directory(roles)
                return routes.list_users(self, request.query, self.url)
            case "POST", path if one := memberships.CHECK_GROUPS.fullmatch(path):
                memberships.admit_to_groups(roles)
                content_type = request.headers.get("Content-Type")
                return self.memberships.groups(one[1], content_type, request.query, body, self.url, permissions=roles)
            case "GET", path if one := memberships.ONE_GROUP.fullmatch(path):
                memberships.admit_to_group(roles)
                return self.memberships.group(one[1], request.query, self.url)
            case "GET", path if one := memberships.ROLES_OF.fullmatch(path):
                memberships.admit_to_roles(roles)
                level = request.headers.get("ConsistencyLevel", "")
                return self.memberships.roles(one[1], request.query, self.url, consistency=level, permissions=roles)
            case "GET", path if one := routes.ONE_USER.fullmatch(path):
                return self._user(one, request, roles)
            case method, path:
                raise broken(f"There is no {method} {path} here.")

    def _confirm_safe(self, request: web.Request, body: bytes) -> Reply:
        content_type = request.headers.get("Content-Type")
        user_ids = routes.read_confirm_safe(content_type, request.query, body)
        unknown = [user_id for user_id in user_ids if user_id.lower() not in self.risky]
        if unknown and self.unknown_id_status != 204:
            status = self.unknown_id_status
            raise Refused(status, USUAL_CODES.get(status, ""), f"Risky user {unknown[0]} not found.")
        self.sent.append(user_ids)
        if not self.lies:
            self.confirm({user_id.lower() for user_id in user_ids} - self.lies_about)
        return Reply(204)

    def _user(self, one: re.Match[str], request: web.Request, roles: set[str]) -> Reply:
        self._admit_to_directory(roles)
        if one[1] and one[1].startswith("$"):
            raise broken("A userPrincipalName that begins with $ goes into users('...').")
        return routes.get_user(self, one[1] or one[2].replace("''", "'"), request.query, self.url)

    def _admit_to_directory(self, roles: set[str]) -> None:
        if not roles & USER_READERS:
            message = "Insufficient privileges to complete the operation."
            raise Refused(403, "Authorization_RequestDenied", message)

    def _roles(self, request: web.Request) -> set[str]:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise broken("Access token is empty.", 401, "InvalidAuthenticationToken")
        if not self._is_live(token):
            message = "Lifetime validation failed, the token is expired."
            raise Refused(401, "InvalidAuthenticationToken", message)
        return self._token_roles(token)

    def _admit(self, roles: set[str], wanted: frozenset[str]) -> None:
        """Let a call about risk in: within the rate, with a role, in a tenant with the licence."""
        if self._is_used_up() or self._is_over_rate():
            raise Refused(429, "TooManyRequests", "Please retry again later.")
        if not roles & wanted:
            message = "You cannot perform the requested operation, required scopes are missing in the token."
            raise Refused(403, "Forbidden", message)
        if not self.has_p2:
            raise Refused(403, "Forbidden", "Your tenant is not licensed for this feature.")

    def _is_used_up(self) -> bool:
        if self._used_up <= 0:
            return False
        self._used_up -= 1
        return True

    def _is_over_rate(self) -> bool:
        if self.rate is None:
            return False
        now, a_call = self._now(), timedelta(seconds=1 / self.rate)
        next_free = max(now, self._next_free) + a_call
        if next_free - now > max(a_call, timedelta(seconds=1)):
            return True
        self._next_free = next_free
        return False

    def _planted(self, request: web.Request, call: Call, fault: Fault) -> Reply:
        if fault.kind != "claims":
            return super()._planted(request, call, fault)
        message = "Continuous access evaluation resulted in challenge with result: InteractionRequired."
        return challenged(self._error(request, call, 401, "InvalidAuthenticationToken", message))

    def _failure(self, request: web.Request, call: Call, fault: Fault) -> Reply:
        code = fault.code or USUAL_CODES.get(fault.status, "UnknownError")
        return self._error(request, call, fault.status, code, "A planted fault.")

    def _error(self, request: web.Request, call: Call, status: int, code: str, message: str) -> Reply:
        headers = self._headers(request, call)
        return error(
            status,
            code,
            message,
            date=f"{self._now().astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
            request_id=headers["request-id"],
            client_id=headers["client-request-id"],
        )

    def _headers(self, request: web.Request, call: Call) -> Mapping[str, str]:
        request_id = self._id_of(call)
        return {
            "request-id": request_id,
            "client-request-id": request.headers.get("client-request-id", request_id),
            "x-ms-ags-diagnostic": json.dumps(DIAGNOSTIC),
        }


def _as_args(body: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = body.decode(errors="replace")
    return parsed if isinstance(parsed, dict) else {"body": parsed}
