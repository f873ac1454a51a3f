"""The use cases: ask, approve, deny, and what people press around them. The only writer of decisions."""

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot import journal
from bot.authority import Authority
from bot.clicks import Click, Result
from bot.core.commands import Approve, Ask, AskOthers, Deny, DontAsk, ReportMistake, Stop, Withdraw, anew
from bot.core.events import ClickRefused
from bot.core.follow_ups import answer, home
from bot.core.ids import ChannelId, RequestId, SlackUserId
from bot.core.limits import HOUR, Limited, reached
from bot.core.model import Request
from bot.core.policy import Refusal, Why
from bot.core.wishes import Wish
from bot.deciders import LookedUp, approval, judge, look_up, look_up_for, teams_at_once
from bot.slack.blocks import answers, refusals
from bot.slack.blocks.message import Message
from bot.slack.blocks.place import PlaceOf
from bot.slack.blocks.rehearsal import marked
from bot.store.asks import asks_since, count_open
from bot.store.ledger import Applied, wish
from bot.store.store import Store

TAKE_WITHIN = 2.0
"""Seconds: what has not begun to be stored by then is dropped, so that the answer can say so inside Slack's 3 s."""


class Service:
    """Decides and commits; raises StoreError where nothing could be, and nothing after a commit."""

    def __init__(self, store: Store, authority: Authority, place: PlaceOf) -> None:
        self._store = store
        self._authority = authority
        self._place = place

    async def ask(self, command: Ask, *, origin: str, response_url: str) -> Request | Limited:
        """Record an ask. It looks nothing up: whether the person may ask is found out by the look-up."""
        now = self._store.clock.now()

        def work(connection: Connection) -> Request | Limited:
            limited = self._limit(connection, command.asker.id, len(command.entries), origin, now)
            if limited is not None:
                event = ClickRefused(command.asker.id, "ask", "limit")
                self._store.ledger.refused(connection, event, None, now)
                return limited
            begun = self._store.ledger.ask(connection, command, now, origin=origin, url=response_url)
            if not response_url:  # it answers nothing that Slack could show at once
                wish(connection, begun.id, answer(begun, "taken", now))
            return begun

        taken = await self._store.run(work, deadline=_deadline())
        if isinstance(taken, Limited):
            journal.refused(command.asker.id, "ask", None, "limit")
        else:
            journal.taken(command.asker.id, "ask", taken.id, users=len(command.entries))
        return taken

    def _limit(
        self, connection: Connection, asker: SlackUserId, users: int, origin: str, now: datetime
    ) -> Limited | None:
        """Whether the person has asked for too much; a payload that was taken before is no new ask."""
        limits, asks = self._authority.policy.limits, asks_since(connection, asker, now - HOUR)
        n_open = count_open(connection, asker) if limits.open_at_once is not None else 0
        limited = reached(limits, asks, n_open, users)
        known = limited is not None and self._store.ledger.begun_by(connection, origin) is not None
        return None if known else limited

    async def begun_by(self, origin: str) -> RequestId | None:
        """The request that this very payload began, if it did. Raises StoreError."""
        return await self._store.do(self._store.ledger.begun_by, origin)

    async def approve(self, click: Click, leave_out: str = "") -> Result:
        """Approve all of a view, or all but those whose mark is given."""
        return await self._decide(click, Approve(click.by, click.name, click.view, leave_out=leave_out))

    async def deny(self, click: Click, reason: str) -> Result:
        return await self._decide(click, Deny(click.by, click.name, reason))

    async def look(self, click: Click) -> Result:
        """Judge somebody who opens the review, the denial or a report, and record nothing but a refusal."""
        return await self._decide(click, None)

    async def ask_again(self, click: Click) -> Result:
        """Ask anew for the users of a request that ended without all of them confirmed safe."""
        now = self._store.clock.now()

        def work(connection: Connection) -> Result:
            request = self._store.ledger.find(connection, click.request_id)
            if request is None or not click.is_from(request):
                return self._refuse(connection, click, request, Refusal("unknown_request"), now)
            left = tuple(t.user_id for t in request.targets if t.progress not in {"confirmed", "spared"})
            if not request.is_final or not left:
                return self._refuse(connection, click, request, Refusal("decided"), now)
            limited = self._limit(connection, click.by, len(left), click.origin, now)
            if limited is not None:
                self._store.ledger.refused(
                    connection, ClickRefused(click.by, click.action, "limit", click.view), request.id, now
                )
                told = answers.limit(limited, self._place())
                return self._whisper(connection, click, marked(told, request))
            again = anew(request, type(request.asker)(click.by, ChannelId(click.channel), click.name), left)
            begun = self._store.ledger.ask(connection, again, now, origin=click.origin, url="")
            self._whisper(connection, click, marked(answers.taken(begun.id, len(left), self._place()), begun))
            return Result(begun)

        return await self._click(click, work, _deadline())

    async def ask_others(self, click: Click) -> Result:
        """The asker presses *Ask for the other n*."""
        return await self._choose(click, others=True)

    async def drop(self, click: Click) -> Result:
        """The asker presses *Drop it*."""
        return await self._choose(click, others=False)

    async def withdraw(self, by: SlackUserId, request_id: RequestId) -> Message:
        """Take back what the person asked for; returns what to tell them. Raises StoreError."""
        click = Click("withdraw", by, "", request_id, 0)
        result = await self._click(click, lambda connection: self._withdraw(connection, click), _deadline())
        if result.refused is None and result.request is not None:
            return marked(answers.withdrawn(result.request), result.request)
        return result.refused or answers.no_such_request(request_id)

    async def take_back(self, click: Click) -> Result:
        """Whoever asked presses *Withdraw* on the Home tab; what is refused is told to them."""

        def work(connection: Connection) -> Result:
            result = self._withdraw(connection, click)
            return (
                result
                if result.refused is None
                else replace(self._whisper(connection, click, result.refused), why=result.why)
            )

        return await self._click(click, work, _deadline())

    def _withdraw(self, connection: Connection, click: Click) -> Result:
        now, by = self._store.clock.now(), click.by
        applied = self._store.ledger.apply(connection, click.request_id, Withdraw(by), now, actor=by)
        if applied is not None and applied.refusal is None:
            return Result(applied.request)
        why: Why = "unknown_request" if applied is None or applied.refusal is None else applied.refusal.why
        self._store.ledger.refused(connection, ClickRefused(by, "withdraw", why), click.request_id, now)
        if applied is None:
            return Result(refused=answers.no_such_request(click.request_id), why=why)
        is_others = why == "only_asker_withdraws"
        told = (refusals.only_asker_withdraws if is_others else refusals.decided)(applied.request)
        return Result(refused=marked(told, applied.request), why=why)

    async def open_home(self, by: SlackUserId) -> None:
        """Somebody opens their Home tab."""
        await self._store.do(wish, None, home(by, self._store.clock.now()))

    async def stop(self, click: Click) -> Result:
        """Somebody wants nobody else of an approved request to be sent."""
        return await self._decide(click, Stop(click.by))

    async def report(self, click: Click, reason: str) -> Result:
        """Somebody says that what was sent ought not to have been."""
        return await self._decide(click, ReportMistake(click.by, click.name, reason))

    async def _choose(self, click: Click, *, others: bool) -> Result:
        now = self._store.clock.now()
        ledger = self._store.ledger

        def work(connection: Connection) -> Result:
            request = ledger.find(connection, click.request_id)
            if request is None or click.by != request.asker.id:
                return self._refuse(connection, click, request, Refusal("unknown_request"), now)
            if click.response_url:
                ledger.answer_to(connection, request.id, click.response_url)
            taken = ledger.elsewhere(connection, [t.user_id for t in request.targets], request.id)
            command = AskOthers(taken) if others else DontAsk("dropped")
            applied = ledger.apply(connection, request.id, command, now, actor=click.by)
            if applied is None or applied.refusal is not None or not applied.happened:
                return self._refuse(connection, click, request, Refusal("decided"), now)
            if others and applied.request.state == "pending":
                wish(connection, request.id, answer(request, "others", now))
            return Result(applied.request)

        return await self._click(click, work, _deadline())

    async def _decide(self, click: Click, command: Approve | Deny | Stop | ReportMistake | None) -> Result:
        deadline, policy = _deadline(), self._authority.policy
        teams, result = teams_at_once(policy, click), Result()
        if teams is not None:
            looked_up = await look_up(self._authority, click, teams)
            work = self._deciding(click, command, looked_up, is_alone=True)
            result = await self._click(click, work, deadline, is_opening=command is None)
        if result == Result():
            shown = await self._store.do(self._store.ledger.find, click.request_id)
            counts = isinstance(command, Approve)
            looked_up = await look_up_for(self._authority, click, shown, counts=counts)
            work = self._deciding(click, command, looked_up)
            result = await self._click(click, work, deadline, is_opening=command is None)
        return result

    def _deciding(
        self,
        click: Click,
        command: Approve | Deny | Stop | ReportMistake | None,
        looked_up: LookedUp | Refusal,
        *,
        is_alone: bool = False,
    ) -> Callable[[Connection], Result]:
        """Decide by what was looked up; nothing of it, if that was whoever clicks alone and others count too."""
        ledger, policy = self._store.ledger, self._authority.policy

        def work(connection: Connection) -> Result:
            now = self._store.clock.now()
            request = ledger.find(connection, click.request_id)
            if request is None:
                return self._refuse(connection, click, None, Refusal("unknown_request"), now)
            if is_alone and isinstance(command, Approve) and request.state == "pending" and request.approvals:
                return Result()
            applied = Applied(request, refusal=judge(policy, click, looked_up, request))
            if applied.refusal is None and command is not None:
                told = command
                if isinstance(command, Approve) and isinstance(looked_up, LookedUp):
                    told = approval(policy, command, looked_up, request)
                applied = ledger.decide(connection, request, told, now, actor=click.by)
            if applied.refusal is not None:
                return self._refuse(connection, click, applied.request, applied.refusal, now)
            if applied.request.state == "expired":
                return self._refuse(connection, click, applied.request, Refusal("decided"), now)
            return Result(applied.request)

        return work

    async def _click(
        self, click: Click, work: Callable[[Connection], Result], deadline: float, *, is_opening: bool = False
    ) -> Result:
        """Commit what a click does, and tell the log of it."""

        def whole(connection: Connection) -> Result:
            result = work(connection)
            if click.is_home and (not is_opening or result.refused is not None):
                wish(connection, None, home(click.by, self._store.clock.now()))
            return result

        result = await self._store.run(whole, deadline=deadline)
        if result.refused is not None:
            journal.refused(click.by, click.action, click.request_id, result.why or "limit")
        elif result.request is not None and not is_opening:
            journal.taken(click.by, click.action, result.request.id, state=result.request.state)
        return result

    def _refuse(
        self, connection: Connection, click: Click, request: Request | None, refusal: Refusal, now: datetime
    ) -> Result:
        ref = uuid.uuid4().hex[:8]
        event = ClickRefused(click.by, click.action, refusal.why, click.view, ref)
        self._store.ledger.refused(connection, event, request.id if request else None, now)
        tried = refusals.Tried(click.action, click.view, now, ref, refusal.email)
        told = marked(refusals.said_of(refusal.why, tried, request, self._place(request)), request)
        return replace(self._whisper(connection, click, told), why=refusal.why)

    def _whisper(self, connection: Connection, click: Click, message: Message) -> Result:
        """Have the person told privately, where the click was; a modal tells it itself."""
        if click.channel or (click.is_home and click.trigger_id):
            payload: dict[str, Any] = {
                "channel": click.channel,
                "thread_ts": click.thread_ts,
                "user": click.by,
                "text": message.text,
                "blocks": message.blocks,
            }
            now = self._store.clock.now()
            wish(connection, click.request_id, Wish("whisper", uuid.uuid4().hex, now, payload=payload))
        return Result(refused=message)


def _deadline() -> float:
    return time.monotonic() + TAKE_WITHIN
