"""The page that a run is told on: `docs/benchmarks.md`."""

from collections.abc import Sequence

from bench.machine import Machine
from bench.plots import Plot
from bench.table import HEAD, Figure, Part

HOW = """\
How it is measured: the real bot runs as its own process between the local Slack, Entra and Graph of `make demo`.
What is timed is sent by another process when it is due, whether or not what came before was answered, and counts
from then. Ratios (x) are of rounds that alternate in this one run: each divides what the bot took by what the other
took in the same round; the median of at least five is shown, and beside it the lowest and the highest. A bare Bolt
app, with Bolt's defaults, only acks and stores nothing; the bot has committed before it acks. Where nothing is
promised, a figure is there for comparison. Where no lowest and highest are told, it was measured once.
"""


def page(parts: Sequence[Part], plots: Sequence[Plot], machine: Machine, took: float, load: Sequence[float]) -> str:
    """Write it; `load` is the machine's before and after."""
    before, after = (f"{value:.1f}" for value in load)
    blocks = [
        "# Benchmarks",
        f"One run of `make bench` on {machine.day:%-d %B %Y}: {machine.hardware}, {machine.system}.",
        f"It took {took / 60:.1f} minutes; the load average of the machine was {before} before and {after} after it.",
        f"Versions: {', '.join(machine.versions)}.",
        summary(parts),
        HOW.rstrip(),
        *(f"![{plot.alt}]({plot.file})" for plot in plots),
        *(_part(part) for part in parts),
    ]
    return "\n\n".join(blocks) + "\n"


def summary(parts: Sequence[Part]) -> str:
    """Name each promise that was missed."""
    promised = [(part, figure) for part in parts for figure in part.figures if figure.most is not None]
    missed = [f"- {part.title}: {_told(figure)}" for part, figure in promised if not figure.is_met]
    kept = f"**{len(promised) - len(missed)} of {len(promised)} promises are kept.**"
    return "\n".join([f"{kept} MISSED:\n", *missed]) if missed else kept


def _told(figure: Figure) -> str:
    return f"{figure.what} {figure.cells[1]}, promised {figure.target}"


def _part(part: Part) -> str:
    rows = [_row(HEAD), "|---" * len(HEAD) + "|", *(_row(figure.cells) for figure in part.figures)]
    notes = "".join(f"\n\n{note[:1].upper()}{note[1:]}." for note in part.notes)
    return f"## {part.title[:1].upper()}{part.title[1:]}\n\n" + "\n".join(rows) + notes


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
