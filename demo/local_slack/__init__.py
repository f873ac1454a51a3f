"""A local Slack: the Web API over a socket, and people who type and click."""

import contextlib
import json
import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Self
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web

from demo.front import Asked, Front, Reply
from demo.local_slack.answers import Answer
from demo.local_slack.arguments import BOT_SCOPES, METHODS
from demo.local_slack.calling import Asker, missing_scope
from demo.local_slack.delivery import PATIENCE, Delivery
from demo.local_slack.methods import Methods
from demo.local_slack.responses import Responses
from demo.local_slack.shortcuts import Shortcuts
from demo.local_slack.workspace import Message, SlackChannel, SlackUser, View, Workspace
from demo.wire import Books, Call, Fault

__all__ = ["Answer", "LocalSlack", "Message", "SlackChannel", "SlackUser", "View"]

SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BOT_TOKEN = "xoxb-0123456789-local"
POSTS_A_SECOND, BURST = 1, 3
GROUP_READS_A_MINUTE = 20


class LocalSlack(Front):
    """Serves while it is entered; what people do and see is on `delivery` and `workspace`, and here for short."""

    def __init__(
        self,
        books: Books,
        *,
        now: Callable[[], datetime],
        signing_secret: str = SIGNING_SECRET,
        bot_token: str = BOT_TOKEN,
        rate_limits: bool = False,
        patience: float = PATIENCE,
    ) -> None:
        super().__init__("slack", books)
        self.signing_secret, self.bot_token, self.rate_limits = signing_secret, bot_token, rate_limits
        self.scopes: set[str] = set(BOT_SCOPES)
        self.workspace = Workspace(now)
        self._responses = Responses(self.workspace, now, lambda: self._base)
        self.delivery = Delivery(self.workspace, books, now, signing_secret, self._responses, patience=patience)
        self.sockets = self.delivery.sockets
        self.shortcuts = Shortcuts(self.delivery, now)
        self._methods = Methods(self.workspace)
        self._now = self.date = now
        self._recent: dict[str, deque[datetime]] = defaultdict(deque)
        self.users, self.channels, self.groups = (
            self.workspace.users,
            self.workspace.channels,
            self.workspace.groups,
        )
        self.messages, self.thread = self.workspace.messages, self.workspace.thread
        self.ephemerals, self.dm, self.modal = self.workspace.ephemerals, self.workspace.dm, self.workspace.modal
        self.plain, self.pings = self.workspace.plain, self.workspace.pings
        self.command, self.click, self.submit = self.delivery.command, self.delivery.click, self.delivery.submit
        self.open_home, self.press, self.home = self.delivery.open_home, self.delivery.press, self.workspace.home
        self.sign, self.post_raw, self.replay = self.delivery.sign, self.delivery.post_raw, self.delivery.replay

    @property
    def _base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        return f"{self._base}/api/"

    @property
    def bot_url(self) -> str:
        return self.delivery.bot_url

    @bot_url.setter
    def bot_url(self, url: str) -> None:
        self.delivery.bot_url = url

    @property
    def complaints(self) -> list[str]:
        return self.books.complaints

    async def __aenter__(self) -> Self:
        self.delivery.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        return await super().__aenter__()

    async def __aexit__(self, *exc: object) -> None:
        if self.delivery.session is not None:
            await self.delivery.session.close()
        await super().__aexit__(*exc)

    def _routes(self) -> list[web.RouteDef]:
        return [web.get("/link/", self.sockets.serve)]

    def _read(self, request: web.Request, body: bytes) -> Asked:
        if request.path.startswith("/response/"):
            return Asked("response_url", "response_url", _parsed(body) or {})
        name = request.path.removeprefix("/api/")
        return Asked(name, name, _arguments(request, body))

    def _act(self, request: web.Request, call: Call, body: bytes) -> Reply:
        asker = Asker(self._now(), frozenset(self.scopes), lambda c: self.books.complain(f"{call.name}: {c}"))
        if call.name == "response_url":
            status, said = self._responses.take(request.path, call.args, asker)
            return Reply(status, said, content_type="text/plain")
        method = METHODS.get(call.name)
        if method is None:
            return self._broken(call, "unknown_method", "no such method")
        given = request.headers.get("Authorization")
        if call.name == "apps.connections.open":
            return Reply(200, self.sockets.connections_open(given, self._base))
        if given != f"Bearer {self.bot_token}":
            return Reply(200, {"ok": False, "error": "invalid_auth" if given else "not_authed"})
        if method.scopes and not self.scopes & set(method.scopes):
            return Reply(200, missing_scope(method.scopes, asker.scopes).answer)
        if request.content_type == "application/json" and _parsed(body) is None:
            return self._broken(call, "invalid_json", "the body is no JSON object")
        if unknown := set(call.args) - method.takes:
            return self._broken(call, "invalid_arguments", f"unknown argument {min(unknown)!r}")
        if missing := method.needs - set(call.args):
            return self._broken(call, "invalid_arguments", f"{min(missing)!r} is missing")
        if (wait := self._throttled(call)) > 0:
            return Reply(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(wait)})
        return Reply(200, self._methods.call(call.name, call.args, asker))

    def _broken(self, call: Call, error: str, what: str) -> Reply:
        self.books.complain(f"{call.name}: {what}")
        return Reply(200, {"ok": False, "error": error})

    def _throttled(self, call: Call) -> int:
        """Return the seconds to wait; 0 where the call may go on, and is counted."""
        if not self.rate_limits or call.name not in {"chat.postMessage", "usergroups.users.list"}:
            return 0
        is_post = call.name == "chat.postMessage"
        window, most = (BURST / POSTS_A_SECOND, BURST) if is_post else (60.0, GROUP_READS_A_MINUTE)
        recent = self._recent[f"{call.name} {call.args['channel'] if is_post else ''}"]
        now = self._now()
        while recent and (now - recent[0]).total_seconds() >= window:
            recent.popleft()
        if len(recent) >= most:
            return math.ceil(window - (now - recent[0]).total_seconds())
        recent.append(now)
        return 0

    def _planted(self, request: web.Request, call: Call, fault: Fault) -> Reply:
        if fault.kind == "stale":  # a history that lags behind what was posted
            return Reply(200, {"ok": True, "messages": [], "response_metadata": {"next_cursor": ""}})
        return super()._planted(request, call, fault)

    def _failure(self, request: web.Request, call: Call, fault: Fault) -> Reply:
        code = fault.code or ("ratelimited" if fault.status == 429 else "internal_error")
        return Reply(fault.status or 200, {"ok": False, "error": code})

    def _headers(self, request: web.Request, call: Call) -> Mapping[str, str]:
        return {"X-Slack-Req-Id": self._id_of(call), "X-OAuth-Scopes": ",".join(sorted(self.scopes))}


def _arguments(request: web.Request, body: bytes) -> dict[str, Any]:
    """Arguments come in the query, a form or a JSON body; in the first two, blocks are JSON in a string."""
    given: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        given.update(_parsed(body) or {})
    elif body:
        given.update(parse_qsl(body.decode(errors="replace")))
    given.pop("token", None)  # Node's SDK sends it here too; the header is what is looked at
    for key in ("blocks", "metadata", "view"):
        if isinstance(given.get(key), str):
            with contextlib.suppress(ValueError):  # what is no JSON is refused by the method
                given[key] = json.loads(given[key])
    return given


def _parsed(body: bytes) -> dict[str, Any] | None:
    """Read a JSON object; None where it is none. No body at all is one without keys."""
    try:
        read = json.loads(body) if body else {}
    except ValueError:
        return None
    return read if isinstance(read, dict) else None
