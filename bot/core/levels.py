"""How serious a risk level is."""

_RANK = {"none": 0, "low": 1, "medium": 2, "high": 3}
HIGHEST_RANK = 4


def rank_of(level: str) -> int:
    """How serious a riskLevel is; hidden, missing and future levels count as the highest."""
    return _RANK.get(level, HIGHEST_RANK)
