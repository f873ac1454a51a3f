"""Contoso for one visit: the local Slack, Entra and Graph, their people, and the real bot between them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from demo.bot_process import BotProcess
from demo.entra import LocalEntra
from demo.graph import LocalGraph
from demo.installation import APPROVALS, INCIDENT, settings_for
from demo.local_slack import LocalSlack, SlackChannel
from demo.local_slack.workspace import BOT_USER
from demo.wire import Books

SHARED = "C0SHARED"
CROWD = 40
ALERT = (
    "*Sentinel* Impossible travel, severity high: adelev@contoso.com signed in from Oslo and Berlin within "
    "20 minutes. Entities: adelev@contoso.com, 5a0c76d2-cb57-4ece-9bc1-c323178f116a"
)
POLICY = """
[teams.soc]
name = "SOC"
members = ["S0SOC"]

[teams.identity]
name = "Identity"
members = ["S0IDENTITY"]

[[rules]]
name = "high"
level = "high"
needs = [{ from = ["soc"] }, { from = ["identity"] }]

[[rules]]
name = "everything else"
needs = [{ from = ["soc", "identity"] }]

[limits]
requests_per_hour = 200
"""
"""What is at high risk takes two teams, everything else one of them."""


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class World:
    """What a visitor plays in."""

    books: Books
    slack: LocalSlack
    entra: LocalEntra
    graph: LocalGraph
    bot: BotProcess

    async def start_bot(self) -> None:
        """Start it, and have Slack reach it where it listens now."""
        self.slack.bot_url = f"http://{await self.bot.start()}/slack/events"
        self.books.note_change()

    async def kill_bot(self) -> None:
        await self.bot.kill()
        self.books.note_change()


@asynccontextmanager
async def world(log: Callable[[str], None]) -> AsyncIterator[World]:
    """Have everything but the bot running, which is there to be started; it is stopped in the end."""
    books = Books()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="confirm-safe-")))
        slack = await stack.enter_async_context(LocalSlack(books, now=now, rate_limits=True))
        _furnish(slack)
        entra = await stack.enter_async_context(LocalEntra(books, now=now))
        entra.roles.add("IdentityRiskEvent.Read.All")
        graph = await stack.enter_async_context(
            LocalGraph(books, now=now, is_live=entra.is_live, token_roles=entra.roles_of)
        )
        graph.add_crowd(CROWD, "unfamiliarFeatures")
        policy = folder / "policy.toml"
        policy.write_text(POLICY, encoding="utf-8")
        settings = settings_for(slack, entra, graph, folder / "confirm-safe.db")
        del settings["APPROVERS"]
        settings |= {"POLICY_FILE": str(policy), "REQUESTS_CA_BUNDLE": str(entra.ca_file), "HOLD": "PT5S"}
        bot = BotProcess(settings, folder, log)
        try:
            yield World(books, slack, entra, graph, bot)
        finally:
            if status := await bot.stop():
                books.complain(f"the bot stopped with status {status}")


def _furnish(slack: LocalSlack) -> None:
    """Put people where the story needs them: teams, an outsider in a shared channel, and an alert to act on."""
    workspace = slack.workspace
    slack.groups["S0SOC"] = {"U0MEGAN"}
    slack.groups["S0IDENTITY"] = {"U0DIEGO"}
    workspace.group_names |= {"S0SOC": "soc", "S0IDENTITY": "identity"}
    slack.channels[APPROVALS].members.add("U0JONI")  # who sees the message, and may not approve
    slack.channels[INCIDENT].members |= {"U0MEGAN", "U0DIEGO"}
    together = {"U0ANALYST", "U0OUTSIDE", BOT_USER}
    slack.channels[SHARED] = SlackChannel(SHARED, "with-fabrikam", together, is_ext_shared=True)
    slack.shortcuts.post_of_another_app({"ts": workspace.new_ts(now()), "text": ALERT})
