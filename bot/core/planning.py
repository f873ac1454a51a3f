"""Which calls to Graph find the users that are wanted with the fewest requests: pages of a list, or one by one."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Search:
    """How far looking for some users is."""

    left: int
    """Users that are not found yet."""
    read: int = 0
    """Pages of the list read so far."""
    pages: int | None = None
    """How many the list has, where that is known from the last time it was read."""
    is_over: bool = False
    """Whether the list's last page was read."""


def next_call(search: Search) -> Literal["page", "single", "nothing"]:
    """Choose the next call.

    With the number of pages known, users who are on the list cost no more than the cheaper of reading all pages
    and reading all users. Without it, no more than twice that: pages are read until as many calls are spent as
    the users left would cost one by one (the ski rental problem).
    """
    if not search.left:
        return "nothing"
    if search.is_over or search.left == 1 == (search.pages or 1) - search.read:
        return "single"
    if search.pages is not None and search.read < search.pages:
        return "page" if search.pages - search.read <= search.left else "single"
    return "page" if search.read < search.left - 1 else "single"
