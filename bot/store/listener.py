"""Hears on PostgreSQL what other processes have committed, on a connection and a thread of its own."""

import contextlib
import select
import socket
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

CHANNEL = "confirm_safe"
ALIVE_EVERY = 5.0
"""Seconds after which it is asked whether the server still is there."""
AFTER_TROUBLE = 1.0

log = structlog.get_logger()


class Listener:
    """Calls `notify` at each commit of another process, and whenever one may have been missed."""

    def __init__(self, engine: Engine, process: str, notify: Callable[[], None]) -> None:
        self._engine = engine
        self._process = process
        self._notify = notify
        self._ours, self._theirs = socket.socketpair()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._ours.send(b".")
        self._thread.join(AFTER_TROUBLE)
        if not self._thread.is_alive():  # a server that is frozen keeps it, and it ends with the process
            self._ours.close()
            self._theirs.close()

    def _run(self) -> None:
        is_lost = False
        while not self._closed.is_set():
            try:
                with contextlib.closing(self._engine.raw_connection()) as borrowed:
                    connection: Any = borrowed.dbapi_connection
                    connection.execute(f"LISTEN {CHANNEL}")
                    if is_lost:
                        log.info("other processes are heard of again")
                        is_lost = False
                    self._notify()  # what was committed before is not told
                    self._hear(connection)
            except (DBAPIError, psycopg.Error, OSError) as error:
                if not is_lost:
                    log.warning("other processes are not heard of; tasks are looked for instead", why=str(error))
                is_lost = True
                self._closed.wait(AFTER_TROUBLE)

    def _hear(self, connection: Any) -> None:
        while not self._closed.is_set():
            heard, _, _ = select.select([connection, self._theirs], [], [], ALIVE_EVERY)
            if not heard:
                connection.execute("SELECT 1")
            told = list(connection.notifies(timeout=0))
            if any(one.payload != self._process for one in told):
                self._notify()
