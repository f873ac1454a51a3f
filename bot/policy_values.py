"""What a value in the policy file must look like: each function returns it, or says what is wrong, in words."""

from collections.abc import Callable
from datetime import timedelta

from bot import setting_values as values
from bot.core.rules import ANY_ROLE

_LONGEST_NAME = 60
_LEVELS = ("low", "medium", "high")
_OBJECT = values.Kind(values.GUID, "object ids from Entra (GUIDs)")
_ROLE = values.Kind(rf"{values.GUID}|{ANY_ROLE}", "template ids of directory roles (GUIDs), or any")


def text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be in quotes.")  # noqa: TRY004 - like every other value that is wrong
    return value


def name(value: object) -> str:
    name = text(value).strip()
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise ValueError(f"must be one line of 1 to {_LONGEST_NAME} characters.")
    return name


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false, without quotes.")  # noqa: TRY004 - likewise
    return value


def whole(least: int, most: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}, without quotes.")
        return value

    return check


def level(value: object) -> str:
    if value not in _LEVELS:
        raise ValueError("must be low, medium or high, in quotes. Without it a rule is for every level.")
    return str(value)


def duration(value: object) -> timedelta:
    return values.duration(text(value))


def _listed(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must hold nothing but ids in quotes.")  # noqa: TRY004 - likewise
    return value


def member(value: object) -> str:
    return values.entry(_listed(value), values.MEMBER)


def object_id(value: object) -> str:
    return values.entry(_listed(value), _OBJECT).lower()


def role(value: object) -> str:
    return values.entry(_listed(value), _ROLE).lower()


def team(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must hold nothing but keys of teams in quotes.")  # noqa: TRY004 - likewise
    return value
