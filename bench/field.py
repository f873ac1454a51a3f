"""What the bot is timed on: databases with requests that can be clicked, and what is needed to start one."""

import asyncio
import itertools
import re
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.databases import SERVER, Database, PostgresDatabase, SQLiteFile
from bench.node import Node
from bench.past import Copy, Pattern, asker, fill, ids, pattern_of
from bench.servers import Server, serving
from bench.stage import Stage, environ_of, scenery
from bench.volleys import Typed, staff
from demo.bot_process import ROOT
from tests.postgres import PostgresServer

SETTINGS = {"REQUESTS_PER_HOUR": "1000", "REMIND_AFTER": "PT4H"}
"""Nobody is reminded while there is a clock on something."""
BOT = (sys.executable, "-m", "bot")
HELD = {"HOLD": "PT6H", "APPROVAL_TTL": "PT23H"}
"""What is approved while it is timed is not sent: that is another scenario's."""
WITHIN, SETTLE = 60.0, 3.0
_ID = re.compile(r"CS-[0-9A-Z]+")


@dataclass
class Field:
    """All that a round needs."""

    stage: Stage
    folder: Path
    databases: tuple[Database, ...]
    """One of each kind, with little in it."""
    typed: Typed
    pending: Pattern
    confirmed: Pattern
    names: Iterator[str] = field(default_factory=lambda: ids("X"))
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def bot(self, database: Database) -> AbstractAsyncContextManager[Server]:
        environ = environ_of(self.stage, self.folder) | SETTINGS | HELD | {"DATABASE_URL": database.url}
        return serving(BOT, environ, "/readyz")

    @asynccontextmanager
    async def replicas(self, database: Database, how_many: int) -> AsyncIterator[list[Server]]:
        """Several on one database."""
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(self.bot(database)) for _ in range(how_many)]

    def bare(self) -> AbstractAsyncContextManager[Server]:
        """Python's Bolt, which only acks."""
        command = (sys.executable, "-m", "bench.bare", "PORT")
        return serving(command, environ_of(self.stage, self.folder), "/")

    def bare_node(self, node: Node) -> AbstractAsyncContextManager[Server]:
        """Node's Bolt, which only acks."""
        command = (node.program, str(ROOT / "bench" / "bare.js"), "PORT")
        return serving(command, environ_of(self.stage, self.folder) | {"NODE_PATH": str(node.modules)}, "/")

    def clickable(self, database: Database | None, how_many: int) -> list[Copy]:
        """Add requests that wait for a decision. The bot may run: so it need not draw them all first."""
        names = itertools.islice(self.names, how_many)
        copies = [Copy(name, str(uuid.uuid4()), asker(n)) for n, name in enumerate(names)]
        if database is not None:
            fill(database, self.pending, copies)
        return copies


@asynccontextmanager
async def laid_out() -> AsyncIterator[Field]:
    """Play two requests by the front door, one of them up to its end, and copy them."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="confirm-safe-")))
        stage = await stack.enter_async_context(scenery(at_risk=10))
        staff(stage.slack)
        first = SQLiteFile(folder / "confirm-safe.db")
        server = PostgresServer(SERVER)
        stack.callback(server.close)
        second = PostgresDatabase(server, server.new_database())
        environ = environ_of(stage, folder) | SETTINGS
        typed, (open_one, its_user), (other, other_user) = await _play(stage, environ | {"DATABASE_URL": first.url})
        async with serving(BOT, environ | {"DATABASE_URL": second.url}, "/readyz"):
            pass
        pending = pattern_of(first, open_one, its_user, "U0ANALYST")
        confirmed = pattern_of(first, other, other_user, "U0ANALYST")
        yield Field(stage, folder, (first, second), typed, pending, confirmed)


async def _play(stage: Stage, environ: dict[str, str]) -> tuple[Typed, tuple[str, str], tuple[str, str]]:
    """Ask twice, and have the second one confirmed; of each its id and its user."""
    slack, users = stage.slack, stage.crowd[:2]
    async with serving(BOT, environ, "/readyz") as bot:
        slack.bot_url = f"http://127.0.0.1:{bot.port}/slack/events"
        messages = await stage.ask([[user] for user in users], WITHIN)
        messages.sort(key=lambda message: stage.graph.risky[users[1]].upn in slack.plain(message))
        command, (waiting, decided) = slack.delivery.last_body, messages
        names = [_ID.findall(slack.plain(message))[0] for message in messages]
        await asyncio.sleep(SETTLE)  # Slack shows it before the bot has noted that
        await slack.click(decided, "approve", by="U0MEGAN")
        click = slack.delivery.last_body
        await stage.books.until(lambda: "1 user confirmed safe" in slack.plain(decided), WITHIN)
        await asyncio.sleep(SETTLE)
    typed = Typed(command, click, (names[1], decided.ts), waiting.ts)
    return typed, (names[0], users[0]), (names[1], users[1])
