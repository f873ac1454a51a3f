"""`/confirm-safe <ids> why`: reads it, records it, answers at once."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.core import commands, inquiries, parsing
from bot.core.ids import ChannelId, RequestId, SlackUserId
from bot.core.limits import Limited
from bot.core.model import Asker
from bot.errors import CannotTell, StoreError
from bot.service import Service
from bot.slack.blocks import answers
from bot.slack.blocks.message import Message
from bot.slack.blocks.place import PlaceOf
from bot.slack.blocks.rehearsal import as_rehearsal
from bot.views import Views
from handlers.shortcut import Shortcuts


def origin_of(body: dict[str, Any]) -> str:
    """What tells one command from every other: a payload that is replayed has the same."""
    return f"{body['team_id']}:{body['trigger_id']}"


def whole_command(body: dict[str, Any]) -> str:
    """The whole command, for echoing it."""
    return f"{body['command']} {parsing.as_typed(_text(body))}".strip()


def as_asked(message: Message, body: dict[str, Any]) -> Message:
    """Mark the answer to a command that asks for a rehearsal, whatever became of it."""
    return as_rehearsal(message) if parsing.is_rehearsal(_text(body)) else message


def _text(body: dict[str, Any]) -> str:
    return str(body.get("text") or "")


class Command:
    """The slash command."""

    def __init__(self, service: Service, views: Views, place: PlaceOf, shortcuts: Shortcuts) -> None:
        self._service = service
        self._views = views
        self._place = place
        self._shortcuts = shortcuts

    async def asked(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Take an ask, or say what is wrong with it."""
        answer = await self._answer(body)
        await (ack() if answer is None else ack(**as_asked(answer, body).as_answer))

    async def _answer(self, body: dict[str, Any]) -> Message | None:
        typed, user = whole_command(body), SlackUserId(body["user_id"])
        read = parsing.parse(_text(body))
        match read:
            case inquiries.Form():
                return None if await self._shortcuts.by_command(body) else answers.form_not_opened()
            case inquiries.Withdraw(request_id=request_id):
                return await self._withdraw(user, request_id, typed)
            case inquiries.Help() | inquiries.Mine() | inquiries.ListOpen() | inquiries.Status():
                return await self._look(user, read, typed)
            case parsing.Ask():
                ids = tuple(f"<@{e.value}>" if e.kind == "mention" else e.value for e in read.entries)
            case problems:
                return answers.unreadable(problems, typed, is_rehearsal=parsing.is_rehearsal(_text(body)))
        asker = Asker(user, ChannelId(body["channel_id"]), str(body.get("user_name") or ""))
        ask = commands.Ask(asker, ids, read.reason, typed, read.unreadable, is_rehearsal=read.is_rehearsal)
        try:
            taken = await self._service.ask(
                ask,
                origin=origin_of(body),
                response_url=str(body.get("response_url") or ""),
            )
        except CannotTell:
            return answers.cannot_tell(typed)
        except StoreError:
            return answers.not_recorded(typed)
        if isinstance(taken, Limited):
            return answers.limit(taken, self._place())
        return answers.taken(taken.id, len(taken.entries), self._place())

    async def _look(self, user: SlackUserId, what: inquiries.Inquiry, typed: str) -> Message:
        """Show something; where the store does not tell, it can be asked again."""
        try:
            match what:
                case inquiries.Mine():
                    return await self._views.mine(user)
                case inquiries.ListOpen():
                    return await self._views.still_open(user)
                case inquiries.Status(request_id=request_id):
                    return await self._views.status(user, request_id)
                case _:
                    sight = await self._views.sight(user)
                    return answers.help_text(self._place(), may_ask=sight.may_ask, may_approve=sight.may_approve)
        except StoreError:
            return answers.not_shown(typed)

    async def _withdraw(self, user: SlackUserId, request_id: str, typed: str) -> Message:
        if not request_id:
            return answers.no_such_request("")
        try:
            return await self._service.withdraw(user, RequestId(request_id))
        except CannotTell:
            return answers.cannot_tell(typed)
        except StoreError:
            return answers.not_recorded(typed)
