"""What one person sees: their channels, messages, threads, windows and Home tab, as HTML by key."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from demo.local_slack import LocalSlack, Message, SlackChannel, View
from demo.local_slack.workspace import BOT_NAME, BOT_USER
from demo.page.blocks import CantRender, render_message, render_view
from demo.page.drawing import draw

Lists = dict[str, dict[str, str]]
"""Lists of HTML by name, each in the order in which it is shown and by a key that stays the same."""
HOME = "home"


class Screen:
    """Draws for one person; what did not change is not drawn anew."""

    def __init__(self, slack: LocalSlack, user: str) -> None:
        self._slack = slack
        self._workspace = slack.workspace
        self.user = user
        self._drawn: dict[tuple[Any, ...], str] = {}

    def lists(self) -> Lists:
        """Everything this person may look at."""
        shown: Lists = {"places": {}}
        for channel in self.places():
            shown["places"][channel.id] = draw("place.html", channel=channel, name=self._name_of(channel))
            messages = self._messages(channel)
            shown[f"channel:{channel.id}"] = {m.ts: self._draw(m) for m in messages}
            for message in messages:
                if replies := self._workspace.thread(message):
                    shown[_thread(message)] = {m.ts: self._draw(m, in_thread=True) for m in [message, *replies]}
        shown[HOME] = self._home()
        shown["modal"] = self._modal()
        return shown

    def places(self) -> list[SlackChannel]:
        """The channels and direct messages they are in; the bot's own conversation comes last."""
        own = self._workspace.dm_of(self.user)
        channels = [c for c in self._workspace.channels.values() if self.user in c.members and not c.is_im]
        return [*channels, own]

    def _messages(self, channel: SlackChannel) -> list[Message]:
        private = [m for m in self._slack.ephemerals(self.user) if m.channel == channel.id and (m.text or m.blocks)]
        return sorted([*self._slack.messages(channel.id), *private], key=lambda m: _moment(m.ts))

    def _name_of(self, channel: SlackChannel) -> str:
        return BOT_NAME if channel.is_im else channel.name

    def _draw(self, message: Message, *, in_thread: bool = False) -> str:
        replies = 0 if in_thread else len(self._workspace.thread(message))
        key = (message.channel, message.ts, len(message.edits), message.text, in_thread, replies)
        if key not in self._drawn:
            self._drawn[key] = draw(
                "message.html",
                message=message,
                author=self._author(message),
                is_app=bool(message.bot_id) or message.user in {"", BOT_USER},
                at=datetime.fromtimestamp(_moment(message.ts), UTC),
                body=self._drawn_or_not(lambda: render_message(message.blocks, message.text, self._workspace)),
                replies=replies,
                in_thread=in_thread,
            )
        return self._drawn[key]

    def _author(self, message: Message) -> str:
        if not message.user:
            return BOT_NAME
        user = self._workspace.users.get(message.user)
        return user.name if user else message.user

    def _home(self) -> dict[str, str]:
        home = self._slack.home(self.user)
        return {} if home is None else {home.hash: self._view(home)}

    def _modal(self) -> dict[str, str]:
        """The key tells the page which window it is, and by its hash when the app changed what it shows."""
        modal = self._slack.modal(self.user)
        if modal is None:
            return {}
        words: Mapping[str, Any] = modal.view
        return {
            f"{modal.id} {modal.hash}": draw(
                "modal.html",
                title=words["title"]["text"],
                submit=words.get("submit", {}).get("text"),
                close=words.get("close", {}).get("text", "Close"),
                body=self._view(modal),
            )
        }

    def _view(self, view: View) -> Markup:
        return self._drawn_or_not(lambda: render_view(view, view.entered, self._workspace))

    def _drawn_or_not(self, drawing: Callable[[], Markup]) -> Markup:
        """What can't be drawn is an error where it stands, and among what broke the rules; all else goes on."""
        try:
            return drawing()
        except CantRender as error:
            words = f"the page can't draw {error}"
            if words not in self._slack.complaints:
                self._slack.books.complain(words)
            return Markup('<p class="undrawn" role="alert">{}</p>').format(f"Here {words}.")


def _thread(message: Message) -> str:
    return f"thread:{message.channel}:{message.ts}"


def _moment(ts: str) -> float:
    return float(ts)


def changes(shown: Lists, before: Lists) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each list that changed: its keys in order, and the HTML of those that are new or different."""
    for name, items in shown.items():
        old = before.get(name)
        if old is None or (old, list(old)) != (items, list(items)):
            html = {key: text for key, text in items.items() if old is None or old.get(key) != text}
            yield name, {"keys": list(items), "html": html}
    for name in before.keys() - shown.keys():
        yield name, {"keys": [], "html": {}}
