"""Whom a visitor can play, and what helps them to type."""

from dataclasses import dataclass

from demo.graph import LocalGraph


@dataclass(frozen=True, slots=True)
class Role:
    """One of the people and what they are in the story."""

    user: str
    part: str


CAST = (
    Role("U0ANALYST", "analyst"),
    Role("U0MEGAN", "approver in SOC"),
    Role("U0DIEGO", "approver in Identity"),
    Role("U0ADELE", "at risk"),
    Role("U0JONI", "colleague, no approver"),
    Role("U0GUEST", "guest"),
    Role("U0OUTSIDE", "from Fabrikam"),
)
COMMANDS = ("help", "mine", "list", "status CS-", "withdraw CS-", "rehearse ")
COMPLETED = 12
"""Users that are offered at a time."""


def completions(graph: LocalGraph, typed: str) -> list[str]:
    """Offer what a command could go on with: what the bot can do, and who is at risk now."""
    command = "/confirm-safe"
    if not typed.startswith(f"{command} "):
        return [f"{command} "] if typed and f"{command} ".startswith(typed) else []
    rest = typed.removeprefix(f"{command} ")
    verbs = [f"{command} {verb}" for verb in COMMANDS if verb.startswith(rest) and verb != rest]
    said, _, word = typed.rpartition(" ")
    at_risk = sorted(
        record.upn for record in graph.risky.values() if record.state == "atRisk" and not record.is_deleted
    )
    upns = [f"{said} {upn} " for upn in at_risk if upn.startswith(word) and upn not in typed]
    return [*verbs, *upns[:COMPLETED]]
