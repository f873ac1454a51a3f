"""A request that waits to be sent, as long as it waits by the approval that it was taken up for."""

from dataclasses import replace

from bot.core.decisions import Decision
from bot.core.ids import SlackUserId
from bot.core.model import Target
from bot.delivery.jobs import Job
from tests.slack.made import NOON, request, snapshot

MEGANS = Decision(SlackUserId("U0MEGAN"), NOON, 1, email="meganb@contoso.com")
DIEGOS = Decision(SlackUserId("U0DIEGO"), NOON, 2, email="diegos@contoso.com")


async def test_what_is_known_of_one_approver_is_not_held_for_another() -> None:
    approved = request((Target(snapshot()),), "approved", decision=MEGANS)
    job = Job(approved, 0.0)
    job.became(replace(approved, decision=replace(MEGANS, void="not_allowed")))
    assert not job.is_over
    job.became(replace(approved, decision=DIEGOS))
    assert job.is_over
