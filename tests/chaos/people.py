"""People who ask, decide and click what they may not; whoever gets no answer tries again, as people do."""

import asyncio
import contextlib
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from demo.local_slack import LocalSlack, Message
from demo.wire import Books
from tests.chaos.board import Board

Plan = Literal["approve", "deny", "withdraw"]
PLANS: tuple[Plan, ...] = ("approve", "approve", "approve", "deny", "withdraw")
ASKERS = ("U0ANALYST", "U0ADELE", "U0MEGAN")
APPROVERS = ("U0MEGAN", "U0DIEGO")
STRANGERS = ("U0ANALYST", "U0ADELE", "U0JONI", "U0GUEST", "U0OUTSIDE")
WITHIN = 480.0
"""Seconds until what a person waits for has come, at the worst of times on a machine with other things to do."""
OPENS_WITHIN = 3.0
"""Seconds after which a person whose dialog does not open presses again."""
DOUBLE_CLICK = 0.15
GOT_IT = re.compile(r"Got it: .*? (CS-[A-Z0-9]+)\.")
NOTHING = re.compile(r"[Nn]othing was asked for|there is nothing to confirm")
OK = 200


@dataclass(eq=False)
class Taken:
    """A command that the person saw accepted: its id, and the private answer as it reads now."""

    request_id: str
    answer: Message


@dataclass(eq=False)
class Case:
    """What one person wants of some users, and how it is to be decided."""

    n: int
    asker: str
    users: tuple[str, ...]
    plan: Plan
    strangers: tuple[str, ...]
    chance: random.Random
    taken: list[Taken] = field(default_factory=list)
    clicks: int = 0
    approved_at: float = float("inf")
    """When an approver first pressed, in monotonic seconds."""
    unanswered: int = 0
    """Commands, clicks and submits that got no 200."""

    @property
    def approvers(self) -> list[str]:
        return [who for who in APPROVERS if who != self.asker]


def cases(seed: int, crowd: list[str]) -> list[Case]:
    """Share out the crowd; no user is in two cases."""
    chance, left = random.Random(f"cases {seed}"), list(crowd)
    made: list[Case] = []
    while left:
        n = len(made) + 1
        users = tuple(left.pop() for _ in range(min(len(left), chance.choice((1, 1, 2, 3)))))
        asker = chance.choice(ASKERS)
        strangers = [who for who in STRANGERS if chance.random() < 0.15] + ([asker] if chance.random() < 0.2 else [])
        made.append(
            Case(n, asker, users, chance.choice(PLANS), tuple(strangers), random.Random(f"case {n} of {seed}"))
        )
    return made


class People:
    """Everybody in the workspace."""

    def __init__(self, slack: LocalSlack, books: Books, board: Board) -> None:
        self._slack = slack
        self._books = books
        self._board = board
        self._hands: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """A person has one dialog open at a time."""

    async def see_through(self, case: Case) -> None:
        """Ask, and decide whatever comes of it, until cancelled: an ask that got no answer may come up late."""
        while not self._board.requests(case.n):
            await self._ask(case)
        while True:
            message = await self._books.until(lambda: self._open(case), float("inf"))
            assert message is not None
            await self._meddle(case, message)
            await self._decide(case, message)

    def _open(self, case: Case) -> Message | None:
        return next((m for m in self._board.requests(case.n) if self._board.is_open(m)), None)

    async def _ask(self, case: Case) -> None:
        names = [f"user{int(user[-12:], 16):03}@contoso.com" if case.n % 3 == 0 else user for user in case.users]
        before = len(self._slack.workspace.whispered)
        answer = await self._slack.command(f"{', '.join(names)} case {case.n}", by=case.asker)
        shown = self._slack.workspace.whispered[before]
        text = str(answer.body.get("text", "")) if isinstance(answer.body, dict) else ""
        if answer.status == OK and (got := GOT_IT.search(text)):
            taken = Taken(got[1], shown)
            case.taken.append(taken)
            told = await self._books.until(lambda: self._board.requests(case.n) or self.was_told(taken), WITHIN)
            if isinstance(told, str) and "Already in CS-" in told:  # an ask that got no answer was taken after all
                await self._books.until(lambda: self._board.requests(case.n), WITHIN)
        elif answer.status == OK:
            assert any(words in text for words in ("nothing was recorded", "can't tell yet", "isn't ready")), text
            await self._breathe(case)
        else:
            case.unanswered += 1
            await self._breathe(case)

    def was_told(self, taken: Taken) -> str:
        """The private answer that a command ended in; empty where none came yet."""
        told = [self._board.text(taken.answer)] if taken.answer.edits else []
        for user in ASKERS:
            keys = (f"{taken.request_id}.not_asked", f"{taken.request_id}.findings")
            for message in self._slack.dm(user):
                payload = (message.metadata or {}).get("event_payload") or {}
                told += [self._board.text(message)] if payload.get("op_id") in keys else []
        return next((t for t in told if NOTHING.search(t)), "")

    async def _meddle(self, case: Case, message: Message) -> None:
        """Those who may not decide this try to."""
        for who in case.strangers:
            action = case.chance.choice(("approve", "approve", "deny"))
            with contextlib.suppress(LookupError):
                await self._click(case, message, action, who)
        case.strangers = ()

    async def _decide(self, case: Case, message: Message) -> None:
        while self._board.is_open(message):
            match case.plan:
                case "approve":
                    await self._approve(case, message)
                case "deny":
                    await self._deny(case, message)
                case "withdraw":
                    await self._withdraw(case, message)

    async def _approve(self, case: Case, message: Message) -> None:
        """At times two approvers press at the same moment, or one presses twice."""
        who = case.chance.sample(case.approvers, k=len(case.approvers) if case.chance.random() < 0.2 else 1)
        self._slack.delivery.duplicate_deliveries = case.chance.random() < DOUBLE_CLICK
        told = {one: self._told(one) for one in who}
        case.approved_at = min(case.approved_at, time.monotonic())
        clicks = [self._click(case, message, "approve", one) for one in who]
        if any(await asyncio.gather(*clicks)):
            await self._seen(message, lambda: any(self._told(one) > n for one, n in told.items()))
        await self._breathe(case)

    async def _deny(self, case: Case, message: Message) -> None:
        who = case.chance.choice(case.approvers)
        async with self._hands[who]:
            self._slack.workspace.views.pop(who, None)
            told = self._told(who)
            if await self._click(case, message, "deny", who):
                with contextlib.suppress(TimeoutError):  # nothing is recorded of what only opens a dialog
                    await self._seen(message, lambda: self._slack.modal(who) or self._told(who) > told, OPENS_WITHIN)
            modal = self._slack.modal(who)
            if modal is not None and self._board.is_open(message):
                answer = await self._slack.submit(modal, values={"text": f"Not case {case.n}."})
                case.clicks += 1
                if answer.status == OK and who not in self._slack.workspace.views:
                    await self._seen(message, lambda: self._told(who) > told)
                case.unanswered += answer.status != OK
        await self._breathe(case)

    async def _withdraw(self, case: Case, message: Message) -> None:
        request_id = next(word for word in self._board.text(message).split() if word.startswith("CS-"))
        answer = await self._slack.command(f"withdraw {request_id}", by=case.asker)
        text = str(answer.body.get("text", "")) if isinstance(answer.body, dict) else ""
        if answer.status == OK and f"{request_id} is withdrawn" in text:
            await self._seen(message)
        case.unanswered += answer.status != OK
        await self._breathe(case)

    async def _click(self, case: Case, message: Message, action: str, who: str) -> bool:
        case.clicks += 1
        answer = await self._slack.click(self._board.with_button(message), action, by=who)
        case.unanswered += answer.status != OK
        return answer.status == OK

    def _told(self, who: str) -> int:
        return len(self._slack.ephemerals(who)) + len(self._slack.dm(who))

    async def _seen(
        self, message: Message, is_told: Callable[[], object] = lambda: False, within: float = WITHIN
    ) -> None:
        """Wait until what was taken shows, or whoever did it is told why it does not count."""
        await self._books.until(lambda: not self._board.is_open(message) or is_told(), within)

    async def _breathe(self, case: Case) -> None:
        """People take a moment before they press again."""
        await asyncio.sleep(case.chance.uniform(0.4, 1.2))
