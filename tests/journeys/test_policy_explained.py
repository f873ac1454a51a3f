"""`python -m bot policy`: what is read, which rule decides, and whether some people could approve it."""

import re
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from bot.errors import SettingsInvalid
from bot.explain import explain
from bot.explain_question import read_question
from bot.settings import load
from demo.graph.directory import ALEX, DIEGO, ISAIAH, JONI, LYNNE, MEGAN
from demo.wire import Fault
from tests.command_line import run
from tests.rig import Rig, running
from tests.test_readme import fenced, section

BOARD = "b0a2d000-0000-4000-8000-000000000001"
LEADS = "b0a2d000-0000-4000-8000-000000000002"
POLICY = f"""
[teams.soc]
name = "SOC"
members = ["S0SOC"]

[teams.leads]
name = "Leads"
members = ["entra-group:{LEADS}", "U0ADELE"]

[ask]
members = ["U0ANALYST", "U0DIEGO", "U0NOMAIL"]

[approve]
never = ["U0JONI"]

[people]
U0NOMAIL = ["{JONI}"]

[[rules]]
name = "board"
groups = ["{BOARD}"]
needs = [{{ from = ["leads"], approvals = 2 }}]

[[rules]]
name = "high"
level = "high"
needs = [{{ from = ["soc"] }}, {{ from = ["leads"] }}]

[[rules]]
name = "everything else"
needs = [{{ from = ["soc", "leads"] }}]
"""


SHORT = sha256(POLICY.encode()).hexdigest()[:12]
RULES, ASKS = f"Rules: policy {SHORT}", "Requester Lynne Robbins (U0ANALYST) may ask"
ADELE_IS, ALEX_IS = (
    "User Adele Vance (adelev@contoso.com): risk high",
    "User Alex Wilber (alexw@contoso.com): risk medium",
)
HIGH = (
    "The rule “high” decides: the highest risk is high (high or more). "
    "It takes one from SOC and one from Leads, by different people."
)
REST = "The rule “everything else” decides: no rule before it fits. It takes one from SOC or Leads."
BOARD_DECIDES = (
    "The rule “board” decides: of 1 it can't be ruled out that they are in a group or hold a role named in it. "
    "It takes 2 from Leads, by different people."
)
JONI_IS = "User Joni Sherman (jonis@contoso.com): risk none"
AT_RISK = "is at risk in Entra, so that the approval would not count"
BY_MEGAN = "Approver Megan Bowen (U0MEGAN) could approve, by SOC"
ENOUGH = "Enough: it would be approved"
ONE_BOARD = "b0a2d000-0000-4000-8000-00000000dead"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path, start=False) as rig:
        rig.entra.roles.add("GroupMember.Read.All")
        rig.graph.add_group(BOARD, "Board", members=[JONI])
        rig.graph.add_group(LEADS, "Leads", members=[DIEGO, LYNNE])
        (tmp_path / "policy.toml").write_text(POLICY)
        rig.environ |= {"POLICY_FILE": str(tmp_path / "policy.toml"), "APPROVERS": ""}
        yield rig


def write(rig: Rig, policy: str) -> None:
    Path(rig.environ["POLICY_FILE"]).write_text(policy)


async def told(
    rig: Rig, users: str, *approvers: str, by: str = "U0ANALYST", **changes: str
) -> tuple[bool, list[str]]:
    """Return whether they could approve it, and what was said."""
    lines: list[str] = []
    question = read_question(by, approvers, [users])
    could = await explain(load(rig.environ | changes, None), question, rig.clock, lines.append)
    return could, lines


# -- by the command line


async def test_the_rule_and_each_approver_are_explained_and_enough_of_them_is_status_0(rig: Rig) -> None:
    asked = ("--requester", "U0ANALYST", "--approver", "U0MEGAN", "--approver", "U0DIEGO", "--users")
    status, out, err = await run(rig, "policy", "explain", *asked, "adelev@contoso.com")
    diego = "Approver Diego Siciliani (U0DIEGO) could approve, by SOC and Leads"
    assert out.splitlines() == [RULES, ASKS, ADELE_IS, HIGH, BY_MEGAN, diego, ENOUGH]
    assert (status, err) == (0, "")
    assert not rig.database.exists()


async def test_too_few_of_them_is_status_1(rig: Rig) -> None:
    asked = ("--requester", "U0ANALYST", "--approver", "U0MEGAN", "--users", "adelev@contoso.com")
    status, out, err = await run(rig, "policy", "explain", *asked)
    assert out.splitlines() == [RULES, ASKS, ADELE_IS, HIGH, BY_MEGAN, "Not enough. Still needed: one from Leads"]
    assert (status, err) == (1, "")


async def test_the_readmes_example_is_what_is_printed(rig: Rig) -> None:
    rules, trying = section("## Rules"), section("### Trying them out")
    (policy,), (command,), (expected,) = fenced(rules, "toml"), fenced(trying, "sh"), fenced(trying, "text")
    ids = {"S0123456789": "S0SOC", "U0123456789": "U0ADELE", "U0123456780": "U0ALEX", "U0123456781": "U0ANALYST"}
    ids |= {"U0123456782": "U0MEGAN", "U0123456783": "U0JONI"}

    def here(text: str) -> str:
        return re.sub(r"[SU]\d{10}", lambda match: ids[match[0]], text)

    write(rig, here(policy))
    digest = sha256(here(policy).encode()).hexdigest()[:12]
    _, out, _ = await run(rig, *here(command).split()[3:])
    assert out == here(expected).replace("0f3a5c7e9b1d", digest)
    _, out, _ = await run(rig, "policy", "check")
    assert f"`{out.strip()}`".replace(digest, "0f3a5c7e9b1d") in trying


async def test_all_that_is_wrong_with_ids_and_settings_is_told_at_once_and_is_status_2(rig: Rig) -> None:
    asked = (
        "--requester",
        "lynne",
        "--approver",
        "U0MEGAN",
        "S0SOC",
        "--users",
        "adelev, <@U0ALEX> adelev@contoso.com",
    )
    status, out, err = await run(rig, "policy", "explain", *asked, POLICY_FILE="/nowhere", PORT="x")
    assert (status, out) == (2, "")
    assert err.splitlines() == [
        "--requester holds `lynne`: give a Slack user id (U…).",
        "--approver holds `S0SOC`: give a Slack user id (U…).",
        "--users holds `adelev`: give object ids (GUIDs) or e-mail addresses.",
        "--users holds `<@U0ALEX>`: give object ids (GUIDs) or e-mail addresses.",
        "POLICY_FILE names a file that can't be read (No such file or directory).",
        "PORT must be a whole number from 0 to 65535.",
    ]
    assert rig.books.calls == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["policy"], "the following arguments are required: check | explain"),
        (["policy", "explain"], "the following arguments are required: --requester, --approver, --users"),
        (["serves"], "invalid choice: 'serves'"),
    ],
)
async def test_what_is_no_command_is_status_2_with_the_usage(rig: Rig, arguments: list[str], words: str) -> None:
    status, out, err = await run(rig, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("usage: python -m bot")
    assert words in err


@pytest.mark.parametrize(
    ("users", "problem"),
    [
        (" , ;", "--users is empty: give object ids (GUIDs) or e-mail addresses."),
        (" ".join(f"u{n}@b.co" for n in range(501)), "--users holds 501 users: one request holds 500 at most."),
    ],
)
def test_nobody_and_more_users_than_a_request_holds_are_refused(users: str, problem: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_question("U0ANALYST", ["U0MEGAN"], [users])
    assert refused.value.problems == [problem]


async def test_the_version_is_told_without_any_settings(rig: Rig) -> None:
    assert await run(rig, "--version", POLICY_FILE="/nowhere") == (0, "confirm-safe 0.1.0\n", "")


async def test_check_reads_the_file_and_asks_nobody(rig: Rig) -> None:
    assert await run(rig, "policy", "check") == (0, f"ok: 3 rules, 2 teams, policy {SHORT}\n", "")
    assert rig.books.calls == []


async def test_check_without_a_file_says_so(rig: Rig) -> None:
    out = "ok: no policy file, one approval by anybody in APPROVERS\n"
    assert await run(rig, "policy", "check", POLICY_FILE="", APPROVERS="S0SOC") == (0, out, "")


async def test_check_tells_all_mistakes_of_the_file_and_the_settings(rig: Rig) -> None:
    write(rig, POLICY.replace('from = ["leads"], approvals', 'from = ["leds"], approvals') + "approvals = 2\n")
    status, out, err = await run(rig, "policy", "check", PORT="x")
    assert (status, out) == (2, "")
    assert [line.partition(" ")[0] for line in err.splitlines()] == ["policy.toml:22:", "policy.toml:32:", "PORT"]


async def test_no_secret_is_told(rig: Rig) -> None:
    asked = ("--requester", "U0ANALYST", "--approver", "U0MEGAN", "--users", "adelev@contoso.com")
    _, out, err = await run(rig, "policy", "explain", *asked, LOG_LEVEL="DEBUG")
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "AZURE_CLIENT_SECRET"):
        assert rig.environ[name] not in out + err


# -- what is told


async def test_each_who_could_not_approve_is_told_why(rig: Rig) -> None:
    rig.graph.users[DIEGO].enabled = False
    could, lines = await told(
        rig, ALEX, "U0DIEGO", "U0JONI", "U0GUEST", "U0NOBODY", "U0ALEX", "U0ANALYST", "U0ADELE", "U0NOMAIL"
    )
    assert lines == [
        RULES,
        ASKS,
        ALEX_IS,
        REST,
        "Approver Diego Siciliani (U0DIEGO) could not approve: their account in Entra is disabled",
        "Approver Joni Sherman (U0JONI) could not approve: is among those who may never approve",
        "Approver Pradeep Gupta (U0GUEST) could not approve: is not a full member of this workspace",
        "Approver U0NOBODY (unknown to Slack) could not approve: is not a full member of this workspace",
        "Approver Alex Wilber (U0ALEX) could not approve: is one of the users",
        "Approver Lynne Robbins (U0ANALYST) could not approve: is the requester",
        "Approver Adele Vance (U0ADELE) could not approve: " + AT_RISK,
        "Approver Nestor Wilke (U0NOMAIL) could approve, by SOC",
        ENOUGH,
    ]
    assert could


async def test_who_is_in_no_team_that_the_rule_asks_for_is_told_which(rig: Rig) -> None:
    could, lines = await told(rig, JONI, "U0MEGAN", "U0DIEGO")
    assert lines[2:] == [
        f"{JONI_IS}, not at risk now: a request would leave them out, here they count",
        BOARD_DECIDES,
        "Approver Megan Bowen (U0MEGAN) could not approve: is not in Leads",
        "Approver Diego Siciliani (U0DIEGO) could approve, by Leads",
        "Not enough. Still needed: one from Leads",
    ]
    assert not could


async def test_who_adds_nothing_or_has_no_one_account_is_told(rig: Rig) -> None:
    could_not, still = "could not approve:", "Still needed: one from Leads"
    rig.slack.groups["S0SOC"] |= {"U0JANE", "U0TWIN", "U0LOST"}
    for user, mail in (("U0JANE", "jonis"), ("U0TWIN", "megan.b"), ("U0LOST", "lost")):
        rig.slack.users[user] = type(rig.slack.users["U0MEGAN"])(user, user[2:].title(), f"{mail}@contoso.com")
    rig.graph.users[MEGAN].proxy_addresses = ("smtp:megan.b@contoso.com",)
    rig.graph.add_user("0d1f7b0e-7a58-4b5c-9d8e-3a1f27c6e4b2", "Jo", "jo@contoso.com", mail="jonis@contoso.com")
    could, lines = await told(
        rig, "adelev@contoso.com", "U0MEGAN", "U0TWIN", "U0JANE", "U0LOST", "U0NOMAIL", "U0MEGAN"
    )
    assert lines[4:] == [
        BY_MEGAN,
        f"Approver Twin (U0TWIN) {could_not} their account in Entra has approved, by another Slack user. {still}",
        f"Approver Jane (U0JANE) {could_not} Entra has more than one account for jonis@contoso.com",
        f"Approver Lost (U0LOST) {could_not} Entra has no account for lost@contoso.com",
        f"Approver Nestor Wilke (U0NOMAIL) {could_not} would not add what is missing. {still}",
        f"Not enough. {still}",
    ]
    assert not could


async def test_without_a_policy_file_the_lists_are_explained(rig: Rig) -> None:
    could, lines = await told(rig, "adelev@contoso.com", "U0NOMAIL", "U0MEGAN", POLICY_FILE="", APPROVERS="S0SOC")
    assert lines == [
        "Rules: no policy file",
        ASKS,
        ADELE_IS,
        "It takes one from the approvers.",
        "Approver Nestor Wilke (U0NOMAIL) could not approve: has no e-mail address in Slack, and is not in [people]",
        "Approver Megan Bowen (U0MEGAN) could approve",
        ENOUGH,
    ]
    assert could


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("U0MEGAN", "Megan Bowen (U0MEGAN) may not ask: is not among those who may, or among those who never may"),
        ("U0GUEST", "Pradeep Gupta (U0GUEST) may not ask: is not a full member of this workspace"),
        ("U0NOMAIL", "Nestor Wilke (U0NOMAIL) may not ask: has no e-mail address in Slack"),
    ],
)
async def test_who_may_not_ask_is_told_and_then_nobody_could_approve_it(rig: Rig, by: str, words: str) -> None:
    could, lines = await told(rig, ALEX, "U0DIEGO", by=by)
    assert lines[1] == f"Requester {words}"
    assert lines[-1] == ENOUGH
    assert not could


async def test_whom_a_request_would_not_be_for_is_told_and_left_out(rig: Rig) -> None:
    rig.graph.add_risky(LYNNE, "high")
    could, lines = await told(rig, f"{LYNNE} {ISAIAH} {ALEX}", "U0MEGAN")
    assert lines[2:5] == [
        "User Lynne Robbins: the requester's own account, a request would leave it out",
        f"User {ISAIAH}: deleted in Entra, a request would leave them out",
        ALEX_IS,
    ]
    assert could
    could, lines = await told(rig, LYNNE, "U0MEGAN")
    assert lines[-1] == "Nobody is left whom a request could be for."
    assert not could


async def test_a_user_whom_entra_does_not_know_leaves_it_open(rig: Rig) -> None:
    could, lines = await told(rig, f"nobody@contoso.com,{ONE_BOARD},alexw@contoso.com", "U0MEGAN")
    assert lines[2:4] == [
        "User nobody@contoso.com: Entra knows no such user",
        f"User {ONE_BOARD}: Entra knows no such user",
    ]
    assert lines[-1] == ENOUGH
    assert not could


# -- what can't be told


async def test_a_missing_permission_is_told_and_what_is_not_known_counts_as_the_worst(rig: Rig) -> None:
    rig.entra.roles.remove("GroupMember.Read.All")
    could, lines = await told(rig, ALEX, "U0ADELE", "U0DIEGO")
    assert lines[1] == (
        'Permission: GroupMember.Read.All is missing in the app\'s token, but rule "board" and team Leads need it. '
        "An admin grants it and its consent, or the rule is taken out."
    )
    assert "The rule “board” decides" in lines[4]
    assert lines[6] == (
        "Approver Diego Siciliani (U0DIEGO) could not approve: "
        "Entra doesn't tell now whose account theirs is, or which groups it is in"
    )
    assert not could


async def test_without_the_directory_users_and_approvers_are_found_among_those_at_risk(rig: Rig) -> None:
    rig.entra.roles.clear()
    rig.entra.roles.add("IdentityRiskyUser.ReadWrite.All")
    rig.graph.add_risky(DIEGO, "low")
    lists = {"POLICY_FILE": "", "APPROVERS": "S0SOC"}
    could, lines = await told(rig, "adelev@contoso.com jonis@contoso.com", "U0DIEGO", "U0MEGAN", **lists)
    assert lines[2:] == [
        ADELE_IS,
        "User jonis@contoso.com: Entra knows no such user",
        "It takes one from the approvers.",
        f"Approver Diego Siciliani (U0DIEGO) could not approve: {AT_RISK}",
        "Approver Megan Bowen (U0MEGAN) could approve",
        ENOUGH,
    ]
    assert not could


SILENT_ENTRA = "can't be told now: Entra does not answer as it should (503 ServiceUnavailable)"


async def test_while_entra_does_not_tell_the_groups_of_users_they_count_as_in_all(rig: Rig) -> None:
    rig.graph.faults.add(Fault("memberships", "status", status=503, when=lambda call: ALEX in call.name))
    could, lines = await told(rig, ALEX, "U0MEGAN")
    assert lines[3] == f"Groups and roles of the users {SILENT_ENTRA}; they count as in all that the rules name"
    assert "The rule “board” decides" in lines[4]
    assert not could


async def test_a_user_whom_the_directory_refuses_to_tell_of_is_found_among_those_at_risk(rig: Rig) -> None:
    rig.graph.faults.add(Fault("users", "status", status=403, when=lambda call: "alexw" in call.name))
    could, lines = await told(rig, "alexw@contoso.com", "U0MEGAN")
    assert lines[2] == ALEX_IS
    assert could


async def test_while_entra_does_not_tell_a_users_risk_it_is_left_open(rig: Rig) -> None:
    rig.graph.faults.add(Fault("riskyUsers", "status", status=503, times=-1))
    could, lines = await told(rig, ALEX, "U0MEGAN")
    assert lines[2:] == [f"User {ALEX} {SILENT_ENTRA}", "Nobody is left whom a request could be for."]
    assert not could


async def test_while_entra_does_not_tell_an_approvers_risk_it_is_left_open(rig: Rig) -> None:
    rig.graph.faults.add(Fault("riskyUsers", "status", status=503, times=-1, when=lambda call: MEGAN in call.name))
    could, lines = await told(rig, ALEX, "U0MEGAN", "U0DIEGO")
    assert lines[4] == f"Approver U0MEGAN {SILENT_ENTRA}"
    assert lines[-1] == ENOUGH
    assert not could


async def test_while_entra_does_not_tell_whose_account_it_is_nobody_says_that_it_is_enough(rig: Rig) -> None:
    rig.graph.faults.add(Fault("users", "status", status=503, times=-1, when=lambda call: "$filter" in call.args))
    could, lines = await told(rig, ALEX, "U0MEGAN", POLICY_FILE="", APPROVERS="S0SOC")
    assert lines[4:] == [
        "Approver Megan Bowen (U0MEGAN) could approve",
        f"Whether they are enough {SILENT_ENTRA}",
    ]
    assert not could


async def test_while_slack_does_not_tell_it_is_left_open(rig: Rig) -> None:
    rig.slack.faults.add(Fault("users.info", "status", status=503, times=-1))
    could, lines = await told(rig, ALEX, "U0MEGAN")
    silent = "can't be told now: Slack does not answer as it should (internal_error)"
    assert lines[1:] == [
        f"Requester U0ANALYST {silent}",
        ALEX_IS,
        REST,
        f"Approver U0MEGAN {silent}",
        "Not enough. Still needed: one from SOC or Leads",
    ]
    assert not could


async def test_when_entra_is_too_busy_a_reading_is_made_again(rig: Rig) -> None:
    rig.graph.faults.add(Fault("riskyUsers", "status", status=429, times=2))
    could, lines = await told(rig, ALEX, "U0MEGAN")
    assert lines[-1] == ENOUGH
    assert could
    rig.graph.faults.add(Fault("riskyUsers", "status", status=429, times=-1))
    could, lines = await told(rig, ALEX, "U0MEGAN")
    assert lines[2] == f"User {ALEX} can't be told now: Entra does not answer as it should (429 TooManyRequests)"
    assert not could


async def test_readings_keep_the_pace_of_the_tenant(rig: Rig) -> None:
    await told(rig, " ".join(rig.graph.add_crowd(4)), "U0MEGAN")
    assert len(rig.graph.spacing()) == 4
    assert min(rig.graph.spacing()) >= 1.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, "Slack: the token does not work (invalid_auth)."),
        ({"AZURE_CLIENT_SECRET": "wrong"}, "Entra sign-in: Entra refused to sign in the bot (AADSTS7000215)."),
    ],
)
async def test_who_is_not_let_in_is_told_what_to_do(rig: Rig, changes: dict[str, str], words: str) -> None:
    could, lines = await told(rig, ALEX, "U0MEGAN", **changes)
    assert lines[1].startswith(words)
    assert not could
