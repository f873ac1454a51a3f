"""What to do about a failing check, in words for the operator."""

from collections.abc import Iterable, Sequence

from bot.errors import SignInFailed, SlackError, SlackUnreachable


def slack_trouble(error: SlackError, url: str) -> str:
    """Say what is wrong, and what to do about it."""
    if isinstance(error, SlackUnreachable):
        return f"no connection to {url} ({error.code}). Is it reachable, and its certificate trusted (SSL_CERT_FILE)?"
    if error.code in {"invalid_auth", "not_authed", "token_revoked", "account_inactive", "token_expired"}:
        return (
            f"the token does not work ({error.code}). "
            "Copy the Bot User OAuth Token again: api.slack.com/apps, OAuth & Permissions."
        )
    if error.code == "org_wide_install":
        return (
            "the token is of an org-wide install. "
            "This bot serves one workspace: install it there, not on the organisation."
        )
    return f"{url} does not answer as Slack should ({error.code}). Check SLACK_API_URL, and status.slack.com."


_ENTRA = {
    "AADSTS7000222": "The client secret has expired: make a new one and set AZURE_CLIENT_SECRET.",
    "AADSTS7000215": "Set AZURE_CLIENT_SECRET to the secret's value, not its id.",
    "AADSTS700016": "Check AZURE_CLIENT_ID and AZURE_TENANT_ID: that tenant has no such app.",
    "AADSTS90002": "Check AZURE_TENANT_ID.",
    "AADSTS700027": (
        "Upload the certificate of AZURE_CLIENT_CERTIFICATE_PATH, without its key, to the app registration. Where "
        "Entra trusts it by subject name and issuer: AZURE_CLIENT_SEND_CERTIFICATE_CHAIN=true."
    ),
    "AADSTS700030": "The app registration does not trust the certificate's subject name.",
    "AADSTS700024": (
        "Is this machine's clock right? Does the platform still renew the token in AZURE_FEDERATED_TOKEN_FILE?"
    ),
    "AADSTS7000272": "The issuer of the token in AZURE_FEDERATED_TOKEN_FILE does not publish the key that signed it.",
}
_NO_FEDERATION = "AADSTS70021"
"""The codes of an unknown issuer, audience and subject begin so (700211 to 700213, 7002138)."""


def entra_remedy(error: SignInFailed, *, by_managed_identity: bool) -> str:
    if error.code in _ENTRA:
        return _ENTRA[error.code]
    if error.code.startswith(_NO_FEDERATION):
        return (
            "Compare the app's federated credential with the token in AZURE_FEDERATED_TOKEN_FILE: issuer, subject "
            "and audience must be the same, letter by letter."
        )
    if error.code:
        return "Look the code up: login.microsoftonline.com/error"
    if by_managed_identity:
        return "Has what the bot runs on a managed identity? Is AZURE_CLIENT_ID left out, or a user-assigned one's?"
    if not error.is_transient:
        return "Check the file, or AZURE_AUTHORITY_HOST and AZURE_TENANT_ID."
    if "SSL" in str(error):
        return "Is the login host's certificate trusted (REQUESTS_CA_BUNDLE)?"
    return "Is the login host reachable from here?"


def permissions_missing(lacking: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Say of each permission what needs it, and what to do; beside it the permission."""
    needing: dict[str, list[str]] = {}
    for permission, what in lacking:
        needing.setdefault(permission, []).append(what)
    return tuple((permission, _missing(permission, needed_by)) for permission, needed_by in needing.items())


def _missing(permission: str, needed_by: Sequence[str]) -> str:
    rules = [what for what in needed_by if what.startswith("rule ")]
    ordered = [*rules, *(what for what in needed_by if what not in rules)]
    many = len(ordered) > 1 or ordered[0].isupper()  # a list goes by its setting's name, which is a plural
    what = f"{', '.join(ordered[:-1])} and {ordered[-1]}" if len(ordered) > 1 else ordered[0]
    without = "the rule" if rules else "the group"
    return (
        f"{permission} is missing in the app's token, but {what} {'need' if many else 'needs'} it. "
        f"An admin grants it and its consent, or {without} is taken out."
    )
