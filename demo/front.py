"""The HTTP side of a look-alike: enters each call in the books, plays the faults, answers the rest."""

import asyncio
import json
import ssl
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Self

from aiohttp import web

from demo.wire import Books, Call, Fault, Faults

SHUTDOWN = 0.2
"""Seconds that calls still being answered get when the look-alike closes."""
PAGE = "<!DOCTYPE html><html><body><h1>Our services aren't available right now</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it goes into the books; `fault_name` is what a fault calls it."""

    name: str
    fault_name: str
    args: Mapping[str, Any]
    moment: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer about to be written; no body at all when it is None."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def as_response(self, headers: Mapping[str, str]) -> web.Response:
        is_text = isinstance(self.body, str)
        return web.Response(
            status=self.status,
            text=None if self.body is None else self.body if is_text else json.dumps(self.body),
            content_type=None if self.body is None else self.content_type,
            headers={**headers, **self.headers},
        )


class Front(ABC):
    """Serves on 127.0.0.1 while it is entered."""

    keeps_alive = True

    def __init__(self, to: str, books: Books) -> None:
        self.books = books
        self.faults = Faults()
        self.port = 0
        self.date: Callable[[], datetime] = lambda: datetime.now(UTC)
        """What its clock says in the Date of each answer; `off` is how wrong it is."""
        self.off = timedelta(0)
        self._to = to
        self._namespace = uuid.uuid4()
        self._runner: web.AppRunner | None = None
        self._at_work: set[asyncio.Task[web.Response]] = set()

    @abstractmethod
    def _read(self, request: web.Request, body: bytes) -> Asked:
        """Name the request, without judging it."""

    @abstractmethod
    def _act(self, request: web.Request, call: Call, body: bytes) -> Reply:
        """Do what the vendor would."""

    @abstractmethod
    def _failure(self, request: web.Request, call: Call, fault: Fault) -> Reply:
        """Answer a planted status with the vendor's error body."""

    @abstractmethod
    def _headers(self, request: web.Request, call: Call) -> Mapping[str, str]:
        """Return what every answer carries."""

    def _id_of(self, call: Call) -> str:
        """Return the id that this side gives the call."""
        return str(uuid.uuid5(self._namespace, str(call.n)))

    def _routes(self) -> list[web.RouteDef]:
        """Return what is no call: it stays out of the books."""
        return []

    def _tls(self) -> ssl.SSLContext | None:
        return None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_routes(self._routes())
        app.router.add_route("*", "/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls())
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        # What has arrived is acted on even if the client is gone by then, as at a vendor far away.
        gone = asyncio.Event()
        task = asyncio.create_task(self._answer(request, gone))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        try:
            return await asyncio.shield(task)
        finally:
            gone.set()

    async def _answer(self, request: web.Request, gone: asyncio.Event) -> web.Response:
        body = await request.read()
        asked = self._read(request, body)
        call = await self.books.arrived(self._to, request.method, asked.name, asked.args, asked.moment)
        fault = self.faults.take(asked.fault_name, call)
        match fault.kind if fault else "":
            case "reset":
                return self._drop(request)
            case "hang":
                await self.faults.released.wait()
                return self._drop(request)
            case "drop_after":
                self._act(request, call, body)
                return self._drop(request)
            case "hang_then_accept":
                await _either(self.faults.released, gone)
                reply = self._act(request, call, body)
            case _:
                reply = self._planted(request, call, fault) if fault else self._act(request, call, body)
        return await self._write(request, call, reply)

    def _planted(self, request: web.Request, call: Call, fault: Fault) -> Reply:
        match fault.kind:
            case "status":
                reply = self._failure(request, call, fault)
            case "html":
                reply = Reply(fault.status or 200, PAGE, content_type="text/html")
            case "empty":
                reply = Reply(fault.status or 200)
            case "garbage":
                reply = Reply(200, '{"value": [{"id": "')
            case _:
                raise ValueError(f"{self._to} knows no fault {fault.kind!r}")
        if fault.retry_after is None:
            return reply
        return replace(reply, headers={**reply.headers, "Retry-After": _retry_after(fault.retry_after)})

    def _drop(self, request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        self.books.note_change()
        return web.Response()

    async def _write(self, request: web.Request, call: Call, reply: Reply) -> web.Response:
        date = format_datetime((self.date() + self.off).astimezone(UTC), usegmt=True)
        response = reply.as_response({"Date": date, **self._headers(request, call)})
        if not self.keeps_alive:
            response.force_close()
        try:
            await response.prepare(request)
            await response.write_eof()
        except ConnectionError:
            self.books.note_change()  # nobody is there any more to read it
            return response
        await self.books.answered(call, reply.status, reply.body)
        return response


def _retry_after(when: float | datetime) -> str:
    if isinstance(when, datetime):
        return format_datetime(when.astimezone(UTC), usegmt=True)
    return f"{when:g}"


async def _either(one: asyncio.Event, other: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in (one, other)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
