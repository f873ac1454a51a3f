"""What waits to be sent, and who of it goes in the next call."""

import asyncio
from dataclasses import dataclass, field

from bot.core.bisection import Bisection, Failed
from bot.core.ids import ObjectId
from bot.core.model import Request
from bot.delivery.reasons import WhyWant
from bot.delivery.wants import Want


@dataclass(slots=True, eq=False)
class Job:
    """An approved request that waits to be sent."""

    request: Request
    since: float
    accounts: tuple[ObjectId, ...] | None = None
    """That of whoever approved; empty where the directory knows none or tells nothing, None until it was asked."""
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
    judged_at: float | None = None
    """When the policy was last asked whether whoever approved may; None until it was."""
    is_untold: bool = False
    """Whether nobody could tell when it was asked last."""
    is_disallowed: bool = False
    """What it said then: they may not any more."""
    ready_since: float | None = None
    is_over: bool = False
    """Whether the approval it was taken up for counts no longer."""
    done: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def approver(self) -> str:
        """The e-mail address of whoever approved."""
        return self.request.decision.email if self.request.decision else ""

    def became(self, request: Request) -> None:
        """Go on with the request as it is stored now; what is known of its approver says nothing of another."""
        was, now = self.request.decision, request.decision
        if was is not None and (now is None or (now.by, now.at) != (was.by, was.at)):
            self.is_over = True
        self.request = request

    @property
    def waiting(self) -> tuple[ObjectId, ...]:
        return tuple(target.user_id for target in self.request.having("waiting"))


Batch = dict[Job, tuple[ObjectId, ...]]


@dataclass(frozen=True, slots=True)
class Going:
    """Who goes in the next call; `part_of` the search for bad ids in a batch that was refused."""

    batch: Batch
    part_of: Bisection | None = None
    failed: Failed = ()
    """Who turned out to be the cause without another call; then there is none."""
