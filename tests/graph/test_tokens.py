"""Tokens from the local Entra, by the real MSAL, over TLS."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import SignInFailed
from bot.graph.credentials import Credentials, Secret
from bot.graph.tokens import Tokens
from demo.entra import CLIENT, SECRET, TENANT, LocalEntra
from demo.wire import Books, Fault
from tests.clocks import WarpClock

SCOPE = "https://graph.microsoft.com/.default"
ROLES = frozenset({"IdentityRiskyUser.ReadWrite.All", "User.Read.All"})

New = Callable[..., Tokens]


@pytest.fixture
def clock() -> WarpClock:
    # MSAL tells the time by the machine's clock, so this one starts there.
    return WarpClock(datetime.now(UTC), speed=0)


@pytest.fixture
async def entra(clock: WarpClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalEntra]:
    async with LocalEntra(Books(), now=clock.now) as entra:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", entra.ca_file)
        yield entra
    assert entra.books.complaints == []


@pytest.fixture
async def new(entra: LocalEntra, clock: WarpClock) -> AsyncIterator[New]:
    """Make what hands out tokens, and close it at the end."""
    made: list[Tokens] = []

    def make(tenant: str = TENANT, client: str = CLIENT, secret: str = SECRET) -> Tokens:
        made.append(Tokens(Credentials(tenant, client, Secret(secret), entra.authority, SCOPE), clock))
        return made[-1]

    yield make
    for tokens in made:
        await tokens.close()


def asked(entra: LocalEntra) -> int:
    return len(entra.books.of("token"))


async def test_a_token_is_one_that_entra_issued(entra: LocalEntra, new: New) -> None:
    assert entra.is_live(await new().token())


async def test_a_good_token_is_fetched_once(entra: LocalEntra, new: New) -> None:
    tokens = new()
    assert await tokens.token() == await tokens.token()
    assert asked(entra) == 1


async def test_however_many_wait_one_asks(entra: LocalEntra, new: New) -> None:
    tokens = new()
    got = await asyncio.gather(*(tokens.token() for _ in range(20)))
    assert len(set(got)) == 1
    assert asked(entra) == 1


async def test_one_who_gives_up_takes_nothing_from_the_others(entra: LocalEntra, new: New) -> None:
    tokens = new()
    entra.faults.add(Fault("discovery", "hang_then_accept"))
    first, second = asyncio.create_task(tokens.token()), asyncio.create_task(tokens.token())
    await entra.books.until(lambda: entra.books.of("discovery"))

    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    entra.faults.release()

    assert entra.is_live(await second)


async def test_nearing_its_end_the_old_token_serves_while_the_new_one_is_fetched(
    entra: LocalEntra, clock: WarpClock, new: New
) -> None:
    tokens = new()
    old = await tokens.token()
    clock.advance(timedelta(seconds=3599 - 299))
    tokens._app = None  # MSAL's own cache goes by the machine's clock, for which no time has passed
    entra.faults.add(Fault("token", "hang_then_accept"))

    assert await tokens.token() == old
    await entra.books.until(lambda: asked(entra) == 2)
    assert await tokens.token() == old

    entra.faults.release()
    fetching = tokens._fetching
    assert fetching is not None
    await fetching
    assert await tokens.token() != old
    assert asked(entra) == 2


async def test_a_failed_refresh_leaves_the_good_token(entra: LocalEntra, clock: WarpClock, new: New) -> None:
    tokens = new()
    old = await tokens.token()
    clock.advance(timedelta(seconds=3599 - 120))
    tokens._app = None
    entra.faults.add(Fault("token", "status", status=503, times=-1))

    assert await tokens.token() == old
    fetching = tokens._fetching
    assert fetching is not None
    await asyncio.wait([fetching])

    assert isinstance(fetching.exception(), SignInFailed)
    assert await tokens.token() == old


async def test_a_forgotten_token_is_replaced_by_another(entra: LocalEntra, new: New) -> None:
    tokens = new()
    old = await tokens.token()
    entra.revoke_all()

    tokens.forget()

    assert entra.is_live(await tokens.token())
    assert await tokens.token() != old


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        ("wrong_secret", "AADSTS7000215"),
        ("expired_secret", "AADSTS7000222"),
        ("unknown_app", "AADSTS700016"),
        ("no_tenant", "AADSTS90002"),
    ],
)
async def test_what_only_an_admin_can_mend_is_named_by_its_code(
    entra: LocalEntra, new: New, failure: str, code: str
) -> None:
    entra.failure = failure

    with pytest.raises(SignInFailed) as failed:
        await new().token()

    assert failed.value.code == code
    assert not failed.value.is_transient
    assert SECRET not in str(failed.value)


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("discovery", "reset", 0),
        ("discovery", "status", 503),
        ("discovery", "html", 200),
        ("discovery", "html", 302),
        ("discovery", "html", 403),
        ("discovery", "html", 429),
        ("discovery", "empty", 200),
        ("discovery", "garbage", 0),
        ("token", "reset", 0),
        ("token", "status", 503),
        ("token", "status", 429),
        ("token", "html", 200),
        ("token", "garbage", 0),
        ("token", "empty", 200),
    ],
)
async def test_what_passes_by_itself_is_told_as_such(
    entra: LocalEntra, new: New, name: str, kind: str, status: int
) -> None:
    entra.faults.add(Fault(name, kind, status=status, times=-1))

    with pytest.raises(SignInFailed) as failed:
        await new().token()

    assert failed.value.is_transient
    assert "<" not in str(failed.value)


async def test_nobody_there_passes_too(entra: LocalEntra, clock: WarpClock) -> None:
    tokens = Tokens(Credentials(TENANT, CLIENT, Secret(SECRET), "https://127.0.0.1:1", SCOPE), clock)
    with pytest.raises(SignInFailed) as failed:
        await tokens.token()
    assert failed.value.is_transient
    await tokens.close()


@pytest.mark.parametrize("status", [400, 503])
async def test_two_seconds_after_a_failure_the_next_try_reaches_entra(
    entra: LocalEntra, clock: WarpClock, new: New, status: int
) -> None:
    entra.faults.add(Fault("token", "status", status=status, code="unknown_app" if status == 400 else ""))
    tokens = new()
    with pytest.raises(SignInFailed):
        await tokens.token()

    clock.advance(timedelta(seconds=2))

    assert entra.is_live(await tokens.token())


async def test_the_roles_are_those_of_the_newest_token(entra: LocalEntra, new: New) -> None:
    tokens = new()
    assert tokens.roles() is None

    await tokens.token()
    assert tokens.roles() == ROLES

    entra.roles = set()
    tokens.forget()
    assert tokens.roles() is None
    await tokens.token()
    assert tokens.roles() == frozenset()


@pytest.mark.parametrize(
    "token", ["opaque", "", "a.b.c", "a..", f"a.{base64.b64encode(json.dumps([1]).encode()).decode()}.c"]
)
async def test_a_token_that_is_no_jwt_tells_no_roles(clock: WarpClock, new: New, token: str) -> None:
    tokens = new()
    await tokens.token()
    assert tokens._token is not None
    tokens._token = type(tokens._token)(token, clock.monotonic() + 3600)
    assert tokens.roles() is None


async def test_closing_ends_what_is_still_being_fetched(entra: LocalEntra, new: New) -> None:
    entra.faults.add(Fault("discovery", "hang"))
    tokens = new()
    waiting = asyncio.create_task(tokens.token())
    await entra.books.until(lambda: entra.books.of("discovery"))

    await tokens.close()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    entra.faults.clear()


async def test_a_tenant_that_can_be_no_tenant_is_nothing_that_passes(new: New) -> None:
    with pytest.raises(SignInFailed) as failed:
        await new(tenant="").token()
    assert not failed.value.is_transient


@pytest.mark.parametrize("failure", ["unknown_app", "wrong_secret"])
async def test_impatience_neither_floods_entra_nor_keeps_it_from_being_asked(
    entra: LocalEntra, clock: WarpClock, new: New, failure: str
) -> None:
    tokens = new()
    entra.failure = failure
    for _ in range(9):
        with pytest.raises(SignInFailed):
            await tokens.token()
        clock.advance(timedelta(seconds=0.5))

    assert asked(entra) == 3


CLAIMS = '{"access_token": {"nbf": {"essential": true, "value": "1702682181"}}}'


def claims_asked(entra: LocalEntra) -> list[str | None]:
    return [call.args.get("claims") for call in entra.books.of("token")]


async def test_a_challenge_is_answered_past_every_cache(entra: LocalEntra, new: New) -> None:
    tokens = new()
    refused = await tokens.token()

    answer = await tokens.answer(CLAIMS)

    assert answer != refused
    assert entra.is_live(answer)
    assert await tokens.token() == answer
    assert claims_asked(entra) == [None, CLAIMS]
    assert len(entra.books.of("discovery")) == 1


async def test_a_token_that_is_being_fetched_without_the_claims_is_no_answer(entra: LocalEntra, new: New) -> None:
    tokens = new()
    entra.faults.add(Fault("token", "hang_then_accept"))
    plain = asyncio.create_task(tokens.token())
    await entra.books.until(lambda: entra.books.of("token"))

    answer = asyncio.create_task(tokens.answer(CLAIMS))
    await asyncio.sleep(0)
    joined = asyncio.create_task(tokens.token())
    await asyncio.sleep(0)
    entra.faults.release()

    assert await plain != await answer
    assert await joined == await answer
    assert await tokens.token() == await answer
    assert claims_asked(entra) == [None, CLAIMS]


async def test_however_many_are_challenged_alike_one_asks(entra: LocalEntra, new: New) -> None:
    tokens = new()
    await tokens.token()
    got = await asyncio.gather(*(tokens.answer(CLAIMS) for _ in range(20)))
    assert len(set(got)) == 1
    assert claims_asked(entra) == [None, CLAIMS]


async def test_a_challenge_that_entra_does_not_grant_leaves_the_plain_way_open(
    entra: LocalEntra, clock: WarpClock, new: New
) -> None:
    tokens = new()
    await tokens.token()
    entra.faults.add(Fault("token", "status", status=400, code="bad_request"))
    with pytest.raises(SignInFailed, match="AADSTS900144"):
        await tokens.answer(CLAIMS)

    clock.advance(timedelta(seconds=2))

    assert entra.is_live(await tokens.token())
    assert claims_asked(entra) == [None, CLAIMS, None]


async def test_it_is_kept_warm_while_nobody_asks(entra: LocalEntra, clock: WarpClock, new: New) -> None:
    tokens = new()
    entra.lifetime = 299  # MSAL, which goes by the machine's clock, keeps no token that is this short
    first = await tokens.token()
    await clock.until_waiting()

    clock.advance(timedelta(seconds=30))

    await entra.books.until(lambda: asked(entra) == 2)
    assert tokens._fetching is not None
    await tokens._fetching
    assert await tokens.token() != first


async def test_what_keeps_it_warm_outlives_a_failure(entra: LocalEntra, clock: WarpClock, new: New) -> None:
    tokens = new()
    entra.lifetime = 299
    await tokens.token()
    entra.failure = "expired_secret"
    for n in (2, 3):
        await clock.until_waiting()
        clock.advance(timedelta(seconds=299))
        await entra.books.until(lambda n=n: asked(entra) == n)  # type: ignore[misc]  # mypy infers no default

    entra.failure = None
    await clock.until_waiting()
    clock.advance(timedelta(seconds=30))

    await entra.books.until(lambda: asked(entra) == 4)
    assert entra.is_live(await tokens.token())
