"""Logging: one line an event, as JSON or for a terminal, with secrets never in it."""

import atexit
import logging
import queue
import signal
import sys
from collections.abc import Iterable, MutableMapping
from logging.handlers import QueueHandler, QueueListener
from typing import Any

import structlog

HIDDEN = "…"


class _Beside(QueueHandler):
    """Hands each line as it is to a thread that writes it: a pipe or disk that is slow is to hold nobody up."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record


def configure(level: str, form: str, secrets: Iterable[str]) -> None:
    """Send the bot's and its libraries' lines to standard error."""
    hidden = [secret for secret in secrets if secret]

    def hide(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The net below: no line is written on purpose that holds a secret."""
        for key, value in event.items():
            if isinstance(value, str):
                for secret in hidden:
                    value = value.replace(secret, HIDDEN)  # noqa: PLW2901 - replaced one after the other
                event[key] = value
        return event

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide,
    ]
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if form == "console"
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [_Beside(_written_by_a_thread(handler))]
    root.setLevel(level)
    for noisy in ("aiohttp.access", "slack_bolt", "slack_sdk", "msal", "urllib3", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it tells of each try; what comes of them is told by us
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)  # it warns that `authorize` is used, which it is
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _written_by_a_thread(handler: logging.Handler) -> "queue.SimpleQueue[logging.LogRecord]":
    """Start one; what is left is written at the exit."""
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    writing = QueueListener(lines, handler)
    # A signal goes to any thread that lets it in: whoever blocks it, to wait for it, would miss it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    writing.start()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    atexit.register(writing.stop)
    return lines
