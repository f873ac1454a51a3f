"""Why there is no token: what MSAL returned or raised, named as SignInFailed without a word that could be secret."""

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.errors import SignInFailed

_FINAL = frozenset({"invalid_request", "invalid_resource", "invalid_client", "unauthorized_client"})
"""OAuth errors of a managed identity's endpoint that trying again doesn't mend: no such identity, for one."""


def raised(error: Exception, *, by_managed_identity: bool = False) -> SignInFailed:
    """Name an exception of MSAL's or of requests'; its text may quote an answer, so only codes are kept."""
    import requests  # noqa: PLC0415 - MSAL has it imported by now, which a start need not wait for

    kind = type(error).__name__
    is_answer = isinstance(error, requests.RequestException | json.JSONDecodeError)
    if by_managed_identity:
        if is_answer:
            return SignInFailed("", f"The managed identity's endpoint isn't answering ({kind})", is_transient=True)
        return SignInFailed("", f"The managed identity can't be used here ({kind})", is_transient=False)
    if isinstance(error, ValueError) and not is_answer:
        # MSAL words any trouble of discovery as a wrong tenant; what Entra answered is in the error it hides.
        hidden = error.__context__
        if hidden is None:
            return SignInFailed("", "Entra's address or the tenant's name can't be used", is_transient=False)
        if code := _aadsts(str(hidden)):
            return SignInFailed(code, "Entra doesn't know the tenant", is_transient=False)
    return SignInFailed("", f"Entra's sign-in isn't answering ({kind})", is_transient=True)


def refused(answer: Mapping[str, Any], *, by_managed_identity: bool = False) -> SignInFailed:
    """Name an answer without a token (RFC 6749, 5.2)."""
    text, error = str(answer.get("error_description") or ""), str(answer.get("error") or "")
    code = _aadsts(text)
    if by_managed_identity:
        # App Service tells by a status, which MSAL puts before the message.
        is_final = error in _FINAL or text.startswith("4")
        what = f"The managed identity's endpoint gave no token ({code or error or 'no code'})"
        return SignInFailed(code, what, is_transient=not is_final)
    is_transient = error in {"temporarily_unavailable", "server_error"} or not code
    return SignInFailed(code, f"Entra refused to sign in the bot ({code or 'no code'})", is_transient=is_transient)


def _aadsts(text: str) -> str:
    found = re.search(r"AADSTS\d+", text)
    return found.group() if found else ""
