"""What an alert's thread is told of the request that was asked from it: how it stands, in numbers and no names."""

from bot.core.model import Request
from bot.slack.blocks import people, words
from bot.slack.blocks.incident import again, highest, standing
from bot.slack.blocks.message import Message, said
from bot.slack.blocks.place import Place


def line(request: Request, place: Place) -> Message:
    """Say how far it is; this post is redrawn."""
    return said(
        _parts(
            request,
            place,
            f"asked to confirm {_users(request)} safe{highest(request)}",
            standing(request, by_whom=False),
            again(request),
        )
    )


def end(request: Request, place: Place) -> Message:
    """Say how it ended, as a post of its own."""
    return said(_parts(request, place, _users(request), standing(request, by_whom=False)))


def marked(request: Request, place: Place) -> Message:
    """Say that it was a mistake, as a post of its own."""
    return said(_parts(request, place, _users(request), "marked as a mistake"))


def _users(request: Request) -> str:
    return words.users(len(people.to_confirm(request).targets))


def _parts(request: Request, place: Place, *parts: str) -> str:
    mark = "marked as a mistake" if request.mistake is not None and "marked as a mistake" not in parts else ""
    opened = words.link(place, request.channel, request.ts, "open")
    return " · ".join(part for part in (request.id, *parts, mark, opened) if part)
