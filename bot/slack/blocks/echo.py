"""A failed command given back to be copied: whole where it fits, and said so where it doesn't."""

from bot.slack.blocks import words
from bot.slack.blocks.message import Block, context

_A_PART = 2_400
_MOST = 12_000
_MAX_PARTS = 4
"""Four parts and what is said of them stay below the 12,000 characters of a message."""


def echo(command: str, before: str = "") -> tuple[Block, ...]:
    """Write the command as code, in as many parts as it needs; `before` stands in front of it."""
    parts = _parts(words.one_line(command[:_MOST]))
    blocks = [context(f"{before}{words.code(part, _A_PART)}") for part in parts[:_MAX_PARTS]]
    if len(parts) > _MAX_PARTS or len(command) > _MOST:
        cut = f"It is too long to be repeated whole ({len(command):,} characters)"
        return (*blocks, context(f"{cut}: please take it from where you had it."))
    if len(parts) > 1:
        return (*blocks, context(f"It is long: these {len(parts)} parts make one command."))
    return tuple(blocks)


def _parts(line: str) -> list[str]:
    """Split at spaces, each part short enough once it is escaped; one more than are shown at the most."""
    parts, used = [""], 0
    for word in line.split(" "):
        length = len(words.escape(word)) + 1
        if used and used + length > _A_PART - len("``"):
            if len(parts) > _MAX_PARTS:
                break
            parts.append(word)
            used = length
        else:
            parts[-1] = f"{parts[-1]} {word}" if used else word
            used += length
    return parts
