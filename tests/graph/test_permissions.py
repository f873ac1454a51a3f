"""Which permissions the rules need, and who is told which of them are missing."""

from dataclasses import replace

import pytest

from bot.core.ids import ObjectId
from bot.core.rules import Need, Policy, Rule, Team, of_lists
from bot.graph.accounts import may_read
from bot.graph.permissions import lacking
from bot.remedies import permissions_missing

OPS = Team("ops", "Operations", ("U0PRIYA",))
LEADS = Team("leads", "Leads", ("S0LEADS", "entra-group:b0a2d000-0000-4000-8000-000000000001"))
GROUP = ObjectId("b0a2d000-0000-4000-8000-000000000002")
LAST = Rule("others", (Need(("ops",)),))
USERS, MEMBERS, ALL = "User.Read.All", "GroupMember.Read.All", "Directory.Read.All"


def policy(*rules: Rule) -> Policy:
    return Policy({"ops": OPS}, (*rules, LAST))


def test_lists_of_slack_ids_need_nothing() -> None:
    assert lacking(of_lists(("U0PRIYA", "S0LEADS"), ("U0DANA",)), frozenset()) == ()


@pytest.mark.parametrize(
    ("what", "needing"),
    [
        (Policy({"leads": LEADS}, (Rule("all", (Need(("leads",)),)),)), "team Leads"),
        (replace(policy(), requesters=LEADS.members), "who may ask"),
        (replace(policy(), never_ask=LEADS.members), "who may never ask"),
        (replace(policy(), never_approve=LEADS.members), "who may never approve"),
        (policy(Rule("board", (Need(("ops",)),), groups=(GROUP,))), 'rule "board"'),
        (policy(Rule("admins", (Need(("ops",)),), roles=("any",))), 'rule "admins"'),
    ],
)
def test_whatever_names_a_group_or_a_role_needs_both(what: Policy, needing: str) -> None:
    assert lacking(what, frozenset()) == ((USERS, needing), (MEMBERS, needing))
    assert lacking(what, frozenset({USERS})) == ((MEMBERS, needing),)
    assert lacking(what, frozenset({MEMBERS})) == ((USERS, needing),)
    assert lacking(what, frozenset({USERS, MEMBERS})) == ()
    assert lacking(what, frozenset({ALL})) == ()


def test_more_than_one_approval_needs_the_accounts() -> None:
    two = policy(Rule("many", (Need(("ops",), 2),), more_than=20))
    assert lacking(two, frozenset()) == ((USERS, 'rule "many"'),)
    assert lacking(two, frozenset({USERS})) == ()


def test_a_token_that_does_not_show_its_roles_may_have_them() -> None:
    assert may_read(USERS, None)
    assert may_read(MEMBERS, frozenset({ALL}))
    assert not may_read(MEMBERS, frozenset({USERS}))


@pytest.mark.parametrize(
    ("needed_by", "words"),
    [
        (['rule "many"'], 'rule "many" needs it. An admin grants it and its consent, or the rule is taken out.'),
        (["team Leads"], "team Leads needs it. An admin grants it and its consent, or the group is taken out."),
        (["APPROVERS"], "APPROVERS need it. An admin grants it and its consent, or the group is taken out."),
        (
            ["who may ask", 'rule "many"'],
            'rule "many" and who may ask need it. An admin grants it and its consent, or the rule is taken out.',
        ),
    ],
)
def test_a_missing_permission_is_told_once_with_all_that_need_it(needed_by: list[str], words: str) -> None:
    ((permission, trouble),) = permissions_missing((USERS, what) for what in needed_by)
    assert (permission, str(trouble)) == (USERS, f"{USERS} is missing in the app's token, but {words}")
