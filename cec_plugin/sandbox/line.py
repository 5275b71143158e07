"""The registry's end of one connection: send, wait in silence, or break off."""

import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable

GLANCE_S = 0.1


class SocketLine:
    """A client's connection. ``close`` ends it; ``closing`` is set when the server ends."""

    def __init__(
        self, connection: socket.socket, *, close: Callable[[], None], closing: threading.Event
    ) -> None:
        """Hold this end."""
        self._connection = connection
        self._close = close
        self._closing = closing

    def send(self, data: bytes) -> None:
        """Send everything."""
        self._connection.sendall(data)

    def hold(self, seconds: float) -> bool:
        """Stay silent for so long; return early, and false, if the client or the server go."""
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection, selectors.EVENT_READ)
            while (left := end - time.monotonic()) > 0 and not self._closing.is_set():
                if not selector.select(min(left, GLANCE_S)):
                    continue
                if not self._connection.recv(1, socket.MSG_PEEK):
                    return False
                self._closing.wait(min(left, GLANCE_S))  # the client talks on; it is still there
        return not self._closing.is_set()

    def abort(self) -> None:
        """Close at once; with nothing to linger for, the system sends a reset."""
        at_once = struct.pack("ii", 1, 0)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self._close()
