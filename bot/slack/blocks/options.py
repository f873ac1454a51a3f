"""What can be chosen in the form's lists: users at risk, and groups of those who share something."""

from collections.abc import Iterable, Sequence

from bot.core.form import REMARK
from bot.core.model import RiskySnapshot
from bot.core.shared import Group
from bot.slack.blocks import words
from bot.slack.blocks.message import Block, plain
from bot.slack.blocks.people import level

MOST = 100
"""Options of one list (docs.slack.dev/reference/block-kit/block-elements/multi-select-menu-element)."""
BUSY = "I have too much to do just now: type again in a few seconds."
_MAX_LINE = 75
_SAMPLE = 3


def option(text: str, value: str, description: str = "") -> Block:
    """One line to choose; all of it is plain text, so that nothing in a name is read as markup."""
    made: Block = {"text": plain(words.shorten(words.one_line(text), _MAX_LINE)), "value": value}
    told = words.shorten(words.one_line(description), _MAX_LINE)
    return {**made, "description": plain(told)} if told else made


def _listed(options: Sequence[Block], note: str = "") -> Block:
    """The answer to a list that was opened; `note` stands above it."""
    if not (note and options):
        return {"options": list(options)}
    return {"option_groups": [{"label": plain(words.shorten(note, _MAX_LINE)), "options": list(options)}]}


def remark(text: str) -> Block:
    """Say why there is nothing to choose: Slack shows no words but those of an option."""
    return {"options": [option(text, REMARK)]}


def matching(query: str, *texts: str) -> bool:
    """Whether every word that was typed stands in the texts."""
    whole = " ".join(texts).casefold()
    return all(word in whole for word in query.casefold().split())


def of_users(users: Iterable[RiskySnapshot], query: str) -> Block:
    """Users to choose from, the riskiest first; how many more there are is said."""
    # Of an id only the beginning: a few letters or digits of a name stand in many ids by chance.
    begins = query.strip().casefold()
    found = [
        u
        for u in users
        if matching(query, u.display_name, u.upn, level(u.level)) or u.user_id.casefold().startswith(begins)
    ]
    note = f"{MOST} of {len(found):,}, the riskiest first: type to find others" if len(found) > MOST else ""
    return _listed([option(head_of(user), user.user_id, user.upn) for user in found[:MOST]], note)


def head_of(user: RiskySnapshot) -> str:
    """Name a user and how risky they are: the level stays, however long the name is."""
    risk = level(user.level)
    name = words.one_line(user.display_name) or words.one_line(user.upn) or user.user_id
    return f"{words.shorten(name, _MAX_LINE - len(risk) - 3)} · {risk}"


def of_groups(groups: Iterable[Group], query: str, note: str) -> Block:
    """Groups to choose from: how many they are, and some of their names."""
    found = [one for group in groups if matching(query, (one := _group(group))["text"]["text"])]
    return _listed(found[:MOST], note)


def _group(group: Group) -> Block:
    since = f" since {words.utc(group.since)}" if group.since else ""
    tail = f"{since}: {words.users(len(group.users))}"
    head = f"{words.shorten(words.one_line(group.name), _MAX_LINE - len(tail))}{tail}"
    sample = [_name(user) for user in group.users[:_SAMPLE]]
    more = len(group.users) - len(sample)
    return option(head, group.value, ", ".join(sample) + (f" and {more} more" if more > 0 else ""))


def _name(user: RiskySnapshot) -> str:
    return words.shorten(words.one_line(user.display_name or user.upn) or user.user_id, 20)
