"""What Slack sends, read and held to its shape: a form or JSON over HTTP, an envelope's payload over a socket."""

import json
from typing import Any

from yarl import URL

Payload = dict[str, Any]

_COMMAND = ("user_id", "channel_id", "team_id", "trigger_id")
_NEEDED = {
    "block_actions": ("user", "actions", "team"),
    "view_submission": ("user", "view", "team"),
    "block_suggestion": ("user", "action_id", "team"),
    "shortcut": ("user", "callback_id", "trigger_id", "team"),
    "message_action": ("user", "callback_id", "trigger_id", "message", "channel", "team"),
}
_SURFACES = {
    "block_actions": "click",
    "view_submission": "submit",
    "event_callback": "event",
    "block_suggestion": "options",
    "shortcut": "shortcut",
    "message_action": "shortcut",
}


def surface_of(payload: Payload) -> str:
    """Name where people did it: a command, a click, a submit or an event."""
    return _SURFACES.get(str(payload.get("type")), "command")


def of_form(raw: bytes) -> Payload | None:
    """Read the form: a command's own fields, or the JSON of an interaction. None where it is neither."""
    try:
        # aiohttp's way to read a form's fields, in C: the standard library's takes as long as all else here together.
        sent = URL.build(query_string=raw.decode(), encoded=True).query
        form = {key: sent[key] for key in sent}
        if "command" in form:
            return form if _is_command(form) else None
        if "ssl_check" in form:
            return form
        payload = json.loads(form["payload"])
    except (ValueError, KeyError, RecursionError):
        return None
    return payload if isinstance(payload, dict) and _is_interaction(payload) else None


def of_event(raw: bytes) -> Payload | None:
    """Read what the Events API sends: JSON, where everything else is a form (docs.slack.dev/apis/events-api)."""
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(payload, dict):
        return None
    if payload.get("type") == "url_verification":
        return payload if isinstance(payload.get("challenge"), str) else None
    return payload if _is_event(payload) else None


def of_envelope(kind: str, payload: Payload) -> Payload | None:
    """Check the payload of an envelope of this type; None where it is none that the bot takes."""
    is_whole = {"slash_commands": _is_command, "interactive": _is_interaction, "events_api": _is_event}.get(kind)
    return payload if is_whole is not None and is_whole(payload) else None


def _is_command(payload: Payload) -> bool:
    return "command" in payload and all(payload.get(key) and isinstance(payload[key], str) for key in _COMMAND)


def _is_event(payload: Payload) -> bool:
    event = payload.get("event")
    if payload.get("type") != "event_callback" or not payload.get("team_id") or not isinstance(event, dict):
        return False
    return isinstance(event.get("user"), str)


def _is_interaction(payload: Payload) -> bool:
    needed = _NEEDED.get(str(payload.get("type")))
    if needed is None or not all(payload.get(key) for key in needed):
        return False
    user, team = payload["user"], payload["team"]
    if not (isinstance(user, dict) and isinstance(user.get("id"), str) and isinstance(team, dict)):
        return False
    if not all(isinstance(payload.get(key) or {}, dict) for key in ("view", "message", "channel")):
        return False
    actions = payload.get("actions", [{}])
    return isinstance(actions, list) and all(isinstance(action, dict) for action in actions)
