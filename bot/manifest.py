"""`python -m bot manifest`: the Slack app's manifest, for Socket Mode or for a public address."""

import argparse
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml

from bot.check_slack import SCOPES
from handlers import COMMAND

HEAD = (
    "# Paste this into Slack: api.slack.com/apps, Create New App, From a manifest.\n# Made by: python -m bot manifest"
)
DOOR = "/slack/events"
LONG = (
    "Type /confirm-safe with user ids and a reason, or alone for a form; or use the shortcut on an alert. "
    "The request appears in the approval channel with each user's "
    "name, risk level and state. When somebody who may approves it, the users are confirmed safe in Microsoft Entra "
    "ID Protection, read back, and the outcome is told in the thread and in the incident channels."
)


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One of the app's shortcuts; the name has at most 24 characters."""

    type: Literal["global", "message"]
    callback_id: str
    name: str
    description: str


SHORTCUTS: tuple[Shortcut, ...] = (
    Shortcut(
        "global",
        "confirm_safe",
        "Confirm users safe",
        "Opens a form that asks for users to be confirmed safe in Entra",
    ),
    Shortcut(
        "message",
        "confirm_safe_alert",
        "Confirm users safe",
        "Offers the users at risk whom an alert names, to ask for them to be confirmed safe",
    ),
)
EVENTS: tuple[str, ...] = ("app_home_opened",)
"""What Slack tells of by itself."""
HOME_TAB = True


def manifest(url: str) -> dict[str, Any]:
    """Return the manifest for that address, such as `https://host`; empty for Socket Mode."""
    door = url + DOOR if url else ""
    command = {
        "command": COMMAND,
        **({"url": door} if door else {}),
        "description": "Ask for users to be confirmed safe in Entra",
        "usage_hint": "adelev@contoso.com, <object id> why · mine · list · status CS-4K7Q · help",
        "should_escape": True,
    }
    shortcuts = [
        {"name": s.name, "type": s.type, "callback_id": s.callback_id, "description": s.description}
        for s in SHORTCUTS
    ]
    request_url = {"request_url": door} if door else {}
    return {
        "_metadata": {"major_version": 2},
        "display_information": {
            "name": "confirm-safe",
            "description": "Confirms users safe in Entra ID Protection, after an approval",
            "background_color": "#1f3a5f",
            "long_description": LONG,
        },
        "features": {
            "app_home": {
                "home_tab_enabled": HOME_TAB,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "confirm-safe", "always_online": True},
            **({"shortcuts": shortcuts} if shortcuts else {}),
            "slash_commands": [command],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            **({"event_subscriptions": {**request_url, "bot_events": list(EVENTS)}} if EVENTS else {}),
            "interactivity": {"is_enabled": True, **request_url},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }


def written(url: str) -> str:
    """Return it as YAML, with what to do with it."""
    made_by = f"{HEAD} --url {url}" if url else f"{HEAD} --socket-mode"
    return f"{made_by}\n{yaml.safe_dump(manifest(url), sort_keys=False, allow_unicode=True, width=110)}"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("manifest", help="print the Slack app's manifest", allow_abbrev=False)
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--socket-mode", action="store_const", dest="url", const="", help="without a public address")
    way.add_argument("--url", metavar="https://HOST", type=_host, help="where Slack reaches the bot")


def _host(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError("give https:// and the host, without a path")
    return f"https://{parts.netloc}"
