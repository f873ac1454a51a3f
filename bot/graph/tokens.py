"""Tokens from Entra through MSAL: one for everybody, kept warm, from a credential that may be renewed meanwhile."""

import asyncio
import base64
import contextlib
import contextvars
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.clock import Clock
from bot.errors import SignInFailed
from bot.graph import sign_in
from bot.graph.credentials import Acquire, Credentials, Loaded, ManagedIdentity, load
from bot.threads import in_daemon_thread

REFRESH_BEFORE = 300.0
GIVE_UP_BEFORE = 30.0
NEW_APP_AFTER = 2.0
"""MSAL replays a failure from memory for up to a minute; an application made anew asks Entra again."""
LOOK_AFTER = 30.0
"""Seconds at least between two looks at whether the token nears its end."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    good_until: float
    """Seconds on the monotonic clock."""


class Tokens:
    """One token for everybody: fetched once, however many wait for it."""

    def __init__(self, credentials: Credentials, clock: Clock) -> None:
        self._credentials = credentials
        self._clock = clock
        self._token: _Token | None = None
        self._app: Acquire | None = None
        self._loaded: Loaded | None = None
        """What the application was made from."""
        self._failed: tuple[float, SignInFailed] | None = None
        self._fetching: asyncio.Task[_Token] | None = None
        self._claims: str | None = None
        """What is being fetched was asked for with these."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._is_kept_warm = False

    async def token(self) -> str:
        """Return a token that is still good. Raises SignInFailed."""
        token, now = self._token, self._clock.monotonic()
        if token is not None and now < token.good_until - REFRESH_BEFORE:
            return token.value
        if token is not None and now < token.good_until - GIVE_UP_BEFORE:
            self._start_fetching()  # off the hot path: the old one is good for a while yet
            return token.value
        return (await asyncio.shield(self._start_fetching())).value

    async def answer(self, claims: str) -> str:
        """Answer a claims challenge: forget the token and return one fetched with these claims. Raises SignInFailed.

        Neither MSAL's cache nor a fetch without the claims that is under way will do.
        """
        self._token = None
        return (await asyncio.shield(self._start_fetching(claims))).value

    def forget(self) -> None:
        """Drop a token that Graph refused."""
        self._token = None
        self._app = None

    def roles(self) -> frozenset[str] | None:
        """Return the permissions in the newest token; None where it can't be read. Advice, not a check."""
        if self._token is None:
            return None
        try:
            payload = self._token.value.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            return frozenset(str(role) for role in claims.get("roles", []))
        except (ValueError, IndexError, AttributeError, TypeError, RecursionError):
            return None

    async def close(self) -> None:
        if self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    def _start_fetching(self, claims: str | None = None) -> "asyncio.Task[_Token]":
        running = self._fetching
        if running is not None and not running.done() and claims in {None, self._claims}:
            return running
        self._claims = claims
        self._fetching = asyncio.create_task(self._fetch(claims))
        self._fetching.add_done_callback(_seen)
        self._keep(self._fetching)
        return self._fetching

    def _keep(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fetch(self, claims: str | None) -> _Token:
        async with self._one_at_a_time:
            now = self._clock.monotonic()
            if self._failed is not None:
                at, why = self._failed
                if now - at < NEW_APP_AFTER:
                    raise SignInFailed(why.code, str(why), is_transient=why.is_transient)
                self._app = None
            try:
                answer = await in_daemon_thread(lambda: self._acquire(claims))
            except SignInFailed as error:
                self._failed = (self._clock.monotonic(), error)
                raise
            self._failed = None
            self._token = token = _Token(answer["access_token"], now + float(answer.get("expires_in") or 0))
        if not self._is_kept_warm:
            self._is_kept_warm = True
            self._keep(asyncio.create_task(self._keep_warm(), context=contextvars.Context()))
        return token

    async def _keep_warm(self) -> None:
        """Renew the token ahead of its end also while nobody asks for one, so that who asks next needn't wait."""
        while True:
            left = self._token.good_until - REFRESH_BEFORE - self._clock.monotonic() if self._token else 0.0
            await self._clock.sleep(max(left, LOOK_AFTER))
            with contextlib.suppress(SignInFailed):
                await self.token()

    def _acquire(self, claims: str | None) -> Mapping[str, Any]:
        """Runs in a thread: MSAL is synchronous, and its constructor asks the network too."""
        from bot.graph import applications  # noqa: PLC0415 - with MSAL, which takes a while

        is_managed = isinstance(self._credentials.credential, ManagedIdentity)
        try:
            answer = self._application()(claims)
        except applications.RAISED as error:
            self._app = None
            raise sign_in.raised(error, by_managed_identity=is_managed) from error
        if not isinstance(answer, Mapping) or "access_token" not in answer:
            answer = answer if isinstance(answer, Mapping) else {}
            raise sign_in.refused(answer, by_managed_identity=is_managed)
        return answer

    def _application(self) -> Acquire:
        """Return the MSAL application, made anew once the credential in its file is another one."""
        from bot.graph import applications  # noqa: PLC0415 - likewise

        app = self._app
        try:
            loaded = load(self._credentials.credential)
        except SignInFailed as error:
            if app is None:
                raise
            log.warning("going on with the credential that was read before", why=str(error))
            return app
        if app is None or loaded != self._loaded:
            app = applications.open_application(self._credentials, loaded)
            self._app, self._loaded = app, loaded
        return app


def _seen(task: "asyncio.Task[_Token]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.info("no token", code=getattr(error, "code", ""), why=type(error).__name__)
