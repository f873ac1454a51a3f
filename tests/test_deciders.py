"""Who is looked up for a click, and when: before the request is read, where that is the same for every request."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from bot.clicks import Click
from bot.core.ids import RequestId, SlackUserId
from bot.core.policy import Action
from bot.core.rules import Need, Policy, Rule, Team, of_lists
from bot.deciders import teams_at_once
from bot.store.writer import Writer
from tests.rig import running

T = TypeVar("T")
TEAMS = {key: Team(key, key.upper(), (f"S{key}",)) for key in ("soc", "identity")}


def click(action: Action) -> Click:
    return Click(action, SlackUserId("U1"), "", RequestId("CS-2222"), 1)


def test_where_every_rule_asks_the_same_teams_they_are_known_before_the_request_is() -> None:
    assert teams_at_once(of_lists(("U1",)), click("approve")) == ("approvers",)


def test_where_rules_ask_different_teams_the_request_says_which() -> None:
    rules = (Rule("high", (Need(("soc",)),), level="high"), Rule("others", (Need(("soc", "identity")),)))
    policy = Policy(TEAMS, rules)
    assert teams_at_once(policy, click("approve")) is None
    assert teams_at_once(policy, click("deny")) == ("soc", "identity")  # whoever is in any of them may


class Counting(Writer):
    """A writer that counts who waits for an answer."""

    count = 0

    async def run(
        self, work: Callable[[Connection], T], *, deadline: float | None = None, gives_way: bool = False
    ) -> T:
        is_of_a_task = "task" in structlog.contextvars.get_contextvars()  # what posts is recorded at once too
        Counting.count += not gives_way and not is_of_a_task
        return await super().run(work, deadline=deadline, gives_way=gives_way)


async def test_an_approval_waits_for_the_store_once(tmp_path: Path) -> None:
    async with running(tmp_path, HOLD="PT1H") as rig:  # so that Graph is not called meanwhile
        message = await rig.asked()
        assert rig.parts is not None
        rig.parts.store.writer.__class__ = Counting
        Counting.count = 0
        assert (await rig.slack.click(message, "approve")).status == 200
        assert Counting.count == 1
