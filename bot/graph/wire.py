"""Graph on the wire without a socket: builds requests, reads answers, names what went wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from bot.core.ids import ObjectId, Sendable
from bot.core.model import Receipt, RiskySnapshot
from bot.core.persons import DirectoryUser
from bot.core.text import sound
from bot.errors import (
    Ambiguous,
    Forbidden,
    Garbled,
    GraphError,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
)
from bot.graph.claims import claims_of

RISKY_USERS = "/v1.0/identityProtection/riskyUsers"
PAGE = 500
AT_RISK = "riskState eq 'atRisk' or riskState eq 'confirmedCompromised'"
_RISKY_FIELDS = (
    "id,isDeleted,isProcessing,riskDetail,riskLastUpdatedDateTime,riskLevel,riskState,"
    "userDisplayName,userPrincipalName"
)
_USER_FIELDS = "id,displayName,userPrincipalName,mail,proxyAddresses,accountEnabled,userType"


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """One request; the path is under the Graph root, or a whole next link."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_question: bool = False
    """Whether it changes nothing although it is a POST."""

    @property
    def is_write(self) -> bool:
        return self.method != "GET" and not self.is_question


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """What came back: `json` is None where the body was none."""

    status: int
    headers: Mapping[str, str]
    json: Any = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `next_link` is empty on the last."""

    users: tuple[RiskySnapshot, ...]
    next_link: str


def confirm_safe(user_ids: Iterable[Sendable]) -> GraphRequest:
    """`riskyUser: confirmSafe`, answered 204 (Graph reference, v1.0)."""
    return GraphRequest("POST", f"{RISKY_USERS}/confirmSafe", json={"userIds": list(user_ids)})


def risky_user(user_id: ObjectId) -> GraphRequest:
    return GraphRequest("GET", f"{RISKY_USERS}/{quote(user_id, safe='')}", {"$select": _RISKY_FIELDS})


def at_risk_users() -> GraphRequest:
    """The first page of the users at risk."""
    return _risky_users(AT_RISK)


def probe() -> GraphRequest:
    """One risky user at most: shows whether they may be read at all."""
    return GraphRequest("GET", RISKY_USERS, {"$select": "id", "$top": "1"})


def updated_since(at: datetime) -> GraphRequest:
    """The first page of the users whose risk was updated after that moment."""
    return _risky_users(_updated_after(at))


def at_risk_or_updated_since(at: datetime) -> GraphRequest:
    """The first page of both: one list for all who look users up and all who read them back."""
    return _risky_users(f"{AT_RISK} or {_updated_after(at)}")


def at_risk_by_upn(upn: str) -> GraphRequest:
    """The risky users of that UPN: one call, however many are at risk."""
    return _risky_users(f"userPrincipalName eq '{_doubled(upn)}'")


def _updated_after(at: datetime) -> str:
    return f"riskLastUpdatedDateTime gt {at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _risky_users(chosen: str) -> GraphRequest:
    return GraphRequest("GET", RISKY_USERS, {"$filter": chosen, "$select": _RISKY_FIELDS, "$top": str(PAGE)})


def _doubled(text: str) -> str:
    """Write text between OData's quotes, where each quote in it is doubled (OData 4.01, URL conventions)."""
    return text.replace("'", "''")


def next_page(link: str) -> GraphRequest:
    """The page behind an `@odata.nextLink`, which is opaque."""
    return GraphRequest("GET", link)


def directory_user(key: str) -> GraphRequest:
    """A directory user by object id or UPN; a UPN may begin with `$` and hold `#`."""
    if key.startswith("$"):
        path = f"/v1.0/users('{quote(_doubled(key), safe='')}')"
    else:
        path = f"/v1.0/users/{quote(key, safe='')}"
    return GraphRequest("GET", path, {"$select": _USER_FIELDS})


def accounts_with(address: str, *, or_upn: bool = False) -> GraphRequest:
    """Accounts by mail or proxy address (Graph: user resource type, `$filter` of mail and proxyAddresses).

    With `or_upn` also by userPrincipalName, which `directory_user` asks for by itself.
    """
    text = _doubled(address)
    chosen = f"mail eq '{text}' or proxyAddresses/any(p:p eq 'smtp:{text}')"
    chosen = f"userPrincipalName eq '{text}' or {chosen}" if or_upn else chosen
    return GraphRequest("GET", "/v1.0/users", {"$filter": chosen, "$select": _USER_FIELDS, "$top": "20"})


def receipt_of(answer: GraphAnswer, client_request_id: str) -> Receipt:
    error = _error_of(answer.json)
    inner = error.get("innerError") or error.get("innererror") or {}
    inner = inner if isinstance(inner, Mapping) else {}
    return Receipt(
        status=answer.status,
        code=text_of(error, "code")[:100],
        request_id=(text_of(answer.headers, "request-id") or text_of(inner, "request-id"))[:64],
        client_request_id=client_request_id,
        date=text_of(answer.headers, "Date")[:64],
        diagnostic=text_of(answer.headers, "x-ms-ags-diagnostic")[:500],
    )


def _error_of(body: Any) -> Mapping[str, Any]:
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def failure(
    request: GraphRequest,
    answer: GraphAnswer,
    receipt: Receipt,
    *,
    now: datetime,
    roles: frozenset[str] | None = None,
) -> GraphError | None:
    """Name what an answer means, by status alone; None where it is a success.

    A write succeeds with 204 only: any other 2xx or 3xx leaves open whether it was taken.
    """
    status = answer.status
    if status == (204 if request.is_write else 200):
        return None
    if status == 401:
        return Unauthorized(receipt, claims_of(answer.headers.get("WWW-Authenticate", "")))
    if status == 403:
        return Forbidden(receipt, roles)
    if status == 429:
        return Throttled(receipt, retry_after(answer.headers, now))
    if 400 <= status < 500 and status not in {401, 403, 408, 429} and _is_page(answer):
        # A proxy's or a wrong GRAPH_URL's: it says nothing of the users.
        return Ambiguous(receipt) if request.is_write else Garbled(receipt)
    if 400 <= status < 500 and status != 408:
        return Rejected(receipt)
    if request.is_write:
        return Ambiguous(receipt)
    if status >= 500 or status == 408:
        return Unavailable(receipt, retry_after=retry_after(answer.headers, now))
    return Garbled(receipt)


def _is_page(answer: GraphAnswer) -> bool:
    return answer.headers.get("Content-Type", "").lower().startswith("text/")


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read Retry-After, which is seconds or a date (RFC 9110, 10.2.3)."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def read_page(answer: GraphAnswer, receipt: Receipt, read_at: datetime) -> Page:
    users = tuple(snapshot(row, receipt, read_at) for row in rows_of(answer, receipt))
    return Page(users, next_link_of(answer.json, receipt))


def rows_of(answer: GraphAnswer, receipt: Receipt) -> list[Any]:
    """Read the rows of any list's page. Raises Garbled."""
    body = answer.json
    if isinstance(body, Mapping) and isinstance(rows := body.get("value"), list):
        return rows
    raise Garbled(receipt)


def next_link_of(body: Mapping[str, Any], receipt: Receipt) -> str:
    """Read where a list goes on, empty on its last page; what is no link is no sign that nothing follows."""
    link = body.get("@odata.nextLink")
    if not isinstance(link, str | None):
        raise Garbled(receipt)
    return link or ""


def snapshot(body: Any, receipt: Receipt, read_at: datetime) -> RiskySnapshot:
    """Read a riskyUser; enums are kept as the strings that came, a level or state left out is no level."""
    if not isinstance(body, Mapping) or not (user_id := text_of(body, "id")):
        raise Garbled(receipt)
    return RiskySnapshot(
        user_id=ObjectId(user_id.lower()),
        display_name=text_of(body, "userDisplayName"),
        upn=text_of(body, "userPrincipalName"),
        level=text_of(body, "riskLevel"),
        state=text_of(body, "riskState"),
        read_at=read_at,
        last_updated=time_of(body.get("riskLastUpdatedDateTime")),
        detail=text_of(body, "riskDetail"),
        is_deleted=body.get("isDeleted") is True,
        is_processing=body.get("isProcessing") is True,
    )


def read_directory_users(answer: GraphAnswer, receipt: Receipt) -> tuple[DirectoryUser, ...]:
    return tuple(read_directory_user(row, receipt) for row in rows_of(answer, receipt))


def read_directory_user(body: Any, receipt: Receipt) -> DirectoryUser:
    if not isinstance(body, Mapping) or not (user_id := text_of(body, "id")):
        raise Garbled(receipt)
    proxies = body.get("proxyAddresses")
    addresses = proxies if isinstance(proxies, list) else []
    return DirectoryUser(
        user_id=ObjectId(user_id.lower()),
        display_name=text_of(body, "displayName"),
        upn=text_of(body, "userPrincipalName"),
        mail=text_of(body, "mail"),
        proxy_addresses=tuple(sound(p) for p in addresses if isinstance(p, str)),
        enabled=body.get("accountEnabled") is not False,
        is_guest=text_of(body, "userType") == "Guest",
    )


def text_of(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    return sound(value) if isinstance(value, str) else ""


def time_of(value: Any) -> datetime | None:
    """Read a time, in UTC; None where it is none, or one that UTC has no year for."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
