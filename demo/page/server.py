"""Serves the page on 127.0.0.1: one document, what changes on it as server-sent events, and what is done on it."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from typing import Any, Self, TypeVar

from aiohttp import web

from demo.page.acts import Acts, Nonsense, NotThere
from demo.page.cast import CAST
from demo.page.drawer import Drawer
from demo.page.drawing import STATIC, draw
from demo.page.screen import Lists, Screen, changes
from demo.page.texts import texts
from demo.page.trail import Trail
from demo.page.troubles import Troubles
from demo.world import World

T = TypeVar("T")
PORT = 8321
"""Where it is free, so that the address stays the same; `DEMO_PORT` names another one."""
CALM = 0.04
"""Seconds in which changes are taken together."""
ALIVE = 15.0
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Page:
    """Serves while it is entered."""

    def __init__(self, contoso: World, port: int | None = None) -> None:
        self._world = contoso
        self._port = int(os.environ.get("DEMO_PORT", PORT)) if port is None else port
        self._acts = Acts(contoso)
        self._troubles = Troubles(contoso)
        self._trail = Trail(contoso)
        self._drawer = Drawer(contoso, self._trail)
        self._stack = AsyncExitStack()
        self._open: set[asyncio.Task[Any]] = set()
        self.address = ""

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[_guarded])
        app.router.add_get("/", self._index)
        app.router.add_get("/texts", self._texts)
        app.router.add_get("/events", self._events)
        app.router.add_post("/do", self._do)
        app.router.add_post("/trouble", self._trouble)
        app.router.add_static("/static", STATIC)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await self._listen(runner)
        await self._stack.enter_async_context(self._trail)
        return self

    async def _listen(self, runner: web.AppRunner) -> None:
        """Take any free port where the usual one is taken."""
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
        except OSError:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{runner.addresses[0][1]}/"

    async def __aexit__(self, *_: object) -> None:
        for task in self._open:
            task.cancel()
        await self._stack.aclose()

    async def _index(self, _request: web.Request) -> web.Response:
        users = self._world.slack.users
        people = [{"id": role.user, "name": users[role.user].name, "part": role.part} for role in CAST]
        return _html(draw("index.html", people=people, troubles=self._troubles.all))

    async def _texts(self, _request: web.Request) -> web.Response:
        return _html(draw("texts.html", families=texts(self._world.slack.workspace)))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send what changed for one person, first of all everything."""
        screen = Screen(self._world.slack, _person(request.query.get("as", "")))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        task = asyncio.current_task()
        if task is not None:
            self._keep(task)
        with contextlib.suppress(ConnectionError):
            async for event in self._changes(screen):
                await response.write(event)
        return response

    async def _changes(self, screen: Screen) -> AsyncIterator[bytes]:
        before: Lists = {}
        states: dict[str, bool] | None = None
        while True:
            changed = self._world.books.changed
            shown = {**screen.lists(), **self._drawer.lists()}
            told: dict[str, Any] = {"lists": dict(changes(shown, before))}
            on = {trouble.name: trouble.is_on() for trouble in self._troubles.all if trouble.is_on}
            if on != states:
                told["troubles"] = on
            if told["lists"] or "troubles" in told:
                yield b"data: " + json.dumps(told).encode() + b"\n\n"
            before, states = shown, on
            try:
                async with asyncio.timeout(ALIVE):
                    await changed.wait()
                await asyncio.sleep(CALM)
            except TimeoutError:
                yield b": still there\n\n"

    async def _do(self, request: web.Request) -> web.Response:
        given = await _given(request)
        act = self._acts.known.get(str(given.get("do")))
        if act is None:
            raise web.HTTPBadRequest(text="no such thing to do")
        try:
            return web.json_response(await self._to_its_end(act(_person(str(given.get("as"))), given)))
        except NotThere as gone:
            return web.json_response({"problem": f"That is gone: {gone} is no longer there."})
        except Nonsense as nonsense:
            raise web.HTTPBadRequest(text=str(nonsense)) from None

    async def _trouble(self, request: web.Request) -> web.Response:
        given = await _given(request)
        if given.get("name") not in [trouble.name for trouble in self._troubles.all]:
            raise web.HTTPBadRequest(text="no such trouble")
        await self._to_its_end(self._troubles.set(given["name"], on=bool(given.get("on"))))
        return web.json_response({})

    async def _to_its_end(self, doing: Coroutine[Any, Any, T]) -> T:
        """Do it also where the browser goes away meanwhile: a bot half started would never be reached again."""
        task = asyncio.create_task(doing)
        self._keep(task)
        return await asyncio.shield(task)

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._open.add(task)
        task.add_done_callback(self._open.discard)


@web.middleware
async def _guarded(request: web.Request, handler: Any) -> web.StreamResponse:
    """Serve the browser on this machine alone: no page of another site may drive this one, nor rebind its name."""
    here = {f"127.0.0.1:{_port(request)}", f"localhost:{_port(request)}"}
    origin = request.headers.get("Origin")
    if request.host not in here or (origin and origin.partition("://")[2] not in here):
        raise web.HTTPForbidden(text="this page is for the browser on its own machine")
    if request.method == "POST" and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="JSON only")
    response: web.StreamResponse = await handler(request)
    if not response.prepared:
        response.headers["Cache-Control"] = "no-store"
    return response


def _port(request: web.Request) -> int:
    transport = request.transport
    return int(transport.get_extra_info("sockname")[1]) if transport is not None else 0


def _person(user: str) -> str:
    if user not in {role.user for role in CAST}:
        raise web.HTTPBadRequest(text="nobody of that name is played here")
    return user


async def _given(request: web.Request) -> dict[str, Any]:
    try:
        given = await request.json()
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise web.HTTPBadRequest(text="no JSON object")
    return given


def _html(text: str) -> web.Response:
    headers = {"Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
    return web.Response(text=text, content_type="text/html", headers=headers)
