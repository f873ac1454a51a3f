"""What a visitor does in the name of one of the people, handed on as Slack would."""

from collections.abc import Callable, Coroutine, Mapping
from html import escape
from typing import Any

from demo.local_slack import Answer, Message, View
from demo.local_slack.delivery import NoButton
from demo.local_slack.workspace import BOT_NAME
from demo.page.cast import completions
from demo.world import World, now

Given = Mapping[str, Any]
Told = dict[str, Any]
OK, LONGEST = 200, 4_000
"""Characters of a message (docs.slack.dev/reference/methods/chat.postMessage); commands may be longer."""


class NotThere(LookupError):
    """What was acted on is gone, or never was where this person can see it."""


class Nonsense(ValueError):
    """What was sent is nothing that the page sends."""


class Acts:
    """One method for each thing to do; each takes who does it and what the page sent."""

    def __init__(self, contoso: World) -> None:
        self._world = contoso
        self._slack = contoso.slack
        self.known: dict[str, Callable[[str, Given], Coroutine[Any, Any, Told]]] = {
            "write": self._write,
            "press": self._press,
            "submit": self._submit,
            "close": self._close,
            "suggest": self._suggest,
            "home": self._home,
            "shortcut": self._shortcut,
            "shortcut_on": self._shortcut_on,
            "dismiss": self._dismiss,
            "complete": self._complete,
        }

    async def _write(self, by: str, given: Given) -> Told:
        """A slash command goes to the bot, anything else is a message."""
        channel, text, thread_ts = self._place(by, given), _text(given).strip(), str(given.get("thread", ""))
        command, rest = [*text.split(maxsplit=1), "", ""][:2]
        if command == "/confirm-safe":
            if thread_ts:  # docs.slack.dev/interactivity/implementing-slash-commands
                return {"problem": "/confirm-safe is not supported in threads. Sorry!"}
            return _told(await self._slack.command(rest, by=by, channel=channel))
        if command.startswith("/"):
            return {"problem": f"{command} is not a valid command."}
        if len(text) > LONGEST:
            return {"problem": f"That is too long: a message takes {LONGEST:,} characters here."}
        if text:
            workspace = self._slack.workspace
            kept = escape(text, quote=False)  # docs.slack.dev/messaging/formatting-message-text
            posted = Message(channel, workspace.new_ts(now()), by, kept, [], thread_ts=thread_ts, bot_id="")
            workspace.posted.append(posted)
            self._world.books.note_change()
        return {}

    async def _press(self, by: str, given: Given) -> Told:
        """What was redrawn since it was looked at may have lost the button."""
        try:
            return _told(await self._pressed(by, given))
        except NoButton:
            raise NotThere("that button") from None

    async def _pressed(self, by: str, given: Given) -> Answer:
        action, value = str(given.get("action")), str(given.get("value", ""))
        match given.get("on"):
            case "modal":
                modal = self._modal(by)
                modal.entered |= _entered(given)
                return await self._slack.press(modal, action, value=value, by=by)
            case "home":
                home = self._slack.home(by)
                if home is None:
                    raise NotThere("your Home tab")
                return await self._slack.press(home, action, value=value, by=by)
            case _:
                return await self._slack.click(self._message(by, given), action, value=value, by=by)

    async def _submit(self, by: str, given: Given) -> Told:
        """Tell what the bot says is wrong with it, by block_id."""
        answer = await self._slack.submit(self._modal(by), by=by, values=_entered(given))
        told = _told(answer)
        if isinstance(answer.body, dict) and answer.body.get("response_action") == "errors":
            told["errors"] = answer.body["errors"]
        return told

    async def _close(self, by: str, _given: Given) -> Told:
        self._slack.workspace.views.pop(by, None)
        self._world.books.note_change()
        return {}

    async def _suggest(self, by: str, given: Given) -> Told:
        modal, action = self._modal(by), given.get("action")
        if action not in [block.get("element", {}).get("action_id") for block in modal.view["blocks"]]:
            raise NotThere("that list")
        modal.entered |= _entered(given)
        answer = await self._slack.shortcuts.offer(modal, str(action), str(given.get("value", "")))
        offered = answer.body if answer.status == OK else {}
        groups = offered.get("option_groups") or [{"options": offered.get("options", [])}]
        return {**_told(answer), "groups": [_group(group) for group in groups]}

    async def _home(self, by: str, _given: Given) -> Told:
        return _told(await self._slack.open_home(by))

    async def _shortcut(self, by: str, _given: Given) -> Told:
        return _told(await self._slack.shortcuts.shortcut(by=by))

    async def _shortcut_on(self, by: str, given: Given) -> Told:
        message = self._message(by, given)
        shown = {"ts": message.ts, "text": message.text, "blocks": message.blocks}
        who = {"bot_id": message.bot_id} if message.bot_id else {"user": message.user}
        answer = await self._slack.shortcuts.message_shortcut({**shown, **who}, channel=message.channel, by=by)
        return _told(answer)

    async def _dismiss(self, by: str, given: Given) -> Told:
        """Take away what only this person sees."""
        message = self._message(by, given)
        if message.ephemeral_to != by:
            raise NotThere("a message that only you see")
        message.deleted = True
        self._world.books.note_change()
        return {}

    async def _complete(self, _by: str, given: Given) -> Told:
        return {"completions": completions(self._world.graph, _text(given))}

    def _place(self, by: str, given: Given) -> str:
        channel = self._slack.channels.get(str(given.get("channel")))
        if channel is None or by not in channel.members:
            raise NotThere("a channel you are in")
        return channel.id

    def _message(self, by: str, given: Given) -> Message:
        channel, ts = self._place(by, given), str(given.get("ts"))
        private = (m for m in self._slack.ephemerals(by) if (m.channel, m.ts) == (channel, ts))
        message = self._slack.workspace.find(channel, ts) or next(private, None)
        if message is None:
            raise NotThere("that message")
        return message

    def _modal(self, by: str) -> View:
        modal = self._slack.modal(by)
        if modal is None:
            raise NotThere("an open window")
        return modal


def _text(given: Given) -> str:
    text = given.get("text")
    if not isinstance(text, str):
        raise Nonsense("no text")
    return text


def _entered(given: Given) -> dict[str, Any]:
    """Read what was entered in a window so far, by action_id: typed words, or the values chosen."""
    entered = given.get("entered", {})
    if not isinstance(entered, dict) or not all(_is_value(value) for value in entered.values()):
        raise Nonsense("no fields")
    return entered


def _is_value(value: object) -> bool:
    words = value if isinstance(value, list) else [value]
    return value is None or all(isinstance(word, str) for word in words)


def _group(group: Given) -> Told:
    """What can be chosen under one heading, or under none."""
    options = [{"value": option["value"], "text": option["text"]["text"]} for option in group["options"]]
    return {"label": group.get("label", {}).get("text", ""), "options": options}


def _told(answer: Answer) -> Told:
    """Say how the bot took it; Slack shows people no more than that it did not work."""
    told: Told = {"status": answer.status, "took": round(answer.took, 1)}
    if answer.status != OK:
        why = f"status {answer.status}" if answer.status else answer.error
        told["problem"] = f"Slack shows a warning sign: {BOT_NAME} did not take it ({why}). Try again."
    return told
