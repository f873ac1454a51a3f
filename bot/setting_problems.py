"""What is wrong with what was set, name by name, in words that hold no value."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from bot.setting_database import address

OWNER = "DATABASE_ADMIN_URL"
OAUTH = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET")
_SIGNING_SECRET, _APP_TOKEN = "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN"
MISSING = {
    "SLACK_BOT_TOKEN": "is missing: give the Bot User OAuth Token (xoxb-…) of the Slack app.",
    "AZURE_TENANT_ID": "is missing: give the Directory (tenant) ID of the app registration.",
    "APPROVAL_CHANNEL": "is missing: give the id (C…) of the channel where requests are decided.",
}
NO_WAY_IN = f"{_SIGNING_SECRET} is missing: needed for HTTP. Or set {_APP_TOKEN} for Socket Mode."


def contradictions(given: Mapping[str, str]) -> Iterator[str]:
    """Say what must not be set, and what does not go together."""
    for name in OAUTH:
        if name in given:
            yield f"{name} is set, but the bot is installed by its token, not by OAuth: remove it."
    if OWNER in given:
        yield from _about_the_owner(given[OWNER], given.get("DATABASE_URL", ""))


def _about_the_owner(owners: str, serving: str) -> Iterator[str]:
    try:
        owner, served = address(owners), address(serving)
    except ValueError:
        if not serving:
            yield f"{OWNER} is set, but not DATABASE_URL: that names the role that serves."
        return  # what is wrong with either is said of it by itself
    if owner.path or served.path:
        yield f"{OWNER} is set: it and DATABASE_URL must both be postgresql://…, for one database with two roles."
    elif not served.user:
        yield f"{OWNER} is set: DATABASE_URL must say as which user it serves."
    elif owner.user == served.user:
        yield f"{OWNER} and DATABASE_URL name the same user: the owner must be another one than serves."


def no_way_in(named: Mapping[str, str]) -> Iterator[str]:
    """Say that Slack could not reach the bot; `named` is what was set, also by `<NAME>_FILE`."""
    if not any(name in named or f"{name}_FILE" in named for name in (_SIGNING_SECRET, _APP_TOKEN)):
        yield NO_WAY_IN


def invalid(error: ValidationError, given: Mapping[str, str]) -> Iterator[str]:
    """Say what is missing, and which value can't be read."""
    for detail in error.errors(include_url=False, include_input=False):
        name = str(detail["loc"][0])
        match detail["type"]:
            case "missing" if f"{name}_FILE" in given:
                pass  # its file is the problem, and was named
            case "missing":
                yield f"{name} {MISSING[name]}"
            case "default_factory_not_called":
                pass  # the default hangs on a setting that is itself a problem
            case _:
                yield f"{name} {detail['ctx']['error']}"
