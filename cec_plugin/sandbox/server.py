"""The HTTP server around the registry, and a way to have one for the length of a block."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from cec_plugin.sandbox.auth import Credentials, Guard
from cec_plugin.sandbox.control import Control
from cec_plugin.sandbox.front import Front
from cec_plugin.sandbox.handler import Handler
from cec_plugin.sandbox.records import Member
from cec_plugin.sandbox.store import Store
from cec_plugin.sandbox.switchboard import Switchboard

FAREWELL_S = 5.0
GLANCE_S = 0.02


class SandboxServer(ThreadingHTTPServer):
    """A thread for each connection; closing ends them all, those held in silence too."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], front: Front) -> None:
        """Listen at ``address``; port 0 takes a free one."""
        self.front = front
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server what this machine is called."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection and give it a thread."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close the connection and forget it."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def hang_up(self) -> None:
        """End every connection and wait until its thread has noticed."""
        self.front.board.closing.set()
        with self._changed:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the client was faster
            self._changed.wait_for(lambda: not self._open, timeout=FAREWELL_S)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A registry that runs. ``url`` has no slash at the end."""

    url: str
    credentials: Credentials
    server: SandboxServer

    @property
    def control(self) -> Control:
        """Return a client of the control surface."""
        return Control(self.url)


@contextmanager
def running_sandbox(
    *,
    db: str = ":memory:",
    host: str = "127.0.0.1",
    port: int = 0,
    credentials: Credentials | None = None,
    members: Iterable[Member] = (),
    seed: int = 0,
) -> Iterator[Sandbox]:
    """Run a registry in a thread of this process until the block ends.

    ``db`` is a file or ``:memory:``; port 0 takes a free one; ``members`` are there from the
    start and after each reset; ``seed`` makes the switches' probabilities repeatable.

    Raises:
        OSError: the address is taken.
    """
    accepted = credentials or Credentials()
    store = Store(db, members)
    try:
        server = SandboxServer((host, port), Front(store, Guard(accepted), Switchboard(seed)))
        thread = threading.Thread(
            target=server.serve_forever, args=[GLANCE_S], name="sandbox", daemon=True
        )
        thread.start()
        try:
            yield Sandbox(f"http://{host}:{server.server_port}", accepted, server)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            server.hang_up()
    finally:
        store.close()
