"""The state of a modal as Slack sends it: what was entered in each input block."""

from collections.abc import Mapping
from typing import Any

from demo.local_slack.workspace import View


def state_of(modal: View) -> dict[str, Any]:
    """Give each input block's state; ids that the app left out are Slack's."""
    state: dict[str, Any] = {}
    for n, block in enumerate(modal.view["blocks"]):
        if block["type"] == "input":
            element = block["element"]
            action_id = element.get("action_id", f"a{n}")
            entered = _entered(element, modal.entered.get(action_id), modal.offered)
            state[block.get("block_id", f"b{n}")] = {action_id: entered}
    return state


def _entered(element: Mapping[str, Any], entered: Any, offered: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    kind, options = element["type"], element.get("options", [])
    if kind == "multi_external_select":
        # Whoever chooses can choose what was offered, and nothing else.
        return {"type": kind, "selected_options": [offered[value] for value in entered or ()]}
    if kind == "checkboxes":
        chosen = [option for option in options if option["value"] in (entered or ())]
        return {"type": kind, "selected_options": chosen}
    if kind == "static_select":
        picked = next((option for option in options if option["value"] == entered), None)
        return {"type": kind, "selected_option": picked}
    return {"type": kind, "value": entered}
