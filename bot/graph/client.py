"""Sends what wire.py builds: one session, a fresh token, no redirects, eight seconds."""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.clock import Clock
from bot.core.ids import ObjectId, Sendable
from bot.core.model import Receipt, RiskySnapshot
from bot.core.persons import DirectoryUser
from bot.errors import (
    Ambiguous,
    Garbled,
    GraphError,
    NotSent,
    Rejected,
    SignInFailed,
    Throttled,
    TooLate,
    Unauthorized,
    Unavailable,
)
from bot.graph import wire
from bot.graph.calls import OnAnswer, tell
from bot.graph.detections import DetectionPage
from bot.graph.detections import read_page as read_detections
from bot.graph.once import once
from bot.graph.pacer import Pacer, Turn
from bot.graph.tokens import Tokens
from bot.graph.wire import GraphAnswer, GraphRequest, Page

TIMEOUT = 8.0
CONNECT_TIMEOUT = 5.0
"""Shorter than the whole, so that a connection that never opened is told from an answer that never came."""
POOLED = 20.0
"""Seconds after which no connection is left in aiohttp's pool unless it was used since (its default is 15)."""
LIMITED_FOR = 60.0
DIRECTORY_AT_ONCE = 20
"""Calls for accounts, which have a quota of their own, at the same time."""
NEWEST_ENUMS = "include-unknown-enum-members"
"""Without it members that Graph added later come as unknownFutureValue (Graph: evolvable enumerations)."""
MAX_PAGES = 40
NOT_FOUND = 404


class Graph:
    """What the bot asks of Microsoft Graph. Whoever calls about risky users has taken a turn of the pacer's."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        root: str,
        tokens: Tokens,
        pacer: Pacer,
        clock: Clock,
        *,
        timeout: float = TIMEOUT,
    ) -> None:
        self._session = session
        self._root = root
        self.tokens = tokens
        self.pacer = pacer
        self._clock = clock
        self._timeout = timeout
        self._fresh_until = 0.0
        self._limited_at = float("-inf")
        self._directory = asyncio.Semaphore(DIRECTORY_AT_ONCE)
        self.on_call: Callable[[GraphError | SignInFailed | None], None] = lambda _: None
        """Told how each call to the risky users ended; None for an answer that can be used."""
        self.on_answer: OnAnswer = lambda _kind, _status, _seconds: None

    @property
    def is_limited(self) -> bool:
        """Whether Graph has answered 429 just now."""
        return self._clock.monotonic() - self._limited_at < LIMITED_FOR

    async def sign_in(self) -> None:
        """Have a token ready. Raises SignInFailed."""
        try:
            await self.tokens.token()
        except SignInFailed as error:
            self.on_call(error)
            raise

    async def confirm_safe(self, user_ids: Iterable[Sendable], not_after: datetime) -> Receipt:
        """Send the users, unless it is later than that. Returns for a 204 only.

        Raises NotSent, Throttled, Unauthorized, Forbidden, Rejected: nothing was taken; Ambiguous: it may
        have been; SignInFailed: there is no token.
        """
        _, receipt = await self._call(wire.confirm_safe(user_ids), Turn.WRITE, not_after)
        return receipt

    async def risky_user(self, user_id: ObjectId, turn: Turn) -> RiskySnapshot | None:
        """Read one riskyUser; None where there is no risk record."""
        read_at = self._clock.now()
        try:
            answer, receipt = await self._call(wire.risky_user(user_id), turn)
        except Rejected as error:
            if error.receipt.status == NOT_FOUND:
                return None
            raise
        return wire.snapshot(answer.json, receipt, read_at)

    async def probe(self) -> str:
        """Read as little as can be read, and return the Date of the answer; waits for a turn itself."""
        await self.pacer.turn(Turn.LOOK_UP)
        _, receipt = await self._call(wire.probe(), Turn.LOOK_UP)
        return receipt.date

    async def page(self, request: GraphRequest, turn: Turn) -> Page:
        """Read one page of a list."""
        read_at = self._clock.now()
        answer, receipt = await self._call(request, turn)
        return wire.read_page(answer, receipt, read_at)

    async def detections(self, request: GraphRequest, turn: Turn) -> DetectionPage:
        """Read one page of risk detections. Needs IdentityRiskEvent.Read.All, which is optional."""
        answer, receipt = await self._call(request, turn, is_needed=False)
        return read_detections(answer, receipt)

    async def directory_user(self, key: str) -> DirectoryUser | None:
        """Read a directory user by object id, UPN, mail or proxy address. Needs User.Read.All.

        None where Entra knows none, and where an address is that of several accounts.
        """
        found = await self.accounts_of(key)
        return found[0] if len(found) == 1 else None

    async def accounts_of(self, key: str) -> tuple[DirectoryUser, ...]:
        """Read the account with that object id or UPN, or else all with that address. Needs User.Read.All."""
        async with self._directory:
            try:
                answer, receipt = await self._call(wire.directory_user(key), None)
            except Rejected as error:
                if error.receipt.status != NOT_FOUND:
                    raise
            else:
                return (wire.read_directory_user(answer.json, receipt),)
            return wire.read_directory_users(*await self._call(wire.accounts_with(key), None)) if "@" in key else ()

    async def everybody_with(self, address: str) -> tuple[DirectoryUser, ...]:
        """Read all accounts whose UPN, mail or proxy address that is. Needs User.Read.All."""
        async with self._directory:
            return wire.read_directory_users(*await self._call(wire.accounts_with(address, or_upn=True), None))

    async def in_directory(self, request: GraphRequest) -> tuple[GraphAnswer, Receipt]:
        """Ask the directory something else, as one of so many calls at the same time."""
        async with self._directory:
            return await self._call(request, None)

    async def get(self, request: GraphRequest) -> tuple[GraphAnswer, Receipt]:
        """Read something that is no risky user, and so not paced."""
        return await self._call(request, None)

    async def _call(
        self,
        request: GraphRequest,
        turn: Turn | None,
        not_after: datetime | None = None,
        *,
        is_needed: bool = True,
    ) -> tuple[GraphAnswer, Receipt]:
        try:
            try:
                answered = await self._attempt(request, None, not_after)
            except Unauthorized as error:
                # Once: a claims challenge is answered with its claims, any other 401 with a fresh token.
                if error.claims is not None:
                    await self.tokens.answer(error.claims)
                else:
                    self.tokens.forget()
                answered = await self._attempt(request, turn, not_after)
        except (GraphError, SignInFailed) as error:
            if isinstance(error, Throttled):
                self._limited_at = self._clock.monotonic()
                if turn is not None:
                    await self.pacer.slow_down(error.retry_after)
            if turn is not None and is_needed and not isinstance(error, TooLate):
                self.on_call(error)
            raise
        if turn is not None:
            if is_needed:
                self.on_call(None)
            await self.pacer.recover()
        return answered

    async def _attempt(
        self, request: GraphRequest, turn: Turn | None, not_after: datetime | None
    ) -> tuple[GraphAnswer, Receipt]:
        """Call once; `turn` is waited for first, None where there is no need."""
        token = await self.tokens.token()
        if turn is not None:
            await self.pacer.turn(turn)
        if not_after is not None and self._clock.now() >= not_after:
            # The machine may have slept while the call waited for its turn.
            raise TooLate(Receipt(0), "too late to be sent")
        client_request_id = str(uuid.uuid4())
        lost = Receipt(0, client_request_id=client_request_id)
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "client-request-id": client_request_id,
            **({} if request.is_write else {"Prefer": NEWEST_ENUMS}),
            **request.headers,
        }
        now = asyncio.get_running_loop().time
        began = now()
        try:
            answer, receipt = await self._exchange(request, headers, lost)
        except GraphError as error:
            tell(request, error.receipt, error, now() - began, self.on_answer)
            raise
        tell(request, receipt, None, now() - began, self.on_answer)
        return answer, receipt

    async def _exchange(
        self, request: GraphRequest, headers: dict[str, str], lost: Receipt
    ) -> tuple[GraphAnswer, Receipt]:
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._send(request, headers, lost)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(lost, f"no connection ({type(error).__name__})") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            kind = Ambiguous if request.is_write else Unavailable
            raise kind(lost, f"no answer ({type(error).__name__})") from error
        receipt = wire.receipt_of(answer, lost.client_request_id)
        failure = wire.failure(request, answer, receipt, now=self._clock.now(), roles=self.tokens.roles())
        if failure is not None:
            raise failure
        return answer, receipt

    async def _send(self, request: GraphRequest, headers: dict[str, str], lost: Receipt) -> GraphAnswer:
        now = asyncio.get_running_loop().time
        if now() >= self._fresh_until:
            answer = await self._send_over(self._session, request, headers, lost)
        else:
            connector = aiohttp.TCPConnector(force_close=True)
            async with aiohttp.ClientSession(connector=connector, trust_env=self._session.trust_env) as fresh:
                answer = await self._send_over(fresh, request, headers, lost)
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            # The pool has the connection back by now, so new ones are used until it has lapsed there.
            self._fresh_until = now() + POOLED
        return answer

    async def _send_over(
        self, session: aiohttp.ClientSession, request: GraphRequest, headers: dict[str, str], lost: Receipt
    ) -> GraphAnswer:
        async with session.request(
            request.method,
            self._url(request, lost),
            params=request.params or None,
            json=request.json,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT),
            middlewares=(once,),
        ) as response:
            return GraphAnswer(response.status, response.headers, _json(await response.read()))

    def _url(self, request: GraphRequest, lost: Receipt) -> str:
        if request.path.startswith("/"):
            return self._root + request.path
        if _origin(request.path) != _origin(self._root):
            # The token goes to no other host, whatever a next link says.
            raise Garbled(lost, "a next link to another host")
        return request.path


def _origin(url: str) -> tuple[str, str] | None:
    """Return scheme and host with its port, and with the name and password that a link may carry."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.scheme, parts.netloc.lower()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
