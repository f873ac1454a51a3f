"""Whatever comes over the wire, nothing but the error tree comes of it, and what is kept can be stored."""

import asyncio
import contextlib
import gzip
import itertools
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from pydantic import TypeAdapter

from bot.core.backoff import RETRY_AFTER_CAP, delay
from bot.core.ids import ObjectId, Sendable
from bot.core.model import Receipt
from bot.errors import Ambiguous, Forbidden, Garbled, GraphError, Throttled, Unauthorized, Unavailable
from bot.graph import detections, wire
from bot.graph.application import secret_end
from bot.graph.claims import claims_of
from bot.graph.client import Graph
from bot.graph.memberships import check_groups, memberships, read_groups, read_roles
from bot.graph.pacer import Pacer, SingleCall, Turn
from bot.graph.wire import GraphAnswer, GraphRequest
from tests.clocks import WarpClock
from tests.graph.test_client import HandedTokens

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ALEX = Sendable(ObjectId("5a0c76d2-cb57-4ece-9bc1-c323178f116a"))
NOTED = Receipt(200)
FIRST_READ = wire.at_risk_users()
STEADY = settings(derandomize=True, deadline=None, max_examples=300)


def deep(levels: int = 5_000) -> list[Any]:
    """A list in a list in a list: more than Python shows or reads."""
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


TEXT = st.one_of(
    st.text(st.characters(), max_size=20),
    st.sampled_from(
        ["", "\ud83d", "\udc80x", "\x00\r\n\x1b[31m", "\u202e", "x" * 10_000, "9" * 5_000, "-1", "nan", "inf"]
    ),
)
MOMENTS = st.builds("{}-{}-{}T{}:{}:{}{}".format, *[st.sampled_from(part) for part in (
    ("0001", "2026", "9999", "10000", "-1"), ("01", "12", "13"), ("01", "31", "1"), ("00", "23", "24"), ("00", "60"),
    ("00", "59.1234567", "59.9999999999"), ("", "Z", "+00:00", "+14:00", "-23:59", "+23:59:59.999999", "+24:00"),
)])  # fmt: skip
NUMBERS = st.integers() | st.floats() | st.builds(pow, st.just(10), st.sampled_from([400, 5_000])) | st.booleans()
LEAVES = st.none() | NUMBERS | TEXT | MOMENTS
VALUES = st.one_of(
    LEAVES,
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)),
    st.builds(deep),
)


@st.composite
def mostly(draw: st.DrawFn, known: st.SearchStrategy[Any]) -> Any:
    """What is known to come, and once in a while anything."""
    return draw(known if draw(st.integers(0, 5)) else VALUES)


def having(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects with some of these keys."""
    names = {name: name.replace("__", "-").replace("odata_", "@odata.") for name in known}
    return mostly(st.fixed_dictionaries({}, optional={names[name]: mostly(value) for name, value in known.items()}))


def lists_of(item: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return having(value=st.lists(item, max_size=3), odata_nextLink=TEXT)


INNER = having(request__id=TEXT, date=TEXT)
FAILURES = having(error=having(code=TEXT, message=TEXT, innerError=INNER, innererror=INNER))
RISKY_USER_BODIES = having(
    id=TEXT,
    isDeleted=st.booleans(),
    isProcessing=st.booleans(),
    riskLastUpdatedDateTime=MOMENTS,
    riskLevel=TEXT,
    riskState=TEXT,
    riskDetail=TEXT,
    userDisplayName=TEXT,
    userPrincipalName=TEXT,
)
ACCOUNTS = having(
    id=TEXT,
    displayName=TEXT,
    userPrincipalName=TEXT,
    mail=TEXT,
    proxyAddresses=st.lists(VALUES, max_size=3),
    accountEnabled=st.booleans(),
)
DETECTIONS = having(
    userId=TEXT,
    riskEventType=TEXT,
    activityDateTime=MOMENTS,
    detectedDateTime=MOMENTS,
    ipAddress=TEXT,
    location=having(city=TEXT, countryOrRegion=TEXT),
    riskLevel=TEXT,
    riskState=TEXT,
)
APPLICATIONS = having(
    passwordCredentials=st.lists(having(hint=st.just("Sn7"), endDateTime=MOMENTS), max_size=3),
)

# RFC 9110, 5.6.7, with numbers that no date has.
_NUMBER = st.integers(-1, 99).map(str) | st.sampled_from(
    ["0001", "2026", "9999", "99999999999", "9" * 30, "9" * 5_000]
)
DATES = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Mon", "Sunday", ""]),
    _NUMBER,
    st.sampled_from(["Jan", "Feb", "December", "13"]),
    _NUMBER,
    _NUMBER,
    _NUMBER,
    _NUMBER,
    st.sampled_from(["GMT", "-0000", "+2359", "-9999", "+99999999999999999999", ""]),
)
WAITS = st.one_of(TEXT, DATES, st.integers().map(str), st.floats().map(str))
CHALLENGES = st.builds(
    lambda claims: f'Bearer error="insufficient_claims", claims="{b64encode(claims).decode()}"',
    st.binary(max_size=40) | st.sampled_from([b"[" * 5_000, b'{"a": "\\ud83d"}', b'{"a": %s}' % (b"9" * 5_000)]),
)
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["Retry-After", "retry-after"]), WAITS),
        st.tuples(st.sampled_from(["WWW-Authenticate", "www-authenticate"]), CHALLENGES | TEXT),
        st.tuples(st.sampled_from(["request-id", "client-request-id", "Date", "x-ms-ags-diagnostic"]), TEXT),
        st.tuples(st.just("Content-Type"), TEXT | st.sampled_from(["text/html", "TEXT/", "application/json"])),
    ),
    max_size=6,
).map(lambda pairs: CIMultiDictProxy(CIMultiDict(pairs)))
STATUSES = st.integers(100, 599) | st.integers() | st.sampled_from([200, 204, 400, 401, 403, 408, 429, 503])
ANSWERS = st.builds(GraphAnswer, STATUSES, HEADERS, FAILURES)


def keeps(found: Any) -> None:
    """Hold that a value can be stored, and comes back from the store as it was."""
    adapter = TypeAdapter[Any](type(found))
    stored = adapter.dump_json(found)
    assert stored.decode("utf-8")
    assert adapter.validate_json(stored) == found
    for part in fields(found):
        value = getattr(found, part.name)
        assert not isinstance(value, datetime) or value.utcoffset() == timedelta(0)


def read(reader: Callable[[], Any]) -> Any:
    """Return what is read, None where it is garbled; nothing else may be raised."""
    try:
        return reader()
    except Garbled:
        return None


# -- the pure half


@STEADY
@given(ANSWERS, st.sampled_from([FIRST_READ, check_groups(ALEX, [ALEX]), wire.confirm_safe([ALEX])]))
def test_any_answer_is_a_success_or_one_failure_of_the_tree(answer: GraphAnswer, request: GraphRequest) -> None:
    receipt = wire.receipt_of(answer, "mine")
    keeps(receipt)
    assert (receipt.status, receipt.client_request_id) == (answer.status, "mine")
    assert len(receipt.code) <= 100
    assert len(receipt.request_id) <= 64

    failure = wire.failure(request, answer, receipt, now=NOW)

    assert (failure is None) == (answer.status == (204 if request.is_write else 200))
    assert failure is None or isinstance(failure, GraphError)
    str(failure).encode()
    if isinstance(failure, Throttled | Unavailable) and failure.retry_after is not None:
        assert 0 <= failure.retry_after <= (datetime.max.replace(tzinfo=UTC) - NOW).total_seconds() + 86_400
    if isinstance(failure, Unauthorized) and failure.claims is not None:
        assert isinstance(json.loads(failure.claims.encode()), dict)


@STEADY
@given(WAITS)
@example("Mon, 01 Jan 99999999999 00:00:00 GMT")
@example("Mon, 01 Jan 2026 00:00:00 +99999999999999999999")
@example("9" * 5_000)
@example("Mon, 01 Jan 9999 23:59:59 -2359")
def test_a_wait_is_none_or_one_that_is_kept_within_bounds(text: str) -> None:
    wait = wire.retry_after(CIMultiDictProxy(CIMultiDict([("retry-after", text)])), NOW)
    assert wait is None or wait >= 0
    assert 0 < delay(1, 0.5, wait) <= RETRY_AFTER_CAP


@STEADY
@given(TEXT | CHALLENGES)
def test_any_challenge_is_read_or_is_none(text: str) -> None:
    found = claims_of(text)
    assert found is None or isinstance(json.loads(found.encode()), dict)


@STEADY
@given(RISKY_USER_BODIES)
@example({"id": "\ud83d"})
@example({"id": "a", "riskLastUpdatedDateTime": "0001-01-01T00:00:00+14:00"})
def test_any_risky_user_is_read_or_garbled(body: Any) -> None:
    found = read(lambda: wire.snapshot(body, NOTED, NOW))
    if found is not None:
        keeps(found)


@STEADY
@given(lists_of(RISKY_USER_BODIES))
@example({"value": [], "@odata.nextLink": False})
def test_any_page_is_read_or_garbled(body: Any) -> None:
    page = read(lambda: wire.read_page(GraphAnswer(200, {}, body), NOTED, NOW))
    if page is not None:
        for user in page.users:
            keeps(user)
        assert page.next_link == (body.get("@odata.nextLink") or "")
        assert wire.next_page(page.next_link).path == page.next_link


@STEADY
@given(ACCOUNTS)
def test_any_account_is_read_or_garbled(body: Any) -> None:
    found = read(lambda: wire.read_directory_user(body, NOTED))
    if found is not None:
        keeps(found)
        assert all(address.encode() for address in found.addresses)


@STEADY
@given(having(value=st.lists(DETECTIONS, max_size=3)), TEXT)
def test_any_page_of_detections_is_read_or_garbled(body: Any, link: str) -> None:
    if isinstance(body, dict):
        body["@odata.nextLink"] = link
    page = read(lambda: detections.read_page(GraphAnswer(200, {}, body), NOTED))
    if page is not None:
        assert page.next_link == link
        for detection in page.detections:
            keeps(detection)


@STEADY
@given(lists_of(TEXT))
@example({"value": ["\ud83d"]})
def test_any_list_of_groups_is_read_or_garbled(body: Any) -> None:
    found = read(lambda: read_groups(GraphAnswer(200, {}, body), NOTED))
    assert found is None or found == {row.lower() for row in body["value"]}


@STEADY
@given(lists_of(having(id=TEXT, roleTemplateId=st.none() | TEXT)))
@example({"value": [{"id": "r"}], "@odata.nextLink": False})
def test_any_page_of_roles_is_read_or_garbled(body: Any) -> None:
    page = read(lambda: read_roles(GraphAnswer(200, {}, body), NOTED))
    if page is not None:
        templates, link = page
        assert templates == {(row.get("roleTemplateId") or "").lower() for row in body["value"]}
        assert link == (body.get("@odata.nextLink") or "")


@STEADY
@given(APPLICATIONS)
@example({"passwordCredentials": [{"hint": "Sn7", "endDateTime": "9999-12-31T23:59:59-14:00"}]})
def test_any_application_tells_an_end_or_none(body: Any) -> None:
    end = read(lambda: secret_end(GraphAnswer(200, {}, body), NOTED, "Sn7~hush"))
    assert end is None or end.utcoffset() == timedelta(0)


# -- over a socket


class Wild:
    """A server that answers every request with the same bytes, whatever they are, and hangs up."""

    def __init__(self) -> None:
        self.answer = b""
        self.asked = 0
        self.serving: set[asyncio.Task[None] | None] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.add(asyncio.current_task())
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
            self.asked += 1
            writer.write(self.answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client hung up first
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@pytest.fixture
async def wild() -> AsyncIterator[tuple[Wild, Graph]]:
    wild, clock = Wild(), WarpClock(NOW, speed=0)
    async with await asyncio.start_server(wild.serve, "127.0.0.1", 0) as server, aiohttp.ClientSession() as session:
        root = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield wild, Graph(session, root, HandedTokens(clock, "live"), Pacer(SingleCall(clock), clock), clock)
    if left := [task for task in wild.serving if task is not None]:
        await asyncio.wait(left)
    await asyncio.sleep(0)  # closed connections are gone once the event loop has come round


def reads(graph: Graph) -> list[Callable[[], Awaitable[Any]]]:
    return [
        lambda: graph.page(wire.at_risk_users(), Turn.LOOK_UP),
        lambda: graph.risky_user(ALEX, Turn.READ_BACK),
        lambda: graph.directory_user(ALEX),
        lambda: graph.detections(detections.of_users([ALEX]), Turn.WHY),
        lambda: memberships(graph, ALEX, [ALEX]),
        lambda: memberships(graph, ALEX, ["role:any"]),
    ]


def http(body: bytes, *headers: bytes, status: bytes = b"200 OK", length: int | None = None) -> bytes:
    size = b"Content-Length: %d" % (len(body) if length is None else length)
    return b"\r\n".join([b"HTTP/1.1 " + status, *headers, size, b"", body])


def chunked(chunks: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks


NESTED = b'{"value": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
GARBAGE: dict[str, bytes] = {
    "nothing": b"",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "every byte": bytes(range(256)),
    "a page without a head": b"<html>busy</html>",
    "no end of the head": b"HTTP/1.1 200 OK\r\nDate: x",
    "a header of 1 MB": http(b"{}", b"request-id: " + b"a" * 1_000_000),
    "a cut chunk": chunked(b'ff\r\n{"value": []}'),
    "no last chunk": chunked(b'd\r\n{"value": []}\r\n'),
    "a chunk of no size": chunked(b'zz\r\n{"value": []}'),
    "less than announced": http(b'{"value": []}', length=99),
    "a length below 0": http(b'{"value": []}', length=-5),
    "a length that is huge": http(b'{"value": []}', length=10**30),
    "two lengths": http(b'{"value": []}', b"Content-Length: 2"),
    "no gzip": http(b'{"value": []}', b"Content-Encoding: gzip"),
    "half a gzip": http(gzip.compress(b'{"value": []}')[:15], b"Content-Encoding: gzip"),
    "no deflate": http(b'{"value": []}', b"Content-Encoding: deflate"),
    "an encoding not asked for": http(b'{"value": []}', b"Content-Encoding: zstd"),
    "nested without end": http(NESTED),
    "nested and cut": http(b"[" * 200_000),
    "an error nested without end": http(b'{"error": ' + NESTED + b"}", status=b"503 Busy"),
    "no UTF-8": http(b'{"value": "\xff\xfe"}', b"Date: \xff\xfe", b"request-id: \xff"),
    "a number without end": http(b"9" * 5_000),
    "no number": http(b"NaN"),
    "half a character": http(b'"\\ud83d"', b"Content-Type: \xff;;="),
    "cookies of no date": http(
        b"", b"Set-Cookie: a=b; Max-Age=" + b"9" * 5_000, b"Set-Cookie: \x80=; Expires=31 Feb 0"
    ),
    "a place that is none": http(b"", b"Location: http://[", status=b"302 Found"),
    "another protocol from here": http(b"", b"Upgrade: x", b"Connection: upgrade", status=b"101 Switching Protocols"),
    "wait, and then nothing": b"HTTP/1.1 100 Continue\r\n\r\n",
    "a status of four digits": http(b"{}", status=b"9999 Nine"),
    "a status of nought": http(b"{}", status=b"000 None"),
    "a status beyond": http(b"{}", b"Retry-After: Mon, 01 Jan 99999999999 00:00:00 GMT", status=b"999 Beyond"),
}


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_for_a_write_leaves_open_whether_it_was_taken(wild: tuple[Wild, Graph], answer: bytes) -> None:
    server, graph = wild
    server.answer = answer

    with pytest.raises(Ambiguous) as failure:
        await graph.confirm_safe([ALEX], LATER)

    assert server.asked == 1
    keeps(failure.value.receipt)
    str(failure.value).encode()


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_for_a_read_is_no_answer(wild: tuple[Wild, Graph], answer: bytes) -> None:
    server, graph = wild
    server.answer = answer
    for call in reads(graph):
        with pytest.raises(GraphError) as failure:
            await call()
        assert type(failure.value) in {Unavailable, Garbled}
        keeps(failure.value.receipt)


async def test_what_is_nested_without_end_keeps_the_meaning_of_its_status(wild: tuple[Wild, Graph]) -> None:
    server, graph = wild
    server.answer = http(b'{"error": ' + NESTED + b"}", status=b"403 Forbidden")
    with pytest.raises(Forbidden):
        await graph.confirm_safe([ALEX], LATER)


async def test_one_wrong_byte_anywhere_ends_in_an_answer_or_in_the_tree(wild: tuple[Wild, Graph]) -> None:
    server, graph = wild
    user = {"id": ALEX, "riskLevel": "high", "riskLastUpdatedDateTime": "2026-02-28T22:15:47Z", "isDeleted": False}
    good = http(json.dumps({"value": [user], **user}).encode(), b"request-id: r", b"Retry-After: 5")
    write: Callable[[], Awaitable[Any]] = lambda: graph.confirm_safe([ALEX], LATER)  # noqa: E731 - beside the reads
    calls = itertools.cycle([*reads(graph), write])
    for at, wrong in zip(range(len(good)), itertools.cycle([0x00, 0x0A, 0x22, 0x39, 0x5C, 0x7F, 0xFF]), strict=False):
        server.answer = good[:at] + bytes([wrong]) + good[at + 1 :]
        try:
            await next(calls)()
        except GraphError as error:
            keeps(error.receipt)


@pytest.mark.parametrize(
    "link",
    [
        "http://[",
        "{root}:x/",
        "http://127.0.0.1:99999999/x",
        "{scheme}name:password@{host}/x",
        "{scheme}\ud83d{host}/x",
    ],
)
async def test_a_link_that_leads_nowhere_is_garbled_and_not_followed(wild: tuple[Wild, Graph], link: str) -> None:
    server, graph = wild
    scheme, _, host = graph._root.rpartition("//")
    with pytest.raises(Garbled):
        await graph.page(wire.next_page(link.format(root=graph._root, scheme=f"{scheme}//", host=host)), Turn.LOOK_UP)
    assert server.asked == 0


@pytest.mark.parametrize("rest", ["/\ud83d", "/\x00\r\nx: y", "?%zz#", "", "/" + "x" * 50_000])
async def test_a_link_of_any_other_kind_is_asked_for_as_one_request(wild: tuple[Wild, Graph], rest: str) -> None:
    server, graph = wild
    server.answer = http(b'{"value": []}')
    page = await graph.page(wire.next_page(graph._root + rest), Turn.LOOK_UP)
    assert page.users == ()
    assert server.asked == 1
