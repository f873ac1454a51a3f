"""`make bench`: measures what was promised of the bot's speed, tells it in docs/, and fails where it is missed."""

import asyncio
import os
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bench import acks, crowd, growth, incident, reaction, reckoning, sizes
from bench.field import laid_out
from bench.machine import Machine, this_machine
from bench.node import installed
from bench.page import page
from bench.plots import Plot, plots
from bench.table import Part, table
from demo.bot_process import ROOT

DOCS = ROOT / "docs"


@dataclass
class Run:
    """What a whole run found."""

    machine: Machine
    parts: list[Part] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)


async def measure() -> Run:
    """Play every scenario.

    Slack takes one post a second in a channel, so that 200 requests take minutes to be shown: meanwhile the others
    are measured with bots of their own. Their figures can only suffer from it.
    """
    async with installed() as node, laid_out() as field:
        databases = (f"{database.name} {database.version}" for database in field.databases)
        run = Run(this_machine(datetime.now(UTC).date(), (*databases, *node.versions)))
        async with incident.stage() as stage:
            asking = asyncio.create_task(incident.ask(stage))
            # None of these is about milliseconds, so they may share the processors.
            pairs, large, found_sizes = await asyncio.gather(growth.fill(field), crowd.measure(), sizes.measure())
            _tell("a large tenant and growing crowds are measured, the past is filled in")
            single = await reaction.measure()
            _tell("click to Graph is measured")
            grown = await growth.measure(field, pairs)
            _tell("growth is measured")
            together, largest = await incident.approve(stage, await asking)
        _tell("the incident is measured")
        found = await acks.measure(field, node)  # alone: its 99th percentiles must not suffer from the others
    found_sizes.append(largest)
    run.parts += [*reckoning.told(found), single, together, sizes.told(found_sizes), large, *grown]
    run.parts.append(reckoning.weather(found))
    run.plots = plots(found, found_sizes)
    return run


def _tell(what: str) -> None:
    print(f"{datetime.now():%H:%M:%S} {what}", flush=True)  # noqa: DTZ005 - for whoever sits there


def main() -> int:
    """Return 0 where every promise is kept."""
    # It is a package of its own, so it has to be there before ten minutes are spent.
    from bench.drawing import drawn  # noqa: PLC0415

    began, load = time.monotonic(), os.getloadavg()[0]
    _tell("measuring, which takes just under ten minutes")
    try:
        run = asyncio.run(measure())
    except TimeoutError as error:
        print(f"MISSED: something did not come to its end.\n{error}", file=sys.stderr)
        return 1
    took = time.monotonic() - began
    print(table(run.parts))
    for plot in run.plots:
        (DOCS / plot.file).write_text(drawn(plot), encoding="utf-8")
    text = page(run.parts, run.plots, run.machine, took, (load, os.getloadavg()[0]))
    (DOCS / "benchmarks.md").write_text(text, encoding="utf-8")
    print(f"measured in {took:.0f} s; written to docs/benchmarks.md")
    return 0 if all(figure.is_met for part in run.parts for figure in part.figures) else 1


if __name__ == "__main__":
    sys.exit(main())
