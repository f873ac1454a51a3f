"""The small print under an outcome: what Microsoft's support and an auditor ask for."""

from collections.abc import Iterable

from bot.core.model import Receipt
from bot.slack.blocks import words

Anchor = tuple[int, str]
"""The number and the chained mac of the newest event: a copy of the audit trail's head, outside of it."""

_MAX_REQUEST_IDS = 10
_MAX_ID = 60


def small_print(receipts: Iterable[Receipt | None], at: str, anchor: Anchor) -> str:
    """The line for the record and for Microsoft's support: request-ids, time, the audit trail's head."""
    ids = list(dict.fromkeys(r.request_id for r in receipts if r and r.request_id))
    told = words.listed([words.sentence(i, _MAX_ID) for i in ids], _MAX_REQUEST_IDS)
    parts = [f"request-id {told}" if told else "", words.sentence(at, _MAX_ID), f"record {anchor[1][:12]}"]
    return " · ".join(part for part in parts if part)
