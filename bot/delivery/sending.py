"""Sends what was approved: many requests in one call, each user seen just before, every answer told apart."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from bot import journal
from bot.authority import Authority
from bot.clock import Clock
from bot.core.backoff import delay
from bot.core.bisection import Bisection, Failed, Users
from bot.core.commands import BeginSend, Command, RecordAccepted, RecordFailed, RecordRefused
from bot.core.fold import is_unchanged
from bot.core.ids import RequestId
from bot.core.model import MAX_USERS_A_CALL, Receipt, Request
from bot.core.policy import Refusal
from bot.core.terms import lapses_at, may_send
from bot.delivery import approvers
from bot.delivery.answer import Answer, troubled
from bot.delivery.belonging import place_anew
from bot.delivery.freshness import Freshness
from bot.delivery.jobs import Batch, Going, Job
from bot.delivery.reading import Reading
from bot.delivery.reasons import Reasons
from bot.errors import (
    Ambiguous,
    Forbidden,
    Garbled,
    GraphError,
    NotSent,
    Rejected,
    SignInFailed,
    StoreError,
    TooLate,
    Unauthorized,
    Unavailable,
)
from bot.graph.client import Graph
from bot.graph.pacer import Turn
from bot.store import tasks as outbox
from bot.store.beginning import new_id
from bot.store.ledger import Applied, Judge
from bot.store.store import Store

FILL_WITHIN = 3.0
"""Seconds that those who could go wait for others who are still being read, so that one call takes both."""
STORE_TROUBLE = 1.0
HELD_FOR = timedelta(seconds=5)
"""Within which a call starts: ten are left of the lease then, and it takes eight at the most."""

log = structlog.get_logger()


class Sending:
    """One for the process. A step is at most one call, made when its turn has come."""

    def __init__(
        self, store: Store, graph: Graph, reading: Reading, reasons: Reasons, *, authority: Authority, clock: Clock
    ) -> None:
        self._store = store
        self._graph = graph
        self._freshness = Freshness(reading, reasons, graph.pacer, clock)
        self._authority = authority
        self._clock = clock
        self._jobs: dict[RequestId, Job] = {}
        self._bisections: list[Bisection] = []
        self._failures = 0
        self._paused_until = clock.monotonic()

    @property
    def is_idle(self) -> bool:
        return not self._jobs or self.resumes_at is not None

    @property
    def resumes_at(self) -> datetime | None:
        """When it may be sent again after a call that would fail again at once; None where nothing keeps it."""
        left = self._paused_until - self._clock.monotonic()
        return self._clock.now() + timedelta(seconds=left) if self._jobs and left > 0 else None

    def _pause(self, error: SignInFailed | GraphError | None) -> None:
        would_fail_again = isinstance(error, SignInFailed | Unauthorized | NotSent | Unavailable)
        is_vain = would_fail_again and not isinstance(error, TooLate)
        self._failures = self._failures + 1 if is_vain else 0
        seconds = delay(self._failures, random.random(), None) if is_vain else 0.0  # noqa: S311 - jitter
        self._paused_until = self._clock.monotonic() + seconds

    @property
    def urgency(self) -> float:
        return min((job.since for job in self._jobs.values()), default=float("inf")) + Turn.WRITE

    def add(self, request: Request) -> Job:
        """Take a request up; awaiting the job's `done` ends when nothing of it waits any more."""
        job = Job(request, self._clock.monotonic())
        self._jobs[request.id] = job
        self._want(job)
        return job

    async def keep_judging(self, job: Job, wake: Callable[[], None]) -> None:
        """Have the policy asked for as long as it waits; where nobody can tell, people are told so."""
        place = partial(place_anew, self._store, self._graph, wanted=self._authority.policy.memberships)
        untold = partial(self._untold, job)
        await approvers.keep_judging(job, self._authority, self._clock, wake, place=place, untold=untold)

    async def _untold(self, job: Job, error: Exception) -> None:
        if (kind := approvers.trouble_of(error)) is not None:
            await self._record({job: RecordFailed(job.waiting, kind, Receipt(0), is_ahead=True)})

    def drop(self, job: Job) -> None:
        """Nobody waits for it any more; it is taken up again by its task."""
        if self._jobs.get(job.request.id) is job:
            del self._jobs[job.request.id]
        self._freshness.forget(job)

    def want_readings(self) -> None:
        """Have everybody read who can't go as they were read last."""
        self._let_go()
        for job in self._jobs.values():
            self._want(job)

    def _want(self, job: Job) -> None:
        if self.resumes_at is None:
            self._freshness.want(job)

    def compose(self) -> Going | None:
        """Choose who goes in the next call; None where reading has to come first."""
        if (part := self._part()) is not None:
            return part
        now = self._clock.monotonic()
        held = {user_id for bisection in self._bisections for user_id in bisection.users}
        batch: Batch = {}
        room, is_complete, is_ending, longest = MAX_USERS_A_CALL, True, False, 0.0
        for job in sorted(self._jobs.values(), key=lambda job: job.approved_at):
            waiting = [user_id for user_id in job.waiting if user_id not in held]
            users = tuple(user_id for user_id in self._freshness.of(job) if user_id not in held)
            if not waiting:
                continue
            if len(users) < len(waiting):
                # Those of many whose reading will be too old before the others are read go without them.
                is_complete, job.ready_since = False, None
                if self._freshness.left(users) >= self._freshness.calls(2):
                    continue
                is_ending = True
            else:
                job.ready_since = now if job.ready_since is None else job.ready_since
                longest = max(longest, now - job.ready_since)
            if room:
                batch[job] = self._freshness.first(users, room)
                room -= len(batch[job])
        is_full = is_complete or is_ending or not room or longest >= FILL_WITHIN
        return Going(batch) if batch and is_full else None

    def _part(self) -> Going | None:
        """The part of a refused batch that is to be sent next, once its users are read anew."""
        self._bisections = [bisection for bisection in self._bisections if not bisection.is_over]
        for bisection in self._bisections:
            while not bisection.is_over:
                if batch := self._waiting(bisection.next_group()):
                    if all(set(part) <= set(self._freshness.of(job)) for job, part in batch.items()):
                        return Going(batch, bisection)
                    break
                failed = bisection.skip()
                if any(self._waiting(users) for users, _ in failed):
                    return Going({}, failed=failed)
        return None

    def _waiting(self, users: Users) -> Batch:
        """Those of them who are still to be sent."""
        chosen = {job: tuple(u for u in job.waiting if u in users) for job in self._jobs.values()}
        return {job: part for job, part in chosen.items() if part}

    async def send(self, going: Going, slot: datetime) -> None:
        """Record who goes, make the call, record its answer. Raises StoreError while nothing was sent."""
        await self._fail_for_good(going.failed)
        at_hand = self._clock.now() + HELD_FOR
        begun, error = await self._begin(going.batch) if going.batch else {}, None
        if begun:
            answer = await self._call(begun, slot, at_hand)
            error = answer.error
            for job, part in begun.items():
                journal.called(job.request.id, len(part), answer.receipt)
            users = tuple(user_id for part in begun.values() for user_id in part)
            is_alone = going.part_of is None and len(users) == 1
            await self._record({job: answer.of(part, is_alone=is_alone) for job, part in begun.items()})
            if going.part_of is not None and answer.says_who:
                refusal = answer.receipt if answer.is_about_ids else None
                await self._fail_for_good(going.part_of.settle(refusal))
            elif going.part_of is None and answer.is_about_ids and not is_alone:
                self._bisections.append(Bisection(users, answer.receipt))
        self._pause(error)
        self.want_readings()

    async def fail(self, error: SignInFailed | GraphError, *, is_lasting: bool) -> None:
        """Tell every request that nothing can be sent just now, and why: something could not be read."""
        # That a reading was refused says nothing of the users; but without the permission no call would be taken.
        if isinstance(error, Rejected | Garbled) or (isinstance(error, Forbidden) and not is_lasting):
            error = Unavailable(error.receipt)
        command_of = troubled(error)
        await self._record({job: command_of(job.waiting) for job in self._jobs.values() if job.waiting})
        self.want_readings()

    async def _begin(self, batch: Batch) -> Batch:
        """Record who is about to go: those alone whom the approval still covers as they were read just now."""
        judgements = {job: self._freshness.judgement(job) for job in batch}
        begun: Batch = {}

        def begin(connection: Connection, job: Job) -> Request:
            def is_another(stored: Request) -> Refusal | None:
                is_same = stored.decision == job.request.decision and self._is_ours(connection, job)
                return None if is_same else Refusal("decided")

            judgement = replace(judgements[job], follow_up=new_id(connection))
            judged = self._apply(connection, job, judgement, is_another)
            if judged.refusal is not None:
                job.is_over = True  # what is known of its approver says nothing of who approved it since
                return judged.request
            seen = {snapshot.user_id: snapshot for snapshot in judgement.seen}
            waiting = {target.user_id for target in judged.request.having("waiting")}
            users = tuple(user_id for user_id in batch[job] if user_id in waiting and user_id in seen)
            known = {target.user_id: target.sent_as or target.shown for target in judged.request.targets}
            news = (seen[user_id] for user_id in users if not is_unchanged(known[user_id], seen[user_id]))
            sent = self._apply(connection, job, BeginSend(users, tuple(news))) if users else judged
            if users and sent.happened:
                begun[job] = users
            return sent.request

        await self._each(list(batch), begin)
        return begun

    async def _call(self, batch: Batch, slot: datetime, not_after: datetime) -> Answer:
        terms = self._store.ledger.terms
        approved = (lapses_at(job.request, terms) or self._clock.now() for job in batch)
        read = (self._freshness.until(job, users) for job, users in batch.items())
        not_after = min(not_after, *approved, *read)
        await self._graph.pacer.start(slot)  # recording may have taken long
        try:
            receipt = await self._graph.confirm_safe([u for users in batch.values() for u in users], not_after)
        except SignInFailed as error:
            return Answer(error, Receipt(0))
        except GraphError as error:
            return Answer(error, error.receipt)
        except Exception:
            # Whatever this is, it may have left: only reading back tells what became of it.
            log.exception("a call to Graph failed")
            return Answer(Ambiguous(Receipt(0)), Receipt(0))
        return Answer(None, receipt)

    async def _record(self, commands: Mapping[Job, Command]) -> None:
        """Record what became of each request; while the database is away it is tried again and again."""

        def record(connection: Connection, job: Job) -> Request:
            # Whoever took over has read back and maybe sent again: what was taken is news all the same.
            if isinstance(commands[job], RecordAccepted) or self._is_ours(connection, job):
                return self._apply(connection, job, commands[job]).request
            job.is_over = True
            return job.request

        while True:
            try:
                return await self._each(list(commands), record)
            except StoreError:
                await self._clock.sleep(STORE_TROUBLE)

    def _is_ours(self, connection: Connection, job: Job) -> bool:
        """Whether no other process has taken it over; then none will for a while."""
        return outbox.hold(connection, "confirm", job.request.id, self._clock.now(), owner=self._store.process)

    def _apply(self, connection: Connection, job: Job, command: Command, judge: Judge | None = None) -> Applied:
        applied = self._store.ledger.apply(connection, job.request.id, command, self._clock.now(), judge=judge)
        if applied is None:
            raise LookupError(job.request.id)
        return applied

    async def _each(self, jobs: list[Job], do: Callable[[Connection, Job], Request]) -> None:
        """Do it for each in one transaction; what can't be done for one stops no other. Raises StoreError."""
        done, failed = await self._store.each(jobs, do)
        for job, request in done.items():
            job.became(request)
        for job, error in failed.items():
            self.drop(job)
            job.end(error)  # it goes to the task that waits for this request

    async def _fail_for_good(self, failed: Failed) -> None:
        for users, refusal in failed:
            batch = self._waiting(users)
            await self._record({job: RecordRefused(part, refusal) for job, part in batch.items()})

    def _let_go(self) -> None:
        """End what has nothing left to send, and what may not be sent any more."""
        now, terms = self._clock.now(), self._store.ledger.terms
        for job in list(self._jobs.values()):
            if job.is_over or not job.waiting or not may_send(job.request, now, terms):
                self.drop(job)
                job.end()
