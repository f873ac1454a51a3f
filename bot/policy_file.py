"""The policy file: teams, rules and limits, read from TOML; everything that is wrong with it is told at once."""

import hashlib
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path

from bot import policy_values as read
from bot import setting_values as values
from bot.core.ids import ObjectId, SlackUserId
from bot.core.model import MAX_USERS
from bot.core.rules import Limits, Need, Policy, Rule, Team
from bot.errors import SettingsInvalid
from bot.policy_contradictions import CONDITIONS, MOST_APPROVALS, Draft, contradictions
from bot.policy_lines import lines_of
from bot.policy_table import Notes, Table, not_a_team, opened
from bot.setting_sources import why

_MOST_BYTES = 1_000_000
_MOST_A_PERSON = 100_000
_MOST_RULES = 500
"""Each is held against all before it, so that many more would take their time."""
_TOP = ("teams", "ask", "approve", "limits", "people", "rules")
_TEAM = ("name", "members", "silent")
_RULE = ("name", *CONDITIONS, "needs", "open_for")
_NO_ASKERS = "nobody could ask. Without it every full member in the approval channel may."
_TEAM_KEY = r"[A-Za-z0-9_-]{1,24}"
_USER = r"[UW][A-Z0-9]+"


def read_policy(path: Path) -> Policy:
    """Return what the file says. Raises SettingsInvalid with all problems at once; a long entry isn't repeated."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise SettingsInvalid([f"POLICY_FILE names a file that can't be read ({why(error)})."]) from None
    if len(content) > _MOST_BYTES:
        raise SettingsInvalid(["POLICY_FILE names a file of more than 1 MB: that is no policy file."])
    top = _parsed(path.name, content)
    policy = _policy(top, hashlib.sha256(content).hexdigest())
    if top.notes.problems:
        raise SettingsInvalid(top.notes.problems)
    return policy


def _parsed(name: str, content: bytes) -> Table:
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        document = tomllib.loads(text)
        notes = Notes(name, lines_of(text))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsInvalid([f"{name}:{line}: is not UTF-8 text: save the file as UTF-8."]) from None
    except RecursionError:
        raise SettingsInvalid([f"{name}:1: is nested too deeply: that is no policy file."]) from None
    except ValueError as error:
        raise SettingsInvalid([_not_toml(name, str(error), content)]) from None
    return opened(notes, (), "", document, _TOP)


def _not_toml(name: str, said: str, content: bytes) -> str:
    """Put tomllib's words into an operator's; keys, which some of them hold, are not repeated."""
    what, _, where = said.partition(" (at ")
    found = re.match(r"line (\d+)", where)
    line = int(found[1]) if found else max(1, len(content.splitlines()))
    if re.match(r"Cannot|Duplicate", what):
        return f"{name}:{line}: has a table or a key that is there already: keep one."
    if not where:
        return f"{name}:1: holds a number that is too long."
    look = "look at the quotes, brackets and commas here and just above"
    if what.startswith(("Invalid initial character", "Unclosed inline")):
        look = "what stands between { and } goes in one line, without a comma at its end; else " + look
    return f"{name}:{line}: is not TOML ({what}): {look}."


def _policy(top: Table, digest: str) -> Policy:
    teams = _teams(top)
    ask = top.table("ask", ("members", "never"))
    approve = top.table("approve", ("never",))
    drafts = _rules(top, teams)
    policy = Policy(
        teams=teams,
        rules=tuple(draft.rule for draft in drafts),
        requesters=tuple(ask.entries("members", read.member, _NO_ASKERS)),
        never_ask=tuple(ask.entries("never", read.member)),
        never_approve=tuple(approve.entries("never", read.member)),
        limits=_limits(top.table("limits", ("requests_per_hour", "users_per_hour", "open_at_once"))),
        people=_people(top.table("people", ())),
        digest=digest,
    )
    contradictions(top, policy, drafts)
    return policy


def _teams(top: Table) -> dict[str, Team]:
    top.missing("teams", "add at least one, such as [teams.soc], with members.")
    named = top.table("teams", ())
    if "teams" in top.values and not named.values and not named.doubtful:
        top.note("teams", "is empty: nobody could approve. Add one, such as [teams.soc], with members.")
    teams = {key: _team(named, key) for key in named.values}
    return {key: team for key, team in teams.items() if re.fullmatch(_TEAM_KEY, key)}


def _team(named: Table, key: str) -> Team:
    is_plain = re.fullmatch(_TEAM_KEY, key) is not None
    label = f"teams.{key}" if is_plain else "a team"
    if not is_plain:
        named.notes.add((*named.path, key), "teams: the key of a team is up to 24 letters, digits, - and _.")
    table = opened(named.notes, (*named.path, key), label, named.values[key], _TEAM, example="[teams.soc]")
    table.missing("members", f"nobody could approve. Give {values.MEMBER.words}.")
    return Team(
        key,
        table.get("name", read.name, key),
        tuple(table.entries("members", read.member, f"nobody could approve. Give {values.MEMBER.words}.")),
        table.get("silent", read.flag, False),
    )


def _rules(top: Table, teams: Collection[str]) -> list[Draft]:
    top.missing("rules", "nothing would decide. Add at least one [[rules]], with name and needs.")
    rules = top.values.get("rules", [])
    if not isinstance(rules, list):
        top.note("rules", "must be written as [[rules]], once for each rule.")
        return []
    if not rules and "rules" in top.values:
        top.note("rules", "is empty: nothing would decide. Add at least one [[rules]], with name and needs.")
    if len(rules) > _MOST_RULES:
        top.note("rules", f"are {len(rules)}: at most {_MOST_RULES}. One rule can name many users, groups and roles.")
        return []
    return [_rule(top.notes, n, rule, teams) for n, rule in enumerate(rules)]


def _rule(notes: Notes, n: int, value: object, teams: Collection[str]) -> Draft:
    table = opened(notes, ("rules", n), _label(n, value), value, _RULE)
    if "" in table.doubtful:
        return Draft(Rule("", ()), table)
    table.missing("name", "people are told which rule asks for their approval.")
    table.missing("needs", 'say whose approval it takes, such as needs = [{ from = ["soc"] }].')
    rule = Rule(
        name=table.get("name", read.name, ""),
        needs=_needs(table, teams),
        level=table.get("level", read.level, ""),
        more_than=table.get("more_than", read.whole(1, MAX_USERS - 1), 0),
        users=tuple(map(ObjectId, table.entries("users", read.object_id, "name some, or leave it out."))),
        groups=tuple(map(ObjectId, table.entries("groups", read.object_id, "name some, or leave it out."))),
        roles=tuple(table.entries("roles", read.role, "name some, or leave it out.")),
        open_for=table.get("open_for", read.duration, None),
    )
    return Draft(rule, table)


def _label(n: int, value: object) -> str:
    name = value.get("name") if isinstance(value, dict) else None
    is_short = isinstance(name, str) and 0 < len(name) <= values.ECHOED and name.isprintable()
    return f'rule "{name}"' if is_short else f"rule {n + 1}"


def _needs(rule: Table, teams: Collection[str]) -> tuple[Need, ...]:
    needs = rule.values.get("needs", ())
    if not isinstance(needs, list):
        if "needs" in rule.values:
            rule.note("needs", 'must be a list, such as [{ from = ["soc"], approvals = 2 }].')
        return ()
    if not needs:
        rule.note("needs", "is empty: nothing would be asked for. Say whose approval it takes.")
    return tuple(_need(rule, n, need, teams) for n, need in enumerate(needs))


def _need(rule: Table, n: int, value: object, teams: Collection[str]) -> Need:
    path = (*rule.path, "needs", n)
    need = opened(
        rule.notes, path, f"{rule.label}, need {n + 1}", value, ("from", "approvals"), example='{ from = ["soc"] }'
    )
    need.missing("from", "name teams whose members can give it.")
    asked = need.entries("from", read.team, "name teams whose members can give it.")
    for team, at in asked.items():
        if teams and team not in teams:
            need.note("from", not_a_team(team, teams), at)
    count = need.get("approvals", read.whole(1, MOST_APPROVALS), 1)
    if need.doubtful or not teams:
        rule.doubtful.add("needs")
    return Need(tuple(asked), count)


def _limits(table: Table) -> Limits:
    whole = read.whole(1, _MOST_A_PERSON)
    return Limits(
        table.get("requests_per_hour", whole, Limits().requests_per_hour),
        table.get("users_per_hour", whole, None),
        table.get("open_at_once", whole, None),
    )


def _people(table: Table) -> Mapping[SlackUserId, tuple[ObjectId, ...]]:
    people = {}
    for user in table.values:
        if re.fullmatch(_USER, user):
            accounts = table.entries(user, read.object_id, "give the object ids of the accounts, or leave it out.")
            people[SlackUserId(user)] = tuple(map(ObjectId, accounts))
        else:
            table.notes.add((*table.path, user), f"people: {values.shown(user)} is no Slack user id (U…).")
    return people
