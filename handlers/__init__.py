"""One file for each Slack surface; a handler translates, makes one call that commits, and acks."""

from dataclasses import dataclass

from slack_bolt.async_app import AsyncApp

from handlers.buttons import Buttons
from handlers.command import Command
from handlers.details import Details
from handlers.form import Filling
from handlers.home import Home
from handlers.modal import Modals
from handlers.shortcut import Shortcuts

COMMAND = "/confirm-safe"


@dataclass(frozen=True, slots=True)
class Surfaces:
    """Everything by which people reach the bot."""

    command: Command
    buttons: Buttons
    modals: Modals
    details: Details
    home: Home
    shortcuts: Shortcuts
    filling: Filling


def register(app: AsyncApp, on: Surfaces) -> None:
    """List every surface the bot has."""
    app.command(COMMAND)(on.command.asked)
    app.action("approve")(on.buttons.approve)
    app.action("deny")(on.buttons.deny)
    app.action("review")(on.buttons.review)
    app.action("ask_again")(on.buttons.ask_again)
    app.action("ask_others")(on.buttons.ask_others)
    app.action("drop")(on.buttons.drop)
    app.action("withdraw")(on.buttons.withdraw)
    app.action("details")(on.details.open)
    app.action("details_next")(on.details.turn)
    app.action("details_previous")(on.details.turn)
    app.action("stop")(on.buttons.stop)
    app.action("mistake")(on.buttons.mistake)
    app.event("app_home_opened")(on.home.opened)
    app.view("review")(on.modals.reviewed)
    app.view("deny")(on.modals.denied)
    app.view("mistake")(on.modals.reported)
    app.global_shortcut("confirm_safe")(on.shortcuts.used)
    app.message_shortcut("confirm_safe_alert")(on.shortcuts.used_on_message)
    app.options("users")(on.filling.users)
    app.options("shared")(on.filling.shared)
    app.view("ask")(on.filling.submitted)
