"""What people see in Slack, found quickly: dozens look at the same channel whenever anything changes."""

import re
from collections.abc import Iterable

from demo.installation import APPROVALS
from demo.local_slack import LocalSlack, Message

CASE = re.compile(r"Reason: case (\d+)$", re.MULTILINE)


def op_id(message: Message) -> str:
    """What the bot knows the post by."""
    payload = (message.metadata or {}).get("event_payload") or {}
    return str(payload.get("op_id", ""))


class Board:
    """Remembers how messages read until they are edited."""

    def __init__(self, slack: LocalSlack) -> None:
        self._slack = slack
        self._read: dict[Message, tuple[int, str]] = {}
        self._cases: dict[Message, int] = {}

    def text(self, message: Message) -> str:
        edits, text = self._read.get(message, (-1, ""))
        if edits != len(message.edits):
            text = self._slack.plain(message)
            self._read[message] = len(message.edits), text
        return text

    def requests(self, case: int | None = None) -> list[Message]:
        """Approval messages, of doubles the oldest; all of them, or those that ask for one case."""
        seen: dict[str, Message] = {}
        for message in self._slack.workspace.posted:
            if message.channel == APPROVALS and not message.thread_ts and not message.deleted:
                seen.setdefault(op_id(message), message)
        return [m for m in seen.values() if case is None or self.case_of(m) == case]

    def case_of(self, message: Message) -> int:
        if message not in self._cases:
            found = CASE.search(self.text(message))
            assert found is not None, self.text(message)
            self._cases[message] = int(found[1])
        return self._cases[message]

    def is_open(self, message: Message) -> bool:
        return "[Approve]" in self.text(message)

    def with_button(self, message: Message) -> Message:
        """The message as it was when it could still be decided: people click what is on their screen."""
        for blocks in (message.blocks, *(blocks for _, blocks in reversed(message.edits))):
            if any(element.get("action_id") == "approve" for element in _elements(blocks)):
                return Message(message.channel, message.ts, message.user, message.text, blocks)
        raise LookupError("it never had an Approve button")

    def thread(self, message: Message) -> list[str]:
        return [self.text(m) for m in self._slack.thread(message)]


def _elements(blocks: list[dict[str, object]]) -> Iterable[dict[str, object]]:
    for block in blocks:
        elements = block.get("elements", [])
        if isinstance(elements, list):
            yield from elements
