"""Finds the users for whom Graph refuses a whole batch: halves are sent until the bad ids stand alone."""

from collections import deque
from dataclasses import dataclass

from bot.core.ids import ObjectId
from bot.core.model import Receipt

MOST_CALLS = 16
"""Calls, its own included, that Graph may answer with a 204 or a refusal before a batch is given up."""

Users = tuple[ObjectId, ...]
Failed = tuple[tuple[Users, Receipt], ...]
"""Users who fail for good, with the refusal that is theirs."""


@dataclass(slots=True)
class _Pair:
    """Two halves of a group that was refused, the smaller first; the second is empty where one goes undivided."""

    first: Users
    second: Users
    refusal: Receipt | None = None
    """What the first half was refused with, once it was."""


class Bisection:
    """Begins with a batch that was refused. One bad id among n costs 2·log2(n) + 2 calls in all at the most."""

    def __init__(self, users: Users, refusal: Receipt) -> None:
        self._pairs: deque[_Pair] = deque([_halved(users)])
        self._calls = 1
        self._newest = refusal

    @property
    def is_over(self) -> bool:
        return not self._pairs

    @property
    def users(self) -> frozenset[ObjectId]:
        """Everybody who is not settled yet."""
        return frozenset(user for pair in self._pairs for user in (*pair.first, *pair.second))

    def next_group(self) -> Users:
        """Name the users to send next, the same until they are settled or skipped. Raises IndexError once over."""
        pair = self._pairs[0]
        return pair.first if pair.refusal is None else pair.second

    def settle(self, refusal: Receipt | None) -> Failed:
        """Enter what Graph said of the group, None for a 204; returns who fails for good now.

        Only these say anything of the users. After a 429, say, the group is still to be sent.
        """
        self._calls += 1
        self._newest = refusal or self._newest
        pair = self._pairs[0]
        if pair.refusal is None and refusal is not None and pair.second:
            pair.refusal = refusal
            return self._out_of_calls()
        self._pairs.popleft()
        failed: Failed = ()
        if pair.refusal is None and refusal is None:
            # The first half was taken, so the second holds the cause.
            self._divide(pair.second)
        elif pair.refusal is None:
            failed = self._blame(pair.first, refusal)
        elif refusal is not None and _are_alike(pair.refusal, refusal):
            # Both halves refused alike: it is not about single ids, or about too many of them.
            failed = (pair.first, pair.refusal), (pair.second, refusal)
        else:
            failed = *self._blame(pair.first, pair.refusal), *self._blame(pair.second, refusal)
        return *failed, *self._out_of_calls()

    def skip(self) -> Failed:
        """Leave out the group, of which nobody is to be sent any more; returns who fails for good now."""
        pair = self._pairs.popleft()
        if pair.refusal is None and pair.second:
            # The cause may have been in the first half, so nothing is known of the second.
            self._pairs.appendleft(_Pair(pair.second, ()))
        return self._blame(pair.first, pair.refusal)

    def _blame(self, group: Users, refusal: Receipt | None) -> Failed:
        """Look for the cause in a group that was refused; a user alone is it."""
        if refusal is None:
            return ()
        if len(group) == 1:
            return ((group, refusal),)
        self._divide(group)
        return ()

    def _divide(self, group: Users) -> None:
        if group:
            self._pairs.append(_halved(group))

    def _out_of_calls(self) -> Failed:
        """Give up on all who are not settled once the calls are spent."""
        if self._calls < MOST_CALLS or self.is_over:
            return ()
        left = tuple(user for pair in self._pairs for user in (*pair.first, *pair.second))
        self._pairs.clear()
        return ((left, self._newest),)


def _are_alike(one: Receipt, other: Receipt) -> bool:
    return (one.status, one.code) == (other.status, other.code)


def _halved(users: Users) -> _Pair:
    middle = max(1, len(users) // 2)
    return _Pair(users[:middle], users[middle:])
