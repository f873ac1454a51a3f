"""What `policy explain` is asked: who would ask for whom, and who would approve."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.ids import SlackUserId
from bot.core.model import MAX_USERS
from bot.core.parsing import Ask, Entry, parse
from bot.errors import SettingsInvalid
from bot.setting_values import shown

_USER = re.compile(r"[UW][A-Z0-9]+")
_IDS = "give object ids (GUIDs) or e-mail addresses."


@dataclass(frozen=True, slots=True)
class Question:
    """A request that nobody has made."""

    requester: SlackUserId
    approvers: tuple[SlackUserId, ...]
    users: tuple[Entry, ...]


def read_question(requester: str, approvers: Sequence[str], users: Sequence[str]) -> Question:
    """Read what was typed. Raises SettingsInvalid with all problems at once."""
    people = [("--requester", requester), *(("--approver", approver) for approver in approvers)]
    problems = [
        f"{option} holds {shown(person)}: give a Slack user id (U…)."
        for option, person in people
        if not _USER.fullmatch(person)
    ]
    typed = [part for text in users for part in re.split(r"[\s,;]+", text) if part]
    entries = {part: _entry(part) for part in typed}
    problems += [f"--users holds {shown(part)}: {_IDS}" for part, entry in entries.items() if entry is None]
    found = {entry.value: entry for entry in entries.values() if entry is not None}
    if not typed:
        problems.append(f"--users is empty: {_IDS}")
    if len(found) > MAX_USERS:
        problems.append(f"--users holds {len(found)} users: one request holds {MAX_USERS} at most.")
    if problems:
        raise SettingsInvalid(problems)
    distinct = dict.fromkeys(SlackUserId(approver) for approver in approvers)
    return Question(SlackUserId(requester), tuple(distinct), tuple(found.values()))


def _entry(typed: str) -> Entry | None:
    """Read one user as the command does."""
    reason = "why"
    asked = parse(f"{typed} {reason}")
    if not isinstance(asked, Ask) or asked.unreadable or asked.reason != reason or len(asked.entries) != 1:
        return None
    return None if asked.entries[0].kind == "mention" else asked.entries[0]
