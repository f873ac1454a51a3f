"""Entra, a clock that stands still, and tokens by any credential: what the tests of signing in stand on."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest

from bot.errors import SignInFailed
from bot.graph.credentials import Credential, Credentials
from bot.graph.tokens import Tokens
from demo.entra import CLIENT, TENANT, LocalEntra
from demo.wire import Books
from tests.clocks import WarpClock

SCOPE = "https://graph.microsoft.com/.default"


def now() -> datetime:
    """Return the machine's time: by it MSAL dates its assertions."""
    return datetime.now(UTC)


@pytest.fixture
def clock() -> WarpClock:
    return WarpClock(now(), speed=0)


@pytest.fixture
async def entra(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalEntra]:
    """An Entra that takes nothing unless a test says so."""
    async with LocalEntra(Books(), now=now, secrets=()) as entra:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", entra.ca_file)
        yield entra
    assert entra.books.complaints == []


New = Callable[..., Tokens]


@pytest.fixture
async def new(entra: LocalEntra, clock: WarpClock) -> AsyncIterator[New]:
    """Make what hands out tokens by a credential, and close it at the end."""
    opened: list[Tokens] = []

    def make(credential: Credential, client: str = CLIENT) -> Tokens:
        opened.append(Tokens(Credentials(TENANT, client, credential, entra.authority, SCOPE), clock))
        return opened[-1]

    yield make
    for tokens in opened:
        await tokens.close()


async def refused(tokens: Tokens) -> SignInFailed:
    """Return why there is no token."""
    with pytest.raises(SignInFailed) as failed:
        await tokens.token()
    return failed.value
