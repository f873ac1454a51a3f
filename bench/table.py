"""What was measured beside what was promised, as people read it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

T = TypeVar("T")
HEAD = ("", "measured", "lowest to highest", "promised", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value and the bounds within which the promise is kept."""

    what: str
    value: float
    most: float | None = None
    """None where nothing was promised."""
    unit: str = ""
    least: float = 0.0
    spread: tuple[float, float] | None = None
    """The lowest and the highest of the values whose median this is."""

    @property
    def is_met(self) -> bool:
        """A value that is no number meets nothing."""
        return self.most is None or self.least <= self.value <= self.most

    @property
    def target(self) -> str:
        if self.most is None:
            return ""
        most = with_unit(self.most, self.unit)
        if self.least:
            return f"{with_unit(self.least, '')} to {most}"
        return most if self.most == 0 else f"at most {most}"

    @property
    def verdict(self) -> str:
        if self.most is None:
            return ""
        return "met" if self.is_met else "MISSED"

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """Its row under HEAD."""
        between = f"{number(self.spread[0])} to {with_unit(self.spread[1], self.unit)}" if self.spread else ""
        return self.what, with_unit(self.value, self.unit), between, self.target, self.verdict


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one scenario, and what else is worth telling of it."""

    title: str
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()


def over(what: str, values: Iterable[float], most: float | None = None, unit: str = "") -> Figure:
    """Tell the median of several rounds, and how far they were apart."""
    found = sorted(values)
    return Figure(what, median(found), most, unit, spread=(found[0], found[-1]))


def ratio(
    what: str, ours: Sequence[T], theirs: Sequence[T], read: Callable[[T], float], most: float | None = None
) -> Figure:
    """Divide round by round, as both sides of a round had the same weather."""
    return over(what, [read(one) / read(other) for one, other in zip(ours, theirs, strict=True)], most, "x")


def number(value: float) -> str:
    return f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"  # noqa: PLR2004


def with_unit(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".rstrip()


def table(parts: Sequence[Part]) -> str:
    """Draw all parts under each other."""
    rows: list[tuple[str, ...]] = [HEAD]
    for part in parts:
        rows.append((part.title, "", "", "", ""))
        rows += [(f"  {figure.what}", *figure.cells[1:]) for figure in part.figures]
        rows += [(f"  {note}", "", "", "", "") for note in part.notes]
    widths = [max(len(row[n]) for row in rows if n or row[1] or not row[0]) for n in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)
