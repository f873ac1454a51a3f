"""A way to PostgreSQL that can be blocked at a chosen moment: what is sent then arrives once it is free again."""

import socket
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

PIECE = 65_536


class Proxy(socketserver.ThreadingTCPServer):
    """Between the bot and the server's socket, in threads of its own: the bot opens its database in the event loop.

    While it is blocked nothing passes, and nobody is told.
    """

    daemon_threads = True

    def __init__(self, way: Path) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.way = str(way)
        self.is_free = threading.Event()
        self.is_free.set()
        self._marks: list[bytes] = []
        self._delivers = False
        self._lock = threading.Lock()

    def block_at(self, marks: Sequence[bytes], *, delivers: bool = False) -> None:
        """Block when the bot has sent all of these, in order; `delivers`: the last arrives, its answer does not."""
        self._marks, self._delivers = list(marks), delivers

    def free(self) -> None:
        self._marks = []
        self.is_free.set()

    def is_held(self, data: bytes) -> bool:
        """Whether this has to wait for the way to be free; called with what the bot sends."""
        with self._lock:
            while self._marks and self._marks[0] in data:
                data = data[data.index(self._marks.pop(0)) :]
                if not self._marks:
                    self.is_free.clear()
                    return not self._delivers
        return not self.is_free.is_set()


class Passing(socketserver.BaseRequestHandler):
    """One connection."""

    server: Proxy
    request: socket.socket

    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX) as theirs:
            theirs.connect(self.server.way)
            back = threading.Thread(target=self._back, args=[theirs], daemon=True)
            back.start()
            with suppress(OSError):
                while data := self.request.recv(PIECE):
                    if self.server.is_held(data):
                        self.server.is_free.wait()
                    theirs.sendall(data)
            with suppress(OSError):
                theirs.shutdown(socket.SHUT_RDWR)
            back.join()

    def _back(self, theirs: socket.socket) -> None:
        with suppress(OSError):
            while data := theirs.recv(PIECE):
                self.server.is_free.wait()
                self.request.sendall(data)
        with suppress(OSError):
            self.request.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(folder: Path) -> Iterator[Proxy]:
    """Open a way to the server whose socket is in this folder."""
    with Proxy(folder / ".s.PGSQL.5432") as proxy:
        serving = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        serving.start()
        try:
            yield proxy
        finally:
            proxy.free()
            proxy.shutdown()
            serving.join()
