"""Changes some of a request's users."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from bot.core.ids import ObjectId
from bot.core.model import Request, Target


def update(request: Request, user_ids: Iterable[ObjectId], change: Callable[[Target], Target]) -> Request:
    """Return the request with these users changed; who is none of its users changes nothing."""
    chosen = frozenset(user_ids)
    targets = tuple(change(t) if t.user_id in chosen else t for t in request.targets)
    return replace(request, targets=targets)
