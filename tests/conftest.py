"""What every test is given."""

from collections.abc import Iterator

import pytest
import structlog

# The bot imports it with its first token: here that would be in a test, and take longer than some of them.
import bot.graph.applications  # noqa: F401
from tests.postgres import PostgresServer

# Plain lines: a traceback drawn with every local variable takes seconds, in which deadlines pass.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
    ]
)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for each of xdist's workers, started where a test needs it."""
    server = PostgresServer()
    yield server
    server.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the kill matrix and the chaos counted: a worker's own output is not seen."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in report.user_properties:
                terminalreporter.write_line(f"{name}: {value}")
