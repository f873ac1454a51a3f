"""When the bot's secret or certificate ends, as far as that can be known."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.clock import Clock
from bot.core.model import Receipt
from bot.errors import GraphError, SignInFailed
from bot.graph.application import PERMISSION, application, secret_end
from bot.graph.credentials import Credentials, LoadedCertificate, Secret, load
from bot.graph.tokens import Tokens
from bot.graph.wire import GraphAnswer, GraphRequest
from bot.threads import in_daemon_thread

ANNOUNCED_AHEAD = timedelta(days=14)

Get = Callable[[GraphRequest], Awaitable[tuple[GraphAnswer, Receipt]]]
"""Sends a GET with the bot's token and returns its 200. Raises GraphError, SignInFailed.

The directory is not paced as the risky users are, so no turn of the pacer's is needed.
"""


@dataclass(frozen=True, slots=True)
class Ends:
    """It ends then; `left` is less than nothing once it has ended."""

    what: Literal["secret", "certificate"]
    at: datetime
    left: timedelta

    @property
    def is_near(self) -> bool:
        return self.left <= ANNOUNCED_AHEAD


@dataclass(frozen=True, slots=True)
class NotKnown:
    """The end can't be read; `lacks` is the permission that would let it be."""

    what: Literal["secret", "certificate"]
    why: str
    lacks: str = ""


class CredentialEnd:
    """Looks up the end of the credential that is in use."""

    def __init__(self, credentials: Credentials, tokens: Tokens, clock: Clock, get: Get | None = None) -> None:
        """`get` asks Graph; without it the end of a secret is not known."""
        self._credentials = credentials
        self._tokens = tokens
        self._clock = clock
        self._get = get
        self.on_end: Callable[[str, datetime], None] = lambda _what, _at: None
        """Told whenever the end was read."""

    async def credential_end(self) -> Ends | NotKnown | None:
        """Say when the secret or certificate ends; None where there is none to renew. Raises nothing of ours.

        A certificate is read from its file, as it is there now; a secret's end from Graph, where the token
        holds Application.Read.All.
        """
        credential = self._credentials.credential
        try:
            loaded = await in_daemon_thread(lambda: load(credential))
        except SignInFailed as error:
            return NotKnown("secret" if isinstance(credential, Secret) else "certificate", str(error))
        match loaded:
            case LoadedCertificate(_, certificate):
                return self._ends("certificate", certificate.ends)
            case Secret(value):
                return await self._secret(value)
        return None

    async def _secret(self, secret: str) -> Ends | NotKnown:
        try:
            await self._tokens.token()
            if PERMISSION not in (self._tokens.roles() or ()):
                return NotKnown("secret", f"{PERMISSION} is missing", PERMISSION)
            if self._get is None:
                return NotKnown("secret", "Graph is not asked for it")
            answer, receipt = await self._get(application(self._credentials.client))
            at = secret_end(answer, receipt, secret)
        except (GraphError, SignInFailed) as error:
            return NotKnown("secret", str(error) or type(error).__name__)
        if at is None:
            return NotKnown("secret", "the app registration shows none that begins like it")
        return self._ends("secret", at)

    def _ends(self, what: Literal["secret", "certificate"], at: datetime) -> Ends:
        self.on_end(what, at)
        return Ends(what, at, at - self._clock.now())
