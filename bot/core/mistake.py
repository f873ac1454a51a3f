"""When it can be reported that a confirmation was a mistake: once it is with Entra, and once only."""

from bot.core.model import Request, State
from bot.core.policy import Refusal

CONFIRMED: frozenset[State] = frozenset({"sent", "confirmed", "partly_confirmed", "accepted_unseen"})
"""Entra has taken at least some of the users, and nothing says that it came to nothing."""


def unreportable(request: Request) -> Refusal | None:
    """Say why nobody can report a mistake in it as it stands; None if they can."""
    if request.mistake is not None:
        return Refusal("marked")
    if request.is_approved and request.having("waiting", "attempted"):
        return Refusal("still_sending")  # to stop the rest comes first: a report alone would keep nobody back
    return None if request.state in CONFIRMED else Refusal("nothing_confirmed")
