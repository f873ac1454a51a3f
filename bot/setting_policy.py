"""Whether the settings say once who may ask and approve: in a policy file, or in lists."""

from collections.abc import Mapping
from pathlib import Path

from bot.core.rules import Policy
from bot.errors import SettingsInvalid
from bot.policy_file import read_policy
from bot.setting_values import NOBODY

FILE = "POLICY_FILE"
LISTS = ("APPROVERS", "REQUESTERS", "REQUESTS_PER_HOUR")
"""What a policy file says as well."""


def policy_written(given: Mapping[str, str], named: Mapping[str, str], problems: list[str]) -> Policy | None:
    """Read the policy file; `given` is what could be read, `named` what was set, also by `<NAME>_FILE`."""

    def is_set(name: str) -> bool:
        return name in named or f"{name}_FILE" in named

    if not is_set(FILE):
        problems += [] if is_set("APPROVERS") else [f"APPROVERS {NOBODY}"]
        return None
    problems += [
        f"{FILE} and {name} are both set: keep one. The file says who may ask and approve, and how often."
        for name in LISTS
        if is_set(name)
    ]
    try:
        return read_policy(Path(given[FILE])) if FILE in given else None
    except SettingsInvalid as error:
        problems += error.problems
        return None
