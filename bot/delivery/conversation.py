"""The conversation with Graph about risky users: one call at a time, each decided when its turn has come."""

import asyncio
import contextvars
import random
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from bot.authority import Authority
from bot.clock import Clock
from bot.core.backoff import delay
from bot.core.ids import ObjectId
from bot.core.model import Request, RiskySnapshot
from bot.core.reasons import Blind
from bot.delivery.jobs import Job
from bot.delivery.reading import Reading
from bot.delivery.reasons import Reasons, Updated, WhyWant
from bot.delivery.sending import Sending
from bot.delivery.wants import Read, Want
from bot.errors import (
    Forbidden,
    GraphError,
    Rejected,
    SignInFailed,
    StoreError,
    Throttled,
    Unauthorized,
    Unavailable,
)
from bot.graph.client import Graph
from bot.graph.pacer import Turn
from bot.store.store import Store

STORE_TROUBLE = 1.0
LOOK_AGAIN = timedelta(seconds=30)
"""The net below being woken."""
REFUSALS = 2

log = structlog.get_logger()


class Conversation:
    """One for the process. Who needs something of Graph awaits it here, and shares the calls with everybody else."""

    def __init__(self, store: Store, graph: Graph, authority: Authority, clock: Clock) -> None:
        self.reading = Reading(graph, clock)
        self.reasons = Reasons(graph, clock)
        self._sending = Sending(store, graph, self.reading, self.reasons, authority=authority, clock=clock)
        self._graph = graph
        self._clock = clock
        self._failures = 0
        self._served = Turn.WRITE
        self._wake = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._explaining: asyncio.Task[None] | None = None

    async def send(self, request: Request) -> None:
        """Send what is approved; returns when nothing of the request waits any more."""
        job = self._sending.add(request)
        self._go_on()
        # Beside the first reading, which does not wait for it.
        judging = asyncio.create_task(self._sending.keep_judging(job, self._wake.set))
        judging.add_done_callback(lambda task: self._is_over(job, task))
        try:
            await job.done
        finally:
            judging.cancel()
            self._sending.drop(job)

    def _is_over(self, job: Job, beside: "asyncio.Task[None]") -> None:
        """Without what was to be found beside, nothing of it can ever go: whoever waits has to know."""
        error = None if beside.cancelled() else beside.exception()
        if error is not None and not job.done.done():
            job.done.set_exception(error)
        self._wake.set()

    async def read(
        self, since: Mapping[ObjectId, datetime], turn: Turn, within: float, *, singles: int | None = None
    ) -> Read:
        """Read users, each by a call that begins after the moment given; what is known after so long is returned.

        `singles` is how many may be got one by one where the list does not name them; None is all of them.
        Raises SignInFailed, Forbidden, Unauthorized, Rejected: nothing can be read at all.
        """
        if not since:
            return Read()
        want = self.reading.want(since, turn, within, len(since) if singles is None else singles)
        self._go_on()
        try:
            return await want.done
        finally:
            self.reading.forget(want)

    async def everybody_at_risk(self, within: float) -> list[RiskySnapshot]:
        """Read the whole list of the users at risk. Raises TimeoutError, and what `read` raises."""
        began = self._clock.now()
        want = self.reading.want_list(Turn.LOOK_UP, within)
        self._go_on()
        try:
            read = await want.done
        finally:
            self.reading.forget(want)
        if self.reading.listed_at(began) is None:
            raise TimeoutError
        return [snapshot for snapshot in read.found.values() if snapshot.is_at_risk]

    async def updated_since(self, since: datetime, within: float) -> list[RiskySnapshot]:
        """Read who was updated since then, as far as it can be read within so long. Raises what `read` raises."""
        want = self.reading.want_list(Turn.READ_BACK, within, since)
        self._go_on()
        try:
            return list((await want.done).found.values())
        finally:
            self.reading.forget(want)

    async def why(self, updated: Updated, within: float) -> Blind:
        """Read why users are at risk; `reasons.of` tells it then. Returns what kept some from being read."""
        if not updated:
            return ""
        want = self.reasons.want(updated, Turn.WHY)
        self._go_on()
        came = asyncio.Event()
        want.done.add_done_callback(lambda _: came.set())
        try:
            await self._clock.wait(came, self._clock.now() + timedelta(seconds=within))
            return want.done.result() if want.done.done() else "busy"
        finally:
            self.reasons.forget(want)

    async def close(self) -> None:
        left = [task for task in (self._running, self._explaining) if task is not None and not task.done()]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    def _go_on(self) -> None:
        self._wake.set()
        if self._running is None or self._running.done():
            # It works for all: what it logs is not of the request that happened to start it.
            self._running = asyncio.create_task(self._run(), context=contextvars.Context())

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            turn = self._most_urgent()
            if turn is None:
                net = self._clock.now() + LOOK_AGAIN
                await self._clock.wait(self._wake, min(self._sending.resumes_at or net, net))
                self._sending.want_readings()
                continue
            try:
                await self._graph.sign_in()
                await self._step(await self._graph.pacer.turn(turn))
            except (SignInFailed, GraphError) as error:
                await self._trouble(error)
            except StoreError as error:
                log.warning("what is to be sent can't be recorded", why=str(error))
                await self._clock.sleep(STORE_TROUBLE)
            except Exception:
                # Whatever this is, everything waits on this loop: it goes on.
                log.exception("a step of the conversation with Graph failed")
                await self._pause(None)
            else:
                self._failures = 0

    def _most_urgent(self) -> Turn | None:
        want = self._next_want()
        if self._may_send_before(want):
            return Turn.WRITE
        return want.turn if want is not None else None

    def _may_send_before(self, want: Want | WhyWant | None) -> bool:
        return not self._sending.is_idle and (want is None or self._sending.urgency <= want.urgency)

    def _next_want(self) -> Want | WhyWant | None:
        is_explaining = self._explaining is not None and not self._explaining.done()
        wants = (self.reading.most_urgent, None if is_explaining else self.reasons.most_urgent)
        return min((want for want in wants if want is not None), key=lambda want: want.urgency, default=None)

    async def _step(self, slot: datetime) -> None:
        """Decide now, with everybody who has come until now, what the turn is used for."""
        may_send = self._may_send_before(self._next_want())
        self._sending.want_readings()
        going = self._sending.compose() if may_send else None
        if going is not None:
            await self._sending.send(going, slot)
            return
        match self._next_want():
            case Want(turn=turn):
                self._served = turn
                await self.reading.step()
            case WhyWant():
                self._explaining = asyncio.create_task(self._explain())
            case None:
                pass

    async def _explain(self) -> None:
        """Beside everything else: should this call hang, what matters more goes on."""
        try:
            await self.reasons.step()
        except Throttled:
            self.reasons.give_way()  # it is tried again at the pace that this has slowed down
        except (SignInFailed, GraphError) as error:
            log.warning("why users are at risk can't be read", why=str(error))
            self.reasons.fail()
        except Exception:
            log.exception("why users are at risk can't be read")
            self.reasons.fail()
        finally:
            self._wake.set()

    async def _trouble(self, error: SignInFailed | GraphError) -> None:
        """Say that nothing goes just now, and wait; after a 429 the pace sees to the waiting."""
        # A page may be refused since its link has lapsed: only if it goes on so, nothing can be read.
        is_lasting = not isinstance(error, Rejected | Forbidden) or self._failures >= REFUSALS
        concerns_all = isinstance(error, SignInFailed | Unauthorized | Forbidden | Throttled)
        if concerns_all or self._served == Turn.WRITE:
            await self._sending.fail(error, is_lasting=is_lasting)
        if is_lasting and isinstance(error, SignInFailed | Forbidden | Unauthorized | Rejected):
            self.reading.fail(error)
            self.reasons.fail()
        if not isinstance(error, Throttled):
            await self._pause(error)

    async def _pause(self, error: Exception | None) -> None:
        self._failures += 1
        wait = error.retry_after if isinstance(error, Unavailable) else None
        await self._clock.sleep(delay(self._failures, random.random(), wait))  # noqa: S311 - jitter
