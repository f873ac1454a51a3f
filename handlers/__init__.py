"""One file for each Slack surface; a handler translates, makes one call that commits, and acks."""

from slack_bolt.async_app import AsyncApp

from handlers.buttons import Buttons
from handlers.command import Command
from handlers.modal import Modals

COMMAND = "/confirm-safe"


def register(app: AsyncApp, command: Command, buttons: Buttons, modals: Modals) -> None:
    """List every surface the bot has."""
    app.command(COMMAND)(command.asked)
    app.action("approve")(buttons.approve)
    app.action("deny")(buttons.deny)
    app.action("review")(buttons.review)
    app.action("ask_again")(buttons.ask_again)
    app.action("ask_others")(buttons.ask_others)
    app.action("drop")(buttons.drop)
    app.action("stop")(buttons.stop)
    app.action("mistake")(buttons.mistake)
    app.view("review")(modals.reviewed)
    app.view("deny")(modals.denied)
    app.view("mistake")(modals.reported)
