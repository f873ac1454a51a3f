"""What a claims challenge asks for: Graph takes the token no more, but would take one with these claims."""

import base64
import json
import re

LONGEST = 10_000
# One parameter after the other: what a quoted string holds is never taken for a parameter (RFC 9110, 11.2).
_PARAMETER = re.compile(r'(?<![\w-])([\w-]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


def claims_of(www_authenticate: str) -> str | None:
    """Return the JSON of the claims that a 401's header asks for; None where it is no such challenge, or garbled.

    The header holds `error="insufficient_claims"` and the claims in base64url or base64
    (learn.microsoft.com/entra/identity-platform/claims-challenge).
    """
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(www_authenticate[:LONGEST]):
        found.setdefault(name.lower(), quoted or plain)
    if found.get("error") != "insufficient_claims":
        return None
    encoded = found.get("claims", "").rstrip("=").replace("+", "-").replace("/", "_")
    try:
        claims = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True).decode()
        return claims if isinstance(json.loads(claims), dict) else None
    except (ValueError, RecursionError):
        return None
