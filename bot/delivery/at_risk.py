"""The users at risk, to choose from: one list for everybody, read once a minute at most and answered from memory."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog

from bot.clock import Clock
from bot.core import shared
from bot.core.detections import seriousness
from bot.core.ids import ObjectId
from bot.core.levels import rank_of
from bot.core.listed import Listed, Sharing, Trouble
from bot.core.model import RiskySnapshot
from bot.core.reasons import Reason
from bot.delivery.conversation import Conversation
from bot.errors import GraphError, SignInFailed

KEPT = 60.0
"""Seconds until it is read anew."""
AT_MOST = 120.0
"""Seconds in which the one before is shown meanwhile: a long list takes its time at Entra's pace."""
READ_WITHIN = 45.0
"""As long as the longest list takes at Entra's pace."""
TRIED_AGAIN = 10.0
"""Seconds until a list that could not be read may be tried again."""
MOST_EXPLAINED = 280
"""Users whose detections are read, at 28 a call: the tenant shares the pace."""
GROUPS_KEPT = 1_000

log = structlog.get_logger()


@dataclass(slots=True)
class _Kept:
    """One reading at a time, whose outcome is kept for a while."""

    task: "asyncio.Task[None] | None" = None
    read_at: float = field(default=float("-inf"))

    def is_fresh(self, now: float) -> bool:
        return now - self.read_at < KEPT

    def can_be_shown(self, now: float) -> bool:
        return now - self.read_at < AT_MOST

    def begin(self, now: float, reading: Callable[[], Coroutine[Any, Any, None]]) -> "asyncio.Task[None] | None":
        """Read, unless that is under way or was done so short a time ago."""
        if (self.task is None or self.task.done()) and not self.is_fresh(now):
            self.task = asyncio.create_task(reading())
        return self.task


class AtRisk:
    """One for the process. It never raises: who chooses can still paste ids."""

    def __init__(self, conversation: Conversation, clock: Clock) -> None:
        self._conversation = conversation
        self._clock = clock
        self._list, self._why = _Kept(), _Kept()
        self._listed = Listed()
        self._sharing = Sharing()
        self._shown: dict[str, tuple[ObjectId, ...]] = {}

    @property
    def known(self) -> Listed | None:
        """What was read a short time ago, or that nothing could be."""
        return self._listed if self._list.can_be_shown(self._clock.monotonic()) else None

    async def read(self, within: float) -> Listed | None:
        """The list, awaited for so many seconds; the reading goes on if that is too short. None: not yet."""
        task = self._list.begin(self._clock.monotonic(), self._read)
        if self.known is None or self.known.trouble:
            await _awaited(task, within)
        return self.known

    async def sharing(self, within: float) -> Sharing | None:
        """What they share; their detections are read only where somebody asks for it. None: not yet."""
        task = self._why.begin(self._clock.monotonic(), self._explain)
        if not self._why.can_be_shown(self._clock.monotonic()):
            await _awaited(task, within)
        return self._sharing if self._why.can_be_shown(self._clock.monotonic()) else None

    async def users_of(self, value: str, within: float) -> tuple[ObjectId, ...] | Literal["gone", "reading"]:
        """Exactly the users of a group as it was shown, also by another process; else why they can't be told."""
        if (ids := self._shown.get(value)) is not None:
            return ids
        if await self.sharing(within) is None:
            return "reading"
        return shared.again(value, self._listed.users, self._reasons()) or "gone"

    async def close(self) -> None:
        left = [one.task for one in (self._list, self._why) if one.task is not None and not one.task.done()]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    async def _read(self) -> None:
        began = self._clock.monotonic()
        at = self._clock.now()
        try:
            found = await self._conversation.everybody_at_risk(READ_WITHIN)
        except (GraphError, SignInFailed, TimeoutError) as error:
            log.warning("the users at risk can't be listed", why=str(error))
            self._listed = Listed(trouble=_trouble(error))
            self._list.read_at = self._clock.monotonic() - KEPT + TRIED_AGAIN
            return
        users = sorted((user for user in found if not user.is_deleted), key=_riskiest_first)
        self._listed, self._list.read_at = Listed(tuple(users), at), began

    async def _explain(self) -> None:
        listed = await self.read(READ_WITHIN)
        users = listed.users if listed else ()
        newest = sorted(users, key=lambda user: user.last_updated or user.read_at, reverse=True)[:MOST_EXPLAINED]
        await self._conversation.why({user.user_id: user.last_updated for user in newest}, READ_WITHIN)
        why = self._reasons()
        found = shared.groups(sorted(users, key=lambda user: _riskiest(user, why)), why, self._clock.now())
        self._sharing = Sharing(found, len(why), len(users))
        self._shown.update((group.value, group.ids) for group in found)
        while len(self._shown) > GROUPS_KEPT:
            del self._shown[next(iter(self._shown))]
        # That nothing could be read holds for a shorter while.
        is_told = bool(why) or (listed is not None and not (listed.trouble or users))
        self._why.read_at = self._clock.monotonic() - (0.0 if is_told else KEPT - TRIED_AGAIN)

    def _reasons(self) -> Mapping[ObjectId, tuple[Reason, ...]]:
        known = {u.user_id: self._conversation.reasons.of(u.user_id, u.last_updated) for u in self._listed.users}
        return {user_id: reasons for user_id, reasons in known.items() if reasons is not None}


def _trouble(error: GraphError | SignInFailed | TimeoutError) -> Trouble:
    if isinstance(error, SignInFailed):
        return "sign_in"
    return "not_read" if isinstance(error, TimeoutError) else "refused"


def _riskiest_first(user: RiskySnapshot) -> tuple[int, float, str]:
    """By level, then the newest."""
    return -rank_of(user.level), -(user.last_updated or user.read_at).timestamp(), user.user_id


def _riskiest(user: RiskySnapshot, why: Mapping[ObjectId, tuple[Reason, ...]]) -> tuple[int, int, str]:
    top = min((seriousness(reason.type) for reason in why.get(user.user_id, ())), default=0)
    return -rank_of(user.level), top, user.user_id


async def _awaited(task: "asyncio.Task[None] | None", within: float) -> None:
    if task is not None:
        await asyncio.wait([task], timeout=within)
