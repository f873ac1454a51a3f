"""What Graph says when it says no, as its error pages document it."""

import base64
from dataclasses import dataclass, replace
from http import HTTPStatus

from demo.front import Reply

# A planted status without a code of its own gets the one that Graph gives it.
USUAL_CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Forbidden",
    404: "ResourceNotFound",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
CHALLENGE = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize",'
    ' client_id="00000003-0000-0000-c000-000000000000"'
)
CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1772366400"}}}'
"""What a claims challenge asks for: a token younger than that."""


@dataclass(slots=True)
class Refused(Exception):
    """Graph refuses the request; a complaint when Graph's own pages told not to send it."""

    status: int
    code: str
    message: str
    is_complaint: bool = False


def broken(message: str, status: int = 400, code: str = "BadRequest") -> Refused:
    """Refuse a request that Graph's reference does not allow."""
    return Refused(status, code, message, is_complaint=True)


def error(status: int, code: str, message: str, *, date: str, request_id: str, client_id: str) -> Reply:
    """Build Graph's error answer."""
    inner = {"date": date, "request-id": request_id, "client-request-id": client_id}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        inner = {"code": "429", "message": "Please retry after", "status": "429", **inner}
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = CHALLENGE
    return Reply(status, {"error": {"code": code, "message": message, "innerError": inner}}, headers)


def challenged(refusal: Reply) -> Reply:
    """Make a 401 a claims challenge (learn.microsoft.com/entra/identity-platform/claims-challenge)."""
    claims = base64.b64encode(CLAIMS.encode()).decode()
    challenge = f'{CHALLENGE}, error="insufficient_claims", claims="{claims}"'
    return replace(refusal, headers={**refusal.headers, "WWW-Authenticate": challenge})
