"""The composition root: opens each resource once, wires the parts, closes in reverse."""

import asyncio
import logging
from functools import partial

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.admin import Admin
from bot.authority import Authority
from bot.check import Check
from bot.core.recurrence import next_look
from bot.core.wishes import Wish
from bot.delivery import (
    at_the_alert,
    confirm,
    explain,
    home,
    lines,
    look_up,
    posting,
    recur,
    renewal,
    show,
    tell,
    timers,
    verify,
)
from bot.delivery.at_risk import AtRisk
from bot.delivery.context import Context
from bot.delivery.conversation import Conversation
from bot.delivery.health import Health
from bot.delivery.loop import Loop
from bot.delivery.online import Online
from bot.forms import Forms
from bot.graph.accounts import Accounts
from bot.graph.groups import Groups
from bot.intake import Intake
from bot.listeners import Listeners
from bot.metrics import Metrics
from bot.parts import Parts
from bot.readiness import Readiness
from bot.rush import Rush
from bot.service import Service
from bot.slack.blocks import answers
from bot.slack.messenger import Messenger
from bot.slack.people import People
from bot.slack.reach import Reach
from bot.starts import enter_start, record_approvers
from bot.store import tasks as outbox
from bot.store.asks import show_pending
from bot.store.ledger import wish
from bot.store.pace import StoredTurns
from bot.tally import Tally
from bot.views import Views
from bot.watch import Watch
from bot.web import Doors
from handlers import Surfaces, register
from handlers.buttons import Buttons
from handlers.command import Command
from handlers.details import Details
from handlers.form import Filling
from handlers.home import Home
from handlers.modal import Modals
from handlers.overload import Overload
from handlers.refusals import Unexpected
from handlers.shortcut import Shortcuts

WORKERS = {
    "look_up": look_up.look_up,
    "explain": explain.explain,
    "confirm": confirm.confirm,
    "verify": verify.verify,
    "look_again": verify.look_again,
    "show": show.show,
    "line": lines.line,
    "alert": at_the_alert.at_the_alert,
    "tell": tell.tell,
    "answer": tell.answer,
    "whisper": tell.whisper,
    "sweep": posting.sweep,
    "expire": timers.expire,
    "lapse": timers.lapse,
    "stoppable": timers.stoppable,
    "tally": timers.tally,
    "home": home.publish,
    "recur": recur.recur,
    "renewal": renewal.renewal,
}


class Application:
    """The running bot."""

    def __init__(self, parts: Parts) -> None:
        outside = parts.outside
        self._parts = parts
        self._outside = outside
        self._settings = outside.settings
        self.health, self.metrics = Health(), Metrics()
        outside.graph.on_call = self.health.graph_call
        people = People(outside.client, outside.installation, outside.clock)
        accounts, groups = Accounts(outside.graph, outside.clock), Groups(outside.graph, outside.clock)
        self._authority = authority = Authority(people, accounts, groups, self._settings.policy)
        behind = parts.store.giving_way()
        turns = StoredTurns(behind) if parts.store.writer.database.is_shared else None
        reach = Reach(outside.clock)
        messenger = Messenger(
            outside.client, outside.session, outside.installation, outside.clock, turns=turns, reach=reach
        )
        self._service = Service(parts.store, authority, outside.place)
        self._conversation = Conversation(behind, outside.graph, authority, outside.clock)
        context = Context(
            store=behind,
            graph=outside.graph,
            conversation=self._conversation,
            ends=outside.ends,
            installation=outside.installation,
            messenger=messenger,
            people=people,
            authority=authority,
            place=outside.place,
            clock=outside.clock,
            health=self.health,
            reach=reach,
        )
        self._forms = Forms(
            self._service,
            parts.store,
            authority,
            AtRisk(self._conversation, outside.clock),
            client=outside.client,
            place=outside.place,
            clock=outside.clock,
        )
        rush = Rush(outside.clock)
        self._loop = Loop(context, WORKERS, rush)
        self._sockets = parts.sockets if self._settings.slack_app_token else None
        self.readiness = Readiness(
            parts.store, outside.installation, self.health, outside.clock, is_open=self._is_open
        )
        self._tally = Tally(behind, self.metrics)
        self._intake = Intake(
            self._bolt(),
            outside.installation,
            metrics=self.metrics,
            not_ready=lambda: answers.not_ready(
                "Slack has not told it yet which workspace it serves, see `python -m bot doctor`", outside.place()
            ),
            shed=Overload(outside.client).shed,
            rush=rush,
        )
        signing_secret = None if self._sockets else self._settings.slack_signing_secret
        self._doors = Doors(self._intake, signing_secret, self.readiness, outside.clock)
        self._admin = Admin(self.readiness, self.metrics, self._tally.read)
        self._listeners = Listeners()
        self._observe()
        self._checking: list[asyncio.Task[None]] = []
        self._online = Online(
            behind, outside.client, outside.installation, reach, health=self.health, clock=outside.clock
        )
        self.watch = Watch(
            parts.checks,
            outside.installation,
            self.health,
            outside.clock,
            is_open=self._is_open,
            ready_line=self._ready_line,
            on_ready=partial(record_approvers, parts.store, parts.checks, outside.clock),
        )
        self.port = self.admin_port = 0

    def troubles(self) -> list[str]:
        """What does not work now, in words."""
        return list(self.readiness.troubles().values())

    def _observe(self) -> None:
        """Have the numbers told by whatever has them."""
        outside, metrics = self._outside, self.metrics
        outside.graph.on_answer = metrics.graph_call
        outside.graph.pacer.on_turn = metrics.turn_came
        self._parts.sockets.on_change = self._connected
        metrics.gap.set_function(lambda: outside.graph.pacer.gap)
        outside.client.on_call = metrics.slack_call
        outside.ends.on_end = metrics.credential_ends
        self._loop.on_put_off = metrics.put_off

    def _is_open(self) -> bool:
        return self._sockets is None or self._sockets.is_open

    def _connected(self, check: Check) -> None:
        """Tell at once what the checks would only tell later."""
        about = f"check: {check.about}"
        if check.verdict == "NO":
            self.health.note(about, check.whole)
        else:
            self.health.clear(about)

    async def start(self) -> None:
        """Listen and take up what was left; then check what the bot needs, without waiting for it.

        Raises SettingsInvalid, StoreError, CannotListen.
        """
        await self._parts.store.do(enter_start, self._parts.store.ledger, self._settings, self._outside.clock.now())
        if not self._parts.store.writer.database.is_shared:
            await self._parts.store.do(outbox.release_all)
        now = self._outside.clock.now()
        lookouts = Wish("renewal", "renewal", now), Wish("recur", "watch", next_look(now))
        await self._parts.store.do(wish, None, *lookouts)
        # What waits was drawn by the rules of before, and is decided by those of now.
        await self._parts.store.do(show_pending, now)
        await self._tally.begin()
        settings, listen = self._settings, self._listeners.open
        self.admin_port = await listen(self._admin.routes(), settings.admin_host, settings.admin_port, "ADMIN_PORT")
        self.port = await listen(self._doors.routes(), settings.host, settings.port, "PORT")
        if self._sockets is not None:
            self._sockets.start(self._intake)
        self._loop.start()
        self._checking = [asyncio.create_task(self._online.run()), asyncio.create_task(self.watch.run())]

    async def stop(self) -> None:
        """Take nothing new, finish what is in hand or leave it for the next start."""
        self.readiness.is_stopping = True
        for checking in self._checking:
            checking.cancel()
        if self._checking:
            await asyncio.wait(self._checking)
        stopping = [self._loop.stop(self._settings.drain_seconds)]
        if self._sockets is not None:
            stopping.append(self._sockets.close())
        await asyncio.gather(*stopping)
        await self._online.leave()
        await self._forms.close()
        await self._conversation.close()
        await self._loop.hand_back()
        await self._listeners.close()

    def _ready_line(self) -> str:
        settings, checks = self._settings, self._parts.checks
        way_in = settings.way_in if self._sockets else f"HTTP on {settings.host}:{self.port}"
        return (
            f"ready: {way_in}, workspace {self._outside.installation.team}, "
            f"tenant {settings.azure_tenant_id}, approvals in {checks.channel_name}, "
            f"{checks.approvers}, database {settings.database_url.shown}"
        )

    def _bolt(self) -> AsyncApp:
        outside = self._outside

        async def authorize() -> AuthorizeResult:
            known = outside.installation
            return AuthorizeResult(
                enterprise_id=None,
                team_id=known.team_id,
                bot_id=known.bot_id,
                bot_user_id=known.bot_user_id,
                bot_token=outside.settings.slack_bot_token.get_secret_value(),
            )

        app = AsyncApp(
            name="slack_bolt.app",  # it names a logger; Bolt would read the sources of its callers for one
            client=outside.client,
            # With a logger of its own Bolt would warn of its token, which it need not know, at every start.
            logger=logging.getLogger("slack_bolt"),
            authorize=authorize,
            # Bolt awaits the handler: nothing is acked before it is committed (and no poll for the ack).
            process_before_response=True,
            request_verification_enabled=False,  # the doors verify, before Bolt reads anything
            ssl_check_enabled=False,
            url_verification_enabled=False,
        )
        views = Views(self._parts.store, self._authority, outside.place)
        shortcuts = Shortcuts(self._forms, outside.client)
        surfaces = Surfaces(
            Command(self._service, views, outside.place, shortcuts),
            Buttons(self._service, outside.client, outside.place),
            Modals(self._service),
            Details(views, outside.client),
            Home(self._service),
            shortcuts,
            Filling(self._forms),
        )
        register(app, surfaces)
        app.error(Unexpected(self._service, outside.place).met)
        return app
