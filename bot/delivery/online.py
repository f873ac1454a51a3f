"""Knows when the bot was there for people, and has it say in each thread when it was not for long."""

import asyncio
import contextlib
from datetime import datetime, timedelta

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Connection

from bot.clock import Clock
from bot.core.ids import RequestId
from bot.core.wishes import Wish
from bot.delivery.health import Health
from bot.errors import SlackError, StoreError
from bot.remedies import slack_trouble
from bot.slack.api import answered
from bot.slack.installation import Installation
from bot.slack.reach import Reach
from bot.store.ledger import wish
from bot.store.presence import is_there, last_there
from bot.store.store import Store
from bot.store.threads import going_on

OFFLINE = timedelta(minutes=5)
"""Shorter is not worth a word."""
EVERY = 60.0
"""Seconds between two notes that the bot is there: by so much a kill makes an absence look longer than it was."""
PROBE, AT_LAST = 10.0, 60.0
"""Seconds until Slack is asked whether it works again, twice as long each time."""
LAST_WORD = 1.0
"""Seconds that a stop gives the last note."""
ABOUT = "Slack connection"

log = structlog.get_logger()


class Online:
    """One for the process."""

    def __init__(
        self,
        store: Store,
        client: AsyncWebClient,
        installation: Installation,
        reach: Reach,
        *,
        health: Health,
        clock: Clock,
    ) -> None:
        self._store = store
        self._client = client
        self._installation = installation
        self._reach = reach
        self._health = health
        self._clock = clock
        self._wake = asyncio.Event()
        self._since: datetime | None = None
        """When Slack began to fail, until it is noted that it works again."""
        self._has_begun = False
        """Whether it was noted since the start that the bot is there: what is noted before is of another process."""
        # Until Slack has told who the bot is, nobody has heard of it since the last note.
        reach.failing_since = None if installation.is_known else clock.now()
        installation.on_known.append(lambda: reach.ended(None))
        reach.on_change.append(self._wake.set)

    async def run(self) -> None:
        """Note that the bot is there while Slack works; while it does not, ask it now and then."""
        wait = 0.0 if self._installation.is_known else EVERY
        while True:
            await self._clock.wait(self._wake, self._clock.now() + timedelta(seconds=wait))
            is_news = self._wake.is_set()
            self._wake.clear()
            if self._reach.failing_since is None and not self._has_heard():
                await self._probe()
            if self._reach.failing_since is None:
                self._health.clear(ABOUT)
                await self.note()
                wait = EVERY
                continue
            if self._has_begun:
                self._since = self._since or self._reach.failing_since
            wait = PROBE if is_news else min(wait * 2, AT_LAST)
            if not is_news and self._installation.is_known:
                await self._probe()
            self._tell_operator(is_news=is_news)

    async def leave(self) -> None:
        """Note that the bot was there until now, if the database takes it at once."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD):
                await self.note()

    async def note(self) -> None:
        """Note that the bot is there; after a long absence have it said in every thread that goes on."""
        if self._reach.failing_since is not None:
            return
        failed, was_here = self._since, self._has_begun
        try:
            told = await self._store.run(lambda connection: self._back(connection, failed, was_here=was_here))
        except StoreError as error:
            log.warning("it could not be noted that the bot is there", why=str(error))
            if was_here:  # nobody can ask or decide without a database either
                self._since = self._since or self._clock.now()
            return
        self._since, self._has_begun = None, True
        if told is not None:
            log.warning("the bot was offline", since=told.isoformat())

    def _back(self, connection: Connection, failed: datetime | None, *, was_here: bool) -> datetime | None:
        """Note it, and return since when the bot was away, if it was for long."""
        now, since = self._clock.now(), last_there(connection)
        if since is not None and was_here:
            # Another process on the same database may have been there meanwhile.
            since = max(since, failed) if failed is not None else None
        is_there(connection, now)
        if since is None or now - since <= OFFLINE:
            return None
        for request_id in going_on(connection):
            wish(connection, request_id, resumed(request_id, since, now))
        return since

    def _has_heard(self) -> bool:
        """Whether Slack has answered since the last note: where nothing is posted nobody would notice its failing."""
        heard = self._reach.heard_at
        return heard is not None and self._clock.now() - heard < timedelta(seconds=EVERY)

    async def _probe(self) -> None:
        try:
            await answered(self._client.auth_test())
        except SlackError as error:
            self._reach.ended(error)
        else:
            self._reach.ended(None)

    def _tell_operator(self, *, is_news: bool) -> None:
        """Show that Slack does not work; a single call that broke is no news."""
        error = self._reach.error
        if error is not None and (self._reach.is_refused or not is_news):
            what = slack_trouble(error, self._client.base_url)
            self._health.note(ABOUT, f"Slack: {what.what}. What waits goes out once it works. {what.remedy}")


def resumed(request_id: RequestId, since: datetime, until: datetime) -> Wish:
    """One post in a request's thread for one absence."""
    payload = {"topic": "resumed", "since": since.isoformat(), "until": until.isoformat()}
    key = f"{request_id}.resumed.{int(since.timestamp())}"
    return Wish("tell", key, until, lane=request_id, payload=payload)
