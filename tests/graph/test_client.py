"""The Graph client against the local Graph, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web

from bot.core.ids import ObjectId, Sendable
from bot.core.pace import Slot
from bot.errors import (
    Ambiguous,
    Forbidden,
    Garbled,
    GraphError,
    NotSent,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
)
from bot.graph import wire
from bot.graph.client import CONNECT_TIMEOUT, TIMEOUT, Graph
from bot.graph.credentials import Credentials, Secret
from bot.graph.pacer import Pacer, SingleCall, Turn
from bot.graph.tokens import Tokens
from demo.graph import LocalGraph
from demo.wire import Books, Call, Fault
from tests.clocks import WarpClock

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = START + timedelta(hours=1)
ALEX = Sendable(ObjectId("5a0c76d2-cb57-4ece-9bc1-c323178f116a"))
NOBODY = ObjectId("00000000-0000-4000-8000-00000000dead")
CONFIRM = "POST /v1.0/identityProtection/riskyUsers/confirmSafe"
LIST = "GET /v1.0/identityProtection/riskyUsers"
ROLES = {"IdentityRiskyUser.ReadWrite.All", "User.Read.All"}


class HandedTokens(Tokens):
    """Tokens from a list instead of from Entra."""

    def __init__(self, clock: WarpClock, *tokens: str) -> None:
        super().__init__(Credentials("", "", Secret(""), "", ""), clock)
        self.left = list(tokens)
        self.answered: list[str] = []

    async def token(self) -> str:
        return self.left[0]

    def forget(self) -> None:
        if self.left[1:]:
            del self.left[0]

    async def answer(self, claims: str) -> str:
        self.answered.append(claims)
        self.forget()
        return self.left[0]

    def roles(self) -> frozenset[str] | None:
        return frozenset({"User.Read.All"})


class Apart(SingleCall):
    """Slots that are so far apart."""

    def __init__(self, clock: WarpClock, interval: timedelta) -> None:
        super().__init__(clock)
        self._interval, self._next = interval, START

    async def reserve(self) -> Slot:
        slot = Slot(max(self._clock.now(), self._next))
        self._next = slot.at + self._interval
        return slot


class Setup:
    """A Graph look-alike and a client for it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.clock = WarpClock(START, speed=0)
        self.books = Books()
        self.tokens = HandedTokens(self.clock, "live")
        self.roles = set(ROLES)
        self.there = LocalGraph(
            self.books,
            now=self.clock.now,
            is_live=lambda token: token == "live",
            token_roles=lambda _: self.roles,
            rate=None,
        )
        self.session = session

    def client(self, root: str = "", interval: timedelta = timedelta(0)) -> Graph:
        pacer = Pacer(Apart(self.clock, interval), self.clock)
        return Graph(self.session, root or self.there.url, self.tokens, pacer, self.clock)

    def plant(self, name: str, kind: str, status: int = 0, times: int = 1) -> None:
        self.there.faults.add(Fault(name, kind, times=times, status=status))


@asynccontextmanager
async def prepared() -> AsyncIterator[Setup]:
    """Both started; at the end nothing may have broken the contract."""
    async with aiohttp.ClientSession() as session:
        setup = Setup(session)
        async with setup.there:
            yield setup
    assert setup.books.complaints == []


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    async with prepared() as setup:
        yield setup


def free_port() -> int:
    """Return a port where nobody listens."""
    import socket  # noqa: PLC0415 - only here

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# -- confirming


async def test_a_204_confirms_exactly_the_users_given(setup: Setup) -> None:
    receipt = await setup.client().confirm_safe([ALEX], LATER)

    assert setup.there.sent == [[ALEX]]
    assert receipt.status == 204
    assert receipt.request_id
    assert receipt.client_request_id
    assert receipt.date
    assert receipt.diagnostic


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("reset", 0, Ambiguous),
        ("drop_after", 0, Ambiguous),
        ("html", 200, Ambiguous),
        ("garbage", 0, Ambiguous),
        ("empty", 202, Ambiguous),
        ("html", 302, Ambiguous),
        ("status", 408, Ambiguous),
        ("status", 500, Ambiguous),
        ("html", 503, Ambiguous),
        ("status", 429, Throttled),
        ("status", 403, Forbidden),
        ("status", 400, Rejected),
        ("status", 404, Rejected),
    ],
)
async def test_a_write_is_sent_once_and_its_end_told_for_what_it_is(
    setup: Setup, kind: str, status: int, error: type[GraphError]
) -> None:
    setup.plant("confirmSafe", kind, status)

    with pytest.raises(GraphError) as failure:
        await setup.client().confirm_safe([ALEX], LATER)

    assert type(failure.value) is error
    assert len(setup.books.of(CONFIRM)) == 1
    assert failure.value.receipt.client_request_id


async def test_a_write_without_an_answer_is_given_up_and_may_have_counted(setup: Setup) -> None:
    setup.plant("confirmSafe", "hang_then_accept")
    tokens, pacer = setup.tokens, Pacer(SingleCall(setup.clock), setup.clock)
    graph = Graph(setup.session, setup.there.url, tokens, pacer, setup.clock, timeout=0.2)

    with pytest.raises(Ambiguous):
        await graph.confirm_safe([ALEX], LATER)

    await setup.books.until(lambda: setup.there.sent)
    assert setup.there.sent == [[ALEX]]


def test_a_connection_that_does_not_open_is_given_up_before_the_call_is() -> None:
    assert CONNECT_TIMEOUT < TIMEOUT


async def test_after_a_503_another_connection_is_used() -> None:
    ports: list[int] = []

    async def note(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername")[1])
        return web.json_response({"id": ALEX}, status=200 if ports[1:] else 503)

    app = web.Application()
    app.router.add_get("/{tail:.*}", note)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            graph = Setup(session).client(f"http://127.0.0.1:{runner.addresses[0][1]}")
            with pytest.raises(Unavailable):
                await graph.risky_user(ALEX, Turn.LOOK_UP)
            assert await graph.risky_user(ALEX, Turn.LOOK_UP) is not None
    finally:
        await runner.cleanup()
    assert len(set(ports)) == 2


async def test_somebody_elses_404_is_no_word_about_a_user(setup: Setup) -> None:
    setup.plant("*", "html", 404, times=2)
    with pytest.raises(Garbled):
        await setup.client().risky_user(ALEX, Turn.LOOK_UP)
    with pytest.raises(Garbled):
        await setup.client().directory_user(ALEX)


async def test_nobody_there_means_nothing_was_sent(setup: Setup) -> None:
    with pytest.raises(NotSent):
        await setup.client(f"http://127.0.0.1:{free_port()}").confirm_safe([ALEX], LATER)


async def test_no_exception_repeats_the_token_or_the_body(setup: Setup) -> None:
    setup.tokens.left = ["live"]
    for kind, status in [("html", 200), ("status", 400), ("reset", 0), ("status", 429)]:
        setup.plant("confirmSafe", kind, status)
        with pytest.raises(GraphError) as failure:
            await setup.client().confirm_safe([ALEX], LATER)
        assert "live" not in str(failure.value)
        assert ALEX not in str(failure.value)
        assert "<" not in str(failure.value)


# -- the token


async def test_a_refused_token_is_replaced_once(setup: Setup) -> None:
    setup.tokens.left = ["stale", "live"]

    await setup.client().confirm_safe([ALEX], LATER)

    assert [call.status for call in setup.books.of(CONFIRM)] == [401, 204]
    assert setup.there.sent == [[ALEX]]


async def test_a_second_401_is_the_end_of_it(setup: Setup) -> None:
    setup.tokens.left = ["stale", "staler", "live"]

    with pytest.raises(Unauthorized):
        await setup.client().confirm_safe([ALEX], LATER)

    assert [call.status for call in setup.books.of(CONFIRM)] == [401, 401]


async def test_every_attempt_has_an_id_of_its_own(setup: Setup) -> None:
    ids = {(await setup.client().confirm_safe([ALEX], LATER)).client_request_id for _ in range(3)}
    assert len(ids) == 3


async def test_a_missing_permission_tells_what_the_token_may(setup: Setup) -> None:
    setup.roles = {"User.Read.All"}

    with pytest.raises(Forbidden) as refused:
        await setup.client().risky_user(ALEX, Turn.LOOK_UP)

    assert refused.value.roles == frozenset({"User.Read.All"})


async def test_a_next_link_to_another_host_gets_no_token(setup: Setup) -> None:
    strangers: list[str] = []

    async def note(request: web.Request) -> web.Response:
        strangers.append(request.path)
        return web.json_response({"value": []})

    app = web.Application()
    app.router.add_get("/{tail:.*}", note)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        away = f"http://127.0.0.1:{runner.addresses[0][1]}/v1.0/next"
        for link in (away, f"{setup.there.url}@127.0.0.1:{runner.addresses[0][1]}/x", "x"):
            with pytest.raises(GraphError):
                await setup.client().page(wire.next_page(link), Turn.LOOK_UP)
    finally:
        await runner.cleanup()
    assert strangers == []


async def test_a_redirect_is_not_followed(setup: Setup) -> None:
    setup.plant("riskyUsers", "html", 302)

    with pytest.raises(Garbled):
        await setup.client().risky_user(ALEX, Turn.LOOK_UP)

    assert len(setup.books.calls) == 1


# -- reading


async def test_a_risky_user_is_read_with_the_time_of_reading(setup: Setup) -> None:
    alex = await setup.client().risky_user(ALEX, Turn.LOOK_UP)

    assert alex is not None
    assert (alex.user_id, alex.upn, alex.level, alex.state) == (ALEX, "alexw@contoso.com", "medium", "atRisk")
    assert alex.read_at == START


async def test_no_risk_record_is_nobody(setup: Setup) -> None:
    assert await setup.client().risky_user(NOBODY, Turn.LOOK_UP) is None


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("status", 500, Unavailable),
        ("status", 503, Unavailable),
        ("status", 408, Unavailable),
        ("status", 429, Throttled),
        ("status", 400, Rejected),
        ("html", 200, Garbled),
        ("garbage", 0, Garbled),
        ("empty", 200, Garbled),
    ],
)
async def test_a_read_that_fails_is_never_taken_for_an_answer(
    setup: Setup, kind: str, status: int, error: type[GraphError]
) -> None:
    setup.plant("riskyUsers", kind, status, times=-1)

    with pytest.raises(GraphError) as failure:
        await setup.client().page(wire.at_risk_users(), Turn.LOOK_UP)

    assert type(failure.value) is error


async def test_a_dropped_read_may_be_tried_again_and_is_not_without_a_turn_of_its_own(setup: Setup) -> None:
    graph = setup.client()
    await graph.risky_user(ALEX, Turn.LOOK_UP)
    setup.plant("riskyUsers", "reset")
    with pytest.raises(Unavailable):
        await graph.risky_user(ALEX, Turn.LOOK_UP)
    assert len(setup.books.calls) == 2


async def test_a_list_is_read_page_by_page_to_its_last(setup: Setup) -> None:
    crowd = setup.there.add_crowd(1_100)
    graph, found = setup.client(), set[str]()
    page = await graph.page(wire.at_risk_users(), Turn.LOOK_UP)
    for _ in range(2):
        found |= {user.user_id for user in page.users}
        page = await graph.page(wire.next_page(page.next_link), Turn.LOOK_UP)
    found |= {user.user_id for user in page.users}
    assert page.next_link == ""
    assert {*crowd, ALEX} <= found


async def test_what_changed_since_a_moment_is_listed(setup: Setup) -> None:
    setup.clock.advance(timedelta(hours=1))
    setup.there.rise(ALEX, "high")
    since = START + timedelta(minutes=59)
    page = await setup.client().page(wire.updated_since(since), Turn.READ_BACK)
    assert [(user.user_id, user.level) for user in page.users] == [(ALEX, "high")]
    both = await setup.client().page(wire.at_risk_or_updated_since(since), Turn.READ_BACK)
    assert ALEX in {user.user_id for user in both.users}


async def test_reads_ask_for_members_that_graph_added_later(setup: Setup) -> None:
    setup.there.risky[ALEX].detail = "adminConfirmedAccountSafe"
    snapshot = await setup.client().risky_user(ALEX, Turn.READ_BACK)
    assert snapshot is not None
    assert snapshot.detail == "adminConfirmedAccountSafe"


@pytest.mark.parametrize("key", [ALEX, "alexw@contoso.com", "AlexW@Contoso.com"])
async def test_an_account_is_found_by_id_and_by_upn(setup: Setup, key: str) -> None:
    alex = await setup.client().directory_user(key)
    assert alex is not None
    assert alex.user_id == ALEX
    assert "alexw@contoso.com" in alex.addresses


@pytest.mark.parametrize(
    "upn", ["alex_f.com#EXT#@contoso.onmicrosoft.com", "$o'ps@contoso.com", "o'brien@contoso.com"]
)
async def test_unusual_upns_arrive_whole(setup: Setup, upn: str) -> None:
    setup.there.add_user(NOBODY, "Somebody Unusual", upn)

    found = await setup.client().directory_user(upn)

    assert found is not None
    assert found.upn == upn


async def test_an_unknown_account_is_nobody(setup: Setup) -> None:
    assert await setup.client().directory_user("nobody@contoso.com") is None


# -- the pace


async def test_the_retry_after_a_401_waits_for_a_turn_too(setup: Setup) -> None:
    setup.tokens.left = ["stale", "live"]
    calls: list[Call] = setup.books.calls
    graph = setup.client(interval=timedelta(seconds=1.05))
    await graph.pacer.turn(Turn.WRITE)
    confirming = asyncio.create_task(graph.confirm_safe([ALEX], LATER))

    await setup.clock.until_waiting()
    assert [call.status for call in calls] == [401]
    setup.clock.advance(timedelta(seconds=1.05))

    await confirming
    assert [call.status for call in calls] == [401, 204]


async def test_what_is_too_late_once_its_turn_comes_is_not_sent(setup: Setup) -> None:
    with pytest.raises(NotSent, match="too late"):
        await setup.client().confirm_safe([ALEX], START)
    assert setup.books.of(CONFIRM) == []


async def test_a_claims_challenge_is_answered_once() -> None:
    challenge = 'Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="'

    async def challenged(_request: web.Request) -> web.Response:
        return web.json_response({}, status=401, headers={"WWW-Authenticate": challenge})

    app = web.Application()
    app.router.add_post("/{tail:.*}", challenged)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            setup = Setup(session)
            setup.tokens.left = ["one", "two"]
            with pytest.raises(Unauthorized):
                await setup.client(f"http://127.0.0.1:{runner.addresses[0][1]}").confirm_safe([ALEX], LATER)
            assert setup.tokens.answered == ['{"access_token":{}}']
    finally:
        await runner.cleanup()
