"""Claims tasks that are due, carries them out side by side, and records how each ended."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bot.core.wishes import POSTING, WAITING
from bot.delivery import leases
from bot.delivery.context import Again, Context, Done, Ending, backed_off
from bot.errors import SlackBusy, SlackDoubtful, SlackDown, SlackPaced, StoreError
from bot.rush import Rush, in_turn
from bot.slack.reach import DEAD_TOKEN
from bot.store import tasks as outbox
from bot.store.events import as_time
from bot.store.tasks import Task

AT_ONCE = 32
WAIT_AT_ONCE = 1000
"""Tasks that wait for Graph at the same time: the more, the more of them one call can serve."""
LOOK_AGAIN = timedelta(seconds=30)
"""The net below the wake-up on commit."""
AFTER_STORE_TROUBLE = 1.0
LAST_CLAIM = 1.0
IN_A_RUSH = 0.25
"""Seconds between two claims while very many come in: whoever waits for Slack's answer comes first."""
URGENT = ("confirm", "verify", "expire", "lapse", "stoppable")
"""Done meanwhile as ever; of all else, one or two at a time."""
LETS_PASS_AFTER = 5
"""So many times a task may fail for no known reason before the others of its lane are no longer kept waiting."""
WITHOUT_SLACK = ("explain", "confirm", "verify", "expire", "lapse", "stoppable", "tally", "look_again")
"""All that is done before Slack has told which workspace this is (links and who is a stranger hang on it), and
while it does not take the bot's token: hundreds of posts that knock in turn make it no better."""

Worker = Callable[[Context, Task], Awaitable[Ending]]

log = structlog.get_logger()


class Loop:
    """One for the process."""

    def __init__(self, context: Context, workers: Mapping[str, Worker], rush: Rush) -> None:
        self._context = context
        self._rush = rush
        self._workers = workers
        self._wake = asyncio.Event()
        self._stopping = False
        self._is_unsure = False
        """Whether something may be ours of which nothing is known here: the store did not tell how it ended."""
        self._in_hand: dict[int, tuple[str, asyncio.Task[None]]] = {}
        self._running: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self.on_put_off: Callable[[str], None] = lambda _kind: None
        """Told the kind of each task that is to be tried again."""

    def start(self) -> None:
        loop = asyncio.get_running_loop()

        def notify() -> None:
            with contextlib.suppress(RuntimeError):  # the event loop may be gone while the last commits run
                loop.call_soon_threadsafe(self._wake.set)

        self._context.store.writer.on_commit(notify)
        self._context.installation.on_known.append(self._wake.set)
        self._context.reach.on_change.append(self._wake.set)
        self._running = asyncio.create_task(self._run())
        keeping = leases.keep(self._context.store, self._context.clock, self._in_hand.keys, self._let_go)
        self._keeping = asyncio.create_task(keeping)

    async def stop(self, within: float) -> None:
        """Take nothing new; what is in hand may finish within so many seconds, the rest is left for a start."""
        self._stopping = True
        self._wake.set()
        over = asyncio.get_running_loop().time() + within
        if self._running is not None:
            await asyncio.wait([self._running], timeout=min(LAST_CLAIM, within))
            self._running.cancel()
        if self._in_hand:
            left_for_it = max(0.0, over - asyncio.get_running_loop().time())
            _, left = await asyncio.wait([task for _, task in self._in_hand.values()], timeout=left_for_it)
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left)
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])

    async def hand_back(self) -> None:
        """Let whoever goes on begin at once with what was left."""
        store = self._context.store
        try:
            async with asyncio.timeout(LAST_CLAIM):
                await store.do(outbox.release, store.process)
        except (StoreError, TimeoutError) as error:
            log.warning("what was left is free only after its lease", why=str(error))

    def _let_go(self, task_id: int) -> None:
        """Another process has it: this one was away for too long."""
        kind, task = self._in_hand[task_id]
        log.warning("a task was taken over by another process", kind=kind)
        task.cancel()

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                until = await self._claim()
            except StoreError as error:
                self._is_unsure = True
                self._context.health.note("database", f"The database does not answer: {error}.")
                log.warning("the database does not answer", why=str(error))
                until = self._context.clock.now() + timedelta(seconds=AFTER_STORE_TROUBLE)
            except Exception:
                # The loop is the one thing that must not end: whatever this is, it is tried again.
                self._is_unsure = True
                log.exception("the tasks could not be claimed")
                self._context.health.note("tasks", "The tasks can't be claimed: see the log.")
                until = self._context.clock.now() + timedelta(seconds=AFTER_STORE_TROUBLE)
            else:
                self._context.health.clear("database")
                self._context.health.clear("tasks")
            if self._rush.is_on():
                await self._context.clock.sleep(IN_A_RUSH)
            await self._context.clock.wait(self._wake, until)

    async def _claim(self) -> datetime:
        now = self._context.clock.now()
        busy = list(self._in_hand) if self._is_unsure else None
        self._is_unsure = False
        waiting = sum(kind in WAITING for kind, _ in self._in_hand.values())
        room = AT_ONCE - (len(self._in_hand) - waiting)
        has_slack = self._context.installation.is_known and not self._context.reach.is_refused
        only = None if has_slack else WITHOUT_SLACK
        ours = self._context.store.process
        is_rush = self._rush.is_on()

        def work(connection: Connection) -> tuple[list[Task], str | None]:
            most = WAIT_AT_ONCE - waiting
            if is_rush:
                claimed = outbox.claim(connection, now, room, owner=ours, waiting=most, but=busy, only=URGENT)
                if all(kind in URGENT for kind, _ in self._in_hand.values()):
                    rest = [kind for kind in only or self._workers if kind not in URGENT]
                    claimed += outbox.claim(connection, now, 1, owner=ours, waiting=1, but=busy, only=rest)
                return claimed, None
            claimed = outbox.claim(connection, now, room, owner=ours, waiting=most, but=busy, only=only)
            return claimed, outbox.next_due(connection, now)

        claimed, next_due = await self._context.store.run(work)
        for task in claimed:
            self._in_hand[task.id] = task.kind, asyncio.create_task(self._give_way(task))
        if is_rush:
            return now + timedelta(seconds=IN_A_RUSH)
        due = as_time(next_due) if next_due and room > 0 else now + LOOK_AGAIN
        # A lane's later tasks are due and can't be claimed: their turn comes with the wake-up of a commit.
        return min(max(due, now + timedelta(milliseconds=200)), now + LOOK_AGAIN)

    async def _give_way(self, task: Task) -> None:
        """Carry it out in the pauses of those who wait for an answer, unless others may be waiting for it as well.

        What posts gives way before it begins, and not after: what Slack shows is pressed a moment later, and that
        counts only once it is noted here.
        """
        if task.kind in POSTING:
            await self._rush.turn()
        work = self._carry_out(task)
        await (work if task.kind in (*URGENT, *POSTING) else in_turn(work, self._rush))

    async def _carry_out(self, task: Task) -> None:
        # Said by every line that is logged on behalf of this task, a call to Graph for one.
        structlog.contextvars.bind_contextvars(task=f"{task.kind} {task.key}", request=task.request_id)
        try:
            ending = await self._attempt(task)
            if isinstance(ending, Again):
                self.on_put_off(task.kind)
            try:
                await self._end(task, ending)
            except StoreError:
                raise
            except Exception:
                # What was to be recorded can't be: as with any other bug, the task is tried again, ever later.
                log.exception("a task's end could not be recorded", kind=task.kind, key=task.key)
                await self._end(task, self._met_a_bug(task))
        except StoreError as error:
            self._is_unsure = True
            log.warning("a task's end could not be recorded", task=task.key, why=str(error))
        finally:
            self._in_hand.pop(task.id, None)
            self._wake.set()

    def _met_a_bug(self, task: Task) -> Again:
        self._context.health.note(f"task {task.key}", f"The task {task.kind} {task.key} fails: see the log.")
        again = backed_off(task, doubtful=True)
        return replace(again, lets_pass=task.attempts >= LETS_PASS_AFTER)

    async def _attempt(self, task: Task) -> Ending:
        health = self._context.health
        try:
            ending = await self._workers[task.kind](self._context, task)
        except SlackPaced as error:
            return Again(error.retry_after, doubtful=task.doubtful, is_try=False)
        except SlackBusy as error:
            return backed_off(task, error.retry_after, doubtful=task.doubtful)
        except SlackDoubtful as error:
            log.warning("Slack did not answer", task=task.key, why=error.code)
            return backed_off(task, doubtful=True)
        except SlackDown as error:
            if error.code in DEAD_TOKEN:  # nobody overtakes: what waits goes out in order
                return backed_off(task, doubtful=task.doubtful)
            health.note("Slack", f"Slack refuses what the bot posts ({error.code}); it is tried again.")
            again = backed_off(task, doubtful=task.doubtful)
            return replace(again, lets_pass=task.attempts >= LETS_PASS_AFTER)
        except StoreError:
            raise
        except Exception:
            log.exception("a task failed", kind=task.kind, key=task.key)
            return self._met_a_bug(task)
        health.clear(f"task {task.key}")
        if task.kind in POSTING:
            health.clear("Slack")
        return ending

    async def _end(self, task: Task, ending: Ending) -> None:
        def work(connection: Connection) -> None:
            match ending:
                case Done():
                    if ending.record is not None:
                        ending.record(connection)
                    outbox.complete(connection, task)
                case Again():
                    outbox.put_off(
                        connection,
                        task,
                        self._context.later(ending.after),
                        doubtful=ending.doubtful,
                        lets_pass=ending.lets_pass,
                        is_try=ending.is_try,
                    )

        store = self._context.store
        while True:
            try:
                return await (store.at_once() if task.kind in POSTING else store).run(work)
            except StoreError:
                if self._stopping:
                    raise
                await self._context.clock.sleep(AFTER_STORE_TROUBLE)
