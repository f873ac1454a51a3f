"""The announcement that the bot's own credential for Entra is about to end."""

from datetime import datetime
from typing import Literal

from bot.slack.blocks import words
from bot.slack.blocks.message import Message, said
from bot.slack.blocks.place import Place


def ends(what: Literal["secret", "certificate"], at: datetime, place: Place) -> Message:
    """Say until when the bot can sign in."""
    return said(
        f"The bot's {what} for Entra ends at {words.date(at)}. {words.help_first(place)} needs to renew it; "
        "after that nothing can be confirmed."
    )
