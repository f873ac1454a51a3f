"""Settings that this version does not have, and settings that do not go together."""

from collections.abc import Iterator, Mapping

from bot.setting_database import address

NOT_BUILT = {"SLACK_APP_TOKEN": "Socket Mode"}
OAUTH = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET")
OWNER = "DATABASE_ADMIN_URL"


def contradictions(given: Mapping[str, str]) -> Iterator[str]:
    """Say what is wrong with the settings taken together."""
    for name, what in NOT_BUILT.items():
        if name in given:
            yield f"{name} is set, but this version has no {what} yet: remove it."
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
