"""Stand between a registry and its caller: a call is made there, and its answer never arrives."""

import http.client
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PATIENCE_S = 20
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
OPAQUE = b'{"error_code": 1, "error_message": "Sorry, an error occurred."}'


class Mishap(Enum):
    """What befalls one write."""

    CUT_OFF = auto()  # it is done, and the connection closes
    SILENCE = auto()  # it is done, and no answer comes
    OPAQUE = auto()  # it is done, and a 500 comes all the same
    GATEWAY = auto()  # it is done, and a gateway says 502
    NEVER_THERE = auto()  # it is not done: the connection closes before


@dataclass(slots=True, kw_only=True)
class Between:
    """A host that passes each call on to ``upstream``, and the answer back.

    ``mishaps`` befall the next writes, one each; a write in which ``refuses`` stands is not passed
    on at all, and fails without a word of why. ``writes`` are the bodies that were passed on.
    """

    upstream: str
    is_write: Callable[[str, str], bool]
    url: str = ""
    refuses: str = ""
    mishaps: deque[Mishap] = field(default_factory=deque)
    writes: list[bytes] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def is_refused(self, body: bytes) -> bool:
        """Say whether a write fails here, and never gets there."""
        return bool(self.refuses) and self.refuses.encode() in body


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: in two, the second waits for the first's receipt
    between: Between

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        between = self.between
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        mishap = None
        if between.is_write(self.command, urlsplit(self.path).path):
            if between.is_refused(body):
                self._send(500, OPAQUE)
                return
            mishap = between.mishaps.popleft() if between.mishaps else None
            if mishap is Mishap.NEVER_THERE:
                self._hang_up()
                return
            between.writes.append(body)
        status, headers, answer = self._ask(body)
        match mishap:
            case Mishap.CUT_OFF:
                self._hang_up()
            case Mishap.SILENCE:
                between.ended.wait(PATIENCE_S)
                self.close_connection = True
            case Mishap.OPAQUE:
                self._send(500, OPAQUE)
            case Mishap.GATEWAY:
                self._send(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})
            case _:
                self._send(status, answer, headers)

    def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(
            urlsplit(self.between.upstream).netloc, timeout=PATIENCE_S
        )
        try:
            connection.request(self.command, self.path, body or None, dict(self.headers))
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.headers.items() if _goes_through(name)}
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def _hang_up(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in (headers or {"Content-Type": "application/json"}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


def _goes_through(name: str) -> bool:
    return name.lower() not in HOP_BY_HOP


@contextmanager
def standing_between(upstream: str, is_write: Callable[[str, str], bool]) -> Iterator[Between]:
    """Stand before a registry on a free port of the loopback; ``is_write`` tells method and path."""
    between = Between(upstream=upstream, is_write=is_write)
    handler = type("Handler", (_Handler,), {"between": between})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    between.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield between
    finally:
        between.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
