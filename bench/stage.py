"""One real bot as its own process between look-alikes of its own, in real time."""

import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo.bot_process import BotProcess, environ_with
from demo.entra import LocalEntra
from demo.graph import LocalGraph
from demo.graph.counting import is_paced
from demo.graph.records import RiskyUserRecord
from demo.installation import APPROVALS, settings_for
from demo.local_slack import LocalSlack, Message
from demo.wire import Books, Call

RATE = 1.0
AT_RISK = frozenset({"atRisk", "confirmedCompromised"})
TAIL = 20
SEEN_WITHIN = 15.0
"""Seconds after which the bot has to read a user again before it sends."""
TOO_MANY = 429


@dataclass(eq=False)
class Stage:
    """The look-alikes, the process between them, and when each of its calls was answered."""

    books: Books
    slack: LocalSlack
    entra: LocalEntra
    graph: LocalGraph
    crowd: list[str]
    answered: list[tuple[float, Call]] = field(default_factory=list)
    log: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL))
    pid: int = 0

    async def note(self, what: str, call: Call) -> None:
        if what == "answered":
            self.answered.append((time.monotonic(), call))

    def risky_calls(self, since: float = 0.0) -> list[Call]:
        """What has arrived at Graph that shares the one request a second, oldest first."""
        return [call for call in self.books.calls if call.at >= since and is_paced(call)]

    async def ask(self, groups: Iterable[Iterable[str]], within: float) -> list[Message]:
        """Type a command for each group of users; the new approval messages once all can be clicked."""
        before = asked = len(self.slack.messages(APPROVALS))
        for group in groups:
            answer = await self.slack.command(" ".join(group) + " VPN exit moved to Oslo")
            if answer.status != 200 or "Got it" not in str(answer.body):  # noqa: PLR2004 - OK
                raise RuntimeError(f"an ask was not taken: {answer}")
            asked += 1
        await self.books.until(lambda: len(self.slack.messages(APPROVALS)) == asked, within)
        return self.slack.messages(APPROVALS)[before:]

    def set_aside(self, user_ids: Iterable[str]) -> list[RiskyUserRecord]:
        """Have Graph tell nothing of these users, until `bring_back`.

        The bot does not read a user again whom it has read within `SEEN_WITHIN`. So what is timed one after the other
        would not be alike, if a read for the one told of the next one's users too.
        """
        return [self.graph.risky.pop(user_id) for user_id in user_ids]

    def bring_back(self, records: Iterable[RiskyUserRecord]) -> None:
        self.graph.risky.update({record.id: record for record in records})

    def peak_mb(self) -> float:
        """The most memory that the bot's process ever had in use."""
        return memory_mb(self.pid, "VmHWM")


def memory_mb(pid: int, which: str) -> float:
    """What the kernel says of a process's memory, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(f"{which}:"))
    return int(line.split()[1]) / 1024


def refused(calls: Iterable[Call]) -> int:
    """How many of the calls were answered 429."""
    return sum(call.status == TOO_MANY for call in calls)


def seen_safe(answered: Iterable[tuple[float, Call]], since: float) -> dict[str, float]:
    """When an answer of Graph's first showed each user confirmed safe, and not still being processed."""
    seen: dict[str, float] = {}
    for at, call in answered:
        if at >= since and call.to == "graph" and call.method == "GET":
            for row in _rows(call.answer):
                if row.get("riskState") == "confirmedSafe" and not row.get("isProcessing"):
                    seen.setdefault(str(row["id"]), at)
    return seen


def _rows(answer: Any) -> list[dict[str, Any]]:
    body = answer if isinstance(answer, dict) else {}
    rows: list[dict[str, Any]] = body.get("value", [body])
    return rows


@asynccontextmanager
async def staged(*, at_risk: int, processing: float = 2.0, **settings: str) -> AsyncIterator[Stage]:
    """Start everything, with so many at risk in the tenant; at the end nothing may have broken a contract."""
    async with scenery(at_risk=at_risk, processing=processing) as stage:
        with tempfile.TemporaryDirectory(prefix="confirm-safe-") as folder:
            async with _bot(stage, Path(folder), settings):
                yield stage


@asynccontextmanager
async def scenery(*, at_risk: int, processing: float = 2.0) -> AsyncIterator[Stage]:
    """Start all but the bot."""
    books = Books()
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(books, now=_now, rate_limits=True))
        entra = await stack.enter_async_context(LocalEntra(books, now=_now))
        graph = await stack.enter_async_context(
            LocalGraph(
                books, now=_now, is_live=entra.is_live, token_roles=entra.roles_of, rate=RATE, processing=processing
            )
        )
        known = sum(record.state in AT_RISK for record in graph.risky.values())
        stage = Stage(books, slack, entra, graph, graph.add_crowd(at_risk - known))
        books.tap = stage.note
        yield stage
    if books.complaints:
        raise RuntimeError("\n".join(books.complaints))


def _now() -> datetime:
    return datetime.now(UTC)


def environ_of(stage: Stage, folder: Path) -> dict[str, str]:
    """What the bot is started with; its database is a file in that folder."""
    settings = settings_for(stage.slack, stage.entra, stage.graph, folder / "confirm-safe.db")
    return environ_with(settings | {"REQUESTS_CA_BUNDLE": str(stage.entra.ca_file)})


@asynccontextmanager
async def _bot(stage: Stage, folder: Path, settings: dict[str, str]) -> AsyncIterator[None]:
    bot = BotProcess(environ_of(stage, folder) | settings, folder, stage.log.append)
    try:
        stage.slack.bot_url = f"http://{await bot.start()}/slack/events"
        stage.pid = bot.pid
        yield
    except (TimeoutError, RuntimeError) as error:
        raise type(error)("\n".join([str(error), "The bot's log ends:", *stage.log])) from error
    finally:
        await bot.stop()
