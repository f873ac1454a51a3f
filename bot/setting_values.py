"""What a setting's text must look like: each function returns its value or says what is wrong, in words."""

import ipaddress
import re
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from bot.core.rules import ENTRA_GROUP


class Kind(NamedTuple):
    """What the entries of a list are."""

    pattern: str
    words: str


GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
MEMBER = Kind(
    rf"[UWS][A-Z0-9]+|{ENTRA_GROUP}{GUID}", "Slack user ids (U…), user group ids (S…) or entra-group:<object id>"
)
_CHANNEL = Kind(r"[CG][A-Z0-9]+", "channel ids (C… or G…), not names")
NOBODY = f"is empty: nobody could approve. Give {MEMBER.words}, or teams and rules in a POLICY_FILE."
_LONGEST = timedelta(days=365)
ECHOED = 24
"""Longer entries are not repeated in a problem: a token pasted into the wrong setting is longer."""


SLACK_API = "https://slack.com/api/"


def bot_token(value: str) -> SecretStr:
    if value.startswith(("xapp-", "xoxp-", "xoxe-")):
        raise ValueError("is another kind of token: give the Bot User OAuth Token (xoxb-…).")
    return secret(value)


def app_token(value: str) -> SecretStr:
    if not value.startswith("xapp-"):
        raise ValueError("is another kind of token: give an App-Level Token (xapp-…).")
    return secret(value)


def secret(value: str) -> SecretStr:
    # A line break would end the HTTP header that carries it.
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("holds a space, a line break or a character that is not ASCII: paste it again.")
    return SecretStr(value)


def _split(value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises where it is no number
    except ValueError:
        raise ValueError("is not an address such as https://host.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", value):
        raise ValueError("is not an address such as https://host.")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must be a plain address, without a user, a query or a fragment.")
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _service(value: str) -> str:
    """Return the address without its trailing slash, once a token may travel there."""
    parts = _split(value)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ValueError("must be https: plain http is only taken to this machine itself.")
    return value.rstrip("/")


def slack_api(value: str) -> str:
    return _service(value) + "/"


def graph_root(value: str) -> str:
    root = _service(value)
    if root.rpartition("/")[2] in {"v1.0", "beta"}:
        raise ValueError("must be the root without a version, such as https://graph.microsoft.com.")
    return root


def authority(value: str) -> str:
    parts = _split(value if "://" in value else f"https://{value}")
    if parts.scheme != "https":
        raise ValueError("must be https: Entra is not asked for tokens over plain http.")
    if parts.path.strip("/"):
        raise ValueError("must be a host without a path: the tenant goes into AZURE_TENANT_ID.")
    return f"https://{parts.netloc}"


def tenant(value: str) -> str:
    if value.lower() in {"common", "organizations", "consumers"}:
        raise ValueError("must name one tenant: give its id, a GUID.")
    if not re.fullmatch(r"[A-Za-z0-9.-]+", value):
        raise ValueError("must be the tenant's id, a GUID, or one of its domain names.")
    return value


def client(value: str) -> str:
    if not re.fullmatch(GUID, value):
        raise ValueError("must be a GUID: the Application (client) ID of the app registration.")
    return value.lower()


def one_of(*allowed: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be {' or '.join([', '.join(allowed[:-1]), allowed[-1]])}.")
        return value

    return check


def token_credentials(value: str) -> str:
    if value != "ManagedIdentityCredential":
        raise ValueError("must be ManagedIdentityCredential: every other credential has a setting of its own.")
    return value


def flag(value: str) -> bool:
    if value.lower() not in {"true", "false", "1", "0"}:
        raise ValueError("must be true or false.")
    return value.lower() in {"true", "1"}


def shown(entry: str) -> str:
    """Repeat what was typed, unless it might be a token that was pasted into the wrong place."""
    if len(entry) <= ECHOED:
        return f"`{entry}`" if entry.isprintable() else "an entry that can't be printed"
    return f"`{ENTRA_GROUP}` without a GUID" if entry.startswith(ENTRA_GROUP) else "an entry that is too long"


def entry(value: str, kind: Kind) -> str:
    """Return one entry of a list, an object id in lower case."""
    if not re.fullmatch(kind.pattern, value):
        raise ValueError(f"holds {shown(value)}: give {kind.words}.")
    return value.lower() if value.startswith(ENTRA_GROUP) else value


def _ids(kind: Kind) -> Callable[[str], tuple[str, ...]]:
    def check(value: str) -> tuple[str, ...]:
        entries = dict.fromkeys(part.strip() for part in re.split(r"[,\n]", value) if part.strip())
        if wrong := [part for part in entries if not re.fullmatch(kind.pattern, part)]:
            raise ValueError(f"holds {', '.join(map(shown, wrong))}: give {kind.words}.")
        return tuple(dict.fromkeys(entry(part, kind) for part in entries))

    return check


people = _ids(MEMBER)
channels = _ids(_CHANNEL)


def approvers(value: str) -> tuple[str, ...]:
    if not (given := people(value)):
        raise ValueError(NOBODY)
    return given


def channel(value: str) -> str:
    if not re.fullmatch(_CHANNEL.pattern, value):
        raise ValueError("must be one channel id (C… or G…), not a name.")
    return value


def duration(value: str) -> timedelta:
    length = _span(value)
    if not timedelta(0) < length <= _LONGEST:
        raise ValueError("must be longer than nothing and at most P365D.")
    return length


def retention(value: str) -> timedelta:
    length = _span(value)
    if not timedelta(days=1) <= length <= 100 * _LONGEST:
        raise ValueError("must be from P1D to P36500D.")
    return length


def _span(value: str) -> timedelta:
    shape = r"P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
    match = re.fullmatch(shape, value, re.ASCII)
    if match is None:
        raise ValueError("must be an ISO 8601 duration, such as PT8H or PT90M.")
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    try:
        return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return timedelta.max


def duration_or_none(value: str) -> timedelta:
    """A duration, of which nothing is one as well."""
    return timedelta(0) if re.fullmatch(r"PT?0[WDHMS]", value, re.ASCII) else duration(value)


def number(least: int, most: int) -> Callable[[str], int]:
    def check(value: str) -> int:
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII) or not least <= int(value) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}.")
        return int(value)

    return check


def log_level(value: str) -> str:
    return one_of("DEBUG", "INFO", "WARNING", "ERROR")(value.upper())
