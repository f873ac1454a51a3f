"""Checks Entra's OpenID discovery of the tenant, from which MSAL learns where tokens come from."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bot.check import Check, no, ok
from bot.remedies import unreachable_remedy
from bot.setting_values import GUID
from bot.threads import in_daemon_thread

TIMEOUT = 5.0
ABOUT = "Entra discovery"


async def discovery(authority: str, tenant: str) -> Check:
    """Ask as MSAL does: with the same library, the same proxies and the same trust."""
    url = f"{authority}/{tenant}/v2.0/.well-known/openid-configuration"
    try:
        answer = await in_daemon_thread(lambda: _get(url))
    except (OSError, ValueError) as error:  # requests' own are OSErrors; ValueError: a proxy's URL that is none
        what = type(error).__name__
        return no(ABOUT, f"{ABOUT}: no answer from {authority} ({what})", unreachable_remedy(what))
    body = _json(answer)
    if answer.status_code == HTTPStatus.BAD_REQUEST and (code := _code(body)):
        return no(ABOUT, f"{ABOUT}: {authority} knows no tenant {tenant} ({code})", "Check AZURE_TENANT_ID.")
    issuer = body.get("issuer")
    if answer.status_code != HTTPStatus.OK or not isinstance(issuer, str) or not issuer.startswith("https://"):
        what = f"{ABOUT}: {authority} does not answer as Entra should ({answer.status_code})"
        return no(ABOUT, what, "Check AZURE_AUTHORITY_HOST. Does a proxy answer in its place?")
    if re.fullmatch(GUID, tenant) and tenant.lower() not in issuer.lower().split("/"):
        return no(ABOUT, f"{ABOUT}: the issuer {issuer} is another tenant's", "Check AZURE_TENANT_ID.")
    return ok(ABOUT, f"Entra: discovery answers, issuer {issuer}")


def _get(url: str) -> Any:
    import requests  # noqa: PLC0415 - a start need not wait for it

    return requests.get(url, timeout=TIMEOUT, allow_redirects=False)


def _json(answer: Any) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, Mapping) else {}


def _code(body: Mapping[str, Any]) -> str:
    codes = body.get("error_codes")
    first = codes[0] if isinstance(codes, list) and codes else None
    return f"AADSTS{first}" if isinstance(first, int) else ""
