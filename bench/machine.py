"""On what, with which versions and when it was measured: enough to compare runs, and nobody's names or folders."""

import os
import platform
import re
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("slack-bolt", "aiohttp", "uvloop", "SQLAlchemy", "psycopg")


@dataclass(frozen=True, slots=True)
class Machine:
    """What a run stood on."""

    day: date
    hardware: str
    system: str
    versions: tuple[str, ...]


def this_machine(day: date, others: tuple[str, ...]) -> Machine:
    """Look at it; `others` are versions that only a running program tells."""
    return Machine(
        day,
        hardware_of(
            len(os.sched_getaffinity(0)),
            Path("/proc/cpuinfo").read_text(encoding="utf-8"),
            os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        ),
        system_of(platform.system(), platform.release()),
        (f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in PACKAGES), *others),
    )


def hardware_of(cores: int, cpu_info: str, memory: int) -> str:
    found = re.search(r"^model name\s*: (.+)$", cpu_info, re.MULTILINE)
    model = f" ({' '.join(found[1].split())})" if found else ""
    return f"{cores} core{'' if cores == 1 else 's'}{model}, {memory / 1e9:.0f} GB of memory"


def system_of(name: str, release: str) -> str:
    """What follows the numbers of a release is whoever built it."""
    found = re.match(r"\d+\.\d+", release)
    return f"{name} {found[0]}" if found else name
