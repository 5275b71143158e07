"""An answer that is whole within one deadline, and whose head has a largest size.

A socket's timeout bounds one read; a registry that sends a byte now and then never exceeds it.
"""

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

from cec_plugin.exceptions import CecError

MAX_HEAD_BYTES = 65_536
"""The largest status line with all headers; those of real registries are under four thousand.

How many headers there are is bounded by Python itself: a hundred.
"""

LEAST_READ_S = 0.001
"""A timeout of 0 would make the socket one that never waits."""


class TooMuchError(CecError):
    """The answer is larger than is allowed."""


class BoundedResponse(HTTPResponse):
    """Read from a socket whose timeout is what is left for the whole of the answer.

    That is what urllib3 gives it just before: the total less what has passed since the call began.
    """

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        """Begin the time."""
        self._stream = _Stream(sock)
        # It only asks its socket for a file.
        super().__init__(self._stream, *args, **options)  # type: ignore[arg-type]

    def begin(self) -> None:
        """Read the head.

        Raises:
            TooMuchError: it is larger than is allowed, those of provisional answers included.
        """
        self._stream.left_bytes = MAX_HEAD_BYTES
        super().begin()
        self._stream.left_bytes = None


class _Stream(io.RawIOBase):
    """What comes over a socket, until a deadline; ``left_bytes`` None is as much as comes."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        left_s = sock.gettimeout()
        self._ends = None if left_s is None else time.monotonic() + left_s
        self.left_bytes: int | None = None

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a buffered file, as a socket does."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Say yes."""
        return True

    def fileno(self) -> int:
        """Return the socket's number."""
        return self._file.fileno()

    def readinto(self, buffer: Any) -> int | None:
        """Read what has come, waiting no longer than until the deadline.

        Raises:
            TimeoutError: it has passed.
            TooMuchError: what came is more than was allowed.
        """
        if self._ends is not None:
            left_s = self._ends - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("the answer took too long")
            self._sock.settimeout(max(left_s, LEAST_READ_S))
        came = self._file.readinto(buffer)
        if self.left_bytes is not None:
            self.left_bytes -= came or 0
            if self.left_bytes < 0:
                raise TooMuchError(f"the answer's head is larger than {MAX_HEAD_BYTES} bytes")
        return came

    def close(self) -> None:
        """Close the file; the socket is the connection's."""
        self._file.close()
        super().close()
