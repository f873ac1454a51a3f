"""Whose account in Entra an e-mail address is: of those who approve, so that nobody decides on themselves."""

import structlog

from bot.clock import Clock
from bot.core.ids import ObjectId
from bot.core.persons import DirectoryUser, the_account
from bot.errors import Forbidden, GraphError, Rejected, SignInFailed
from bot.graph.client import Graph
from bot.memory import Memory

DIRECTORY = "User.Read.All"
GROUPS = "GroupMember.Read.All"
EVERYTHING = "Directory.Read.All"
"""Holds both of them."""

log = structlog.get_logger()


def may_read(permission: str, roles: frozenset[str] | None) -> bool:
    """Whether a token with these roles has the directory's permission; one that doesn't show them may have it."""
    return roles is None or not roles.isdisjoint({permission, EVERYTHING})


class Accounts:
    """Finds them by e-mail, and remembers for a minute at most whose is clear."""

    def __init__(self, graph: Graph, clock: Clock) -> None:
        self._graph = graph
        self._memory = Memory(clock, self._find)

    async def with_address(self, email: str) -> tuple[DirectoryUser, ...] | None:
        """Return the accounts of that address; None where the directory may not be asked.

        Raises GraphError, SignInFailed: nobody can tell.
        """
        return await self._memory.get(email.casefold(), lambda found: the_account(found or ()) is not None)

    async def of(self, email: str) -> tuple[ObjectId, ...]:
        """Return the ids of the accounts of that address; none where the directory knows none or tells nothing.

        Raises GraphError, SignInFailed: nobody can tell.
        """
        if not email:
            return ()
        try:
            found = await self.with_address(email)
        except (GraphError, SignInFailed) as error:
            log.warning("an approver's account can't be looked up", why=str(error))
            raise
        return tuple(account.user_id for account in found or ())

    async def _find(self, email: str) -> tuple[DirectoryUser, ...] | None:
        roles = self._graph.tokens.roles()
        if not may_read(DIRECTORY, roles):
            return None
        try:
            return await self._graph.everybody_with(email)
        except Forbidden:
            if roles is not None:
                raise  # it may be asked, so this tells nothing of whose account it is
            return None
        except Rejected:
            return None
