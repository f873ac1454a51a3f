"""The accounts in Entra of those who approved: whoever is at risk can't vouch for anybody."""

import itertools
from collections.abc import Iterator
from datetime import datetime

import structlog

from bot.clock import Clock
from bot.core.model import ObjectId
from bot.delivery.jobs import Job
from bot.delivery.reading import Reading
from bot.errors import Forbidden, GraphError, Rejected, SignInFailed
from bot.graph.client import Graph

DIRECTORY = "User.Read.All"
REMEMBERED = 60.0
SAY_SO_FROM = 10.0
"""From a pause of so many seconds on, people are told that it doesn't answer."""

log = structlog.get_logger()


class Accounts:
    """Finds them by e-mail, and remembers them for a minute."""

    def __init__(self, graph: Graph, clock: Clock) -> None:
        self._graph = graph
        self._clock = clock
        self._known: dict[str, tuple[float, tuple[ObjectId, ...]]] = {}

    async def of(self, email: str) -> tuple[ObjectId, ...] | None:
        """Return the accounts of that address; nothing where the directory may not be asked or knows none.

        None where it did not answer: nobody can tell then.
        """
        email, roles = email.casefold(), self._graph.tokens.roles()
        if not email or (roles is not None and DIRECTORY not in roles):
            return ()
        now = self._clock.monotonic()
        self._known = {key: known for key, known in self._known.items() if now - known[0] < REMEMBERED}
        if email not in self._known:
            try:
                found = await self._graph.accounts_of(email)
            except (Forbidden, Rejected):
                return ()
            except (GraphError, SignInFailed) as error:
                log.warning("an approver's account can't be looked up", why=str(error))
                return None
            self._known[email] = (now, tuple(account.user_id for account in found))
        return self._known[email][1]


def pauses() -> Iterator[float]:
    """How many seconds to wait before the directory is asked again, without an end."""
    yield from (1.0, 3.0, 10.0)
    yield from itertools.repeat(30.0)


def is_at_risk(job: Job, reading: Reading, since: datetime) -> bool:
    """Whether whoever approved was read as being at risk."""
    email, accounts = job.approver.casefold(), job.accounts or ()
    return any(s.user_id in accounts or (email and s.upn.casefold() == email) for s in reading.at_risk(since))


def read_at(job: Job, reading: Reading, since: datetime) -> datetime | None:
    """When it was read, as well as it can be, if whoever approved is at risk; None where it was not since then."""
    if job.accounts is None:
        return None
    if (listed := reading.listed_at(since)) is not None:
        return listed
    if not job.accounts:
        return reading.upn_read_at(job.approver, since)
    times = [reading.read_at(user_id, since) for user_id in job.accounts]
    return None if None in times else min(at for at in times if at is not None)
