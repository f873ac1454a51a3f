"""What waits to be sent, and who of it goes in the next call."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.bisection import Bisection, Failed
from bot.core.decisions import Decision
from bot.core.ids import ObjectId, Sendable, SlackUserId
from bot.core.model import Request
from bot.core.quorum import Panel
from bot.delivery.reasons import WhyWant
from bot.delivery.wants import Want


@dataclass(slots=True, eq=False)
class Job:
    """An approved request that waits to be sent."""

    request: Request
    since: float
    accounts: Mapping[SlackUserId, tuple[ObjectId, ...]] | None = None
    """Of each who approved; empty where the directory knows none or may not be asked, None until it told."""
    want: Want | None = None
    read_after: float = 0.0
    """When those whom Graph would not tell of may be asked for again."""
    account_want: Want | None = None
    account_after: float = 0.0
    why: WhyWant | None = None
    why_after: float = 0.0
    """When it may be tried again to read why users are at risk."""
    why_failed_at: float | None = None
    """Since when that could not be read."""
    placed_at: float | None = None
    """When it was last read which groups and roles its users are not in, as far as the rules have to know."""
    judged_at: float | None = None
    """When the policy was last asked whether those who approved may; None until it was."""
    is_untold: bool = False
    """Whether nobody could tell when it was asked last."""
    panel: Panel = field(default_factory=Panel)
    """What it said then."""
    ready_since: float | None = None
    is_over: bool = False
    """Whether the approval it was taken up for counts no longer."""
    done: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def account_ids(self) -> tuple[ObjectId, ...]:
        """The accounts of those who approved, as far as they are known."""
        return tuple(user_id for ids in (self.accounts or {}).values() for user_id in ids)

    @property
    def unknown(self) -> tuple[Decision, ...]:
        """The approvals of those whose account is not known: it is looked for by their e-mail address."""
        known = self.accounts or {}
        return tuple(one for one in self.request.approvals if one.email and not known.get(one.by))

    def became(self, request: Request) -> None:
        """Go on with the request as it is stored now; what is known of its approver says nothing of another."""
        was, now = self.request.decision, request.decision
        if was is not None and (now is None or (now.by, now.at) != (was.by, was.at)):
            self.is_over = True
        self.request = request

    def end(self, error: Exception | None = None) -> None:
        """Tell whoever waits for it that it is over."""
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)

    @property
    def approved_at(self) -> datetime:
        return self.request.decision.at if self.request.decision else self.request.asked_at

    @property
    def waiting(self) -> tuple[Sendable, ...]:
        return self.request.sendable


Batch = dict[Job, tuple[Sendable, ...]]


@dataclass(frozen=True, slots=True)
class Going:
    """Who goes in the next call; `part_of` the search for bad ids in a batch that was refused."""

    batch: Batch
    part_of: Bisection | None = None
    failed: Failed = ()
    """Who turned out to be the cause without another call; then there is none."""
