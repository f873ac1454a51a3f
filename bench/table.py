"""What was measured beside what was promised, as people read it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value and the bounds within which the promise is kept."""

    what: str
    value: float
    most: float
    unit: str = ""
    least: float = 0.0

    @property
    def is_met(self) -> bool:
        """A value that is no number meets nothing."""
        return self.least <= self.value <= self.most

    @property
    def target(self) -> str:
        most = with_unit(self.most, self.unit)
        if self.least:
            return f"{with_unit(self.least, '')} to {most}"
        return most if self.most == 0 else f"at most {most}"


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one scenario, and what else is worth telling of it."""

    title: str
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()


def with_unit(value: float, unit: str) -> str:
    return f"{value:,.4g} {unit}".rstrip() if value < 1000 else f"{value:,.0f} {unit}".rstrip()  # noqa: PLR2004


def table(parts: Sequence[Part]) -> str:
    """Draw all parts under each other."""
    rows = [("", "measured", "promised", "")]
    for part in parts:
        rows.append((part.title, "", "", ""))
        rows += [_row(figure) for figure in part.figures]
        rows += [(f"  {note}", "", "", "") for note in part.notes]
    widths = [max(len(row[n]) for row in rows if n or row[1] or not row[0]) for n in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _row(figure: Figure) -> tuple[str, str, str, str]:
    value = with_unit(figure.value, figure.unit)
    return f"  {figure.what}", value, figure.target, "met" if figure.is_met else "MISSED"
