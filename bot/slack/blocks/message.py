"""Block Kit's pieces as plain dictionaries, and the message they make up."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]
MAX_SECTION = 3000
"""Characters of a section's text (docs.slack.dev/reference/block-kit/blocks/section-block)."""


@dataclass(frozen=True, slots=True)
class Message:
    """What Slack is given: the blocks, and the text for notifications and screen readers."""

    text: str
    blocks: list[Block]

    @property
    def as_answer(self) -> dict[str, Any]:
        """As Slack takes it for the answer to a command: private, where it was typed."""
        return {"response_type": "ephemeral", "text": self.text, "blocks": self.blocks}


def plain(text: str) -> Block:
    # Without `emoji: false` a name such as ":smile:" would turn into a picture.
    return {"type": "plain_text", "text": text, "emoji": False}


def mrkdwn(text: str) -> Block:
    # `verbatim` stops Slack from making links and mentions of words such as "@channel" in a name;
    # what is written as <…> still works (docs.slack.dev/reference/block-kit/composition-objects/text-object).
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def header(text: str) -> Block:
    return {"type": "header", "text": plain(text)}


def section(text: str) -> Block:
    return {"type": "section", "text": mrkdwn(text), "expand": True}


def plain_section(text: str) -> Block:
    return {"type": "section", "text": plain(text), "expand": True}


def context(*texts: str) -> Block:
    return {"type": "context", "elements": [mrkdwn(text) for text in texts]}


def divider() -> Block:
    return {"type": "divider"}


def actions(block_id: str, *buttons: Block) -> Block:
    return {"type": "actions", "block_id": block_id, "elements": list(buttons)}


def button(
    text: str, *, action_id: str, value: str, label: str, style: str = "", confirm: Block | None = None
) -> Block:
    """Build a button; `label` is what a screen reader says of it."""
    built: Block = {
        "type": "button",
        "action_id": action_id,
        "text": plain(text),
        "value": value,
        "accessibility_label": label,
    }
    if style:
        built["style"] = style
    if confirm:
        built["confirm"] = confirm
    return built


def said(text: str, *more: Block) -> Message:
    """Build a message that says one thing: the same words as text and as the first block."""
    return Message(text, [section(text), *more])


def joined(sentences: Iterable[str]) -> str:
    """Put sentences after each other, leaving out the empty ones."""
    return " ".join(sentence for sentence in sentences if sentence)


def elsewhere(message: Message, channel: str, code: str, about: str) -> Message:
    """Say why a post comes by direct message: the channel it was meant for refused it."""
    why = f"I can't post in <#{channel}> ({code}), so this comes to you. About {about}:"
    return Message(f"{why} {message.text}", [section(why), *message.blocks])
