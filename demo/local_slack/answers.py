"""The bot's own answers to a command and to a modal's submit, and what Slack would refuse in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demo.local_slack import blockkit

_COMMAND_KEYS = {"text", "blocks", "response_type"}
_ACTIONS = {"update": {"view"}, "errors": {"errors"}, "clear": set[str]()}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot answered: status 0 where it did not within three seconds; 200 is also an ack over a socket."""

    status: int
    body: Any = None
    took: float = 0.0
    error: str = ""


def faults_of_command_answer(body: Any) -> list[str]:
    """A command is answered with nothing, words, or a message for who typed it."""
    if not isinstance(body, Mapping):
        return blockkit.faults_of_text(str(body or ""))
    faults = [f"unknown key {key!r}" for key in sorted(set(body) - _COMMAND_KEYS)]
    if body.get("response_type", "ephemeral") != "ephemeral":
        faults.append(f"unknown response_type {body['response_type']!r}")
    if not body.get("text") and not body.get("blocks"):
        faults.append("no text")
    faults += blockkit.faults_of_text(str(body.get("text", "")))
    return faults + (blockkit.faults_of_message(body["blocks"]) if body.get("blocks") else [])


def faults_of_submit_answer(body: Any, view: Mapping[str, Any]) -> list[str]:
    """A submit is answered with nothing, or with what becomes of the modal (docs.slack.dev/surfaces/modals)."""
    if not body:
        return []
    action = body.get("response_action") if isinstance(body, Mapping) else None
    if action not in tuple(_ACTIONS):
        return [f"unknown response_action {action!r}"]
    if set(body) != {"response_action", *_ACTIONS[action]}:
        return [f"{action} takes {sorted(_ACTIONS[action])}, not {sorted(set(body) - {'response_action'})}"]
    if action == "update":
        return blockkit.faults_of_view(body["view"])
    if action == "errors":
        return _errors(body["errors"], view)
    return []


def _errors(errors: Any, view: Mapping[str, Any]) -> list[str]:
    """Each error goes to an input block of the modal."""
    inputs = {block.get("block_id") for block in view["blocks"] if block["type"] == "input"}
    if not isinstance(errors, Mapping) or not errors:
        return ["errors: no errors"]
    return [f"errors: {block_id!r} is no input of the modal" for block_id in errors if block_id not in inputs]
