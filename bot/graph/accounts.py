"""Whose account in Entra an e-mail address is: of those who approve, so that nobody decides on themselves."""

import asyncio
from collections.abc import Awaitable, Callable

from bot.clock import Clock
from bot.core.ids import ObjectId
from bot.core.persons import DirectoryUser, the_account
from bot.errors import Forbidden, Rejected
from bot.graph.client import Graph
from bot.memory import Memory

DIRECTORY = "User.Read.All"
GROUPS = "GroupMember.Read.All"
EVERYTHING = "Directory.Read.All"
"""Holds both of them."""


def may_read(permission: str, roles: frozenset[str] | None) -> bool:
    """Whether a token with these roles has the directory's permission; one that doesn't show them may have it."""
    return roles is None or not roles.isdisjoint({permission, EVERYTHING})


class Accounts:
    """Finds them by e-mail, and remembers for a minute at most whose is clear."""

    def __init__(self, graph: Graph, clock: Clock) -> None:
        self._graph = graph
        self._memory = Memory(clock, self._find)
        self._by_id = Memory(clock, self._get)

    async def with_address(self, email: str) -> tuple[DirectoryUser, ...] | None:
        """Return the accounts of that address; None where the directory may not be asked.

        Raises GraphError, SignInFailed: nobody can tell.
        """
        return await self._memory.get(email.casefold(), lambda found: the_account(found or ()) is not None)

    async def with_ids(self, user_ids: tuple[ObjectId, ...]) -> tuple[DirectoryUser, ...]:
        """Return those of these accounts that Entra has; all, as they are named, where it may not be asked.

        Raises GraphError, SignInFailed: nobody can tell.
        """
        found = await asyncio.gather(
            *(self._by_id.get(user_id, lambda got: bool(got) and got[0].enabled) for user_id in user_ids)
        )
        return tuple(account for accounts in found for account in accounts)

    async def _find(self, email: str) -> tuple[DirectoryUser, ...] | None:
        return await self._asked(self._graph.everybody_with, email)

    async def _get(self, user_id: str) -> tuple[DirectoryUser, ...]:
        found = await self._asked(self._graph.accounts_of, user_id)
        return (DirectoryUser(ObjectId(user_id), "", ""),) if found is None else found

    async def _asked(
        self, ask: Callable[[str], Awaitable[tuple[DirectoryUser, ...]]], whom: str
    ) -> tuple[DirectoryUser, ...] | None:
        roles = self._graph.tokens.roles()
        if not may_read(DIRECTORY, roles):
            return None
        try:
            return await ask(whom)
        except Forbidden:
            if roles is not None:
                raise  # it may be asked, so this tells nothing of whose account it is
            return None
        except Rejected:
            return None
