"""The page of benchmarks: what it says of a run, what is in its plots, and that it names nobody's machine."""

import getpass
import platform
import socket
from datetime import date
from pathlib import Path

import pytest

from bench.acks import ASKS, BARE, BARE_NODE, CLICKS, POSTGRESQL, SQLITE, TWO, Found, Times
from bench.growth import Latencies
from bench.growth import told as growth_told
from bench.machine import hardware_of, system_of, this_machine
from bench.node import Node
from bench.page import page, summary
from bench.plots import plots
from bench.reckoning import told, weather
from bench.servers import Volley
from bench.sizes import Size
from bench.sizes import told as sizes_told
from bench.table import Figure, Part
from tests.test_readme import README

ROOT = Path(__file__).parents[1]
DAY = date(2026, 11, 28)
SIZES = [Size(1, 3, 4.0, 3, 2.0), Size(600, 20, 16.0, 2399, 1200.0)]
SPEED = {BARE: 10.0, BARE_NODE: 4.0, SQLITE: 2.0, POSTGRESQL: 5.0, TWO: 4.0}
"""Milliseconds that each takes for everything."""


def a_run(*, node: bool = True, failed: tuple[str, ...] = ()) -> Found:
    """Five rounds, of which one was slow for all."""
    found = Found(syncs=[float(n) for n in range(1, 101)])
    for weather_of in (1, 1, 3, 1, 1):
        for name, ms in SPEED.items():
            if node or name != BARE_NODE:
                took = [ms * weather_of] * 98 + [ms * weather_of * 2] * 2
                rates = [("ask", rate) for rate in ASKS] + [("click", rate) for rate in CLICKS]
                volleys = {which: Volley(took, failed if name == SQLITE else (), [0.1] * 100) for which in rates}
                found.add(name, Times(volleys, dict.fromkeys(rates, ms), ms, ms))
    return found


def figure_of(parts: list[Part], title: str, what: str) -> Figure:
    (part,) = (part for part in parts if part.title.startswith(title))
    return next(figure for figure in part.figures if figure.what == what)


def test_each_round_is_held_against_the_bare_app_of_the_same_round() -> None:
    parts = told(a_run())
    assert figure_of(parts, "200 asks", "SQLite to bare Bolt: median") == Figure(
        "SQLite to bare Bolt: median", 0.2, 0.3, "x", spread=(0.2, 0.2)
    )
    assert not figure_of(parts, "500 clicks", "PostgreSQL to bare Bolt: median").is_met
    assert figure_of(parts, "50 asks", "PostgreSQL to bare Bolt: median").most is None
    assert figure_of(parts, "500 asks", "SQLite to bare Bolt (Node): median").value == 0.5
    assert figure_of(parts, "two replicas", "200 clicks a second: median").value == 0.8
    assert figure_of(parts, "the process", "SQLite: memory").value == 0.2


def test_what_is_not_acked_is_a_promise_that_was_missed() -> None:
    parts = told(a_run(failed=("503",)))
    assert figure_of(parts, "200 asks", "not acked").value == 5
    assert "- 200 asks a second, each recorded, to a bare Bolt's ack: not acked 5, promised 0" in summary(parts)


def test_without_node_there_is_nothing_of_it_in_tables_and_plots_and_the_page_says_why() -> None:
    found = a_run(node=False)
    machine = this_machine(DAY, Node(missing="npm could not install it").versions)
    text = page(told(found), plots(found, SIZES), machine, 500.0, (0.1, 0.2))
    assert "(Node)" not in text
    assert "without Node, as npm could not install it" in text
    assert [curve.name for curve in plots(found, SIZES)[0].panels[0].curves] == [
        "bare Bolt, Python",
        "confirm-safe, SQLite",
        "confirm-safe, PostgreSQL",
    ]


def test_a_long_past_is_held_against_a_short_one() -> None:
    young, old = [Latencies(2.0, 4.0, 20.0)] * 5, [Latencies(2.2, 6.0, 20.0)] * 5
    part = growth_told("SQLite", 100_000, young, old)
    assert part.title == "100,000 past requests on SQLite, to 1,000"
    assert [(round(figure.value, 3), figure.verdict) for figure in part.figures] == [
        (1.1, "met"),
        (1.5, "MISSED"),
        (1.0, "met"),
    ]


def test_the_machine_is_told_with_how_late_was_sent_and_how_long_a_synced_write_takes() -> None:
    assert [(figure.what, figure.value) for figure in weather(a_run()).figures][:3] == [
        ("a synced write of 4 kB", 50.5),
        ("a synced write, p99", pytest.approx(99.99)),
        ("sent too late, of all requests", 0.1),
    ]


def test_the_page_names_day_machine_versions_plots_and_what_was_missed() -> None:
    found = a_run()
    machine = this_machine(DAY, ("SQLite 3.45.1", "PostgreSQL 18.0", *Node("node", ROOT, "20.1.0", "5.1.0").versions))
    figures = Figure("calls", 13, 12), Figure("gap", 1.05, 1.15, "s", spread=(1.0, 1.1))
    text = page([Part("many", figures, ("a note",))], plots(found, SIZES), machine, 540.0, (0.25, 1.5))
    assert text.startswith("# Benchmarks\n\nOne run of `make bench` on 28 November 2026: ")
    assert "It took 9.0 minutes; the load average of the machine was 0.2 before and 1.5 after it." in text
    assert f"Python {platform.python_version()}, slack-bolt " in text
    assert "SQLite 3.45.1, PostgreSQL 18.0, Node 20.1.0, @slack/bolt 5.1.0." in text
    assert "**1 of 2 promises are kept.** MISSED:\n\n- many: calls 13, promised at most 12\n" in text
    assert "| calls | 13 |  | at most 12 | MISSED |\n| gap | 1.05 s | 1 to 1.1 s | at most 1.15 s | met |" in text
    assert "\n\nA note." in text
    assert all(f"]({plot.file})" in text for plot in plots(found, SIZES))


def test_where_all_is_kept_nothing_is_called_missed() -> None:
    assert summary([Part("many", (Figure("calls", 12, 12), Figure("size", 9)))]) == "**1 of 1 promises are kept.**"


def test_the_plots_are_drawn_from_the_figures_of_the_tables() -> None:
    acks, calls, drain = plots(a_run(), SIZES)
    assert [panel.title for panel in acks.panels] == ["50 a second", "200 a second", "500 a second"]
    bare = next(curve for curve in acks.panels[1].curves if curve.name == "bare Bolt, Python")
    assert bare.points[49] == (10.0, 50.0)
    assert [curve.points for curve in calls.panels[0].curves] == [((1, 3), (600, 2399)), ((1, 3), (600, 20))]
    assert [curve.points for curve in drain.panels[0].curves] == [((1, 2.0), (600, 1200.0)), ((1, 4.0), (600, 16.0))]
    assert (drain.across, drain.up) == ("users approved at once", "time until the last is done (s)")
    told_of = {figure.what: figure.value for figure in sizes_told(SIZES).figures}
    assert told_of["600 users: calls"] == 20
    assert told_of["600 users: the naive client's time"] == 75.0


def test_a_plot_is_the_same_bytes_each_time_and_has_colours_for_either_paper() -> None:
    pytest.importorskip("matplotlib", reason="Matplotlib is installed by `make bench`")
    from bench.drawing import drawn  # noqa: PLC0415

    for plot in plots(a_run(), SIZES):
        svg = drawn(plot)
        assert svg == drawn(plot)
        assert "prefers-color-scheme:dark" in svg
        assert svg.count("#ffffff") == 1  # in the theme, and nowhere else
        assert plot.across in svg
        assert plot.up in svg
        assert "http://matplotlib" not in svg


def test_of_processor_and_system_only_the_model_and_its_numbers_are_told() -> None:
    assert hardware_of(2, "flags : x\nmodel name\t: Some  CPU @ 2.0GHz\n", 8_000_000_000) == (
        "2 cores (Some CPU @ 2.0GHz), 8 GB of memory"
    )
    assert hardware_of(1, "", 16_400_000_000) == "1 core, 16 GB of memory"
    assert system_of("Linux", "6.18.44-somebodys-build") == "Linux 6.18"
    assert system_of("Linux", "odd") == "Linux"


def test_the_page_in_docs_names_no_host_folder_or_user() -> None:
    files = [ROOT / "docs" / "benchmarks.md", *sorted((ROOT / "docs").glob("bench-*.svg"))]
    assert len(files) == 4
    machine = this_machine(DAY, ())
    for text in [file.read_text(encoding="utf-8") for file in files] + [str(machine)]:
        assert socket.gethostname() not in text
        assert f"/{getpass.getuser()}" not in text
        assert "/tmp" not in text  # noqa: S108
        assert "127.0.0.1" not in text


def test_the_readme_leads_to_the_page_and_repeats_none_of_its_figures() -> None:
    section = README.partition("## How fast it is\n")[2].partition("\n## ")[0]
    assert "](docs/benchmarks.md)" in section
    assert "](docs/bench-calls.svg)" in section
