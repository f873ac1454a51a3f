"""The policy file: what it becomes, and every sentence that an operator can get about it."""

import hashlib
import os
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.ids import ObjectId, SlackUserId
from bot.core.rules import Limits, Need, Policy, Rule, Team
from bot.errors import SettingsInvalid
from bot.policy_file import read_policy

EXAMPLE = Path(__file__).parents[1] / "policy.example.toml"
ID = "48d31887-5fad-4d73-a9f5-3c356e68a038"
OTHER = "5a0c76d2-cb57-4ece-9bc1-c323178f116a"
TEAM = """\
[teams.soc]
members = ["S0SOC"]
"""
ALL = """\
[[rules]]
name = "all"
needs = [{ from = ["soc"] }]
"""
SOME = ALL.replace("all", "some")


def read(tmp_path: Path, text: str | bytes) -> Policy:
    file = tmp_path / "policy.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_policy(file)


def problems(tmp_path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        read(tmp_path, text)
    return [problem.removeprefix("policy.toml:") for problem in caught.value.problems]


def test_the_shortest_file_is_a_team_and_a_rule_for_all(tmp_path: Path) -> None:
    text = TEAM + ALL
    assert read(tmp_path, text) == Policy(
        teams={"soc": Team("soc", "soc", ("S0SOC",))},
        rules=(Rule("all", (Need(("soc",)),)),),
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


WHOLE = f"""\
[teams.soc]
name = " SOC "
members = ["S0SOC", "U0MEGAN", "S0SOC"]
[teams.managers]
members = ["W0DUTY", "entra-group:{ID.upper()}"]
silent = true
[ask]
members = ["S0ANALYSTS"]
never = ["U0TEMP"]
[approve]
never = ["S0LEAVERS"]
[limits]
requests_per_hour = 10
users_per_hour = 500
open_at_once = 5
[people]
U0MEGAN = ["{ID.upper()}", "{OTHER}"]
[[rules]]
name = "privileged"
level = "low"
more_than = 1
roles = ["any", "{ID}"]
groups = ["{ID.upper()}"]
users = ["{OTHER}"]
needs = [{{ from = ["soc", "managers"], approvals = 2 }}, {{ from = ["managers"] }}]
open_for = "PT2H"
[[rules]]
name = "everything else"
[[rules.needs]]
from = ["soc"]
"""


def test_everything_in_the_file_is_in_the_policy(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE) == Policy(
        teams={
            "soc": Team("soc", "SOC", ("S0SOC", "U0MEGAN")),
            "managers": Team("managers", "managers", ("W0DUTY", f"entra-group:{ID}"), is_silent=True),
        },
        rules=(
            Rule(
                "privileged",
                (Need(("soc", "managers"), 2), Need(("managers",))),
                level="low",
                more_than=1,
                users=(ObjectId(OTHER),),
                groups=(ObjectId(ID),),
                roles=("any", ID),
                open_for=timedelta(hours=2),
            ),
            Rule("everything else", (Need(("soc",)),)),
        ),
        requesters=("S0ANALYSTS",),
        never_ask=("U0TEMP",),
        never_approve=("S0LEAVERS",),
        limits=Limits(10, 500, 5),
        people={SlackUserId("U0MEGAN"): (ObjectId(ID), ObjectId(OTHER))},
        digest=hashlib.sha256(WHOLE.encode()).hexdigest(),
    )


def test_the_example_is_a_policy_with_everything_in_it() -> None:
    policy = read_policy(EXAMPLE)
    assert [rule.name for rule in policy.rules] == ["privileged", "many", "high", "everything else"]
    assert [team.is_silent for team in policy.teams.values()] == [False, False, True]
    assert policy.requesters
    assert policy.never_ask
    assert policy.never_approve
    assert policy.people
    assert policy.limits == Limits(20, 500, 10)


def test_lines_may_end_as_on_windows_with_its_mark_at_the_beginning(tmp_path: Path) -> None:
    text = (TEAM + ALL).replace("\n", "\r\n").encode("utf-8-sig")
    assert read(tmp_path, text).digest == hashlib.sha256(text).hexdigest()
    assert problems(tmp_path, text + b"[ask]\r\nmembers = []\r\n")[0].startswith("7: ask: members is empty")


KINDS = "give Slack user ids (U…), user group ids (S…) or entra-group:<object id>."
APPROVED_BY = "nobody could approve. " + KINDS[0].upper() + KINDS[1:]
COUNT = "must be a whole number from 1 to 100000, without quotes."
LEVEL = "level must be low, medium or high, in quotes. Without it a rule is for every level."
UNUSED = "is in no rule: name it in the `from` of a need, or remove it."
ONE_LINE = "must be one line of 1 to 60 characters."

WRONG = f"""\
# Every mistake there is.
colour = "red"
[teams.soc]
nmae = "SOC"
members = [
  "S0SOC", # fine
  "megan", 7,
  "xoxb-12345678901-hush-hush",
]
silent = "yes"
[teams.empty]
members = []
[teams.none]
[teams."a b"]
members = ["entra-group:{ID[:-1]}"]
[teams.duty]
name = ""
members = ["U0DUTY"]
[teams.idle]
members = "U0IDLE"
[ask]
members = ["U0TEMP"]
never = ["everybody", "U0TEMP"]
[approve]
members = ["U0X"]
never = ["S0OTHER", "U0DUTY"]
[limits]
requests_per_hour = 0
users_per_hour = -5
open_at_once = "10"
per_day = 1
[people]
megan = ["{ID}"]
U0MEGAN = ["{ID.upper()}"]
U0DIEGO = ["{ID}", "diego"]
U0ADA = []
[[rules]]
name = "medium"
level = "medium"
needs = [{{ from = ["soc"] }}]
[[rules]]
name = "high"
level = "high"
more_than = 5
needs = [{{ from = ["duty"] }}, {{ from = ["duty"] }}]
[[rules]]
name = "medium"
level = "none"
users = []
groups = ["g"]
roles = ["admin"]
needs = []
open_for = "2h"
[[rules]]
level = 3
more_than = 500
needs = [{{ from = ["sock"], approvals = 0 }}, {{ from = [] }}, {{ form = ["soc"], approvals = 11 }}, "soc"]
open_for = 2
[[rules]]
name = 5
needs = {{ from = ["soc"] }}
levle = "low"
[[rules]]
name = "last"
roles = ["any"]
needs = [{{ from = ["soc"], approvals = 6 }}, {{ from = ["soc"], approvals = 6 }}]
"""


def test_every_mistake_is_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    assert problems(tmp_path, WRONG) == [
        "2: `colour` is not known here: give teams, ask, approve, limits, people, rules.",
        "4: teams.soc: `nmae` is not known here: did you mean `name`?",
        f"7: teams.soc: members holds `megan`: {KINDS}",
        "7: teams.soc: members must hold nothing but ids in quotes.",
        f"8: teams.soc: members holds an entry that is too long: {KINDS}",
        "10: teams.soc: silent must be true or false, without quotes.",
        f"12: teams.empty: members is empty: {APPROVED_BY}",
        f"13: teams.none: members is missing: {APPROVED_BY}",
        "14: teams: the key of a team is up to 24 letters, digits, - and _.",
        f"15: a team: members holds `entra-group:` without a GUID: {KINDS}",
        f"17: teams.duty: name {ONE_LINE}",
        '20: teams.idle: members must be a list, such as ["…", "…"].',
        f"23: ask: never holds `everybody`: {KINDS}",
        "25: approve: `members` is not known here: give never.",
        f"28: limits: requests_per_hour {COUNT}",
        f"29: limits: users_per_hour {COUNT}",
        f"30: limits: open_at_once {COUNT}",
        "31: limits: `per_day` is not known here: give requests_per_hour, users_per_hour, open_at_once.",
        "33: people: `megan` is no Slack user id (U…).",
        "35: people: U0DIEGO holds `diego`: give object ids from Entra (GUIDs).",
        (
            "35: people: `U0DIEGO` has an account that `U0MEGAN` has too (line 34): no two people share one, as an "
            "approval counts once for each account."
        ),
        "36: people: U0ADA is empty: give the object ids of the accounts, or leave it out.",
        (
            '41: rule "high" never decides: rule "medium" (line 37) comes first and takes all that this one could '
            "take. Move it up, or remove it."
        ),
        (
            '45: rule "high": needs asks for more people than there are, as each counts once: there would have to be '
            "2 more in duty. Add members, or ask for fewer approvals."
        ),
        '47: rule "medium": name is that of the rule in line 38 too: give it one of its own.',
        f'48: rule "medium": {LEVEL}',
        '49: rule "medium": users is empty: name some, or leave it out.',
        '50: rule "medium": groups holds `g`: give object ids from Entra (GUIDs).',
        '51: rule "medium": roles holds `admin`: give template ids of directory roles (GUIDs), or any.',
        '52: rule "medium": needs is empty: nothing would be asked for. Say whose approval it takes.',
        '53: rule "medium": open_for must be an ISO 8601 duration, such as PT8H or PT90M.',
        "54: rule 4: name is missing: people are told which rule asks for their approval.",
        f"55: rule 4: {LEVEL}",
        "56: rule 4: more_than must be a whole number from 1 to 499, without quotes.",
        (
            "57: rule 4, need 1: from names `sock`, which is no team: did you mean `soc`? There are soc, empty, "
            "none, duty, idle."
        ),
        "57: rule 4, need 1: approvals must be a whole number from 1 to 10, without quotes.",
        "57: rule 4, need 2: from is empty: name teams whose members can give it.",
        "57: rule 4, need 3: `form` is not known here: did you mean `from`?",
        "57: rule 4, need 3: from is missing: name teams whose members can give it.",
        "57: rule 4, need 3: approvals must be a whole number from 1 to 10, without quotes.",
        '57: rule 4, need 4 must be a table, such as { from = ["soc"] }.',
        "58: rule 4: open_for must be in quotes.",
        "60: rule 5: name must be in quotes.",
        '61: rule 5: needs must be a list, such as [{ from = ["soc"], approvals = 2 }].',
        "62: rule 5: `levle` is not known here: did you mean `level`?",
        (
            '63: rule "last" is the last, and only for some requests (roles): nothing would decide the others. Add a '
            "last rule without level, more_than, users, groups or roles."
        ),
        '66: rule "last": needs asks for 12 approvals: at most 10 in a rule.',
    ]


NO_ASKERS = "nobody could ask. Without it every full member in the approval channel may."
NO_RULES = "nothing would decide. Add at least one [[rules]], with name and needs."
NO_TEAMS = "nobody could approve. Add one, such as [teams.soc], with members."
NEEDED = 'say whose approval it takes, such as needs = [{ from = ["soc"] }].'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "",
            [
                "1: teams is missing: add at least one, such as [teams.soc], with members.",
                f"1: rules is missing: {NO_RULES}",
            ],
        ),
        ("teams = {}\nrules = []", [f"1: teams is empty: {NO_TEAMS}", f"2: rules is empty: {NO_RULES}"]),
        (f"teams = 1\n{ALL}", ["1: teams must be a table."]),
        (f"{TEAM}[rules]\nname = 1", ["3: rules must be written as [[rules]], once for each rule."]),
        (f"rules = [7]\n{TEAM}", ["1: rule 1 must be a table."]),
        (f"{TEAM}[[rules]]\nname='all'", [f'3: rule "all": needs is missing: {NEEDED}']),
        (f"{TEAM}[teams.idle]\nmembers = ['S0IDLE']\n{ALL}", [f"3: teams: idle {UNUSED}"]),
        (
            f"{TEAM}{ALL.replace('soc', 'sok')}",
            ['5: rule "all", need 1: from names `sok`, which is no team: did you mean `soc`? There are soc.'],
        ),
        (f"{TEAM}{ALL}[ask]\nmembers = []", [f"7: ask: members is empty: {NO_ASKERS}"]),
        (
            f"{TEAM}{ALL.replace('}', '}, { from = [1] }')}",
            ['5: rule "all", need 2: from must hold nothing but keys of teams in quotes.'],
        ),
        (f"ask = 'all'\n{TEAM}{ALL}", ["1: ask must be a table."]),
        (f"[teams]\nsoc = ['S0SOC']\n{ALL}", ["2: teams.soc must be a table, such as [teams.soc]."]),
        (f'{TEAM}name = "S\\nOC"\n{ALL}', [f"3: teams.soc: name {ONE_LINE}"]),
        (f"{TEAM}name = '{'x' * 61}'\n{ALL}", [f"3: teams.soc: name {ONE_LINE}"]),
        (
            f"{TEAM}{SOME}more_than = true\n{ALL}",
            ['6: rule "some": more_than must be a whole number from 1 to 499, without quotes.'],
        ),
        (f"{TEAM}{SOME}level = 'none'\n{ALL}", [f'6: rule "some": {LEVEL}']),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(text: str, expected: list[str], tmp_path: Path) -> None:
    assert problems(tmp_path, text) == expected


SHADOWED = [
    # The conditions of the earlier and of the later rule, of which the second never decides.
    ("", "level = 'high'"),
    ("level = 'low'", "level = 'low'"),
    ("level = 'medium'", "level = 'high'\nmore_than = 1"),
    ("more_than = 5", "more_than = 5\nlevel = 'low'"),
    (f"users = ['{ID}']", f"users = ['{ID.upper()}']\nmore_than = 2"),
    (f"groups = ['{ID}', '{OTHER}']\nusers = ['{ID}']", f"groups = ['{OTHER}']"),
    ("roles = ['any']", f"roles = ['{ID}']"),
    (f"roles = ['{ID}', '{OTHER}']", f"roles = ['{OTHER}']"),
]
NOT_SHADOWED = [
    ("level = 'high'", "level = 'medium'"),
    ("level = 'low'", "more_than = 1"),
    ("level = 'low'\nmore_than = 5", "level = 'high'"),
    ("more_than = 6", "more_than = 5"),
    (f"users = ['{ID}']", f"users = ['{ID}', '{OTHER}']"),
    (f"users = ['{ID}']", f"users = ['{ID}']\ngroups = ['{ID}']"),
    (f"users = ['{ID}']", "level = 'high'"),
    (f"groups = ['{ID}']", f"roles = ['{ID}']"),
    (f"roles = ['{ID}']", "roles = ['any']"),
    ("roles = ['any']", f"users = ['{ID}']"),
]


def two_rules(earlier: str, later: str) -> str:
    rules = "".join(
        f"[[rules]]\nname = '{name}'\nneeds = [{{ from = ['soc'] }}]\n{conditions}\n"
        for name, conditions in (("earlier", earlier), ("later", later), ("rest", ""))
    )
    return TEAM + rules


@pytest.mark.parametrize(("earlier", "later"), SHADOWED)
def test_a_rule_that_an_earlier_one_leaves_nothing_to_is_an_error(earlier: str, later: str, tmp_path: Path) -> None:
    told = [text.partition(": ")[2] for text in problems(tmp_path, two_rules(earlier, later))]
    assert told[0] == (
        'rule "later" never decides: rule "earlier" (line 3) comes first and takes all that this one could take. '
        "Move it up, or remove it."
    )
    assert len(told) == (1 if earlier else 2)  # a rule for all leaves nothing to the last either


@pytest.mark.parametrize(("earlier", "later"), NOT_SHADOWED)
def test_a_rule_that_some_request_could_come_to_is_none(earlier: str, later: str, tmp_path: Path) -> None:
    assert len(read(tmp_path, two_rules(earlier, later)).rules) == 3


def test_nothing_is_concluded_from_a_condition_that_could_not_be_read(tmp_path: Path) -> None:
    told = problems(tmp_path, two_rules("levle = 'high'", "level = 'low'"))
    assert told == ['6: rule "earlier": `levle` is not known here: did you mean `level`?']


def test_after_the_rule_for_all_it_does_not_matter_that_the_last_is_for_some(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, TEAM + ALL + ALL.replace("all", "more") + "level = 'high'\n")
    assert told.startswith('6: rule "more" never decides')


def with_members(needs: str, soc: str, identity: str) -> str:
    return f"""
[teams.soc]
members = [{soc}]
[teams.identity]
members = [{identity}]
[[rules]]
name = "all"
needs = [{needs}, {{ from = ["soc", "identity"] }}]
[approve]
never = ["U0NEVER", "S0NEVER"]
"""


@pytest.mark.parametrize(
    ("needs", "soc", "identity", "more"),
    [
        ("{ from = ['soc'], approvals = 2 }", "'U0A'", "'U0B', 'U0C'", "1 more in soc"),
        ("{ from = ['soc'] }, { from = ['identity'] }", "'U0A'", "'U0A', 'U0B'", "1 more in soc or identity"),
        ("{ from = ['soc'], approvals = 2 }", "'U0A'", "'S0B'", "1 more in soc"),
        ("{ from = ['soc'], approvals = 4 }", "'U0A'", "'U0A'", "3 more in soc and 1 more in soc or identity"),
        ("{ from = ['soc'] }", "'U0NEVER'", "'U0A', 'U0B'", "1 more in soc"),
        ("{ from = ['soc'] }", "'U0NEVER', 'S0NEVER'", "'S0B'", "1 more in soc"),
    ],
)
def test_more_approvals_than_there_are_people_are_an_error(
    needs: str, soc: str, identity: str, more: str, tmp_path: Path
) -> None:
    assert problems(tmp_path, with_members(needs, soc, identity)) == [
        (
            '8: rule "all": needs asks for more people than there are, as each counts once: there would have to be '
            f"{more}. Add members, or ask for fewer approvals."
        )
    ]


@pytest.mark.parametrize(
    ("needs", "soc", "identity"),
    [
        ("{ from = ['soc'], approvals = 2 }", "'U0A', 'U0B'", "'U0A', 'U0C'"),
        ("{ from = ['soc'], approvals = 9 }", "'U0A', 'S0B'", "'U0A'"),
        ("{ from = ['soc'], approvals = 9 }", f"'entra-group:{ID}'", "'U0A'"),
        ("{ from = ['soc'] }, { from = ['identity'] }", "'U0A', 'U0B'", "'U0A', 'U0C'"),
    ],
)
def test_people_are_counted_only_where_all_are_named(needs: str, soc: str, identity: str, tmp_path: Path) -> None:
    assert read(tmp_path, with_members(needs, soc, identity)).rules


def test_an_empty_list_of_those_who_may_never_is_nobody(tmp_path: Path) -> None:
    assert read(tmp_path, TEAM + ALL + "[approve]\nnever = []\n").never_approve == ()


def test_who_is_suspended_may_stay_in_their_team_as_never_wins(tmp_path: Path) -> None:
    text = TEAM.replace('"S0SOC"', '"S0SOC", "U0DIEGO"') + ALL
    assert read(tmp_path, text + "[approve]\nnever = ['U0DIEGO']\n").never_approve == ("U0DIEGO",)


def test_more_rules_than_anybody_could_read_are_refused_at_once(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, TEAM + SOME * 501)
    assert told == "3: rules are 501: at most 500. One rule can name many users, groups and roles."


@pytest.mark.parametrize(
    "need", ['{ from = ["soc"],\n  approvals = 1 }', '{ from = ["soc"], }', '{ from = ["soc"]\n}']
)
def test_a_need_over_several_lines_is_told_to_go_in_one(need: str, tmp_path: Path) -> None:
    (told,) = problems(tmp_path, TEAM + ALL.replace('{ from = ["soc"] }', need))
    assert told.startswith("5: is not TOML (")
    assert "what stands between { and } goes in one line, without a comma at its end" in told


TOKEN = "xoxb-12345678901-hush-hush"


@pytest.mark.parametrize(
    "text",
    [
        f"'{TOKEN}' = 1\n",
        f"[teams.{TOKEN}]\nname = 1\nmembers = ['{TOKEN}']\n{TOKEN} = 1\n",
        f"[people]\n{TOKEN} = ['{TOKEN}']\nU0A = ['{TOKEN}']\n",
        f"[[rules]]\nname = '{TOKEN}'\nlevel = '{TOKEN}'\nusers = ['{TOKEN}']\nopen_for = '{TOKEN}'\n",
        f"[[rules]]\nname = 'x'\nneeds = [{{ from = ['{TOKEN}'], approvals = '{TOKEN}' }}]\n",
        f"[ask]\nmembers = ['{TOKEN}']\nnever = '{TOKEN}'\n",
        f"{TOKEN} = 1\n{TOKEN} = 2\n",
        f"[{TOKEN}]\n[{TOKEN}]\n",
        f"x = {{ {TOKEN} = 1, {TOKEN} = 2 }}\n",
        f"x = {TOKEN}\n",
        TOKEN,
    ],
)
def test_a_token_pasted_into_the_file_is_not_repeated(text: str, tmp_path: Path) -> None:
    assert TOKEN not in " ".join(problems(tmp_path, text + TEAM))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[teams.soc]\nmembers = ['S0SOC'",
            "2: is not TOML (Unclosed array): look at the quotes, brackets and commas here and just above.",
        ),
        (
            "\n[ask]\nnever U0A\n",
            (
                "3: is not TOML (Expected '=' after a key in a key/value pair): look at the quotes, brackets and "
                "commas here and just above."
            ),
        ),
        ("a = 1\na = 2\n", "2: has a table or a key that is there already: keep one."),
        ("[a]\n[b]\n[a]\n", "3: has a table or a key that is there already: keep one."),
        ("a = " + "9" * 5000, "1: holds a number that is too long."),
        ("a = " + "[" * 20_000, "1: is nested too deeply: that is no policy file."),
        (b"a = 1\nb = '\xff'\n", "2: is not UTF-8 text: save the file as UTF-8."),
    ],
)
def test_what_is_not_even_toml_is_told_by_its_line(text: str | bytes, expected: str, tmp_path: Path) -> None:
    assert problems(tmp_path, text) == [expected]


def test_a_file_that_can_not_be_read_is_told_without_its_name(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"#" * 1_000_001)
    told = []
    for name in ("none", ".", "big"):
        with pytest.raises(SettingsInvalid) as caught:
            read_policy(tmp_path / name)
        told += caught.value.problems
    assert told == [
        "POLICY_FILE names a file that can't be read (No such file or directory).",
        "POLICY_FILE names a file that can't be read (Is a directory).",
        "POLICY_FILE names a file of more than 1 MB: that is no policy file.",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_belongs_to_somebody_else_is_told(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.touch(mode=0o000)
    with pytest.raises(SettingsInvalid, match=r"can't be read \(Permission denied\)"):
        read_policy(file)


LINES = st.sampled_from([*WHOLE.splitlines(), *WRONG.splitlines()])


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    st.one_of(
        st.binary(),
        st.text().map(str.encode),
        st.lists(LINES).map(lambda lines: "\n".join(lines).encode()),
        st.text("[]{}=\"'#.,\n\\a1 -").map(str.encode),
    )
)
def test_whatever_is_in_the_file_is_a_policy_or_a_list_of_problems(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            policy = read_policy(Path(file.name))
        except SettingsInvalid as error:
            told = error.problems
        else:
            told = ["none"]
            assert policy.rules[-1].is_for_all
            assert all(policy.teams_of(rule) and rule.approvals for rule in policy.rules)
    assert told
