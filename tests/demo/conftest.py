"""A local Graph on a clock that stands still, and somebody who asks it: what the tests of its risk stand on."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from multidict import CIMultiDictProxy
from yarl import URL

from demo.graph import LocalGraph
from demo.wire import Books
from tests.clocks import WarpClock

RISKY = "/v1.0/identityProtection/riskyUsers"
DETECTIONS = "/v1.0/identityProtection/riskDetections"
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ROLES = {
    "full": {"IdentityRiskyUser.ReadWrite.All", "IdentityRiskEvent.Read.All", "User.Read.All"},
    "event": {"IdentityRiskEvent.Read.All"},
    "users": {"IdentityRiskyUser.ReadWrite.All", "User.Read.All"},
    "reader": {"IdentityRiskyUser.Read.All"},
    "writer": {"IdentityRiskyUser.ReadWrite.All"},
    "members": {"User.Read.All", "GroupMember.Read.All"},
    "hidden": {"User.Read.All", "GroupMember.Read.All", "Member.Read.Hidden"},
    "groups": {"GroupMember.Read.All"},
    "roles": {"User.Read.All", "RoleManagement.Read.Directory"},
    "directory": {"Directory.Read.All"},
    "none": set[str](),
}


class Caller:
    """Asks as an app would, with a token that is called by its roles."""

    def __init__(self, graph: LocalGraph, session: aiohttp.ClientSession) -> None:
        self._graph = graph
        self._session = session

    async def ask(
        self,
        path: str,
        *user_ids: str,
        token: str = "full",  # noqa: S107 -- the look-alike knows it by this name
        prefer: str = "",
    ) -> tuple[int, Any, CIMultiDictProxy[str]]:
        """GET a path, or with ids POST their confirmation to it."""
        url = path if path.startswith("http") else self._graph.url + path
        headers = {"Authorization": f"Bearer {token}", "Prefer": prefer}
        method, body = ("POST", {"userIds": user_ids}) if user_ids else ("GET", None)
        # Encoded already: it is sent to the character, so that its length is known.
        async with self._session.request(method, URL(url, encoded=True), headers=headers, json=body) as response:
            return response.status, await response.json() if response.status != 204 else None, response.headers

    async def confirm(self, *user_ids: str) -> int:
        return (await self.ask(f"{RISKY}/confirmSafe", *user_ids))[0]

    async def state_of(self, user_id: str) -> tuple[str, str, bool]:
        _, record, _ = await self.ask(f"{RISKY}/{user_id}")
        return record["riskLevel"], record["riskState"], record["isProcessing"]

    async def why(self, *user_ids: str, prefer: str = "", **query: str) -> list[Any]:
        """Return those users' detections; the $ of the other options is left out here."""
        status, body, _ = await self.ask(detections(*user_ids, **query), prefer=prefer)
        assert status == 200, body
        return list(body["value"])


def detections(*user_ids: str, **query: str) -> str:
    query = {"filter": " or ".join(f"userId eq '{user_id}'" for user_id in user_ids), **query}
    return f"{DETECTIONS}?" + "&".join(f"${key}={quote(value, safe='')}" for key, value in query.items() if value)


@pytest.fixture
def clock() -> WarpClock:
    return WarpClock(START, speed=0)


@pytest.fixture
async def graph(clock: WarpClock) -> AsyncIterator[LocalGraph]:
    graph = LocalGraph(Books(), now=clock.now, is_live=ROLES.__contains__, token_roles=ROLES.__getitem__, rate=None)
    async with graph:
        yield graph


@pytest.fixture
async def caller(graph: LocalGraph) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(graph, session)
