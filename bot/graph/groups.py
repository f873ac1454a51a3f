"""Which groups of Entra an account is in, remembered for less than a minute."""

from collections.abc import Collection

from bot.clock import Clock
from bot.core.ids import ObjectId
from bot.graph.client import Graph
from bot.graph.memberships import memberships
from bot.memory import Memory

_BETWEEN = " "


class Groups:
    """Asks Entra, by whose account it is."""

    def __init__(self, graph: Graph, clock: Clock) -> None:
        self._graph = graph
        self._memory = Memory(clock, self._ask)

    async def is_in(self, account: ObjectId, groups: Collection[ObjectId], *, is_hoped: bool = True) -> bool:
        """Whether an account is in one of these groups, also through others; what goes against it is asked anew.

        Raises GraphError, SignInFailed: nobody can tell.
        """
        return await self._memory.get(_key(account, groups), lambda is_in: is_in == is_hoped)

    def is_known_in(self, account: ObjectId, groups: Collection[ObjectId]) -> bool:
        """Whether Entra told so lately that it is in one of them that it need not be asked."""
        return bool(self._memory.remembered(_key(account, groups)))

    async def _ask(self, key: str) -> bool:
        account, *groups = key.split(_BETWEEN)
        return bool(await memberships(self._graph, ObjectId(account), groups))


def _key(account: ObjectId, groups: Collection[ObjectId]) -> str:
    return _BETWEEN.join((account, *sorted(groups)))
