"""The form while it is filled in: its lists, and its submit, which is an ask."""

import json
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.core.alert import Alert
from bot.core.form import Filled
from bot.core.ids import ChannelId, MessageTs, SlackUserId
from bot.core.model import Asker
from bot.core.text import sound
from bot.forms import Forms
from bot.slack.blocks.form import PROPOSED, REHEARSE


class Filling:
    """What is wrong is said at the field, so that nothing typed is lost."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms

    async def users(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(await self._forms.users(_user(body), _query(body)))

    async def shared(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(await self._forms.shared(_user(body), _query(body)))

    async def submitted(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        # One window is one ask, however often its submit comes.
        errors = await self._forms.submit(filled(body), f"{body['team']['id']}:{body['view']['id']}")
        await (ack(response_action="errors", errors=errors) if errors else ack())


def filled(body: dict[str, Any]) -> Filled:
    """Read the state of a form that was sent."""
    view, user = body["view"], body["user"]
    values: Mapping[str, Mapping[str, Any]] = view["state"]["values"]
    channel, *alert = json.loads(view["private_metadata"])
    return Filled(
        Asker(SlackUserId(user["id"]), ChannelId(channel), sound(str(user.get("name") or ""))),
        users=(*_ticked(values), *_chosen(values, "users")),
        shared=_chosen(values, "shared"),
        pasted=_typed(values, "pasted"),
        reason=_typed(values, "reason"),
        known_by=str(
            (values.get("known_by", {}).get("known_by", {}).get("selected_option") or {}).get("value") or ""
        ),
        is_rehearsal=bool(_chosen(values, REHEARSE)),
        alert=Alert(ChannelId(alert[0]), MessageTs(alert[1]), alert[2]) if alert else None,
    )


def _typed(values: Mapping[str, Mapping[str, Any]], name: str) -> str:
    return sound(str(values.get(name, {}).get(name, {}).get("value") or ""))


def _chosen(values: Mapping[str, Mapping[str, Any]], name: str) -> tuple[str, ...]:
    return tuple(str(option["value"]) for option in values.get(name, {}).get(name, {}).get("selected_options") or ())


def _ticked(values: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Those whom an alert names, who are offered in several groups of boxes."""
    return tuple(user for name in values if name.startswith(PROPOSED) for user in _chosen(values, name))


def _user(body: dict[str, Any]) -> SlackUserId:
    return SlackUserId(body["user"]["id"])


def _query(body: dict[str, Any]) -> str:
    return sound(str(body.get("value") or ""))
