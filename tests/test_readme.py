"""The README stays true: its settings, scopes, commands and example are those of the code."""

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import pytest

from bot.__main__ import _parser
from bot.check_entra import WRITE
from bot.check_slack import SCOPES
from bot.core.decisions import Decision
from bot.core.model import MAX_USERS, MAX_USERS_SHOWN
from bot.core.policy import Action, Why
from bot.errors import SlackDown
from bot.graph import detections
from bot.graph.accounts import DIRECTORY, GROUPS
from bot.graph.application import PERMISSION
from bot.remedies import app_token_trouble
from bot.settings import SETTINGS, load
from bot.slack.blocks import refusals
from bot.store.ledger import REFUSALS_AN_HOUR
from tests.slack import made

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text under a heading, to the next one of the same or a higher level."""
    level = title.partition(" ")[0]
    found = re.search(rf"^{re.escape(title)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", README, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of each row of the tables in the text, without heads and rulers."""
    tables = [line for line in text.splitlines() if line.lstrip().startswith("|")]
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in tables]
    rulers = [n for n, row in enumerate(cells) if set("".join(row)) <= {"-"}]
    return [row for n, row in enumerate(cells) if n not in rulers and n + 1 not in rulers]


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_every_setting_is_in_the_table_as_the_code_has_it() -> None:
    expected = [[f"`{doc.name}`", doc.default, doc.meaning] for doc in SETTINGS]
    assert rows(section("## Settings")) == expected


def test_the_example_of_settings_is_accepted_and_names_all_that_are_required() -> None:
    (example,) = (block for block in fenced(section("### 3. The bot"), "sh") if "APPROVERS" in block)
    environ = dict(line.split("=", 1) for line in example.splitlines())
    required = {doc.name for doc in SETTINGS if "required" in doc.default} | {"AZURE_CLIENT_SECRET"}
    assert set(environ) == required - {"SLACK_SIGNING_SECRET"} | {"SLACK_APP_TOKEN"}  # the simpler way in
    assert load(environ, None).approvers == ("S0123456789", "U0123456789")


def test_every_setting_that_is_spoken_of_exists() -> None:
    known = {doc.name for doc in SETTINGS}
    spoken = set(re.findall(r"\b(?:SLACK|AZURE|GRAPH|AUDIT|DATABASE|LOG|APPROVAL)_[A-Z_]+\b", README))
    assert spoken
    assert {name for name in spoken - known if name.removesuffix("_FILE") not in known} == set()


def test_the_ways_in_are_told_with_the_command_that_prints_their_manifest() -> None:
    told = " ".join(section("### 1. The Slack app").split())
    for way in (["--socket-mode"], ["--url", "https://YOUR-HOST"]):
        assert f"`{' '.join(way)}`" in told or f"manifest {' '.join(way)}`" in told
        assert _parser().parse_args(["manifest", *way]).command == "manifest"
    steps = re.findall(r"^\d\.", section("### 1. The Slack app"), re.MULTILINE)
    assert steps == ["1.", "2.", "3.", "4.", "5."]


@pytest.mark.parametrize("code", ["invalid_auth", "missing_scope", "link_disabled", "too_many_websockets", "closed"])
def test_what_goes_wrong_with_socket_mode_is_in_the_table(code: str) -> None:
    what = app_token_trouble(SlackDown(code), "").what
    heads = [row[0] for row in rows(section("## When things go wrong")) if row[0].startswith("`Socket Mode: ")]
    told = [piece.removeprefix("Socket Mode: ") for head in heads for piece in re.findall(r"`([^`]+)`", head)]
    assert any(piece in what for piece in told)


def test_each_scope_is_explained_and_no_other() -> None:
    explained = [
        re.findall(r"`([^`]+)`", row[0]) for row in rows(section("### 1. The Slack app")) if row[0].startswith("`")
    ]
    assert [scope for cell in explained for scope in cell] == list(SCOPES)


def test_the_permissions_are_those_the_doctor_looks_for() -> None:
    named = rows(section("### 2. The app registration in Entra"))
    assert [row[0] for row in named] == [
        f"`{WRITE}`",
        f"`{DIRECTORY}`",
        f"`{GROUPS}`",
        f"`{detections.PERMISSION}`",
        f"`{PERMISSION}`",
    ]


def test_every_make_command_it_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake (demo|test|install|check|format|clean|bench)\b", README))
    assert {"demo", "test", "install"} <= named
    assert named <= targets


def test_every_file_it_links_to_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not urlsplit(link).scheme]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_limits_it_tells_are_the_codes() -> None:
    using = " ".join(section("## Using it").split())
    assert f"up to {MAX_USERS}." in using
    assert f"Above {MAX_USERS_SHOWN} users" in using
    assert f"beyond {REFUSALS_AN_HOUR} for a person and hour" in section("## The audit trail")


REFUSED: tuple[tuple[str, Action, Why], ...] = (
    ("approve, but aren't on the list", "approve", "not_approver"),
    ("approve what you asked for", "approve", "own_request"),
    ("deny what you asked for", "deny", "own_request"),
    (
        "decide on what you asked for by a second Slack user with the same account",
        "approve",
        "asked_elsewhere",
    ),
    ("decide on a request that names your own account", "approve", "own_account"),
    ("have no e-mail address in Slack", "approve", "no_email"),
    ("have no account in Entra by your Slack e-mail address", "approve", "no_account"),
    ("have more than one", "approve", "several_accounts"),
    ("decide while your account in Entra is disabled", "approve", "account_disabled"),
    ("are a guest, a bot, deactivated or from another organisation", "approve", "not_member"),
    ("click while Slack does not say who you are", "approve", "could_not_check"),
    ("click while Entra does not say what the rules have to know of you", "approve", "entra_silent"),
    ("approve a second time what takes two", "approve", "approved_already"),
    ("approve by a second Slack user with the same account in Entra", "approve", "same_account"),
    ("approve what takes two, and your team has approved already", "approve", "wrong_team"),
    ("click on what is decided", "approve", "decided"),
    ("approve what has changed while you were reading", "approve", "old_view"),
    ("leave out everybody in a review", "approve", "nobody_left"),
    ("click before the bot has recorded that the message is there", "approve", "not_shown"),
    ("deny, but aren't on the list", "deny", "only_approvers_deny"),
    ("stop, but neither asked nor are on the list", "stop", "only_approvers_stop"),
    ("stop when everybody was sent", "stop", "too_late"),
    ("report a mistake, but neither asked nor are on the list", "mistake", "only_approvers_report"),
    ("report a mistake that was reported", "mistake", "marked"),
    ("report a mistake while some are still to be sent", "mistake", "still_sending"),
    ("report a mistake where nobody was confirmed safe", "mistake", "nothing_confirmed"),
    ("click on another message, or on a request that is gone", "approve", "unknown_request"),
    ("ask, but may not", "ask_again", "may_not_ask"),
    ("withdraw what somebody else asked for", "withdraw", "only_asker_withdraws"),
)


EMAIL = "megan@contoso.com"
QUORUM = replace(made.PLACE, missing="one from Identity", approvers=("S0IDENT",))


def refusal(action: Action, why: Why) -> str:
    """What the person reads, as Slack draws it."""
    decided = replace(made.request(state="approved"), decision=Decision(made.MEGAN, made.NOON, 1))
    marked = replace(decided, mistake=decided.decision)
    request = {"decided": decided, "marked": marked}.get(why, made.request())
    match why:
        case "may_not_ask":
            message = refusals.may_not_ask(made.PLACE)
        case "only_asker_withdraws":
            message = refusals.only_asker_withdraws(request)
        case _:
            place = QUORUM if why in {"approved_already", "same_account", "wrong_team"} else made.PLACE
            message = refusals.said_of(why, refusals.Tried(action, 0, made.NOON, "8f2c41d7", EMAIL), request, place)
    text = re.sub(r"<!date[^|]*\|([^>]*)>", r"\1", message.text)
    text = (
        text.replace("<!subteam^S0SOC>", "@soc-approvers")
        .replace("<!subteam^S0IDENT>", "@identity")
        .replace("<#C0APPROVE>", "#id-approvals")
    )
    for user in ("ANALYST", "MEGAN", "DIEGO"):
        text = text.replace(f"<@U0{user}>", f"@{user.lower()}")
    return text


def test_the_table_of_refusals_has_each_with_the_text_that_people_read() -> None:
    assert {why for _, _, why in REFUSED} == set(get_args(Why))
    assert rows(section("### Who is told no")) == [[f"You {does}", refusal(act, why)] for does, act, why in REFUSED]
