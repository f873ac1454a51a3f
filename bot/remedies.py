"""What to do about a failing check, in words for the operator."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.errors import SignInFailed, SlackError, SlackRefused, SlackUnreachable
from bot.slack.reach import DEAD_TOKEN

SLACK_APPS = "https://api.slack.com/apps"
SLACK_STATUS = "https://status.slack.com"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong, and what to do about it."""

    what: str
    remedy: str
    link: str = ""

    def __str__(self) -> str:
        return f"{self.what}. {self.remedy}"


def slack_trouble(error: SlackError, url: str) -> Trouble:
    """Say what is wrong with the connection to Slack as a whole."""
    if isinstance(error, SlackUnreachable):
        what = f"no connection to {url} ({error.code})"
        return Trouble(what, "Is it reachable, and its certificate trusted (SSL_CERT_FILE)?")
    if error.code in DEAD_TOKEN:
        what = f"the token does not work ({error.code})"
        remedy = f"Copy the Bot User OAuth Token again: {SLACK_APPS}, OAuth & Permissions."
        return Trouble(what, remedy, SLACK_APPS)
    if error.code == "org_wide_install":
        what = "the token is of an org-wide install"
        remedy = "This bot serves one workspace: install it there, not on the organisation."
        return Trouble(what, remedy, SLACK_APPS)
    if error.code == "missing_scope":
        what = f"the token lacks a scope without which the bot can't learn who it is ({error.code})"
        return Trouble(what, "Add the scopes that are missing from manifest.yaml and reinstall the app.", SLACK_APPS)
    what = f"{url} does not answer as Slack should ({error.code})"
    return Trouble(what, f"Check SLACK_API_URL, and {SLACK_STATUS}", SLACK_STATUS)


def app_token_trouble(error: SlackError, url: str) -> Trouble:
    """Say why no socket is open."""
    make = f"Make an App-Level Token with the scope connections:write: {SLACK_APPS}, Basic Information."
    if error.code in {*DEAD_TOKEN, "not_allowed_token_type"}:
        return Trouble(f"the app token does not work ({error.code})", make, SLACK_APPS)
    if error.code == "missing_scope":
        return Trouble("the app token lacks the scope connections:write", make, SLACK_APPS)
    if error.code == "link_disabled":
        return Trouble("it is turned off for the app", f"Turn it on: {SLACK_APPS}, Socket Mode.", SLACK_APPS)
    if error.code == "too_many_websockets":
        what = "Slack takes no more sockets of this app than ten"
        return Trouble(what, "Each process opens two: run five at the most, and nothing else with this app token.")
    if error.code in {"closed", "not_open"}:
        remedy = "Does a proxy or firewall cut websockets? Another one is opened meanwhile."
        return Trouble("no socket is open just now", remedy)
    return slack_trouble(error, url)


def look_up_remedy(error: SlackError) -> str:
    """Say what to do where Slack does not tell of one id."""
    if error.code == "missing_scope":
        return "Add the scope that is missing."
    if isinstance(error, SlackRefused):
        return "Check the id: `python -m bot doctor --find <name>` finds ids."
    return "Slack does not answer as it should: try again in a minute."


def channel_remedy(code: str) -> str:
    """Say what lets the bot post in a channel again; empty where nobody knows."""
    return _CHANNEL.get(code, "")


_CHANNEL = {
    "not_in_channel": "Invite it there: /invite @confirm-safe.",
    "channel_not_found": "Invite it there: /invite @confirm-safe.",
    "is_archived": "Unarchive the channel and invite the bot, or name another one in the settings.",
    "is_inactive": "Unarchive the channel and invite the bot, or name another one in the settings.",
    "archived": "Unarchive the channel and invite the bot, or name another one in the settings.",
    "shared": "End the sharing with the other organisation, or name another channel in the settings.",
    "restricted_action": "Let it post there: the channel's settings, posting permissions.",
}

_CODES = "https://login.microsoftonline.com/error"
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
_ON_THE_APPS_PAGE = ("AADSTS7000222", "AADSTS7000215", "AADSTS700027", "AADSTS700030", _NO_FEDERATION)
"""Codes of what is put right on the app registration's page."""


def entra_remedy(error: SignInFailed, *, by_managed_identity: bool) -> str:
    if error.code in _ENTRA:
        return _ENTRA[error.code]
    if error.code.startswith(_NO_FEDERATION):
        return (
            "Compare the app's federated credential with the token in AZURE_FEDERATED_TOKEN_FILE: issuer, subject "
            "and audience must be the same, letter by letter."
        )
    if error.code:
        return f"Look the code up: {_CODES}"
    if by_managed_identity:
        return "Has what the bot runs on a managed identity? Is AZURE_CLIENT_ID left out, or a user-assigned one's?"
    if not error.is_transient:
        return "Check the file, or AZURE_AUTHORITY_HOST and AZURE_TENANT_ID."
    return unreachable_remedy(str(error))


def unreachable_remedy(what: str) -> str:
    """Say what to do where the login host doesn't answer."""
    if "SSL" in what:
        return "Is the login host's certificate trusted (REQUESTS_CA_BUNDLE)?"
    return "Is the login host reachable from here?"


def entra_link(error: SignInFailed, app_page: str) -> str:
    """Return the page on which that is put right or explained; none where there is no page for it."""
    if error.code.startswith(_ON_THE_APPS_PAGE):
        return app_page
    number = error.code.removeprefix("AADSTS")
    is_unknown = error.code not in _ENTRA and number.isdecimal()
    return f"{_CODES}?code={number}" if is_unknown else ""


def permissions_missing(lacking: Iterable[tuple[str, str]]) -> tuple[tuple[str, Trouble], ...]:
    """Say of each permission what needs it, and what to do; beside it the permission."""
    needing: dict[str, list[str]] = {}
    for permission, what in lacking:
        needing.setdefault(permission, []).append(what)
    return tuple((permission, _missing(permission, needed_by)) for permission, needed_by in needing.items())


def _missing(permission: str, needed_by: Sequence[str]) -> Trouble:
    rules = [what for what in needed_by if what.startswith("rule ")]
    ordered = [*rules, *(what for what in needed_by if what not in rules)]
    many = len(ordered) > 1 or ordered[0].isupper()  # a list goes by its setting's name, which is a plural
    what = f"{', '.join(ordered[:-1])} and {ordered[-1]}" if len(ordered) > 1 else ordered[0]
    without = "the rule" if rules else "the group"
    return Trouble(
        f"{permission} is missing in the app's token, but {what} {'need' if many else 'needs'} it",
        f"An admin grants it and its consent, or {without} is taken out.",
    )
