"""Draws plots as SVG with Matplotlib: the same figures make the same bytes, readable on light and on dark paper."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.acks import BARE, BARE_NODE, POSTGRESQL, SQLITE
from bench.plots import BOT, NAIVE, NAMES, Panel, Plot

WIDE, HIGH = 9.0, 3.6
"""Inches."""
PLAIN = "{x:,g}"


@dataclass(frozen=True, slots=True)
class Colour:
    """One colour as it is drawn, and what it becomes on either paper."""

    drawn: str
    dark: str


PAPER, INK, GRID = Colour("#ffffff", "#0d1117"), Colour("#1f2329", "#e6edf3"), Colour("#d0d7de", "#30363d")
OTHER, NODES, OURS, OURS_ON_POSTGRESQL = (
    Colour("#9a6700", "#e3b341"),
    Colour("#8250df", "#bc8cff"),
    Colour("#0969da", "#58a6ff"),
    Colour("#1a7f37", "#3fb950"),
)
COLOURS = (PAPER, INK, GRID, OTHER, NODES, OURS, OURS_ON_POSTGRESQL)
CURVES: Mapping[str, tuple[Colour, str]] = {
    NAMES[BARE]: (OTHER, "--"),
    NAMES[BARE_NODE]: (NODES, ":"),
    NAMES[SQLITE]: (OURS, "-"),
    NAMES[POSTGRESQL]: (OURS_ON_POSTGRESQL, "-."),
    NAIVE: (OTHER, "--"),
    BOT: (OURS, "-"),
}
"""Each with its dashes, so that they can be told apart without colours."""
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "confirm-safe",
    "font.family": "sans-serif",
    "font.size": 10,
    "figure.facecolor": PAPER.drawn,
    "axes.facecolor": PAPER.drawn,
    "axes.edgecolor": GRID.drawn,
    "axes.labelcolor": INK.drawn,
    "axes.titlecolor": INK.drawn,
    "text.color": INK.drawn,
    "xtick.color": INK.drawn,
    "ytick.color": INK.drawn,
    "grid.color": GRID.drawn,
}


def drawn(plot: Plot) -> str:
    """Return the file's text."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, HIGH), layout="constrained")
        row = figure.subplots(1, len(plot.panels), sharey=True, squeeze=False)[0]
        for axes, panel in zip(row, plot.panels, strict=True):
            _draw(axes, panel, is_log=plot.is_log)
        figure.supxlabel(plot.across, fontsize="medium")
        row[0].set_ylabel(plot.up)
        handles, names = row[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=len(names), frameon=False)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Title": plot.alt})
    return _on_either_paper(file.getvalue())


def _draw(axes: Axes, panel: Panel, *, is_log: bool) -> None:
    for curve in panel.curves:
        across, up = zip(*curve.points, strict=True)
        marker = "o" if is_log else ""
        colour, dashes = CURVES[curve.name]
        axes.plot(across, up, dashes, label=curve.name, color=colour.drawn, marker=marker, linewidth=2)
    axes.set_title(panel.title, fontsize="medium")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(PLAIN)
    if is_log:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(PLAIN)
    axes.grid(visible=True)


def _on_either_paper(svg: str) -> str:
    """Let the reader's theme choose the colours. A plot brings its own paper, so that none makes it unreadable."""
    colours = {f"c{n}": colour for n, colour in enumerate(COLOURS)}
    for name, colour in colours.items():
        svg = svg.replace(colour.drawn, f"var(--{name})")
    light = "".join(f"--{name}:{colour.drawn};" for name, colour in colours.items())
    dark = "".join(f"--{name}:{colour.dark};" for name, colour in colours.items())
    themes = f"<style>:root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}</style>\n"
    svg = svg.replace(" <defs>\n", f" {themes} <defs>\n", 1)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"
